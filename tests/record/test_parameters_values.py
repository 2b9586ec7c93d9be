"""What a resource is found by, on hand-written examples and HL7's words about each search type."""

from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest
from fhir_examples import (
    BLOOD_PRESSURE,
    CLAIM,
    CONDITION,
    DOCUMENT,
    GLUCOSE,
    LOINC,
    PATIENT,
    QUESTIONNAIRE,
    SERVICE_REQUEST,
    SNOMED,
    TERMS,
    UCUM,
    Json,
    example,
)

from careengine.record.parameters import IndexValue, Kind, index_values, parameters_of


def values(resource: Json, param: str) -> list[IndexValue]:
    return [found for found in index_values(resource) if found.param == param]


def tokens(resource: Json, param: str) -> list[tuple[str, str]]:
    return [(found.system, found.value) for found in values(resource, param) if found.kind is Kind.TOKEN]


def texts(resource: Json, param: str) -> list[str]:
    return [found.value for found in values(resource, param)]


def ranges(resource: Json, param: str) -> list[tuple[Any, Any]]:
    return [(found.low, found.high) for found in values(resource, param)]


def day(year: int, month: int, date: int) -> datetime:
    return datetime(year, month, date, tzinfo=UTC)


class TestObservation:
    def test_is_found_by_its_code_and_not_by_its_components(self) -> None:
        assert tokens(BLOOD_PRESSURE, "code") == [(LOINC, "85354-9")]
        assert tokens(BLOOD_PRESSURE, "component-code") == [(LOINC, "8480-6"), (LOINC, "8462-4")]

    def test_is_found_by_any_of_its_codes_with_combo_code(self) -> None:
        assert set(tokens(BLOOD_PRESSURE, "combo-code")) == {
            (LOINC, "85354-9"),
            (LOINC, "8480-6"),
            (LOINC, "8462-4"),
        }

    def test_is_found_by_the_value_of_a_component(self) -> None:
        assert values(BLOOD_PRESSURE, "value-quantity") == []
        found = values(BLOOD_PRESSURE, "combo-value-quantity")[0]
        assert (found.kind, found.system, found.value, found.low, found.high) == (
            Kind.QUANTITY,
            UCUM,
            "mm[Hg]",
            142.5,
            142.5,
        )

    def test_is_found_by_the_unit_as_written_too(self) -> None:
        assert [(v.system, v.value) for v in values(BLOOD_PRESSURE, "component-value-quantity")] == [
            (UCUM, "mm[Hg]"),
            ("", "mmHg"),
        ]

    def test_patient_and_subject_are_the_same_only_for_a_patient(self) -> None:
        assert texts(BLOOD_PRESSURE, "patient") == ["Patient/p1"]
        assert texts(BLOOD_PRESSURE, "subject") == ["Patient/p1"]
        device = example(BLOOD_PRESSURE, subject={"reference": "Device/x"})
        assert texts(device, "patient") == []
        assert texts(device, "subject") == ["Device/x"]

    def test_a_reference_loses_its_version_and_keeps_its_server(self) -> None:
        assert texts(BLOOD_PRESSURE, "performer") == ["Practitioner/d1"]
        assert texts(GLUCOSE, "patient") == ["http://ehr.example/fhir/Patient/p1"]

    def test_a_moment_lasts_as_long_as_it_is_exact(self) -> None:
        second = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert ranges(BLOOD_PRESSURE, "date") == [(second, second.replace(second=6))]

    def test_a_period_runs_from_its_first_to_past_its_last_moment(self) -> None:
        assert ranges(GLUCOSE, "date") == [(day(2026, 1, 1), day(2026, 2, 4))]

    def test_a_period_without_end_stays_open(self) -> None:
        assert ranges(example(GLUCOSE, effectivePeriod={"start": "2026"}), "date") == [
            (day(2026, 1, 1), None)
        ]

    def test_a_value_below_a_limit_reaches_down_without_end(self) -> None:
        found = values(GLUCOSE, "value-quantity")[0]
        assert (found.low, found.high) == (-inf, 6.3)

    def test_values_of_other_types_are_found_by_their_own_parameters(self) -> None:
        concept = example(
            GLUCOSE, valueQuantity=None, valueCodeableConcept={"coding": [{"system": SNOMED, "code": "1"}]}
        )
        assert tokens(concept, "value-concept") == [(SNOMED, "1")]
        text = example(GLUCOSE, valueQuantity=None, valueString="Cloudy")
        assert texts(text, "value-string") == ["Cloudy"]

    def test_the_reason_a_value_is_missing_is_found_in_components_with_combo(self) -> None:
        absent = [(TERMS + "data-absent-reason", "unknown")]
        assert tokens(BLOOD_PRESSURE, "combo-data-absent-reason") == absent
        assert tokens(BLOOD_PRESSURE, "data-absent-reason") == []


