"""What the record promises about writing: every version kept, bytes as they came, people told apart."""

from datetime import UTC, datetime

import orjson
import pytest

from careengine.kernel.refs import Ref
from careengine.record.draft import NewVersion, Outcome
from careengine.record.read import by_subject, current, versions
from careengine.record.subjects import MergeRefused, merge, subject_of, subjects_known_as, unmerge
from careengine.record.timeline import timeline
from careengine.record.write import VersionConflict, WrittenMeanwhile, store_versions, write_versions
from careengine.runtime.database import Connection, connect

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENT = b'{"resourceType": "Patient", "id": "ana",  "identifier": [{"system": "urn:mrn", "value": "7"}]}'
OTHER = b'{"resourceType": "Patient", "id": "bo", "identifier": [{"system": "urn:mrn", "value": "8"}]}'


def observation(id_: str, patient: str, value: str) -> NewVersion:
    raw = (
        f'{{"resourceType": "Observation", "id": "{id_}", "status": "final", "code": {{"coding": [{{"system":'
        f' "http://loinc.org", "code": "2339-0"}}]}}, "subject": {{"reference": "Patient/{patient}"}},'
        f' "valueQuantity": {{"value": {value}}}}}'
    )
    return NewVersion(type="Observation", id=id_, raw=raw.encode())


def patient(raw: bytes) -> NewVersion:
    return NewVersion(type="Patient", id=orjson.loads(raw)["id"], raw=raw)


def test_bytes_come_out_as_they_went_in_decimals_and_blanks_included(conn: Connection) -> None:
    weight = observation("w", "ana", "1.50")
    write_versions(conn, [patient(PATIENT), weight], recorded_at=NOON)
    found = current(conn, [Ref("Patient", "ana"), Ref("Observation", "w")])
    assert found[Ref("Patient", "ana")].raw == PATIENT
    assert found[Ref("Observation", "w")].raw == weight.raw


def test_every_version_is_kept_and_the_same_content_again_makes_none(conn: Connection) -> None:
    for value in ("1.0", "1.00", "1.00", "2"):
        write_versions(conn, [observation("w", "ana", value)], recorded_at=NOON)
    kept = [moment.ref for moment in timeline(conn, Ref("Observation", "w"))]
    assert [ref.version for ref in kept] == [3, 2, 1]
    raws = versions(conn, kept)
    assert [raws[ref].raw.partition(b'"value": ')[2][:-2] for ref in kept] == [b"2", b"1.00", b"1.0"]
    asked = [Ref("Observation", "w", 1), Ref("Observation", "w", 3), Ref("Observation", "w", 9)]
    assert set(versions(conn, asked)) == set(asked[:2])


def test_several_versions_of_one_resource_in_one_call_follow_each_other(conn: Connection) -> None:
    refs = write_versions(
        conn, [observation("w", "ana", "1"), observation("w", "ana", "2")], recorded_at=NOON
    )
    assert [ref.version for ref in refs] == [1, 2]


def test_a_deletion_is_a_version_and_the_id_may_be_used_again(conn: Connection) -> None:
    write_versions(conn, [observation("w", "ana", "1")], recorded_at=NOON)
    gone = NewVersion(type="Observation", id="w", raw=b"", deleted=True)
    assert store_versions(conn, [gone], recorded_at=NOON)[0].outcome is Outcome.DELETED
    assert current(conn, [Ref("Observation", "w")]) == {}
    again = store_versions(conn, [observation("w", "ana", "1")], recorded_at=NOON)[0]
    assert (again.outcome, again.ref.version) == (Outcome.CREATED, 3)
    assert [moment.deleted for moment in timeline(conn, Ref("Observation", "w"))] == [False, True, False]


def test_a_write_that_expects_an_older_version_is_refused(conn: Connection) -> None:
    write_versions(conn, [observation("w", "ana", "1")], recorded_at=NOON)
    stale = NewVersion(type="Observation", id="w", raw=b'{"resourceType": "Observation"}', if_version=3)
    with pytest.raises(VersionConflict):
        write_versions(conn, [stale], recorded_at=NOON)


