"""What a patient answered, as the chart keeps it: coded where a code was chosen, else in words. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from careengine.capabilities.registration.model import Answered, Given
from careengine.engine.journey import Case
from careengine.kernel.effect import Json
from careengine.kernel.next import Write

_LOINC = "http://loinc.org"
_SNOMED = "http://snomed.info/sct"
_OURS = "urn:careengine:intake"
_ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_ALLERGY_STATUS = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
_ALLERGY_CERTAINTY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
OBSERVED: Mapping[str, tuple[str, str, str]] = {
    "language": (_LOINC, "54899-0", "Preferred language"),
    "interpreter": (_LOINC, "54588-9", "Interpreter needed"),
    "transport": (_OURS, "transport-help", "Needs help to get to the visit"),
    "contact_by": (_OURS, "contact-by", "Preferred way to be reached"),
}
"""Questions whose answers are observations, and what they observe."""
TOLD: Mapping[str, tuple[str, str]] = {
    "contact_new": ("contact-changed", "Put the patient's new contact details on the record"),
    "insurance_new": ("insurance-changed", "Put the patient's new insurance on the record"),
}
"""Questions whose answers somebody must act on, and what they are asked to do."""


def chart_answers(case: Case, answered: Answered, *, now: datetime) -> tuple[Write, ...]:
    """Return the resources of a finished questionnaire; nothing for one that is not finished.

    The same answers give the same ids: saved again, they are new versions, not new findings.
    """
    if not answered.complete:
        return ()
    desk = _Chart(case, answered, now.astimezone(UTC).isoformat(timespec="seconds"))
    made = (*_observations(desk), *_allergies(desk), *_medicines(desk), *_tasks(desk))
    return tuple(Write(resource, case.subject) for resource in made)


def insurance_changed(answered: Answered) -> bool:
    """Say whether the patient told us of another insurance: what was verified before is verified anew."""
    return any(one.question == "insurance_changed" and one.yes is True for one in answered.given)


class _Chart:
    """Whose answers they are, and the parts that every resource made of them shares."""

    def __init__(self, case: Case, answered: Answered, now: str) -> None:
        self.case, self.answered, self.now = case, answered, now

    def to(self, question: str) -> Sequence[Given]:
        return [one for one in self.answered.given if one.question == question]

    def said(self, question: str, yes: bool) -> bool:  # noqa: FBT001  yes or no is the question
        return any(one.yes is yes for one in self.to(question))

    def base(self, kind: str, name: str) -> dict[str, Json]:
        return {"resourceType": kind, "id": f"intake-{self.case.id}-{name}"}

    @property
    def patient(self) -> Json:
        return {"reference": self.answered.patient}

    @property
    def source(self) -> Json:
        return [{"reference": self.answered.ref.partition("@")[0]}]


def _concept(given: Given) -> dict[str, Json]:
    if not given.code:
        return {"text": given.words}
    return {"coding": [_coding(given.system, given.code, given.display)]}


def _value(given: Given) -> dict[str, Json]:
    return {"valueBoolean": given.yes} if given.yes is not None else {"valueCodeableConcept": _concept(given)}


def _coding(system: str, code: str, display: str) -> dict[str, Json]:
    return {"system": system, "code": code, **({"display": display} if display else {})}


def _observations(chart: _Chart) -> Iterator[dict[str, Json]]:
    for question, (system, code, display) in OBSERVED.items():
        for given in chart.to(question):
            yield {
                **chart.base("Observation", question.replace("_", "-")),
                "status": "final",
                "category": [{"coding": [_coding(_CATEGORY, "social-history", "")]}],
                "code": {"coding": [_coding(system, code, display)]},
                "subject": chart.patient,
                "effectiveDateTime": chart.now,
                "derivedFrom": chart.source,
                **(
                    {"valueBoolean": given.yes}
                    if given.yes is not None
                    else {"valueCodeableConcept": _concept(given)}
                ),
            }


def _allergies(chart: _Chart) -> Iterator[dict[str, Json]]:
    """Yield what the patient says to be allergic to, unconfirmed; or that there is nothing known."""
    told: Sequence[Mapping[str, Json]] = [_concept(one) for one in chart.to("allergy_list")]
    if chart.said("allergies", yes=False):
        told = [{"coding": [_coding(_SNOMED, "716186003", "No known allergy")]}]
    for number, concept in enumerate(told):
        yield {
            **chart.base("AllergyIntolerance", f"allergy-{number}"),
            "clinicalStatus": {"coding": [_coding(_ALLERGY_STATUS, "active", "")]},
            "verificationStatus": {"coding": [_coding(_ALLERGY_CERTAINTY, "unconfirmed", "")]},
            "code": concept,
            "patient": chart.patient,
            "recordedDate": chart.now,
            "asserter": chart.patient,
        }


def _medicines(chart: _Chart) -> Iterator[dict[str, Json]]:
    told: Sequence[Mapping[str, Json]] = [_concept(one) for one in chart.to("medication_list")]
    none = chart.said("medications", yes=False)
    if none:
        told = [{"coding": [_coding(_ABSENT, "no-known-medications", "No known medications")]}]
    for number, concept in enumerate(told):
        yield {
            **chart.base("MedicationStatement", f"medicine-{number}"),
            "status": "unknown" if none else "active",
            "medicationCodeableConcept": concept,
            "subject": chart.patient,
            "dateAsserted": chart.now,
            "informationSource": chart.patient,
            "derivedFrom": chart.source,
        }


def _tasks(chart: _Chart) -> Iterator[dict[str, Json]]:
    for question, (code, wanted) in TOLD.items():
        for given in chart.to(question):
            yield {
                **chart.base("Task", code),
                "status": "requested",
                "intent": "order",
                "code": {"coding": [_coding(_OURS, code, wanted)]},
                "description": given.words,
                "focus": {"reference": chart.answered.ref.partition("@")[0]},
                "for": chart.patient,
                "authoredOn": chart.now,
                "requester": chart.patient,
            }
