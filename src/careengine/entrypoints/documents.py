"""Put a document into the record: its bytes first, then what it says, or a card for somebody to read it."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from careengine.capabilities import referrals
from careengine.capabilities.referrals.wiring import DocumentRules, Sent, patient_of, transaction_of
from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.kernel.refs import Ref
from careengine.record.bundle import EntryResult, Taking, take_bundle
from careengine.record.limits import Limits
from careengine.record.query import query_of
from careengine.record.subjects import subjects_known_as
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection
from careengine.trust.access import NotAllowed
from careengine.trust.charts import Charts
from careengine.wire.ccda import CcdaDocument, Number

_VERSION = "urn:careengine:document-version"
_PARTNER = "urn:careengine:partner"
_READ, _UNREAD = "final", "preliminary"
UNREADABLE, WITHOUT_REFERRAL, PATIENT_UNCLEAR = (
    "document.unreadable", "document.without_referral", "document.patient_unclear",
)  # fmt: skip
"""Kinds of events by which a person hears of a document that software cannot place."""
Reading = Callable[[Connection, str], AbstractContextManager[Charts]]
"""Opens charts for a partner."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A document as it came: from whom, and its bytes."""

    partner: str
    raw: bytes

    def own_id(self, part: str) -> str:
        """Return the id of a part of it; the same bytes of the same partner have the same."""
        digest = hashlib.sha256(self.raw).hexdigest()
        return str(uuid5(NAMESPACE_URL, f"ccda/{self.partner}/{digest}/{part}"))

    @property
    def ref(self) -> Ref:
        """Return the entry under which it is found."""
        return Ref("DocumentReference", self.own_id("document"))


@dataclass(frozen=True, slots=True)
class Known:
    """What the record says of a document's patient and of its other versions."""

    patient: str = ""
    """``Patient/id``; empty for somebody new."""
    subject: UUID | None = None
    unclear: bool = False
    newest: int = 0
    """The highest version of the document that was read."""


def rules_of(engine: Engine) -> DocumentRules:
    """Return by which policies documents are read today."""
    today = engine.clock.now().date()
    return DocumentRules(
        engine.book.value(referrals.DOCUMENTS, today), engine.book.value(referrals.CLINICS, today)
    )


def bundle_of(
    mail: Mail, document: CcdaDocument, known: Known, rules: DocumentRules
) -> dict[str, Any] | None:
    """Return the transaction that the document comes to; nothing when it holds no referral."""
    sent = Sent(document=document, partner=mail.partner, patient=known.patient)
    return transaction_of(sent, rules)


def keep(conn: Connection, reading: Reading, mail: Mail) -> bool:
    """Store the bytes before anything looks into them; say whether the very same were read before."""
    with reading(conn, mail.partner) as charts:
        there = charts.resources([mail.ref], kinds=["DocumentReference"]).get(mail.ref)
    if there is not None:
        return bool(orjson.loads(there.raw).get("docStatus") == _READ)
    binary = {
        "resourceType": "Binary",
        "id": mail.own_id("file"),
        "contentType": "application/xml",
        "data": base64.b64encode(mail.raw).decode(),
    }
    _write(conn, None, binary, _reference(mail, _UNREAD))
    return False


def _write(conn: Connection, subject: UUID | None, *made: dict[str, Any]) -> None:
    versions = [
        NewVersion(
            type=one["resourceType"], id=one["id"], raw=orjson.dumps(one), subject=subject, resource=one
        )
        for one in made
    ]
    write_versions(conn, versions, recorded_at=real_now())


def _reference(mail: Mail, status: str) -> dict[str, Any]:
    """Return the entry under which the document is found."""
    attachment = {
        "contentType": "application/xml",
        "url": f"Binary/{mail.own_id('file')}",
        "size": len(mail.raw),
        "hash": base64.b64encode(hashlib.sha1(mail.raw, usedforsecurity=False).digest()).decode(),
    }
    return {
        "resourceType": "DocumentReference",
        "id": mail.ref.id,
        "identifier": [{"system": _PARTNER, "value": mail.partner}],
        "status": "current",
        "docStatus": status,
        "content": [{"attachment": attachment}],
    }


def look(
    conn: Connection, reading: Reading, mail: Mail, document: CcdaDocument, rules: DocumentRules
) -> Known:
    """Say whom the document is about, and whether a newer version of it is here."""
    patient = patient_of(document, rules)
    if patient is None:
        return Known(unclear=True)
    numbers = [(one["system"], one["value"]) for one in patient["identifier"]]
    people = set().union(*subjects_known_as(conn, numbers).values()) if numbers else set()
    try:
        with reading(conn, mail.partner) as charts:
            known = _whose(charts, patient, people)
            return replace(known, newest=_newest(charts, mail.partner, document.set_id))
    except NotAllowed:  # a closed chart: a person who may open it goes on
        return Known(unclear=True)


