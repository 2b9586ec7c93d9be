"""Load insurances, eligibility answers and intake for a batch of cases: a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from careengine.capabilities.registration.model import Answered, Check, Checks, Cover, Given, Held, Intake
from careengine.capabilities.registration.rules.asking import PARTNER, RESULT
from careengine.capabilities.registration.rules.intake import asked_moments
from careengine.capabilities.registration.steps import fhir
from careengine.capabilities.registration.steps.questionnaire import answers_of, progress
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.trust.charts import Charts, Stored

_CHART = ("Coverage", "Patient")
_ANSWERS = ("CoverageEligibilityResponse",)
_INTAKE = ("QuestionnaireResponse",)
_PAYORS = ("Organization",)
_FINISHED = frozenset({"completed", "amended"})
ASKED = "intake"
"""Where a case's data keeps when the patient was asked for the questionnaire."""


def load_covers(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Cover]:
    """Return every insurance of each case's patient, with what its payer is called."""
    found = charts.of_subjects({case.subject for case in cases}, kinds=_CHART)
    payors = payors_of(charts, (one for stored in found.values() for one in stored))
    return {case.id: _cover(found.get(case.subject, []), payors) for case in cases}


def load_checks(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Checks]:
    """Return every eligibility answer that was asked for here, newest first."""
    found = charts.of_subjects({case.subject for case in cases}, kinds=_ANSWERS)
    return {case.id: Checks(tuple(_newest_first(found.get(case.subject, [])))) for case in cases}


def load_intakes(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Intake]:
    """Return where each case's questionnaire stands."""
    refs = {case.id: Ref("QuestionnaireResponse", intake_id(case.id)) for case in cases}
    found = charts.resources(refs.values(), kinds=_INTAKE)
    return {case.id: _intake(case, found.get(refs[case.id])) for case in cases}


def load_answered(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Answered]:
    """Return what each case's patient answered so far."""
    refs = {case.id: Ref("QuestionnaireResponse", intake_id(case.id)) for case in cases}
    found = charts.resources(refs.values(), kinds=_INTAKE)
    return {case.id: _answered(found.get(refs[case.id])) for case in cases}


def intake_id(case: int) -> str:
    """Return the id of the questionnaire that belongs to a case."""
    return f"intake-{case}"


def payors_of(charts: Charts, stored: Iterable[Stored]) -> Mapping[Ref, fhir.Organization]:
    """Return the organisations that coverages name as their payers; one reading for all of them."""
    wanted = {
        ref
        for one in stored
        if one.ref.type == "Coverage"
        for payor in fhir.decode(one.raw, fhir.Coverage, one.ref).payor
        if (ref := fhir.ref_of(payor)) is not None and ref.type == "Organization"
    }
    found = charts.resources(sorted(wanted), kinds=_PAYORS)
    return {ref: fhir.decode(one.raw, fhir.Organization, ref) for ref, one in found.items()}


def patient_of(chart: Sequence[Stored]) -> str:
    """Return ``Patient/id`` of the one record that stands for a person; empty when it is not one."""
    people = _people(chart)
    return str(people[0][0].newest()) if len(people) == 1 else ""


def _people(chart: Sequence[Stored]) -> Sequence[tuple[Ref, fhir.Patient]]:
    known = [(o.ref, fhir.decode(o.raw, fhir.Patient, o.ref)) for o in chart if o.ref.type == "Patient"]
    return [(ref, said) for ref, said in known if all(link.type != "replaced-by" for link in said.link)]


def _cover(chart: Sequence[Stored], payors: Mapping[Ref, fhir.Organization]) -> Cover:
    people = _people(chart)
    covers = sorted((one for one in chart if one.ref.type == "Coverage"), key=lambda one: one.ref)
    held = tuple(_held(one, payors) for one in covers)
    if len(people) != 1:
        return Cover(held=held)
    ref, said = people[0]
    has = {"family_name": bool(said.called.family), "birth_date": fhir.day_of(said.birth_date) is not None}
    facts = tuple(name for name, there in has.items() if there)
    return Cover(held=held, patient=str(ref.newest()), has=facts)


def _held(stored: Stored, payors: Mapping[Ref, fhir.Organization]) -> Held:
    said = fhir.decode(stored.raw, fhir.Coverage, stored.ref)
    return Held(
        ref=str(stored.ref),
        status=said.status,
        start=fhir.day_of(said.period.start),
        end=fhir.day_of(said.period.end),
        order=said.order,
        called=tuple(name for payor in said.payor for name in names_of(payor, payors) if name),
        member=bool(said.member),
    )


def names_of(payor: fhir.Reference, payors: Mapping[Ref, fhir.Organization]) -> Iterable[str]:
    """Yield what a payer is called: the partner it says it is, its numbers, its name."""
    ref = fhir.ref_of(payor)
    known = payors.get(ref) if ref is not None else None
    if known is not None:
        yield from (one.value for one in known.identifier if one.system == PARTNER)
        yield from (one.value for one in known.identifier if one.system != PARTNER)
        yield known.name
    yield payor.identifier.value
    yield payor.display


def _newest_first(stored: Iterable[Stored]) -> Iterable[Check]:
    checks = [check for one in stored if (check := _check(one)) is not None]
    return sorted(checks, key=lambda one: (one.at, one.ref), reverse=True)


def _check(stored: Stored) -> Check | None:
    """Return an answer that was asked for here; what others put into the record is none of ours."""
    said = fhir.decode(stored.raw, fhir.EligibilityResponse, stored.ref)
    result = next((one.value_code for one in said.extension if one.url == RESULT), "")
    at = fhir.instant_of(said.created)
    coverage = fhir.ref_of(said.insurance[0].coverage) if said.insurance else None
    if not result or at is None or coverage is None:
        return None
    return Check(
        ref=str(stored.ref),
        coverage=str(coverage),
        at=at,
        result=result,
        aaa=tuple(code.code for error in said.error for code in error.code.coding),
        day=fhir.day_of(said.serviced_date),
    )


def _intake(case: Case, stored: Stored | None) -> Intake:
    asked = asked_moments(case.data.get(ASKED))
    if stored is None:
        return Intake(asked=asked)
    said = fhir.decode(stored.raw, fhir.QuestionnaireResponse, stored.ref)
    answered, of = progress(said.item)
    done = said.status in _FINISHED
    return Intake(
        ref=str(stored.ref),
        status="complete" if done else "partial",
        answered=answered,
        of=of,
        saved_at=stored.updated,
        asked=asked,
    )


def _answered(stored: Stored | None) -> Answered:
    if stored is None:
        return Answered()
    said = fhir.decode(stored.raw, fhir.QuestionnaireResponse, stored.ref)
    return Answered(
        ref=str(stored.ref),
        patient=said.subject.reference,
        complete=said.status in _FINISHED,
        given=tuple(
            _given(link, answer) for link, answers in answers_of(said.item).items() for answer in answers
        ),
    )


def _given(link: str, answer: Mapping[str, Any]) -> Given:
    coding = answer.get("valueCoding") or {}
    return Given(
        question=link,
        yes=answer.get("valueBoolean"),
        system=coding.get("system", ""),
        code=coding.get("code", ""),
        display=coding.get("display", ""),
        words=answer.get("valueString", ""),
    )
