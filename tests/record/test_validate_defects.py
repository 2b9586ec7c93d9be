"""What senders get wrong: each defect is found, at its place, and nothing of the patient is repeated."""

import json

import pytest
from fhir_examples import (
    APPOINTMENT,
    BLOOD_PRESSURE,
    CLAIM,
    EXAMPLES,
    GLUCOSE,
    PATIENT,
    SERVICE_REQUEST,
    Json,
    example,
)
from fhir_mutations import mutations

from careengine.record.problem import Problem
from careengine.record.validate import MOST_PROBLEMS, check, examine


def problems(resource: Json) -> tuple[Problem, ...]:
    return check(json.dumps(resource).encode())


@pytest.mark.parametrize("resource", EXAMPLES, ids=lambda each: each["resourceType"])
def test_a_valid_resource_has_no_problem_and_is_handed_on_parsed(resource: Json) -> None:
    examined = examine(json.dumps(resource).encode())
    assert examined.problems == ()
    assert examined.resource == resource


DEFECTS = {
    "a required element is missing": (
        example(GLUCOSE, code=None),
        "Observation.code",
        "required element missing",
    ),
    "an unknown element": (example(PATIENT, colour="red"), "Patient.colour", "unknown element"),
    "two values": (example(GLUCOSE, valueString="high"), "Observation.value[x]", "only one type"),
    "a bad date": (example(PATIENT, birthDate="10.12.1915"), "Patient.birthDate", "not a valid date"),
    "a dateTime without zone": (
        example(GLUCOSE, issued="2026-01-02T03:04:05"),
        "Observation.issued",
        "not a valid instant",
    ),
    "a single value for a list": (
        example(PATIENT, name={"family": "x"}),
        "Patient.name",
        "expected an array",
    ),
    "a positiveInt of 0": (
        example(PATIENT, telecom=[{"system": "phone", "value": "1", "rank": 0}]),
        "Patient.telecom[0].rank",
        "not a positiveInt",
    ),
    "a string for a decimal": (
        example(GLUCOSE, valueQuantity={"value": "5.5"}),
        "Observation.valueQuantity.value",
        "expected a number",
    ),
    "an empty array": (example(PATIENT, name=[]), "Patient.name", "an empty array is not allowed"),
    "an id with other characters": (example(PATIENT, id="a_b"), "Patient.id", "an id has 1 to 64"),
    "an unknown status": (example(GLUCOSE, status="finale"), "Observation.status", "value set"),
    "an unknown gender": (example(PATIENT, gender="M"), "Patient.gender", "value set"),
    "an unknown use of a claim": (example(CLAIM, use="claims"), "Claim.use", "value set"),
    "a value and the reason it is absent": (
        example(GLUCOSE, dataAbsentReason={"text": "x"}),
        "Observation",
        "obs-6",
    ),
    "a component repeating the code": (
        example(GLUCOSE, component=[{"code": GLUCOSE["code"], "valueString": "x"}]),
        "Observation",
        "obs-7",
    ),
    "a subject of the wrong type": (
        example(GLUCOSE, subject={"reference": "Practitioner/d1"}),
        "Observation.subject.reference",
        "must lead to Device, Group, Location, Patient",
    ),
    "a period that ends before it starts": (
        example(GLUCOSE, effectivePeriod={"start": "2026-02-03", "end": "2026-01"}),
        "Observation.effectivePeriod",
        "per-1",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_defect_is_found_at_its_place(defect: str) -> None:
    resource, path, what = DEFECTS[defect]
    assert any(found.path == path and what in found.what for found in problems(resource)), problems(resource)


LET_THROUGH = {
    "a NUL": (
        example(PATIENT, name=[{"family": "Love\u0000lace"}]),
        "Patient.name[0].family",
        "control character",
    ),
    "a bell": (
        example(PATIENT, address=[{"line": ["a", "b\u0007"]}]),
        "Patient.address[0].line[1]",
        "control character",
    ),
    "an id of 100 characters": (example(PATIENT, id="x" * 100), "Patient.id", "an id has 1 to 64"),
    "an element with nothing in it": (example(PATIENT, name=[{}]), "Patient.name[0]", "ele-1"),
    "an element with an id only": (example(PATIENT, contact=[{"id": "x"}]), "Patient.contact[0]", "ele-1"),
    "an empty primitive extension": (example(PATIENT, _birthDate={}), "Patient._birthDate", "ele-1"),
    "a day that does not exist": (
        example(PATIENT, birthDate="2021-02-29"),
        "Patient.birthDate",
        "no such day",
    ),
    "the year 0": (example(PATIENT, birthDate="0000-05"), "Patient.birthDate", "no such day"),
    "comments of old drafts": (
        example(PATIENT, fhir_comments=["x"]),
        "Patient.fhir_comments[0]",
        "unknown element",
    ),
    "no such contained resource": (
        example(GLUCOSE, subject={"reference": "#nobody"}),
        "Observation.subject.reference",
        "ref-1",
    ),
    "a contained resource of the wrong type": (
        example(SERVICE_REQUEST, subject={"reference": "#who"}),
        "ServiceRequest.subject.reference",
        "must lead to",
    ),
    "an unused contained resource": (
        example(SERVICE_REQUEST, requester=None),
        "ServiceRequest.contained[0]",
        "dom-3",
    ),
    "a conditional reference to the wrong type": (
        example(GLUCOSE, subject={"reference": "Practitioner?identifier=1"}),
        "Observation.subject.reference",
        "must lead to",
    ),
    "an identified subject of the wrong type": (
        example(GLUCOSE, subject={"type": "Claim", "identifier": {"value": "1"}}),
        "Observation.subject.type",
        "must lead to",
    ),
    "a relative reference with a prefix": (
        example(GLUCOSE, subject={"reference": "fhir/Patient/p1"}),
        "Observation.subject.reference",
        "must read Type/id",
    ),
    "a relative reference to nothing": (
        example(GLUCOSE, subject={"reference": "p1"}),
        "Observation.subject.reference",
        "must read Type/id",
    ),
    "an unknown type of reference in an extension": (
        example(PATIENT, extension=[{"url": "http://x", "valueReference": {"reference": "Person2/1"}}]),
        "Patient.extension[0].valueReference.reference",
        "must read Type/id",
    ),
    "a concept without a code of its required set": (
        example(PATIENT) | {"resourceType": "Condition", "subject": {"reference": "Patient/p1"}}
        and {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/p1"},
            "clinicalStatus": {"text": "gone"},
        },
        "Condition.clinicalStatus",
        "value set",
    ),
    "a script in the narrative": (
        example(PATIENT, text={"status": "generated", "div": "<div>a<script>x()</script></div>"}),
        "Patient.text.div",
        "txt-1",
    ),
    "an event handler in the narrative": (
        example(PATIENT, text={"status": "generated", "div": '<div onclick="x()">a</div>'}),
        "Patient.text.div",
        "txt-1",
    ),
    "a hidden script in the narrative": (
        example(
            PATIENT, text={"status": "generated", "div": '<div><a href="java&#10;script:x()">a</a></div>'}
        ),
        "Patient.text.div",
        "txt-1",
    ),
    "a comment that is not closed": (
        example(PATIENT, text={"status": "generated", "div": "<div>" + "<!--" * 50_000 + "</div>"}),
        "Patient.text.div",
        "txt-1",
    ),
    "an attribute lost in blanks": (
        example(PATIENT, text={"status": "generated", "div": "<div><p" + " " * 100_000 + "5>a</p></div>"}),
        "Patient.text.div",
        "txt-1",
    ),
    "a narrative that is not closed": (
        example(PATIENT, text={"status": "generated", "div": "<div><p>a</div>"}),
        "Patient.text.div",
        "txt-1",
    ),
    "an empty narrative": (
        example(PATIENT, text={"status": "generated", "div": "<div> <br/> </div>"}),
        "Patient.text.div",
        "txt-2",
    ),
}


@pytest.mark.parametrize("defect", LET_THROUGH)
def test_what_the_structure_check_lets_through_is_found(defect: str) -> None:
    resource, path, what = LET_THROUGH[defect]
    assert any(found.path == path and what in found.what for found in problems(resource)), problems(resource)


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p1",
        "Patient/p1/_history/4",
        "http://ehr.example/fhir/Patient/p1",
        "urn:uuid:7c058fdc-75a9-4837-bedf-3bf1924311b7",
        "Patient?identifier=http://x|1",
        "https://portal.example/people/77",
        "urn:oid:1.2.3",
    ],
)
def test_a_reference_that_may_lead_to_the_right_type_passes(reference: str) -> None:
    assert problems(example(GLUCOSE, subject={"reference": reference})) == ()


