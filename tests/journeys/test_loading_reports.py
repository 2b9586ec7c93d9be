"""What came after the visit becomes facts: which documents name the referral, by what; and its review."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Report, Review, Series
from careengine.capabilities.referrals.wiring import LOADERS
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.record.subjects import subject_of
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.database import Connection
from careengine.trust.access import Access
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.charts import Charts

OPENED = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
AFTER = OPENED + timedelta(days=20)
LOINC = "http://loinc.org"
PLAC = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]}
ANN = {"resourceType": "Patient", "id": "ann", "birthDate": "1961-04-02"}
REQUEST = {
    "resourceType": "ServiceRequest",
    "id": "one",
    "status": "active",
    "intent": "order",
    "identifier": [{"type": PLAC, "system": "urn:lakeside", "value": "LAK-1"}],
    "subject": {"reference": "Patient/ann"},
}
CONSULT = {"coding": [{"system": LOINC, "code": "11488-4"}]}
DIAGNOSTIC = {
    "resourceType": "DiagnosticReport",
    "id": "report",
    "status": "final",
    "code": CONSULT,
    "subject": {"reference": "Patient/ann"},
    "issued": "2026-03-24T10:00:00Z",
}
DOCUMENT = {
    "resourceType": "DocumentReference",
    "id": "report",
    "status": "current",
    "docStatus": "final",
    "type": CONSULT,
    "subject": {"reference": "Patient/ann"},
    "date": "2026-03-24T10:00:00Z",
    "content": [{"attachment": {"contentType": "application/pdf", "url": "Binary/words"}}],
}
COMPOSITION = {
    "resourceType": "Composition",
    "id": "report",
    "status": "final",
    "type": CONSULT,
    "subject": {"reference": "Patient/ann"},
    "date": "2026-03-24T10:00:00Z",
    "author": [{"display": "Dr. Okafor"}],
    "title": "Consultation",
}
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "visit",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": {"reference": "Patient/ann"},
    "period": {"start": "2026-03-24T09:00:00Z", "end": "2026-03-24T09:40:00Z"},
}
MINE = {"reference": "ServiceRequest/one"}
BY_NUMBER = {"identifier": {"system": "urn:lakeside", "value": "LAK-1"}}
ELSEWHERE = {"reference": "ServiceRequest/two"}


def put(conn: Connection, *resources: Mapping[str, Any], at: datetime = AFTER) -> None:
    versions = [
        NewVersion(type=r["resourceType"], id=r["id"], raw=orjson.dumps(r), resource=dict(r))
        for r in resources
    ]
    write_versions(conn, versions, recorded_at=at)


def a_case(conn: Connection, request: str = "one", *, number: int = 1, **data: str) -> Case:
    ref = Ref("ServiceRequest", request)
    return Case(
        id=number, journey="referral_to_visit", journey_version=1, state="awaiting_report", version=9,
        subject=subject_of(conn, [ref])[ref], site="main", zone="America/New_York", opened_at=OPENED,
        entered_at=OPENED, data={"focus": str(ref), **data},
    )  # fmt: skip


def charts(conn: Connection) -> Charts:
    reader = Reader(
        actor="nurse.ines",
        actor_kind=ActorKind.PERSON,
        purpose=Purpose.TREATMENT,
        roles=frozenset({"nurses"}),
    )
    return Charts(conn, reader=reader, access=Access.from_package(), at=AFTER)


def reports(conn: Connection, *documents: Mapping[str, Any], **data: str) -> tuple[Report, ...]:
    put(conn, ANN, REQUEST, at=OPENED)
    put(conn, *documents)
    case = a_case(conn, **data)
    found: tuple[Report, ...] = LOADERS[referrals.REPORT.name](charts(conn), [case])[case.id].found
    return found


@pytest.mark.parametrize(
    ("document", "named_by"),
    [
        ({**DIAGNOSTIC, "basedOn": [MINE]}, ("basedOn",)),
        ({**DIAGNOSTIC, "basedOn": [BY_NUMBER]}, ("basedOn",)),
        ({**DIAGNOSTIC, "basedOn": [{"reference": "ServiceRequest/one/_history/1"}]}, ("basedOn",)),
        ({**DIAGNOSTIC, "identifier": [{"system": "urn:lakeside", "value": "LAK-1"}]}, ("identifier",)),
        ({**DOCUMENT, "context": {"related": [MINE]}}, ("context",)),
        ({**DOCUMENT, "context": {"related": [BY_NUMBER]}}, ("context",)),
        ({**COMPOSITION, "event": [{"detail": [MINE]}]}, ("context",)),
        (DIAGNOSTIC, ()),
        ({**DIAGNOSTIC, "identifier": [{"system": "urn:harbour", "value": "LAK-1"}]}, ()),
    ],
)
def test_a_document_says_in_several_ways_that_it_belongs_to_the_referral(
    conn: Connection, document: Mapping[str, Any], named_by: tuple[str, ...]
) -> None:
    (found,) = reports(conn, document)
    assert (found.named_by, found.others, found.codes) == (named_by, False, (f"{LOINC}|11488-4",))
    assert found.written == AFTER


@pytest.mark.parametrize(
    "document",
    [
        {**DIAGNOSTIC, "encounter": {"reference": "Encounter/visit"}},
        {**DOCUMENT, "context": {"encounter": [{"reference": "Encounter/visit"}]}},
        {**COMPOSITION, "encounter": {"reference": "Encounter/visit"}},
    ],
)
@pytest.mark.parametrize(
    ("tie", "data"),
    [
        ({"basedOn": [MINE]}, {}),
        ({"appointment": [{"reference": "Appointment/mine"}]}, {"appointment": "Appointment/mine"}),
    ],
)
def test_a_document_of_the_referrals_visit_belongs_to_it(
    conn: Connection, document: Mapping[str, Any], tie: Mapping[str, Any], data: Mapping[str, str]
) -> None:
    (found,) = reports(conn, {**ENCOUNTER, **tie}, document, **data)
    assert found.named_by == ("encounter",)


def test_a_document_of_another_visit_does_not(conn: Connection) -> None:
    other = {**DIAGNOSTIC, "encounter": {"reference": "Encounter/visit"}}
    (found,) = reports(conn, {**ENCOUNTER, "appointment": [{"reference": "Appointment/theirs"}]}, other)
    assert found.named_by == ()


def test_a_document_that_names_another_referral_is_told_apart(conn: Connection) -> None:
    two = {**REQUEST, "id": "two"}
    (found,) = reports(conn, two, {**DIAGNOSTIC, "basedOn": [ELSEWHERE]})
    assert (found.named_by, found.others) == ((), True)


def test_one_that_names_both_is_ours_too(conn: Connection) -> None:
    two = {**REQUEST, "id": "two"}
    (found,) = reports(conn, two, {**DIAGNOSTIC, "basedOn": [ELSEWHERE, MINE]})
    assert (found.named_by, found.others) == (("basedOn",), False)


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, "final"), ({"docStatus": "preliminary"}, "preliminary"), ({"status": "superseded"}, "superseded")],
)
def test_a_document_is_as_final_as_both_its_statuses_say(
    conn: Connection, changes: Mapping[str, str], status: str
) -> None:
    (found,) = reports(conn, {**DOCUMENT, **changes})
    assert found.status == status


def test_a_document_without_a_status_of_its_own_is_current_and_its_words_can_be_found(
    conn: Connection,
) -> None:
    (found,) = reports(conn, {key: value for key, value in DOCUMENT.items() if key != "docStatus"})
    assert (found.status, found.files) == ("current", ("Binary/words",))


def test_what_was_there_before_the_referral_is_no_report_of_it(conn: Connection) -> None:
    put(conn, ANN, DOCUMENT, at=OPENED - timedelta(days=1))
    put(conn, {**COMPOSITION, "date": "2026-01-05T10:00:00Z"})
    assert reports(conn) == ()


def test_the_newest_document_comes_first(conn: Connection) -> None:
    put(conn, ANN, REQUEST, at=OPENED)
    put(conn, DOCUMENT, at=AFTER - timedelta(days=1))
    found = reports(conn, DIAGNOSTIC)
    assert [one.ref for one in found] == ["DiagnosticReport/report@1", "DocumentReference/report@1"]


def test_the_senders_review_comes_back_with_what_they_said_and_when_it_was_due(conn: Connection) -> None:
    put(conn, ANN, REQUEST, at=OPENED)
    task = {
        "resourceType": "Task",
        "id": "review-1",
        "status": "completed",
        "intent": "order",
        "for": {"reference": "Patient/ann"},
        "businessStatus": {"coding": [{"system": "urn:careengine:review", "code": "follow-up"}]},
        "restriction": {"period": {"end": "2026-04-08T10:00:00+00:00"}},
    }
    put(conn, task)
    cases = [a_case(conn, number=number) for number in (1, 2)]
    found = LOADERS[referrals.REVIEW.name](charts(conn), cases)
    due = datetime(2026, 4, 8, 10, tzinfo=UTC)
    assert found[1] == Review(ref="Task/review-1@1", status="completed", said="follow-up", due=due)
    assert found[2] == Review()


@pytest.mark.parametrize("due", ["", "2026-04-08", "soon"])
def test_a_review_without_a_time_is_not_overdue(conn: Connection, due: str) -> None:
    put(conn, ANN, REQUEST, at=OPENED)
    task = {"resourceType": "Task", "id": "review-1", "status": "requested", "intent": "order"}
    put(conn, {**task, "for": {"reference": "Patient/ann"}, "restriction": {"period": {"end": due}}})
    assert LOADERS[referrals.REVIEW.name](charts(conn), [a_case(conn)])[1].due is None


def test_a_batch_of_many_asks_the_record_as_often_as_a_batch_of_one(conn: Connection) -> None:
    put(conn, ANN, *({**REQUEST, "id": f"r{n}"} for n in range(30)), at=OPENED)
    put(conn, DOCUMENT, DIAGNOSTIC, COMPOSITION)
    for name in (referrals.REPORT.name, referrals.REVIEW.name):
        readings = []
        for size in (1, 30):
            cases = [a_case(conn, f"r{n}", number=n) for n in range(size)]
            read = charts(conn)
            assert set(LOADERS[name](read, cases)) == set(range(size))
            readings.append(len(read.audits))
        assert readings[0] == readings[1] <= 2


@pytest.mark.parametrize(
    ("ordered", "series"),
    [
        ({}, Series()),
        ({"quantityQuantity": {"value": 12}}, Series(quantity=12.0)),
        ({"occurrenceTiming": {"repeat": {"count": 6}}}, Series(count=6)),
        (
            {
                "occurrenceTiming": {
                    "repeat": {
                        "boundsPeriod": {"start": "2026-03-02", "end": "2026-04-12"},
                        "frequency": 2,
                        "period": 1,
                        "periodUnit": "wk",
                    }
                }
            },
            Series(frequency=2, period_days=7.0, bound_days=42.0, start=date(2026, 3, 2)),
        ),
        (
            {
                "occurrenceTiming": {
                    "repeat": {
                        "boundsDuration": {
                            "value": 6, "unit": "week", "system": "http://unitsofmeasure.org", "code": "wk"
                        },
                        "frequency": 1,
                        "period": 3,
                        "periodUnit": "d",
                    }
                }
            },
            Series(frequency=1, period_days=3.0, bound_days=42.0),
        ),
    ],
)  # fmt: skip
def test_a_series_is_read_in_the_ways_senders_write_one(
    conn: Connection, ordered: Mapping[str, Any], series: Series
) -> None:
    put(conn, ANN, {**REQUEST, **ordered}, at=OPENED)
    case = a_case(conn)
    assert LOADERS[referrals.REFERRAL.name](charts(conn), [case])[case.id].series == series


def test_how_the_service_is_wanted_is_read_too(conn: Connection) -> None:
    wanted = {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99452"}], "text": "In writing"}
    put(conn, ANN, {**REQUEST, "orderDetail": [wanted], "code": CONSULT}, at=OPENED)
    case = a_case(conn)
    found = LOADERS[referrals.REFERRAL.name](charts(conn), [case])[case.id]
    assert [code.name for code in found.details] == ["http://www.ama-assn.org/go/cpt|99452"]
