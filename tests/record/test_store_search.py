"""Search: exact answers, every criterion kept, unknown parameters refused, pages that do not shift."""

from datetime import UTC, datetime

import orjson
import pytest

from careengine.record.draft import NewVersion
from careengine.record.query import SearchRefused, read_query
from careengine.record.resource_types import UnknownType
from careengine.record.search import search
from careengine.record.write import write_versions
from careengine.runtime.database import Connection

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def observation(n: int, **more: object) -> dict[str, object]:
    return {
        "resourceType": "Observation", "id": f"o{n}", "status": "final", "code": loinc("2339-0"),
        "subject": {"reference": "Patient/ana"}, "effectiveDateTime": f"2026-01-{n + 1:02}T09:00:00Z", **more,
    }  # fmt: skip


def loinc(*codes: str) -> dict[str, object]:
    return {"coding": [{"system": "http://loinc.org", "code": code} for code in codes]}


@pytest.fixture
def record(conn: Connection) -> Connection:
    resources = [
        {"resourceType": "Patient", "id": "ana", "name": [{"family": "Müller", "given": ["Ana"]}],
         "birthDate": "1980-05-04", "gender": "female",
         "identifier": [{"system": "urn:mrn", "value": "7"}]},
        {"resourceType": "Patient", "id": "bo", "name": [{"family": "Mullins"}], "gender": "male"},
        *(observation(n) for n in range(5)),
        observation(5, code=loinc("718-7", "2339-0"), status="amended", valueQuantity={
            "value": 7.1, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"}),
        observation(6, subject={"reference": "Patient/bo"}, effectiveDateTime="2026-03"),
        {"resourceType": "Encounter", "id": "e", "status": "finished",
         "class": {"system": "urn:c", "code": "AMB"},
         "subject": {"reference": "Patient/ana"}, "period": {"start": "2026-01-10", "end": "2026-01-20"}},
    ]  # fmt: skip
    versions = [
        NewVersion(type=str(r["resourceType"]), id=str(r["id"]), raw=orjson.dumps(r)) for r in resources
    ]
    write_versions(conn, versions, recorded_at=NOON)
    return conn


def found(conn: Connection, type_: str, text: str) -> list[str]:
    return [ref.id for ref in search(conn, read_query(type_, text)).found]


@pytest.mark.parametrize(
    ("type_", "text", "ids"),
    [
        ("Patient", "identifier=urn:mrn|7", "ana"),
        ("Patient", "identifier=7", "ana"),
        ("Patient", "identifier=urn:other|7", ""),
        ("Patient", "family=mull", "ana bo"),
        ("Patient", "family=MÜLLER", "ana"),
        ("Patient", "gender=male,female", "ana bo"),
        ("Patient", "gender:not=male", "ana"),
        ("Patient", "birthdate=1980", "ana"),
        ("Patient", "birthdate=lt1980-05-04", ""),
        ("Patient", "_id=bo", "bo"),
        ("Observation", "patient=ana&code=http://loinc.org|718-7", "o5"),
        ("Observation", "patient=Patient/bo", "o6"),
        ("Observation", "subject:Patient=bo", "o6"),
        ("Observation", "patient=nobody", ""),
        ("Observation", "code=2339-0", "o0 o1 o2 o3 o4 o5 o6"),
        ("Observation", "code=2339-0&status=amended", "o5"),
        ("Observation", "date=2026-01-03", "o2"),
        ("Observation", "date=ge2026-01-05&date=lt2026-02", "o4 o5"),
        ("Observation", "date=2026-03", "o6"),
        ("Observation", "date=2026-03-02", ""),
        ("Observation", "value-quantity=7.1|http://unitsofmeasure.org|g/dL", "o5"),
        ("Observation", "value-quantity=lt8||g/dL", "o5"),
        ("Observation", "value-quantity=gt8", ""),
        ("Encounter", "date=ge2026-01-15&class=AMB", "e"),
        ("Encounter", "date=sa2026-01-10", ""),
        ("Encounter", "patient=ana&status=finished,planned", "e"),
    ],
)
def test_a_search_finds_exactly_what_it_asks_for(record: Connection, type_: str, text: str, ids: str) -> None:
    assert sorted(found(record, type_, text)) == ids.split()


@pytest.mark.parametrize(
    "text",
    ["colour=red", "code:above=x", "family=x", "code=", "date=yesterday", "date=ap2026", "_sort=colour",
     "_count=x", "code=http://loinc.org|", "value-quantity=x", "_cursor=x", "_include=*"],
)  # fmt: skip
def test_what_cannot_be_answered_exactly_is_refused(record: Connection, text: str) -> None:
    with pytest.raises(SearchRefused):
        search(record, read_query("Observation", text))


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(UnknownType):
        read_query("Observaton", "")


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("_sort=-date", "o6 o5 o4 o3 o2 o1 o0"), ("_sort=date", "o0 o1 o2 o3 o4 o5 o6"),
        ("_sort=_id", "o0 o1 o2 o3 o4 o5 o6"), ("_sort=-_id", "o6 o5 o4 o3 o2 o1 o0"),
    ],
)  # fmt: skip
def test_pages_follow_each_other_in_the_order_asked_for(record: Connection, sort: str, ids: str) -> None:
    seen, cursor = [], ""
    while True:
        page = search(record, read_query("Observation", f"code=2339-0&_count=3&{sort}&_cursor={cursor}"))
        seen += [ref.id for ref in page.found]
        cursor = page.cursor
        if not cursor:
            break
    assert seen == ids.split()


def test_resources_without_a_date_come_last_when_the_newest_is_first(record: Connection) -> None:
    dateless = {"resourceType": "Observation", "id": "z", "status": "final", "code": loinc("2339-0")}
    write_versions(
        record, [NewVersion(type="Observation", id="z", raw=orjson.dumps(dateless))], recorded_at=NOON
    )
    assert found(record, "Observation", "code=2339-0&_sort=-date")[-1] == "z"
    assert found(record, "Observation", "code=2339-0&_sort=date")[0] == "z"


def test_the_total_is_counted_when_asked_for(record: Connection) -> None:
    page = search(record, read_query("Observation", "code=2339-0&_summary=count"))
    assert (page.total, page.found) == (7, [])


def test_what_was_changed_or_deleted_is_no_longer_found_by_what_it_was(record: Connection) -> None:
    changed = observation(0, code=loinc("718-7"), status="cancelled")
    write_versions(
        record,
        [
            NewVersion(type="Observation", id="o0", raw=orjson.dumps(changed)),
            NewVersion(type="Observation", id="o1", raw=b"", deleted=True),
        ],
        recorded_at=NOON,
    )
    assert sorted(found(record, "Observation", "patient=ana&code=2339-0")) == ["o2", "o3", "o4", "o5"]
    assert sorted(found(record, "Observation", "code=718-7")) == ["o0", "o5"]
