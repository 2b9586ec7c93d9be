"""Load referrals and their twins for a whole batch of cases: a fixed number of queries, whatever its size."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from careengine.capabilities.referrals.model import (
    Attachment,
    Code,
    Cover,
    Indication,
    Person,
    Placer,
    Referral,
    Role,
    Sender,
    Twin,
    Twins,
    Words,
)
from careengine.capabilities.referrals.model.closing import Series
from careengine.capabilities.referrals.rules.duplicates import folded
from careengine.capabilities.referrals.steps import fhir
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.trust.charts import Charts, Stored

FOCUS = "focus"
"""Where a case's data names its referral, ``ServiceRequest/id``."""
PARTNER = "urn:careengine:partner"
"""System of the identifier by which an organisation names itself as one of our partners."""
PLACER = "PLAC"
"""Type (HL7 v2-0203) of the sender's own number."""
NO_SERIES = Series()
_DAYS = {"h": 1 / 24, "d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25}
"""Days of a unit of time (UCUM, as FHIR's Timing uses it)."""
_REQUEST = ("ServiceRequest",)
_ATTACHMENTS = ("DiagnosticReport", "DocumentReference", "Observation")
_AROUND = ("Condition", "Coverage", "Organization", "Practitioner", "PractitionerRole", *_ATTACHMENTS)
_STANDS = frozenset({"current", "final", "amended", "corrected", "preliminary", "registered", "appended"})
"""Statuses of documents and results that may be relied on (FHIR R4)."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A ServiceRequest as stored and as decoded."""

    stored: Stored
    said: fhir.ServiceRequest


def load_referrals(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Referral]:
    """Return each case's referral with what it points at; four readings for the whole batch.

    One that was deleted, or that the patient closed, comes back with status ``not_readable``.
    """
    refs = {case.id: Ref.parse(str(case.data[FOCUS])) for case in cases}
    stored = charts.resources(refs.values(), kinds=_REQUEST)
    requests = {
        ref: _Read(one, fhir.decode(one.raw, fhir.ServiceRequest, ref)) for ref, one in stored.items()
    }
    around = _around(charts, requests.values())
    people = charts.of_subjects({case.subject for case in cases}, kinds=("Patient",))
    loaded = {}
    for case in cases:
        read = requests.get(refs[case.id])
        loaded[case.id] = (
            _referral(read, around, people.get(case.subject, []))
            if read
            else _unreadable(refs[case.id], case)
        )
    return loaded


def load_twins(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Twins]:
    """Return every other referral of each case's patient; one reading for the whole batch."""
    charted = charts.of_subjects({case.subject for case in cases}, kinds=_REQUEST)
    return {
        case.id: Twins(
            tuple(
                _twin(one)
                for one in sorted(charted.get(case.subject, []), key=lambda stored: stored.ref)
                if str(one.ref.newest()) != case.data[FOCUS]
            )
        )
        for case in cases
    }


def _around(charts: Charts, requests: Iterable[_Read]) -> dict[Ref, Stored]:
    """Read what the requests point at, and then the organisations behind their requesters."""
    wanted = {
        ref
        for read in requests
        for pointer in _pointers(read.said)
        if (ref := fhir.ref_of(pointer)) is not None and ref.type in _AROUND
    }
    found = charts.resources(sorted(wanted), kinds=_AROUND)
    behind = {
        ref
        for role, one in found.items()
        if role.type == "PractitionerRole"
        and (ref := fhir.ref_of(fhir.decode(one.raw, fhir.PractitionerRole, role).organization)) is not None
    }
    more = sorted(behind - set(found))
    return {**found, **(charts.resources(more, kinds=("Organization",)) if more else {})}


def _pointers(said: fhir.ServiceRequest) -> tuple[fhir.Reference, ...]:
    return (said.requester, *said.reason_reference, *said.insurance, *said.supporting_info)


def _referral(read: _Read, around: Mapping[Ref, Stored], people: Sequence[Stored]) -> Referral:
    said, ref = read.said, str(read.stored.ref)
    coded, worded = _reasons(said, ref, around)
    notes = [(f"{ref}#note[{i}].text", note.text) for i, note in enumerate(said.note)]
    notes += [(f"{ref}#orderDetail[{i}].text", detail.text) for i, detail in enumerate(said.order_detail)]
    return Referral(
        ref=ref,
        received=read.stored.updated,
        status=said.status,
        intent=said.intent,
        categories=tuple(code.name for concept in said.category for code in _codes(concept)),
        priority=said.priority,
        authored=fhir.day_of(said.authored_on),
        placers=_placers(said),
        services=_codes(said.code),
        specialties=_codes(said.performer_type),
        details=tuple(code for concept in said.order_detail for code in _codes(concept)),
        people=tuple(_person(one) for one in sorted(people, key=lambda stored: stored.ref)),
        indications=coded,
        words=(*worded, *(Words(at, text, Role.QUESTION) for at, text in notes if text)),
        covers=tuple(_cover(one) for one in _found(said.insurance, around)),
        attachments=tuple(_attachment(one) for one in _found(said.supporting_info, around)),
        sender=_sender(said.requester, around),
        replaces=_replaced(said),
        dangling=tuple(p.reference for p in _pointers(said) if p.reference and not _found((p,), around)),
        series=_series(said) if said.quantity_quantity or said.occurrence_timing else NO_SERIES,
    )


def _series(said: fhir.ServiceRequest) -> Series:
    """Return how many visits were ordered, in days whatever unit the sender counts in."""
    repeat = said.occurrence_timing.repeat if said.occurrence_timing else fhir.Repeat()
    start, end = fhir.day_of(repeat.bounds_period.start), fhir.day_of(repeat.bounds_period.end)
    bound = repeat.bounds_duration
    bound_days = float((end - start).days + 1) if start and end else None
    return Series(
        quantity=said.quantity_quantity.value if said.quantity_quantity else None,
        count=repeat.count,
        frequency=repeat.frequency,
        period_days=_days(repeat.period, repeat.period_unit),
        bound_days=bound_days or _days(bound.value, bound.code or bound.unit),
        start=start,
    )


def _days(many: float | None, unit: str) -> float | None:
    length = _DAYS.get(unit)
    return many * length if many is not None and length is not None else None


def _unreadable(ref: Ref, case: Case) -> Referral:
    return Referral(ref=str(ref), received=case.opened_at, status="not_readable", intent="")


def _found(pointers: Iterable[fhir.Reference], around: Mapping[Ref, Stored]) -> list[Stored]:
    refs = [fhir.ref_of(pointer) for pointer in pointers]
    return [around[ref] for ref in refs if ref is not None and ref in around]


def _replaced(said: fhir.ServiceRequest) -> tuple[str, ...]:
    refs = [fhir.ref_of(pointer) for pointer in said.replaces]
    return tuple(str(ref) for ref in refs if ref is not None)


def _codes(concept: fhir.Concept) -> tuple[Code, ...]:
    return tuple(Code(c.system, c.code, c.display) for c in concept.coding if c.code)


def _placers(said: fhir.ServiceRequest) -> tuple[Placer, ...]:
    return tuple(
        Placer(one.system, one.value)
        for one in said.identifier
        if one.value and any(c.code == PLACER for c in one.type.coding)
    )


def _reasons(
    said: fhir.ServiceRequest, ref: str, around: Mapping[Ref, Stored]
) -> tuple[tuple[Indication, ...], tuple[Words, ...]]:
    """Return the coded reasons and the worded ones, given directly or through a Condition."""
    concepts = [(f"{ref}#reasonCode[{i}]", concept) for i, concept in enumerate(said.reason_code)]
    for stored in _found(said.reason_reference, around):
        if stored.ref.type == "Condition":
            code = fhir.decode(stored.raw, fhir.Condition, stored.ref).code
            concepts.append((f"{stored.ref}#code", code))
    coded = tuple(Indication(at, codes) for at, concept in concepts if (codes := _codes(concept)))
    worded = tuple(Words(f"{at}.text", c.text, Role.REASON) for at, c in concepts if c.text)
    return coded, worded


def _person(stored: Stored) -> Person:
    said = fhir.decode(stored.raw, fhir.Patient, stored.ref)
    facts = {
        "family_name": any(name.family for name in said.name),
        "birth_date": bool(said.birth_date),
        "gender": bool(said.gender),
        "phone": any(way.system in {"phone", "sms"} and way.value for way in said.telecom),
        "address": bool(said.address),
    }
    numbers = [one for one in said.identifier if one.value]
    kinds = {c.code for one in numbers for c in one.type.coding} | {one.system for one in numbers}
    return Person(
        ref=str(stored.ref),
        active=said.active,
        deceased=said.deceased_boolean or bool(said.deceased_date_time),
        replaced=any(link.type == "replaced-by" for link in said.link),
        has=tuple(name for name, there in facts.items() if there),
        identified_by=tuple(sorted(kinds - {""})),
    )


def _cover(stored: Stored) -> Cover:
    said = fhir.decode(stored.raw, fhir.Coverage, stored.ref)
    start, end = fhir.day_of(said.period.start), fhir.day_of(said.period.end)
    return Cover(str(stored.ref), said.status, start, end)


def _attachment(stored: Stored) -> Attachment:
    said = fhir.decode(stored.raw, fhir.Document, stored.ref)
    when = said.effective_date_time or said.effective_period.start or said.date or said.issued
    codes = tuple(code.name for code in (*_codes(said.type), *_codes(said.code)))
    return Attachment(str(stored.ref), codes, fhir.day_of(when), said.status in _STANDS)


def _sender(requester: fhir.Reference, around: Mapping[Ref, Stored]) -> Sender:
    """Return who asked, and the partner named by the organisation behind them; empty where unknown."""
    asked = _found((requester,), around)
    if not asked:
        return Sender()
    stored = asked[0]
    organization = stored if stored.ref.type == "Organization" else None
    if stored.ref.type == "PractitionerRole":
        role = fhir.decode(stored.raw, fhir.PractitionerRole, stored.ref)
        organization = next(iter(_found((role.organization,), around)), None)
    if organization is None:
        return Sender(str(stored.ref))
    said = fhir.decode(organization.raw, fhir.Organization, organization.ref)
    partner = next((one.value for one in said.identifier if one.system == PARTNER), "")
    return Sender(str(stored.ref), str(organization.ref), partner)


def _twin(stored: Stored) -> Twin:
    said = fhir.decode(stored.raw, fhir.ServiceRequest, stored.ref)
    pointed = {p.reference for p in said.reason_reference if p.reference}
    coded = {code.name for concept in said.reason_code for code in _codes(concept)}
    worded = {folded(concept.text) for concept in said.reason_code} - {""}
    return Twin(
        ref=str(stored.ref),
        received=stored.updated,
        status=said.status,
        authored=fhir.day_of(said.authored_on),
        placers=_placers(said),
        services=_codes(said.code),
        reasons=tuple(sorted(coded | worded | pointed)),
        replaces=_replaced(said),
    )
