"""What the record holds becomes facts: what is there, what dangles, who replaced whom; in few queries."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Cover, Placer, Referral, Role, Sender, Twins
from careengine.capabilities.referrals.wiring import LOADERS
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.record.subjects import subject_of
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.database import Connection
from careengine.trust.access import Access
from careengine.trust.actor import Reader
from careengine.trust.charts import Charts

AT = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
PLAC = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]}
LAKESIDE = "Organization/lakeside@1"
ANN = {
    "resourceType": "Patient",
    "id": "ann",
    "gender": "female",
    "birthDate": "1961-04-02",
    "name": [{"family": "Adams"}],
    "identifier": [{"type": MR, "system": "urn:mrn", "value": "1"}],
    "telecom": [{"system": "phone", "value": "555-1"}],
}
AROUND: list[dict[str, Any]] = [
    ANN,
    {
        "resourceType": "Organization",
        "id": "lakeside",
        "name": "Lakeside",
        "identifier": [{"system": "urn:careengine:partner", "value": "lakeside-practice"}],
    },
    {"resourceType": "Practitioner", "id": "hale", "name": [{"family": "Hale"}]},
    {
        "resourceType": "PractitionerRole",
        "id": "role",
        "practitioner": {"reference": "Practitioner/hale"},
        "organization": {"reference": "Organization/lakeside"},
    },
    {
        "resourceType": "Coverage",
        "id": "cover",
        "status": "active",
        "beneficiary": {"reference": "Patient/ann"},
        "payor": [{"reference": "Organization/lakeside"}],
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
    },
    {
        "resourceType": "Observation",
        "id": "ecg",
        "status": "final",
        "subject": {"reference": "Patient/ann"},
        "code": {"coding": [{"system": LOINC, "code": "11524-6"}]},
        "effectiveDateTime": "2026-02-01T09:00:00Z",
    },
    {
        "resourceType": "Condition",
        "id": "flutter",
        "subject": {"reference": "Patient/ann"},
        "code": {"coding": [{"system": SNOMED, "code": "5370000"}], "text": "Atrial flutter"},
    },
]
REQUEST = {
    "resourceType": "ServiceRequest",
    "id": "one",
    "status": "active",
    "intent": "order",
    "priority": "urgent",
    "identifier": [
        {"type": PLAC, "system": "urn:lakeside", "value": "LAK-1"},
        {"system": "urn:other", "value": "9"},
    ],
    "category": [{"coding": [{"system": SNOMED, "code": "3457005"}]}],
    "code": {"coding": [{"system": SNOMED, "code": "308471005"}]},
    "subject": {"reference": "Patient/ann"},
    "authoredOn": "2026-03-04T10:00:00-05:00",
    "requester": {"reference": "PractitionerRole/role"},
    "reasonCode": [{"text": "Palpitations"}],
    "reasonReference": [{"reference": "Condition/flutter"}],
    "insurance": [{"reference": "Coverage/cover"}],
    "supportingInfo": [{"reference": "Observation/ecg"}],
    "note": [{"text": "Rate or rhythm control?"}],
}


def put(conn: Connection, *resources: Mapping[str, Any], at: datetime = AT) -> None:
    versions = [
        NewVersion(type=r["resourceType"], id=r["id"], raw=orjson.dumps(r), resource=dict(r))
        for r in resources
    ]
    write_versions(conn, versions, recorded_at=at)


def a_case(conn: Connection, request: str = "one", *, number: int = 1) -> Case:
    ref = Ref("ServiceRequest", request)
    subject = subject_of(conn, [ref]).get(ref, UUID(int=9))
    return Case(
        id=number, journey="referral_acknowledged", journey_version=1, state="received", version=0,
        subject=subject, site="main", zone="America/New_York", opened_at=AT, entered_at=AT,
        data={"focus": str(ref)},
    )  # fmt: skip


def charts(conn: Connection) -> Charts:
    return Charts(
        conn, reader=Reader.for_journey("referral_acknowledged"), access=Access.from_package(), at=AT
    )


def loaded(conn: Connection, **changes: Any) -> Referral:
    put(conn, *AROUND, {**REQUEST, **changes})
    case = a_case(conn)
    found: Referral = LOADERS[referrals.REFERRAL.name](charts(conn), [case])[case.id]
    return found


def test_a_whole_referral_comes_back_with_what_it_points_at(conn: Connection) -> None:
    found = loaded(conn)
    assert (found.ref, found.status, found.intent, found.priority) == (
        "ServiceRequest/one@1",
        "active",
        "order",
        "urgent",
    )
    assert found.authored == date(2026, 3, 4)
    assert found.placers == (Placer("urn:lakeside", "LAK-1"),)
    assert found.categories == (f"{SNOMED}|3457005",)
    assert found.sender == Sender("PractitionerRole/role@1", "Organization/lakeside@1", "lakeside-practice")
    assert found.covers == (Cover("Coverage/cover@1", "active", date(2026, 1, 1), date(2026, 12, 31)),)
    assert [(a.codes, a.day, a.usable) for a in found.attachments] == [
        ((f"{LOINC}|11524-6",), date(2026, 2, 1), True)
    ]
    assert [(w.role, w.source, w.text) for w in found.words] == [
        (Role.REASON, "ServiceRequest/one@1#reasonCode[0].text", "Palpitations"),
        (Role.REASON, "Condition/flutter@1#code.text", "Atrial flutter"),
        (Role.QUESTION, "ServiceRequest/one@1#note[0].text", "Rate or rhythm control?"),
    ]
    assert found.dangling == ()


def test_only_whether_a_person_can_be_identified_is_loaded_never_their_name(conn: Connection) -> None:
    person = loaded(conn).people[0]
    assert person.has == ("family_name", "birth_date", "gender", "phone")
    assert person.identified_by == ("MR", "urn:mrn")
    assert "Adams" not in str(person)
    assert "1961" not in str(person)


@pytest.mark.parametrize(
    ("requester", "sender"),
    [
        (
            "Organization/lakeside",
            Sender("Organization/lakeside@1", "Organization/lakeside@1", "lakeside-practice"),
        ),
        ("Practitioner/hale", Sender("Practitioner/hale@1")),
        ("Practitioner/nobody", Sender()),
        ("https://elsewhere.example/Practitioner/1", Sender()),
        ("#contained", Sender()),
    ],
)
def test_a_requester_may_be_named_in_several_ways_or_not_at_all(
    conn: Connection, requester: str, sender: Sender
) -> None:
    assert loaded(conn, requester={"reference": requester}).sender == sender


def test_what_is_pointed_at_and_not_there_is_told(conn: Connection) -> None:
    found = loaded(conn, insurance=[{"reference": "Coverage/gone"}], supportingInfo=[{"display": "a fax"}])
    assert (found.covers, found.attachments, found.dangling) == ((), (), ("Coverage/gone",))


def test_a_result_that_was_entered_in_error_is_not_usable(conn: Connection) -> None:
    found = loaded(conn)
    assert found.attachments[0].usable
    put(conn, {**AROUND[5], "status": "entered-in-error"})
    case = a_case(conn)
    assert not LOADERS[referrals.REFERRAL.name](charts(conn), [case])[case.id].attachments[0].usable


def test_a_referral_that_was_deleted_is_told_as_unreadable(conn: Connection) -> None:
    loaded(conn)
    case = a_case(conn)
    gone = NewVersion(type="ServiceRequest", id="one", raw=b"", subject=None, resource=None, deleted=True)
    write_versions(conn, [gone], recorded_at=AT)
    found = LOADERS[referrals.REFERRAL.name](charts(conn), [case])[case.id]
    assert found.status == "not_readable"


def test_twins_are_the_persons_other_referrals_with_what_they_are_for(conn: Connection) -> None:
    loaded(conn)
    put(
        conn,
        {**REQUEST, "id": "two", "status": "revoked"},
        {**REQUEST, "id": "bobs", "subject": {"reference": "Patient/bob"}},
    )
    case = a_case(conn)
    twins: Twins = LOADERS[referrals.TWINS.name](charts(conn), [case])[case.id]
    assert [(t.ref, t.status) for t in twins.others] == [("ServiceRequest/two@1", "revoked")]
    assert twins.others[0].reasons == ("Condition/flutter", "palpitations")
    assert twins.others[0].placers == (Placer("urn:lakeside", "LAK-1"),)


def test_a_batch_of_many_asks_the_record_as_often_as_a_batch_of_one(conn: Connection) -> None:
    put(conn, *AROUND, *({**REQUEST, "id": f"r{n}"} for n in range(30)))
    readings = []
    for size in (1, 30):
        cases = [a_case(conn, f"r{n}", number=n) for n in range(size)]
        read = charts(conn)
        for load in (LOADERS[referrals.REFERRAL.name], LOADERS[referrals.TWINS.name]):
            assert set(load(read, cases)) == set(range(size))
        readings.append(len(read.audits))
    assert readings[0] == readings[1] <= 6