def test_two_transactions_that_create_the_same_resource_do_not_both_succeed(database_url: str) -> None:
    with connect(database_url) as first, connect(database_url) as second:
        second.execute("set lock_timeout = '50ms'")
        write_versions(first, [observation("w", "ana", "1")], recorded_at=NOON)
        with pytest.raises(Exception, match="lock timeout"):
            write_versions(second, [observation("w", "ana", "2")], recorded_at=NOON)
        second.rollback()
        first.commit()
        assert store_versions(second, [observation("w", "ana", "2")], recorded_at=NOON)[0].ref.version == 2


def test_a_patients_resources_get_the_patients_subject_also_when_written_before_in_the_same_call(
    conn: Connection,
) -> None:
    write_versions(conn, [observation("w", "ana", "1"), patient(PATIENT)], recorded_at=NOON)
    write_versions(conn, [observation("x", "ana", "1")], recorded_at=NOON)
    subjects = subject_of(conn, [Ref("Patient", "ana"), Ref("Observation", "w"), Ref("Observation", "x")])
    assert len(subjects) == 3
    assert len(set(subjects.values())) == 1


def test_a_chart_is_read_by_any_coding_of_the_main_code_and_from_a_day_on(conn: Connection) -> None:
    raw = orjson.dumps({
        "resourceType": "Observation", "id": "two", "status": "final",
        "subject": {"reference": "Patient/ana"}, "effectiveDateTime": "2026-01-05",
        "code": {"coding": [
            {"system": "urn:own", "code": "hb"}, {"system": "http://loinc.org", "code": "718-7"}
        ]},
    })  # fmt: skip
    two = NewVersion(type="Observation", id="two", raw=raw)
    write_versions(conn, [patient(PATIENT), two, observation("w", "ana", "1")], recorded_at=NOON)
    ana = subject_of(conn, [Ref("Patient", "ana")])[Ref("Patient", "ana")]

    def found(code: tuple[str, str], since: datetime | None = None) -> list[str]:
        charts = by_subject(conn, [ana], ["Observation"], codes=[code], since=since)
        return [stored.ref.id for stored in charts[ana]]

    assert found(("urn:own", "hb")) == found(("http://loinc.org", "718-7")) == ["two"]
    assert found(("http://loinc.org", "2339-0")) == ["w"]
    assert found(("urn:own", "hb"), datetime(2026, 1, 6, tzinfo=UTC)) == []
    assert found(("urn:own", "hb"), datetime(2026, 1, 5, 12, tzinfo=UTC)) == ["two"]


def test_a_merge_joins_the_charts_and_an_unmerge_parts_them_losing_nothing(conn: Connection) -> None:
    write_versions(conn, [patient(PATIENT), patient(OTHER), observation("w", "ana", "1")], recorded_at=NOON)
    ana, bo = (subject_of(conn, [Ref("Patient", name)])[Ref("Patient", name)] for name in ("ana", "bo"))

    merge(conn, ana, bo, actor="person:clerk", at=NOON)
    write_versions(conn, [observation("x", "ana", "2")], recorded_at=NOON)
    joined = by_subject(conn, [bo, ana], ["Observation"])
    assert [{stored.ref.id for stored in joined[who]} for who in (ana, bo)] == [{"w", "x"}, {"w", "x"}]
    assert subjects_known_as(conn, [("urn:mrn", "7")]) == {("urn:mrn", "7"): {bo}}

    unmerge(conn, ana, actor="person:clerk", at=NOON)
    parted = by_subject(conn, [bo, ana], ["Observation"])
    assert ({stored.ref.id for stored in parted[ana]}, parted[bo]) == ({"w", "x"}, [])


def test_chains_of_merges_are_parted_where_they_were_joined(conn: Connection) -> None:
    raws = [f'{{"resourceType":"Patient","id":"p{n}"}}'.encode() for n in range(3)]
    write_versions(conn, [patient(raw) for raw in raws], recorded_at=NOON)
    first, second, third = (
        subject_of(conn, [Ref("Patient", f"p{n}")])[Ref("Patient", f"p{n}")] for n in range(3)
    )
    merge(conn, first, second, actor="a", at=NOON)
    merge(conn, second, third, actor="a", at=NOON)
    with pytest.raises(MergeRefused):
        merge(conn, third, first, actor="a", at=NOON)
    unmerge(conn, second, actor="a", at=NOON)
    patients = by_subject(conn, [first, second, third], ["Patient"])
    assert [len(patients[who]) for who in (first, second, third)] == [2, 2, 1]
    assert WrittenMeanwhile.status == 409
