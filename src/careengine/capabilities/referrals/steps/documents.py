"""Make the request our journeys listen to out of a referral that came as a document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from careengine.capabilities.referrals.model import ClinicPolicy
from careengine.capabilities.referrals.model.asking import DocumentPolicy
from careengine.capabilities.referrals.steps.loading import PARTNER, PLACER
from careengine.record.validate import check
from careengine.wire.ccda import CcdaDocument

Resource = dict[str, Any]
SNOMED = "http://snomed.info/sct"
REFERRAL = "3457005"
_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_URN = "urn:uuid:"
_RESULTS = ("DiagnosticReport", "Observation")
_BACKGROUND = frozenset({"vital-signs", "social-history", "survey"})
"""Categories of observations that are in every document and belong to no referral in particular."""


@dataclass(frozen=True, slots=True)
class DocumentRules:
    """By what a document is read."""

    documents: DocumentPolicy
    clinics: ClinicPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A document, who sent it, and the patient of our record it is about; empty for a new one."""

    document: CcdaDocument
    partner: str
    patient: str = ""

    def own_id(self, kind: str, *parts: object) -> str:
        """Return the id of something this sender tells us of: the same whenever they send it."""
        return str(uuid5(NAMESPACE_URL, "\x1f".join(map(str, ("ccda", self.partner, kind, *parts)))))


def patient_of(document: CcdaDocument, rules: DocumentRules) -> Resource | None:
    """Return the patient as the document has them, their numbers in the systems of our record."""
    found = next((dict(one) for one in document.resources if one["resourceType"] == "Patient"), None)
    if found is None:
        return None
    systems = rules.documents.systems
    found["identifier"] = [
        {**one, "system": systems.get(one["system"], one["system"])}
        for one in found.get("identifier", ())
        if one.get("system") and one.get("value")
    ]
    return found


def transaction_of(sent: Sent, rules: DocumentRules) -> Resource | None:
    """Return the transaction that puts the document's referrals into the record; nothing if it holds none.

    The same document gives the same transaction, so that sending it twice changes nothing.
    What is not valid FHIR is left out, unless it is the request itself.
    """
    orders = list(_orders(sent, rules))
    if not orders:
        return None
    made = _Made(sent, rules)
    for n, order in enumerate(orders):
        made.request(n, order)
    return {"resourceType": "Bundle", "type": "transaction", "entry": made.entries()}


def _orders(sent: Sent, rules: DocumentRules) -> Iterator[Mapping[str, Any]]:
    """Yield the requests that are referrals; a referral note without one is itself the request."""
    orders = [one for one in sent.document.resources if one["resourceType"] == "ServiceRequest"]
    found = [one for one in orders if _is_referral(one, rules.clinics)]
    if found or sent.document.kind not in rules.documents.notes:
        yield from found
        return
    yield {"resourceType": "ServiceRequest", "status": "active", "intent": "order"}


def _is_referral(order: Mapping[str, Any], clinics: ClinicPolicy) -> bool:
    kinds = {c.get("code") for category in order.get("category", ()) for c in category.get("coding", ())}
    services = {f"{c.get('system')}|{c.get('code')}" for c in order.get("code", {}).get("coding", ())}
    return REFERRAL in kinds or bool(services & set(clinics.by_service))


