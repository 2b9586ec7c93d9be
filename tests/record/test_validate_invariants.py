"""Which of R4's invariants the record keeps, which it does not and why."""

import json
from pathlib import Path
from typing import Any

import pytest
from fhir_examples import (
    APPOINTMENT,
    BUNDLE,
    CONDITION,
    EXAMPLES,
    GLUCOSE,
    MEDICATION_REQUEST,
    PATIENT,
    QUESTIONNAIRE,
    SERVICE_REQUEST,
    SNOMED,
    TERMS,
    Json,
    example,
)

from careengine.record.invariants import INVARIANTS
from careengine.record.plans import plan_of
from careengine.record.tables import elements
from careengine.record.validate import check

R4 = json.loads((Path(__file__).parent / "r4_invariants.json").read_text(encoding="utf-8"))

KEPT_BY_THE_WALK = {"dom-2", "dom-3", "dom-4", "dom-5", "ele-1", "ref-1", "txt-1", "txt-2"}
UNDER_ANOTHER_KEY = {"tst-8": "tst-7", "tst-9": "tst-7"}
"""The same element by reference to its content."""
NOT_KEPT = {
    "they tell StructureDefinitions from each other; the record runs on none": (
        "eld-2 eld-3 eld-5 eld-6 eld-7 eld-11 eld-12 eld-13 eld-14 eld-16 eld-19 sdf-1 sdf-3 sdf-5 sdf-8"
        " sdf-8a sdf-9 sdf-10 sdf-11 sdf-14 sdf-15 sdf-15a sdf-16 sdf-17 sdf-19 sdf-20 sdf-21 sdf-22 sdf-23"
    ),
    "they concern test scripts, guides and messages that no journey reads": (
        "tst-5 tst-6 tst-10 tst-11 tst-12 tst-13 ig-1 ig-2 md-1 cpb-3"
    ),
    "R4 writes them with the system 'something', which no resource has": "ppc-2 ppc-3 ppc-4 ppc-5",
    "it follows references, which the record resolves only after validation": "ctm-1",
    "it is met by every characteristic R4 can express, which has one definition": "evv-1",
}


def test_every_invariant_is_kept_or_left_out_for_a_reason() -> None:
    kept = {key for rules in INVARIANTS.values() for key, _, _ in rules} | KEPT_BY_THE_WALK
    left_out = {key for keys in NOT_KEPT.values() for key in keys.split()} | set(UNDER_ANOTHER_KEY)
    errors = {key for key, severity in R4.items() if severity == "error"}
    assert kept.isdisjoint(left_out)
    assert kept | left_out == errors, "warnings refuse nothing, every error is decided about"


def test_invariants_stand_on_elements_that_exist() -> None:
    assert set(INVARIANTS) <= set(elements().types)
    for resource_type in (name for name in elements().kinds if elements().is_resource(name)):
        assert plan_of(resource_type) is not None


def _condition(**changes: Any) -> Json:
    return example(CONDITION, **changes)


def _item(**changes: Any) -> Json:
    return example(QUESTIONNAIRE, item=[{"linkId": "1", "type": "string", **changes}])


def _quantity(**changes: Any) -> Json:
    return example(GLUCOSE, valueQuantity=changes)


def _repeat(**changes: Any) -> Json:
    return example(MEDICATION_REQUEST, dosageInstruction=[{"timing": {"repeat": changes}}])


def _minimal(resource_type: str, **elements_: Any) -> Json:
    return {"resourceType": resource_type, **elements_}


_WHO = {"reference": "Patient/p1"}
_CONTAINED = {"resourceType": "Practitioner", "id": "who"}
_WITHDRAWN = {"coding": [{"system": TERMS + "condition-ver-status", "code": "entered-in-error"}]}
_ALLERGY_WITHDRAWN = {
    "coding": [{"system": TERMS + "allergyintolerance-verification", "code": "entered-in-error"}]
}
_ALLERGY_ACTIVE = {"coding": [{"system": TERMS + "allergyintolerance-clinical", "code": "active"}]}
_TEXT = {"text": "x"}