def test_a_contained_resource_may_refer_to_its_container() -> None:
    practitioner = {"resourceType": "PractitionerRole", "practitioner": {"reference": "#"}}
    container = {"resourceType": "Practitioner", "contained": [practitioner]}
    assert problems(container) == ()


def test_a_reference_by_full_url_is_checked_against_its_entry() -> None:
    raw = json.dumps(example(GLUCOSE, subject={"reference": "urn:uuid:1"})).encode()
    assert examine(raw, known={"urn:uuid:1": "Patient"}).problems == ()
    assert examine(raw, known={"urn:uuid:1": "Claim"}).problems[0].path == "Observation.subject.reference"


def test_entries_of_a_bundle_are_checked_against_each_other() -> None:
    wrong = {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Practitioner"}}
    right = {"fullUrl": "urn:uuid:2", "resource": example(GLUCOSE, subject={"reference": "urn:uuid:1"})}
    found = problems({"resourceType": "Bundle", "type": "collection", "entry": [wrong, right]})
    assert [each.path for each in found] == ["Bundle.entry[1].resource.subject.reference"]


def test_an_appointment_still_to_be_found_needs_no_time() -> None:
    assert problems(example(APPOINTMENT, status="proposed", start=None, end=None)) == ()
    assert "app-3" in problems(example(APPOINTMENT, start=None, end=None))[0].what


def test_a_component_with_another_code_is_no_repetition() -> None:
    assert problems(example(BLOOD_PRESSURE, valueString="142 over unknown")) == ()


def test_problems_of_one_resource_are_bounded() -> None:
    names = [{} for _ in range(10 * MOST_PROBLEMS)]
    assert len(problems(example(PATIENT, name=names))) == MOST_PROBLEMS


def test_no_problem_repeats_a_value_of_the_patient() -> None:
    planted = "Wilhelmina-1915-12-10"
    for damaged in mutations(EXAMPLES, count=1500, seed=11):
        text = json.dumps(damaged.resource)
        for place in (
            "Ada",
            "King",
            "Lovelace",
            "1915-12-10",
            "555-0100",
            "00123",
            "female",
            "final",
            "Patient/p1",
        ):
            text = text.replace(f'"{place}"', f'"{planted}"', 1)
        for found in check(text.encode()):
            assert "ilhelmina" not in found.what + found.path
            assert "1915" not in found.what + found.path