@dataclass(slots=True)
class _Made:
    """What has been made of a document so far, and what of it is wanted."""

    sent: Sent
    rules: DocumentRules
    by_name: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    made: dict[str, Resource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counted: dict[str, int] = {}
        for one in self.sent.document.resources:
            kind = one["resourceType"]
            counted[kind] = counted.get(kind, 0) + 1
            self.by_name[f"{_URN}{one['id']}"] = one
            self.names[f"{_URN}{one['id']}"] = f"{kind}/{self._id(one, counted[kind])}"

    def _id(self, one: Mapping[str, Any], count: int) -> str:
        """Name a resource by its sender's own number, else by its place in the document."""
        kind = one["resourceType"]
        if kind == "Patient" and self.sent.patient:
            return self.sent.patient.partition("/")[2]
        own = one.get("identifier") or ()
        first = (own[0] if isinstance(own, list) and own else own) or {}
        number = (first.get("system", ""), first["value"]) if first.get("value") else (count,)
        return self.sent.own_id(kind, *(number if kind in _STANDING else (*self._set, *number)))

    @property
    def _set(self) -> tuple[str, str]:
        return self.sent.document.set_id.system, self.sent.document.set_id.value

    def request(self, n: int, order: Mapping[str, Any]) -> None:
        """Complete one request: whose it is, who asks, why, and what came with it."""
        document, own = self.sent.document, dict(order)
        for gone in ("id", "meta", "text", "encounter", "performer"):
            own.pop(gone, None)
        system, value = self._set
        number = (order.get("identifier") or [{"system": system, "value": f"{value}#{n}" if n else value}])[0]
        own["id"] = self.sent.own_id(
            "ServiceRequest", system, value, number.get("system", ""), number["value"]
        )
        own["identifier"] = [{"type": {"coding": [{"system": _TYPES, "code": PLACER}]}, **number}]
        own["requisition"] = {"system": system, "value": value}
        own["category"] = [{"coding": [{"system": SNOMED, "code": REFERRAL}]}]
        if document.kind in self.rules.documents.notes:
            own["intent"] = "order"  # the note is the order, whatever mood its entry is in
        own["subject"] = {"reference": self.want(self._first("Patient"))}
        own["requester"] = {"reference": self.role()}
        own |= self._words(own)
        covers = self._all("Coverage")
        if covers:
            own["insurance"] = [{"reference": self.want(name)} for name in covers]
        results = list(self._results())
        if results:
            own["supportingInfo"] = [{"reference": self.want(name)} for name in results]
        self.made[f"ServiceRequest/{own['id']}"] = self.pointed(own)

    def _words(self, own: Mapping[str, Any]) -> Resource:
        """Put the sender's words where urgency, reason and question are read."""
        policy = self.rules.documents
        why = [s.text for s in self.sent.document.sections if s.code in policy.reasons and s.text]
        more = [s.text for s in self.sent.document.sections if s.code in policy.further and s.text]
        said: Resource = {}
        if why and not own.get("reasonCode"):
            said["reasonCode"] = [{"text": why[0].split("\n")[0]}]
        notes = [{"text": text} for text in (*why, *more)]
        return said | ({"note": notes} if notes else {})

    def _first(self, kind: str) -> str:
        return next(name for name, one in self.by_name.items() if one["resourceType"] == kind)

    def _all(self, kind: str) -> list[str]:
        return [name for name, one in self.by_name.items() if one["resourceType"] == kind]

    def _results(self) -> Iterator[str]:
        """Yield results that stand for themselves: reports, and observations that are in none."""
        inside = {r["reference"] for one in self.by_name.values() for r in one.get("result", ())}
        for name, one in self.by_name.items():
            codes = {
                c.get("code") for category in one.get("category", ()) for c in category.get("coding", ())
            }
            if one["resourceType"] in _RESULTS and name not in inside and not codes & _BACKGROUND:
                yield name

    def role(self) -> str:
        """Return the sender's role here: their clinician, at the organisation that is our partner."""
        own_id = self.sent.own_id("PractitionerRole", "author")
        role: Resource = {"resourceType": "PractitionerRole", "id": own_id, "active": True}
        authors = self._all("Practitioner")
        if authors:
            own_id = role["id"] = self.sent.own_id("PractitionerRole", self.names[authors[0]])
            role["practitioner"] = {"reference": self.want(authors[0])}
        organizations = self._all("Organization")
        house: Resource = {"resourceType": "Organization", "active": True, "name": self.sent.partner}
        if organizations:
            house |= {
                k: v for k, v in self.by_name[organizations[0]].items() if k not in {"id", "meta", "text"}
            }
        partner = {"system": PARTNER, "value": self.sent.partner}
        house["identifier"] = [partner, *house.get("identifier", ())]
        role["organization"] = {"reference": f"{_URN}{self.sent.own_id('Organization', 'partner')}"}
        self.made["Organization?partner"] = house
        self.made[f"PractitionerRole/{own_id}"] = role
        return f"PractitionerRole/{own_id}"

    def want(self, name: str) -> str:
        """Take a resource of the document, and what it points at, into the transaction; return its name."""
        ours = self.names[name]
        one = self.by_name[name]
        known = ours in self.made or (one["resourceType"] == "Patient" and self.sent.patient)
        if not known:
            if one["resourceType"] == "Patient":
                one = patient_of(self.sent.document, self.rules) or one
            self.made[ours] = {}  # what it points at may point back
            own = {k: v for k, v in one.items() if k not in {"meta", "text"}} | {"id": ours.partition("/")[2]}
            self.made[ours] = self.pointed(own)
        return ours

    def pointed(self, value: Any) -> Any:
        """Return a value whose references lead to what is here; one that leads nowhere keeps its words."""
        if isinstance(value, list):
            return [made for one in value if (made := self.pointed(one)) not in ({}, None)]
        if not isinstance(value, dict):
            return value
        reference = value.get("reference")
        if isinstance(reference, str) and reference.startswith(_URN):
            rest = {k: v for k, v in value.items() if k != "reference"}
            wanted = reference in self.names and self.by_name[reference]["resourceType"] in _FOLLOWED
            return rest | {"reference": self.want(reference)} if wanted else rest
        walked = {key: self.pointed(one) for key, one in value.items()}
        return {key: one for key, one in walked.items() if one not in ({}, [], None)}

    def entries(self) -> list[Resource]:
        """Return the entries, the optional ones only as far as they are valid."""
        faulty = {
            name
            for name, one in self.made.items()
            if not name.startswith(("ServiceRequest/", "Organization?")) and check(orjson.dumps(one))
        }
        return [
            _entry(self, name, _without(one, faulty)) for name, one in self.made.items() if name not in faulty
        ]


_STANDING = frozenset({"Organization", "Patient", "Practitioner"})
"""Kinds that a sender speaks of in many documents; everything else belongs to the document."""
_FOLLOWED = frozenset({
    "Condition", "Coverage", "DiagnosticReport", "Observation", "Organization", "Patient", "Practitioner",
    "Specimen",
})  # fmt: skip
"""Kinds that are taken along when something points at them."""


def _entry(made: _Made, name: str, resource: Resource) -> Resource:
    if name == "Organization?partner":
        condition = f"identifier={PARTNER}|{made.sent.partner}"
        request = {"method": "POST", "url": "Organization", "ifNoneExist": condition}
        full_url = f"{_URN}{made.sent.own_id('Organization', 'partner')}"
        return {"fullUrl": full_url, "resource": resource, "request": request}
    return {"resource": resource, "request": {"method": "PUT", "url": name}}


def _without(value: Any, faulty: set[str]) -> Any:
    """Leave out references to what is not taken."""
    if isinstance(value, list):
        return [made for one in value if (made := _without(one, faulty)) not in ({}, None)]
    if not isinstance(value, dict):
        return value
    if value.get("reference") in faulty:
        return {key: one for key, one in value.items() if key != "reference"}
    walked = {key: _without(one, faulty) for key, one in value.items()}
    return {key: one for key, one in walked.items() if one not in ({}, [], None)}