class TestPatient:
    def test_is_found_by_every_identifier(self) -> None:
        assert tokens(PATIENT, "identifier") == [
            ("http://hospital.example/mrn", "00123"),
            ("http://hl7.org/fhir/sid/us-ssn", "000-00-0000"),
        ]

    def test_is_found_by_every_part_of_its_name(self) -> None:
        assert texts(PATIENT, "name") == ["Lovelace", "Ada", "King", "Countess"]
        assert texts(PATIENT, "family") == ["Lovelace"]
        assert texts(PATIENT, "given") == ["Ada", "King"]

    def test_is_found_by_the_whole_day_of_birth(self) -> None:
        assert ranges(PATIENT, "birthdate") == [(day(1915, 12, 10), day(1915, 12, 11))]

    def test_a_month_of_birth_is_the_whole_month(self) -> None:
        assert ranges(example(PATIENT, birthDate="1915-12"), "birthdate") == [
            (day(1915, 12, 1), day(1916, 1, 1))
        ]

    def test_telecom_is_told_by_system(self) -> None:
        assert texts(PATIENT, "phone") == ["555-0100"]
        assert texts(PATIENT, "email") == ["ada@example.org"]
        assert texts(PATIENT, "telecom") == ["555-0100", "ada@example.org"]

    @pytest.mark.parametrize(
        ("changes", "answer"),
        [
            ({}, "true"),
            ({"deceasedDateTime": None, "deceasedBoolean": True}, "true"),
            ({"deceasedDateTime": None, "deceasedBoolean": False}, "false"),
            ({"deceasedDateTime": None}, "false"),
        ],
    )
    def test_is_dead_by_flag_or_by_date(self, changes: Json, answer: str) -> None:
        assert texts(example(PATIENT, **changes), "deceased") == [answer]

    def test_a_plain_code_has_no_system_but_its_parameter_knows_it(self) -> None:
        assert tokens(PATIENT, "gender") == [("", "female")]
        assert parameters_of("Patient")["gender"].systems == {"http://hl7.org/fhir/administrative-gender"}

    def test_is_found_by_address_general_practitioner_link_and_tag(self) -> None:
        assert texts(PATIENT, "address") == ["12 St James's Square", "London", "GB"]
        assert texts(PATIENT, "address-city") == ["London"]
        assert texts(PATIENT, "general-practitioner") == ["Practitioner/d1"]
        assert texts(PATIENT, "link") == ["Patient/p2"]
        assert tokens(PATIENT, "_tag") == [("http://example.org/tags", "vip")]
        assert len(values(PATIENT, "_profile")) == 1


class TestOthers:
    def test_a_request_is_found_by_the_outer_limits_of_its_times(self) -> None:
        assert ranges(SERVICE_REQUEST, "occurrence") == [
            (day(2026, 3, 1), datetime(2026, 3, 5, 10, 0, 1, tzinfo=UTC)),
        ]

    def test_a_local_time_is_kept_in_utc(self) -> None:
        found = ranges(SERVICE_REQUEST, "authored")
        assert found[0][0] == datetime(2026, 3, 1, 4, tzinfo=UTC)

    def test_a_contained_resource_is_not_found_by_reference(self) -> None:
        assert texts(SERVICE_REQUEST, "requester") == []

    def test_a_condition_is_found_by_age_date_and_all_its_codes(self) -> None:
        assert ranges(CONDITION, "onset-age")[0] == (52.0, 52.0)
        assert ranges(CONDITION, "abatement-date") == [(day(2025, 6, 1), day(2025, 7, 1))]
        assert texts(CONDITION, "code") == ["44054006", "E11.9"]
        assert texts(CONDITION, "evidence-detail") == ["Observation/g1"]

    def test_a_claim_is_found_by_its_patient_encounter_and_insurer_side(self) -> None:
        assert texts(CLAIM, "patient") == ["Patient/p1"]
        assert texts(CLAIM, "encounter") == ["Encounter/e1"]
        assert tokens(CLAIM, "use") == [("", "claim")]

    def test_an_invoice_is_found_by_its_sum_in_a_currency(self) -> None:
        invoice = {
            "resourceType": "Invoice",
            "status": "issued",
            "totalNet": {"value": 12.5, "currency": "EUR"},
        }
        found = values(invoice, "totalnet")[0]
        assert (found.system, found.value, found.low) == ("urn:iso:std:iso:4217", "EUR", 12.5)

    def test_a_document_is_found_by_what_it_relates_to_and_where_it_lies(self) -> None:
        assert texts(DOCUMENT, "relatesto") == ["DocumentReference/n0"]
        assert texts(DOCUMENT, "location") == ["http://docs.example/1"]
        assert texts(DOCUMENT, "related") == ["urn:uuid:7c058fdc-75a9-4837-bedf-3bf1924311b7"]

    def test_a_questionnaire_is_found_by_url_and_a_response_by_questionnaire_with_and_without_version(
        self,
    ) -> None:
        assert texts(QUESTIONNAIRE, "url") == ["http://example.org/q/1"]
        response = {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "questionnaire": "http://x|2",
        }
        assert texts(response, "questionnaire") == ["http://x|2", "http://x"]

    def test_a_where_by_value_keeps_only_what_meets_it(self) -> None:
        artifacts = [
            {"type": "depends-on", "resource": "http://a"},
            {"type": "citation", "resource": "http://b"},
        ]
        library = {
            "resourceType": "Library",
            "status": "draft",
            "type": {"text": "x"},
            "relatedArtifact": artifacts,
        }
        assert texts(library, "depends-on") == ["http://a"]

    def test_only_the_first_entry_of_a_document_is_its_composition(self) -> None:
        entries = [
            {"resource": {"resourceType": "Composition", "id": "1"}},
            {"resource": {"resourceType": "Patient", "id": "2"}},
        ]
        document = {"resourceType": "Bundle", "type": "document", "entry": entries}
        assert texts(document, "composition") == ["Composition/1"]

    def test_a_primitive_that_has_only_an_extension_is_passed_over(self) -> None:
        name = {
            "given": [None, "Ada"],
            "_given": [{"extension": [{"url": "http://x", "valueString": "y"}]}, None],
        }
        assert texts({"resourceType": "Patient", "name": [name]}, "given") == ["Ada"]
