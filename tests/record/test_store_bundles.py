"""Bundles: a transaction whole or not at all, a batch entry by entry, references settled in the bytes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from careengine.kernel.refs import Ref
from careengine.record.bundle import EntryResult, Taking, take_bundle
from careengine.record.limits import Limits
from careengine.record.read import current
from careengine.record.refusal import BundleRefused
from careengine.record.write import Outcome
from careengine.runtime.database import Connection

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
IMPORT = Taking(recorded_at=NOON, keep_ids=True)
API = Taking(recorded_at=NOON)


def entry(resource: Mapping[str, Any], method: str = "PUT", **more: Any) -> dict[str, Any]:
    type_, id_ = resource["resourceType"], resource.get("id", "")
    url = f"{type_}/{id_}" if method == "PUT" else type_
    full_url = more.pop("full_url", f"urn:uuid:{id_}" if id_ else "")
    found = {"resource": resource, "request": {"method": method, "url": url, **more}}
    return {"fullUrl": full_url, **found} if full_url else found


def bundle(*entries: Mapping[str, Any], type_: str = "transaction") -> bytes:
    return orjson.dumps({"resourceType": "Bundle", "type": type_, "entry": entries})


def take(conn: Connection, raw: bytes, taking: Taking = IMPORT) -> list[EntryResult]:
    return take_bundle(conn, raw, taking)[1]


def group(id_: str, member: str = "", **more: Any) -> dict[str, Any]:
    found = {"resourceType": "Group", "id": id_, "type": "person", "actual": True, **more}
    return {**found, "managingEntity": {"reference": member}} if member else found


def organization(id_: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Organization", "id": id_, "name": "Harbour clinic", **more}


def refusal(conn: Connection, raw: bytes, taking: Taking = IMPORT) -> BundleRefused:
    with pytest.raises(BundleRefused) as caught:
        take(conn, raw, taking)
    return caught.value


def count(conn: Connection) -> int:
    row = conn.execute("select count(*) from resource").fetchone()
    assert row
    return int(row[0])


def test_a_reference_to_a_full_url_becomes_one_to_the_resource_and_nothing_else_changes(
    conn: Connection,
) -> None:
    sent = (
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:o1","resource":'
        b'{"resourceType":"Organization","name":"A"},"request":{"method":"POST","url":"Organization"}},'
        b'{"resource":{"resourceType":"Group","id":"g", "type":"person","actual":true,"quantity":10,'
        b' "managingEntity" : {"reference" : "urn:uuid:o1"},"text":{"status":"generated","div":'
        b'"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">1.50 urn:uuid:o1</div>"}},'
        b'"request":{"method":"PUT","url":"Group/g"}}]}'
    )
    organization_ref, group_ref = (result.ref for result in take(conn, sent))
    assert organization_ref
    assert group_ref
    stored = current(conn, [group_ref])[Ref("Group", "g")].raw
    assert stored == (
        b'{"resourceType":"Group","id":"g", "type":"person","actual":true,"quantity":10, "managingEntity" : '
        b'{"reference" : "Organization/'
        + organization_ref.id.encode()
        + b'"},"text":{"status":"generated","div":'
        b'"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">1.50 urn:uuid:o1</div>"}}'
    )


def test_one_invalid_entry_refuses_the_transaction_whole_and_is_named(conn: Connection) -> None:
    wrong = {**organization("c"), "active": "yes"}
    refused = refusal(conn, bundle(entry(organization("a")), entry(organization("b")), entry(wrong)))
    assert refused.entries == 3
    assert [problem.entry for problem in refused.problems] == [2]
    assert count(conn) == 0


def test_every_guilty_entry_is_named(conn: Connection) -> None:
    wrong = [{**organization(name), "active": "yes"} for name in "ab"]
    refused = refusal(conn, bundle(*map(entry, wrong), entry(organization("c"))))
    assert {problem.entry for problem in refused.problems} == {0, 1}


def test_a_batch_stores_what_is_right_and_says_what_is_not(conn: Connection) -> None:
    wrong = {**organization("c"), "active": "yes"}
    results = take(conn, bundle(entry(organization("a")), entry(wrong), type_="batch"))
    assert [result.status for result in results] == [201, 422]
    assert count(conn) == 1


def test_a_reference_that_leads_nowhere_is_refused_with_its_entry(conn: Connection) -> None:
    for lost in ("Organization/none", "urn:uuid:none"):
        refused = refusal(conn, bundle(entry(organization("a")), entry(group("g", lost))))
        assert [problem.entry for problem in refused.problems] == [1]


def test_resources_that_refer_to_each_other_in_a_circle_are_fine(conn: Connection) -> None:
    first = organization("a", partOf={"reference": "urn:uuid:b"})
    second = organization("b", partOf={"reference": "urn:uuid:a"})
    assert [result.status for result in take(conn, bundle(entry(first), entry(second)))] == [201, 201]
    assert b'"Organization/b"' in current(conn, [Ref("Organization", "a")])[Ref("Organization", "a")].raw


def test_in_a_batch_what_leans_on_a_refused_entry_is_refused_too(conn: Connection) -> None:
    wrong = {**organization("a"), "active": "yes"}
    leaning = organization("b", partOf={"reference": "Organization/a"})
    further = organization("c", partOf={"reference": "Organization/b"})
    results = take(conn, bundle(entry(further), entry(leaning), entry(wrong), type_="batch"))
    assert [result.status for result in results] == [422, 422, 422]


def test_a_conditional_reference_finds_the_one_resource_it_means(conn: Connection) -> None:
    known = organization("a", identifier=[{"system": "urn:npi", "value": "7"}])
    take(conn, bundle(entry(known)))
    take(conn, bundle(entry(group("g", "Organization?identifier=urn:npi|7"))))
    assert b'"Organization/a"' in current(conn, [Ref("Group", "g")])[Ref("Group", "g")].raw
    lost = refusal(conn, bundle(entry(group("h", "Organization?identifier=urn:npi|8"))))
    assert lost.problems[0].entry == 0
    take(conn, bundle(entry({**known, "id": "b"})))
    assert refusal(conn, bundle(entry(group("h", "Organization?identifier=urn:npi|7")))).status == 412


def test_a_conditional_create_is_made_once(conn: Connection) -> None:
    new = organization("", identifier=[{"system": "urn:npi", "value": "7"}])
    del new["id"]
    asked = entry(new, "POST", ifNoneExist="identifier=urn:npi|7", full_url="urn:uuid:x")
    first = take(conn, bundle(asked), API)[0]
    again = take(conn, bundle(asked, entry(group("g", "urn:uuid:x"))), API)
    assert first.ref
    assert again[0].ref
    assert (again[0].outcome, again[0].ref.id) == (Outcome.UNCHANGED, first.ref.id)
    assert (
        f'"Organization/{first.ref.id}"'.encode() in current(conn, [Ref("Group", "g")])[Ref("Group", "g")].raw
    )


def test_the_server_gives_the_ids_of_what_is_created_but_an_import_keeps_the_senders(
    conn: Connection,
) -> None:
    sent = bundle(entry(organization("own"), "POST"))
    by_api, by_import = take(conn, sent, API)[0], take(conn, sent)[0]
    assert by_api.ref
    assert by_api.ref.id != "own"
    assert by_import.ref == Ref("Organization", "own", 1)


def test_an_update_that_expects_another_version_refuses_the_transaction(conn: Connection) -> None:
    take(conn, bundle(entry(organization("a"))))
    stale = refusal(conn, bundle(entry(organization("a", active=True), ifMatch='W/"2"')))
    assert stale.status == 412
    fresh = take(conn, bundle(entry(organization("a", active=True), ifMatch='W/"1"')))[0]
    assert fresh.ref == Ref("Organization", "a", 2)


def test_two_entries_that_name_one_resource_are_refused(conn: Connection) -> None:
    assert refusal(conn, bundle(entry(organization("a")), entry(organization("a")))).problems[0].entry == 1


def test_a_deletion_in_a_transaction_takes_the_resource_away(conn: Connection) -> None:
    take(conn, bundle(entry(organization("a"))))
    gone = {"request": {"method": "DELETE", "url": "Organization/a"}}
    assert take(conn, bundle(gone))[0].status == 204
    assert current(conn, [Ref("Organization", "a")]) == {}


@pytest.mark.parametrize("cut", [0, 1, 40, 100])
def test_a_truncated_bundle_says_that_it_is_cut_off(conn: Connection, cut: int) -> None:
    whole = bundle(entry(organization("a")))
    refused = refusal(conn, whole[: len(whole) - 1 - cut])
    assert "cut off" in str(refused)
    assert refused.status == 400


def test_a_nul_in_a_string_is_refused_and_named(conn: Connection) -> None:
    raw = bundle(entry(organization("a"))).replace(b"Harbour", rb"Har\u0000bour")
    refused = refusal(conn, raw)
    assert refused.problems[0].entry == 0
    assert "name" in refused.problems[0].path


def test_an_unknown_code_of_a_required_binding_is_refused_and_named(conn: Connection) -> None:
    refused = refusal(conn, bundle(entry({"resourceType": "Patient", "id": "p", "gender": "M"})))
    assert refused.problems[0].path == "Patient.gender"


def test_a_bundle_of_more_entries_than_the_cap_is_refused_with_all_its_entries_counted(
    conn: Connection,
) -> None:
    raw = bundle(*({"request": {"method": "DELETE", "url": f"Group/{n}"}} for n in range(50_000)))
    refused = refusal(conn, raw)
    assert (refused.entries, refused.status) == (50_000, 413)
    assert "10000" in str(refused)


def test_a_body_larger_than_the_cap_is_refused(conn: Connection) -> None:
    taking = Taking(recorded_at=NOON, limits=Limits(body=100))
    assert refusal(conn, bundle(entry(organization("a"))), taking).status == 413


def test_what_is_no_bundle_is_refused(conn: Connection) -> None:
    for raw in (b"[]", b"1", b"{}", b'{"resourceType":"Patient"}', b"\xff\xfe", b'{"resourceType":"Bundle"}'):
        assert refusal(conn, raw).status == 400


def test_nesting_without_end_is_refused(conn: Connection) -> None:
    deep = b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":' + b'{"a":' * 100_000
    assert refusal(conn, deep).status == 400