def _whose(charts: Charts, patient: dict[str, Any], people: set[UUID]) -> Known:
    """Say who is meant: one person by their numbers, with the same birthday and sex; or somebody new."""
    if len(people) > 1:
        return Known(unclear=True)
    if not people:
        return Known(unclear=_somebody_alike(charts, patient))
    (subject,) = people
    found = charts.of_subjects([subject], kinds=["Patient"])[subject]
    said = [(str(one.ref.newest()), orjson.loads(one.raw)) for one in found]
    standing = [(ref, one) for ref, one in said if not _replaced(one)]
    if len(standing) != 1 or not _same(standing[0][1], patient):
        return Known(unclear=True)
    return Known(patient=standing[0][0], subject=subject)


def _replaced(patient: dict[str, Any]) -> bool:
    return any(link.get("type") == "replaced-by" for link in patient.get("link", ()))


def _same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Say whether nothing speaks against it: a number may have been mistyped."""
    return all(
        not (ours.get(name) and theirs.get(name)) or ours[name] == theirs[name]
        for name in ("birthDate", "gender")
    )


def _somebody_alike(charts: Charts, patient: dict[str, Any]) -> bool:
    """Say whether somebody here has the same name and birthday: perhaps the same person, perhaps not."""
    family = next((name["family"] for name in patient.get("name", ()) if name.get("family")), "")
    if not (family and patient.get("birthDate")):
        return True
    asked = [("family", _escaped(family)), ("birthdate", patient["birthDate"])]
    page, _ = charts.search(query_of("Patient", asked))
    return bool(page.found)


def _newest(charts: Charts, partner: str, set_id: Number) -> int:
    """Return the highest version this partner has sent of a document."""
    asked = [
        ("identifier", f"{_escaped(set_id.system)}|{_escaped(set_id.value)}"),
        ("identifier", f"{_PARTNER}|{_escaped(partner)}"),
    ]
    _, found = charts.search(query_of("DocumentReference", asked))
    extensions = [e for one in found.values() for e in orjson.loads(one.raw).get("extension", ())]
    return max((int(e["valueInteger"]) for e in extensions if e.get("url") == _VERSION), default=0)


def _escaped(text: str) -> str:
    for special in "\\,|$":
        text = text.replace(special, f"\\{special}")
    return text


def take(
    conn: Connection,
    mail: Mail,
    document: CcdaDocument,
    bundle: dict[str, Any],
    known: Known,
    *,
    limits: Limits,
) -> tuple[str, list[EntryResult]]:
    """Store what the document says, and note beside its bytes what it is and whose."""
    taking = Taking(recorded_at=real_now(), limits=limits)
    kind, entries = take_bundle(conn, orjson.dumps(bundle), taking)
    made = [entry["resource"] for entry in bundle["entry"]]
    patients = [f"Patient/{one['id']}" for one in made if one["resourceType"] == "Patient"]
    requests = [f"ServiceRequest/{one['id']}" for one in made if one["resourceType"] == "ServiceRequest"]
    read = _reference(mail, _READ) | _what(document, (known.patient, *patients), requests)
    read["identifier"] = [*_numbers(document), {"system": _PARTNER, "value": mail.partner}]
    _write(conn, None, read)
    return kind, entries


def _numbers(document: CcdaDocument) -> list[dict[str, str]]:
    return [{"system": n.system, "value": n.value} for n in dict.fromkeys((document.set_id, document.id))]


def _what(document: CcdaDocument, patients: Sequence[str], requests: Sequence[str]) -> dict[str, Any]:
    own = document.id
    return {
        "extension": [{"url": _VERSION, "valueInteger": document.version}],
        "masterIdentifier": {"system": own.system, "value": own.value},
        "type": {"coding": [{"system": "http://loinc.org", "code": document.kind}]},
        "subject": {"reference": next(name for name in patients if name)},
        "context": {"related": [{"reference": request} for request in requests]},
    }


def tell(conn: Connection, engine: Engine, mail: Mail, kind: str, subject: UUID | None = None) -> None:
    """Put down an event that opens a card, once for each document and kind."""
    engine.codes.ensure(conn, "event", [kind])
    event = NewEvent(
        kind=kind, at=engine.clock.now(), key=key_of("document", kind, mail.ref), ref=str(mail.ref),
        actor=f"partner:{mail.partner}", subject=subject, body=pack(orjson.dumps({})),
    )  # fmt: skip
    post(conn, engine, [event], recorded_at=real_now())
