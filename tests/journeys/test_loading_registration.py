"""What the record holds of insurance, checks, answers and members becomes facts, in few queries."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from chart_values import NURSE, store, subject
from registration_examples import VISIT_DAY, InForce, a_case

from careengine.capabilities import registration
from careengine.capabilities.registration import Check, Cover, Intake, Members
from careengine.capabilities.registration.wiring import LOADERS, kept, question_id
from careengine.engine.case import Case
from careengine.kernel.next import Write
from careengine.record.validate import check
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.database import Connection
from careengine.trust.access import Access
from careengine.trust.actor import Reader
from careengine.trust.charts import Charts
from careengine.wire.x12 import Inquiry, Person, build_270

AT = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
POLICY = InForce()
ANN = {
    "resourceType": "Patient", "id": "ann", "gender": "female", "birthDate": "1980-01-02",
    "name": [{"family": "Lee", "given": ["Ann"]}],
}  # fmt: skip
PLAN = {
    "resourceType": "Organization", "id": "plan", "name": "Town Health Plan",
    "identifier": [{"system": "urn:naic", "value": "842610001"}],
}  # fmt: skip


def coverage(name: str, of: str = "ann", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Coverage", "id": name, "status": "active", "subscriberId": "M-100",
        "identifier": [{"system": "urn:members", "value": "M-100"}],
        "beneficiary": {"reference": f"Patient/{of}"}, "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "payor": [{"reference": "Organization/plan"}], **more,
    }  # fmt: skip


def load(
    conn: Connection, need: Any, *cases: Case, journey: str = "referral_acknowledged", reader: Any = None
) -> Any:
    charts = Charts(
        conn, reader=reader or Reader.for_journey(journey), access=Access.from_package(), at=AT
    )  # fmt: skip
    return LOADERS[need.name](charts, cases)


def of(whose: UUID, **data: Any) -> Case:
    case = a_case(**data)
    return Case(
        id=case.id, journey=case.journey, journey_version=1, state=case.state, version=case.version,
        subject=whose, site=case.site, zone=case.zone, opened_at=case.opened_at,
        entered_at=case.entered_at, data=data,
    )  # fmt: skip


def keep(conn: Connection, write: Write) -> None:
    resource = dict(write.resource)
    raw = orjson.dumps(resource)
    assert check(raw) == ()
    one = NewVersion(
        type=str(resource["resourceType"]), id=str(resource["id"]), raw=raw, subject=write.subject
    )  # fmt: skip
    write_versions(conn, [one], recorded_at=AT)


def test_an_insurance_is_found_with_what_its_payer_is_called(conn: Connection) -> None:
    store(conn, ANN, PLAN, coverage("one"), coverage("two", status="cancelled", payor=[{"display": "Other"}]))
    case = of(subject(conn, "ann"))
    cover: Cover = load(conn, registration.COVER, case)[case.id]

    assert cover.patient == "Patient/ann"
    assert cover.has == ("family_name", "birth_date")
    assert [(one.ref, one.called, one.member) for one in cover.held] == [
        ("Coverage/one@1", ("842610001", "Town Health Plan"), True),
        ("Coverage/two@1", ("Other",), True),
    ]
    found = registration.decide_cover(cover, day=VISIT_DAY, policy=POLICY[registration.COVERS])
    assert found.because[0].params["payer"] == "town_health"


def test_somebody_without_any_insurance_has_none(conn: Connection) -> None:
    store(conn, ANN)
    case = of(subject(conn, "ann"))

    assert load(conn, registration.COVER, case)[case.id].held == ()


def test_what_was_verified_is_read_back_as_the_newest_check(conn: Connection) -> None:
    store(conn, ANN, PLAN, coverage("one"))
    case = of(subject(conn, "ann"))
    cover = load(conn, registration.COVER, case)[case.id]
    reply = {
        "result": "not_found",
        "aaa": ["71"],
        "coverage": "Coverage/one@1",
        "day": "2026-11-20",
        "payer": "x",
    }
    keep(conn, registration.verified(case, cover, reply, now=AT))
    checks = load(conn, registration.ELIGIBILITY, case)[case.id]

    assert checks.found == (
        Check(
            ref="CoverageEligibilityResponse/elig-7-3@1", coverage="Coverage/one@1", at=AT,
            result="not_found", aaa=("71",), day=VISIT_DAY,
        ),
    )  # fmt: skip


def test_an_answer_that_somebody_else_put_into_the_record_is_no_check_of_ours(conn: Connection) -> None:
    store(conn, ANN, {
        "resourceType": "CoverageEligibilityResponse", "id": "theirs", "status": "active",
        "purpose": ["benefits"], "patient": {"reference": "Patient/ann"}, "created": "2026-11-01T10:00:00Z",
        "outcome": "complete",
        "request": {"display": "theirs"}, "insurer": {"display": "theirs"},
    })  # fmt: skip
    case = of(subject(conn, "ann"))

    assert load(conn, registration.ELIGIBILITY, case)[case.id].found == ()


ANSWERS = [
    {"linkId": "allergies", "answer": [{"valueBoolean": True}]},
    {"linkId": "allergy_list", "answer": [
        {"valueCoding": {"system": "http://snomed.info/sct", "code": "91936005", "display": "Penicillin"}},
        {"valueString": "the yellow pills"},
    ]},
    {"linkId": "language", "answer": [{"valueString": "Mam"}]},
    {"linkId": "interpreter", "answer": [{"valueBoolean": True}]},
    {"linkId": "medications", "answer": [{"valueBoolean": False}]},
    {"linkId": "insurance_new", "answer": [{"valueString": "Somebody else"}]},
]  # fmt: skip


def response(status: str) -> dict[str, Any]:
    return {
        "resourceType": "QuestionnaireResponse", "id": "intake-7", "status": status, "item": ANSWERS,
        "subject": {"reference": "Patient/ann"},
    }  # fmt: skip


def test_a_questionnaire_stands_where_the_patient_left_it(conn: Connection) -> None:
    store(conn, ANN)
    case = of(subject(conn, "ann"), intake="2026-11-01T10:00:00+00:00")
    before: Intake = load(conn, registration.INTAKE, case, reader=NURSE)[case.id]
    store(conn, response("in-progress"))
    partly: Intake = load(conn, registration.INTAKE, case, reader=NURSE)[case.id]

    assert (before.status, before.asked) == ("none", (datetime(2026, 11, 1, 10, tzinfo=UTC),))
    assert (partly.status, partly.answered, partly.of) == ("partial", 5, 9)


def test_finished_answers_go_into_the_chart_as_valid_resources_coded_only_where_a_code_was_chosen(
    conn: Connection,
) -> None:
    store(conn, ANN, response("completed"))
    case = of(subject(conn, "ann"))
    answered = load(conn, registration.ANSWERED, case, reader=NURSE)[case.id]
    writes = registration.chart_answers(case, answered, now=AT)
    for write in writes:
        keep(conn, write)

    made = [(write.resource["resourceType"], write.resource["id"]) for write in writes]
    assert made == [
        ("Observation", "intake-7-language"),
        ("Observation", "intake-7-interpreter"),
        ("AllergyIntolerance", "intake-7-allergy-0"),
        ("AllergyIntolerance", "intake-7-allergy-1"),
        ("MedicationStatement", "intake-7-medicine-0"),
        ("Task", "intake-7-insurance-changed"),
    ]
    assert writes[0].resource["valueCodeableConcept"] == {"text": "Mam"}
    assert writes[3].resource["code"] == {"text": "the yellow pills"}
    assert {write.subject for write in writes} == {case.subject}


def asked(conn: Connection, member: str) -> Case:
    raw = build_270(
        Inquiry(
            sender="1999999984", receiver="842610001", control=7, created=AT, trace=member or "NONE",
            origin="9999999984", payer_id="842610001", payer_name="TOWN", asker_id="1999999984",
            asker_name="HARBOUR", day=VISIT_DAY,
            subscriber=Person(last="LEE", first="ANN", member=member, born=date(1980, 1, 2)),
        )
    )  # fmt: skip
    id_ = question_id(raw)
    binary = NewVersion(type="Binary", id=id_, raw=kept(raw, id_, "application/edi-x12"))
    write_versions(conn, [binary], recorded_at=AT)
    return of(UUID(int=0), focus=f"Binary/{id_}")


@pytest.mark.parametrize("printed", ["M-100", "m-100", "M100"])
def test_members_are_found_by_their_number_however_it_is_written(conn: Connection, printed: str) -> None:
    store(conn, ANN, PLAN, coverage("one", identifier=[{"system": "urn:members", "value": printed}]))
    case = asked(conn, "M-100")
    members: Members = load(conn, registration.MEMBERS, case, journey="eligibility_answered")[case.id]
    inquiry = load(conn, registration.INQUIRY, case, journey="eligibility_answered")[case.id]

    assert [one.ref for one in members.found] == ["Patient/ann@1"]
    decision = registration.decide_answer(
        inquiry, members, today=AT.date(), policy=POLICY[registration.OUR_MEMBERS]
    )
    assert decision.answer == "active"
    keep(conn, registration.answered(inquiry, members, decision, now=AT))


def test_a_family_under_one_number_is_found_whole(conn: Connection) -> None:
    kim = {**ANN, "id": "kim", "birthDate": "2019-05-06", "name": [{"family": "Lee", "given": ["Kim"]}]}
    store(conn, ANN, kim, PLAN, coverage("one"), coverage("kims", of="kim"))
    case = asked(conn, "M-100")
    members: Members = load(conn, registration.MEMBERS, case, journey="eligibility_answered")[case.id]

    assert [(one.ref, [plan.ref for plan in one.plans]) for one in members.found] == [
        ("Patient/ann@1", ["Coverage/one@1"]),
        ("Patient/kim@1", ["Coverage/kims@1"]),
    ]


@pytest.mark.parametrize("member", ["M-999", "", "A,B|C$D"])
def test_a_number_nobody_carries_finds_nobody(conn: Connection, member: str) -> None:
    store(conn, ANN, PLAN, coverage("one"))
    case = asked(conn, member)
    members: Members = load(conn, registration.MEMBERS, case, journey="eligibility_answered")[case.id]
    inquiry = load(conn, registration.INQUIRY, case, journey="eligibility_answered")[case.id]
    decision = registration.decide_answer(
        inquiry, members, today=AT.date(), policy=POLICY[registration.OUR_MEMBERS]
    )

    assert members.found == ()
    assert decision.answer == "rejected"
    keep(conn, registration.answered(inquiry, members, decision, now=AT))
