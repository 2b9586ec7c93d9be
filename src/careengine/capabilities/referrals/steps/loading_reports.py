"""Load the documents that may be a referral's report, and the sender's review, for a whole batch of cases."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from careengine.capabilities.referrals.model.closing import Report, Reports, Review
from careengine.capabilities.referrals.rules.reporting import review_id
from careengine.capabilities.referrals.steps import fhir
from careengine.capabilities.referrals.steps.loading import FOCUS
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.trust.charts import Charts, Stored

APPOINTMENT = "appointment"
"""Where a case's data names its visit, ``Appointment/id``."""
_KINDS = ("Composition", "DiagnosticReport", "DocumentReference", "Encounter")


def load_reports(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Reports]:
    """Return each case's documents since it began, newest first; two readings for the whole batch."""
    since = min(case.opened_at for case in cases)
    charted = charts.of_subjects({case.subject for case in cases}, kinds=_KINDS, since=since)
    focuses = {Ref.parse(str(case.data[FOCUS])) for case in cases}
    first = {Ref(ref.type, ref.id, 1) for ref in focuses}
    focused = charts.resources(sorted(focuses | first), kinds=("ServiceRequest",))
    return {case.id: _reports(case, charted.get(case.subject, []), focused) for case in cases}


def _reports(case: Case, stored: Sequence[Stored], focused: Mapping[Ref, Stored]) -> Reports:
    mine = _Mine.of(case, stored, focused)
    request = Ref.parse(mine.request)
    came = focused.get(Ref(request.type, request.id, 1))
    # Both were recorded in real time; when the case was opened is domain time.
    newer = [one for one in stored if came is None or one.updated >= came.updated]
    found = [report for one in newer if (report := _report(one, mine))]
    return Reports(tuple(sorted(found, key=lambda report: (report.written, report.ref), reverse=True)))


class _Mine:
    """By what a document shows that it belongs to this referral."""

    __slots__ = ("encounters", "numbers", "request")

    def __init__(self, request: str, numbers: frozenset[tuple[str, str]], encounters: frozenset[str]) -> None:
        self.request = request
        self.numbers = numbers
        self.encounters = encounters

    @classmethod
    def of(cls, case: Case, stored: Sequence[Stored], focused: Mapping[Ref, Stored]) -> "_Mine":
        request, visit = str(case.data[FOCUS]), str(case.data.get(APPOINTMENT, ""))
        visits = {
            str(one.ref.newest()): fhir.decode(one.raw, fhir.Encounter, one.ref)
            for one in stored
            if one.ref.type == "Encounter"
        }
        encounters = frozenset(
            name
            for name, said in visits.items()
            if _points(said.based_on, request) or (visit and _points(said.appointment, visit))
        )
        return cls(request, _numbers(focused.get(Ref.parse(request))), encounters)

    def names(self, how: str, pointers: Sequence[fhir.LogicalReference]) -> tuple[str, ...]:
        """Return ``how`` when one of the pointers names the referral, by address or by number."""
        by_number = any((p.identifier.system, p.identifier.value) in self.numbers for p in pointers)
        return (how,) if by_number or _points(pointers, self.request) else ()

    def elsewhere(self, pointers: Sequence[fhir.LogicalReference]) -> bool:
        """Say whether the pointers name other requests, and not this one."""
        requests = [p for p in pointers if _local(p.reference).startswith("ServiceRequest/")]
        return bool(requests) and not self.names("", pointers)


def _numbers(request: Stored | None) -> frozenset[tuple[str, str]]:
    if request is None:
        return frozenset()
    said = fhir.decode(request.raw, fhir.ServiceRequest, request.ref)
    return frozenset((one.system, one.value) for one in said.identifier if one.value)


def _points(pointers: Sequence[fhir.Reference | fhir.LogicalReference], name: str) -> bool:
    return any(_local(pointer.reference) == name for pointer in pointers)


def _local(reference: str) -> str:
    return reference.partition("/_history/")[0]


def _report(stored: Stored, mine: _Mine) -> Report | None:
    if stored.ref.type == "DiagnosticReport":
        return _diagnostic(stored, mine)
    if stored.ref.type == "DocumentReference":
        return _document(stored, mine)
    return _composition(stored, mine) if stored.ref.type == "Composition" else None


def _diagnostic(stored: Stored, mine: _Mine) -> Report:
    said = fhir.decode(stored.raw, fhir.DiagnosticReport, stored.ref)
    named = mine.names("basedOn", said.based_on)
    named += ("encounter",) if _local(said.encounter.reference) in mine.encounters else ()
    return _made(
        stored, said.status, said.code, (*named, *_by_identifier(said.identifier, mine)),
        others=mine.elsewhere(said.based_on), urls=[form.url for form in said.presented_form],
    )  # fmt: skip


def _document(stored: Stored, mine: _Mine) -> Report:
    said = fhir.decode(stored.raw, fhir.DocumentReference, stored.ref)
    named = mine.names("context", said.context.related)
    named += (
        ("encounter",) if any(_local(e.reference) in mine.encounters for e in said.context.encounter) else ()
    )
    status = said.status if said.status != "current" else said.doc_status or said.status
    return _made(
        stored, status, said.type, (*named, *_by_identifier(said.identifier, mine)),
        others=mine.elsewhere(said.context.related), urls=[one.attachment.url for one in said.content],
    )  # fmt: skip


def _composition(stored: Stored, mine: _Mine) -> Report:
    said = fhir.decode(stored.raw, fhir.Composition, stored.ref)
    details = tuple(detail for event in said.event for detail in event.detail)
    named = mine.names("context", details)
    named += ("encounter",) if _local(said.encounter.reference) in mine.encounters else ()
    return _made(
        stored, said.status, said.type, (*named, *_by_identifier((said.identifier,), mine)),
        others=mine.elsewhere(details), urls=[],
    )  # fmt: skip


def _by_identifier(identifiers: Sequence[fhir.Identifier], mine: _Mine) -> tuple[str, ...]:
    return ("identifier",) if any((one.system, one.value) in mine.numbers for one in identifiers) else ()


def _made(
    stored: Stored,
    status: str,
    kind: fhir.Concept,
    named_by: tuple[str, ...],
    *,
    others: bool,
    urls: Sequence[str],
) -> Report:
    return Report(
        ref=str(stored.ref),
        status=status,
        written=stored.updated,
        codes=tuple(f"{coding.system}|{coding.code}" for coding in kind.coding if coding.code),
        named_by=named_by,
        others=others and not named_by,
        files=tuple(_local(url) for url in urls if url.startswith("Binary/")),
    )


def load_reviews(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Review]:
    """Return how far each sender is with reading the report; one reading for the whole batch."""
    refs = {case.id: Ref("Task", review_id(case.id)) for case in cases}
    stored = charts.resources(refs.values(), kinds=("Task",))
    return {case.id: _review(stored.get(refs[case.id])) for case in cases}


def _review(stored: Stored | None) -> Review:
    if stored is None:
        return Review()
    said = fhir.decode(stored.raw, fhir.Task, stored.ref)
    coded = [coding.code for coding in said.business_status.coding if coding.code]
    return Review(
        ref=str(stored.ref),
        status=said.status,
        said=coded[0] if coded else said.business_status.text,
        due=_instant(said.restriction.period.end),
    )


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