BREAKS: list[tuple[str, Json]] = [
    ("ait-1", _minimal("AllergyIntolerance", patient=_WHO)),
    (
        "ait-2",
        _minimal(
            "AllergyIntolerance",
            patient=_WHO,
            clinicalStatus=_ALLERGY_ACTIVE,
            verificationStatus=_ALLERGY_WITHDRAWN,
        ),
    ),
    ("app-1", example(APPOINTMENT, participant=[{"status": "accepted"}])),
    ("app-2", example(APPOINTMENT, end=None)),
    ("app-3", example(APPOINTMENT, start=None, end=None)),
    ("app-4", example(APPOINTMENT, cancelationReason=_TEXT)),
    ("att-1", example(PATIENT, photo=[{"data": "aGVsbG8="}])),
    ("bdl-1", example(BUNDLE, total=2)),
    ("bdl-2", example(BUNDLE, entry=[{**BUNDLE["entry"][0], "search": {"mode": "match"}}])),
    ("bdl-3", example(BUNDLE, type="collection")),
    ("bdl-5", _minimal("Bundle", type="collection", entry=[{"fullUrl": "urn:uuid:1"}])),
    ("bdl-7", example(BUNDLE, entry=[BUNDLE["entry"][0]] * 2)),
    (
        "bdl-8",
        _minimal(
            "Bundle",
            type="collection",
            entry=[{"fullUrl": "http://x/Patient/1/_history/2", "resource": _minimal("Patient")}],
        ),
    ),
    ("bdl-9", _minimal("Bundle", type="document", timestamp="2026-01-01T00:00:00Z")),
    ("bdl-11", _minimal("Bundle", type="document", entry=[{"resource": _minimal("Patient")}])),
    ("con-2", _condition(evidence=[{"id": "a", "extension": [{"url": "http://x", "valueString": "y"}]}])),
    (
        "con-4",
        _condition(clinicalStatus={"coding": [{"system": TERMS + "condition-clinical", "code": "active"}]}),
    ),
    ("con-5", _condition(verificationStatus=_WITHDRAWN)),
    ("age-1", _condition(onsetAge={"value": 0, "system": "http://unitsofmeasure.org", "code": "a"})),
    ("age-1", _condition(onsetAge={"value": 4})),
    ("cpt-2", example(PATIENT, telecom=[{"value": "5"}])),
    ("dom-2", example(SERVICE_REQUEST, contained=[{**_CONTAINED, "contained": [_CONTAINED]}])),
    ("dom-3", example(SERVICE_REQUEST, requester=None)),
    ("dom-4", example(SERVICE_REQUEST, contained=[{**_CONTAINED, "meta": {"versionId": "1"}}])),
    ("dom-5", example(SERVICE_REQUEST, contained=[{**_CONTAINED, "meta": {"security": [{"code": "R"}]}}])),
    ("ext-1", example(PATIENT, extension=[{"url": "http://x"}])),
    (
        "ext-1",
        example(
            PATIENT,
            extension=[
                {"url": "http://x", "valueString": "y", "extension": [{"url": "z", "valueString": "y"}]}
            ],
        ),
    ),
    (
        "fhs-1",
        _minimal(
            "FamilyMemberHistory",
            status="completed",
            patient=_WHO,
            relationship=_TEXT,
            ageString="5",
            bornDate="2020",
        ),
    ),
    (
        "gol-1",
        _minimal(
            "Goal", lifecycleStatus="active", description=_TEXT, subject=_WHO, target=[{"detailString": "x"}]
        ),
    ),
    ("grp-1", _minimal("Group", type="person", actual=False, member=[{"entity": _WHO}])),
    ("ipn-1", _minimal("InsurancePlan", status="active")),
    (
        "lst-3",
        _minimal("List", status="current", mode="snapshot", entry=[{"item": _WHO, "date": "2026-01-01"}]),
    ),
    (
        "mdd-1",
        _minimal(
            "MedicationDispense",
            status="completed",
            medicationReference={"reference": "Medication/1"},
            whenPrepared="2026-01-02T10:00:00Z",
            whenHandedOver="2026-01-02T09:00:00Z",
        ),
    ),
    ("obs-3", example(GLUCOSE, referenceRange=[{"type": _TEXT}])),
    ("obs-6", example(GLUCOSE, dataAbsentReason=_TEXT)),
    ("obs-7", example(GLUCOSE, component=[{"code": GLUCOSE["code"]}])),
    ("org-1", _minimal("Organization", active=True)),
    ("org-3", _minimal("Organization", name="x", telecom=[{"system": "phone", "value": "1", "use": "home"}])),
    ("pat-1", example(PATIENT, contact=[{"relationship": [_TEXT]}])),
    ("per-1", example(PATIENT, name=[{"family": "x", "period": {"start": "2021", "end": "2020-12-31"}}])),
    (
        "per-1",
        example(
            PATIENT,
            name=[
                {
                    "family": "x",
                    "period": {"start": "2021-01-01T00:00:00Z", "end": "2021-01-01T00:59:00+01:00"},
                }
            ],
        ),
    ),
    ("ppc-1", _minimal("Consent", status="active", scope=_TEXT, category=[_TEXT])),
    ("prr-1", example(SERVICE_REQUEST, code=None, orderDetail=[_TEXT])),
    ("que-1", _item(type="group")),
    ("que-2", example(QUESTIONNAIRE, item=[QUESTIONNAIRE["item"][0], {"linkId": "1.1", "type": "string"}])),
    ("que-4", _item(answerOption=[{"valueString": "a"}], answerValueSet="http://x")),
    ("que-7", _item(enableWhen=[{"question": "1", "operator": "exists", "answerString": "x"}])),
    (
        "qrs-1",
        _minimal(
            "QuestionnaireResponse",
            status="completed",
            item=[{"linkId": "1", "answer": [{"valueString": "a"}], "item": [{"linkId": "2"}]}],
        ),
    ),
    ("qty-3", _quantity(value=5, code="mg")),
    ("rat-1", example(GLUCOSE, valueQuantity=None, valueRatio={"numerator": {"value": 1}})),
    ("ref-1", example(GLUCOSE, subject={"reference": "#x"})),
    ("rng-2", example(GLUCOSE, valueQuantity=None, valueRange={"low": {"value": 5}, "high": {"value": 4}})),
    (
        "sev-1",
        _minimal(
            "AuditEvent",
            type={"code": "rest"},
            recorded="2026-01-01T00:00:00Z",
            agent=[{"requestor": True}],
            source={"observer": {"display": "x"}},
            entity=[{"name": "a", "query": "aGVsbG8="}],
        ),
    ),
    ("tim-2", _repeat(period=1)),
    ("tim-5", _repeat(period=-1, periodUnit="d")),
    ("tim-9", _repeat(offset=10, when=["CM"])),
    ("tim-10", _repeat(timeOfDay=["10:00:00"], when=["HS"])),
    (
        "vsd-3",
        _minimal(
            "ValueSet",
            status="active",
            compose={
                "include": [
                    {
                        "system": SNOMED,
                        "concept": [{"code": "1"}],
                        "filter": [{"property": "concept", "op": "is-a", "value": "1"}],
                    }
                ]
            },
        ),
    ),
]


@pytest.mark.parametrize(("key", "resource"), BREAKS, ids=[key for key, _ in BREAKS])
def test_a_broken_invariant_is_named(key: str, resource: Json) -> None:
    found = check(json.dumps(resource).encode())
    assert any(problem.what.startswith(f"{key}:") for problem in found), found


@pytest.mark.parametrize("resource", EXAMPLES, ids=lambda each: each["resourceType"])
def test_an_invariant_that_is_met_is_not_named(resource: Json) -> None:
    assert check(json.dumps(resource).encode()) == ()
