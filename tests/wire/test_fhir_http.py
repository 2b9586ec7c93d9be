"""FHIR over HTTP as a sender meets it: real sockets, real server, every failure told as FHIR does."""

import gzip
import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import orjson
import pytest
import uvicorn

from careengine.entrypoints.api.application import application
from careengine.entrypoints.api.desk import Served
from careengine.record.limits import Limits
from careengine.runtime.database import Connection
from careengine.trust.access import Access

PATIENT = {"resourceType": "Patient", "id": "ana", "active": True, "gender": "female"}


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.raw)


Ask = Callable[..., Reply]


@pytest.fixture
def served(database_url: str) -> Iterator[int]:
    limits = Limits(entries=300, body=2_000_000)
    tokens = {"lakeside": "lakeside-secret"}
    app = application(
        Served(url=database_url, tokens=tokens, access=Access.from_package(), limits=limits, threads=3)
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def ask(served: int) -> Ask:
    def asked(method: str, path: str, body: object = None, **headers: str) -> Reply:
        client = http.client.HTTPConnection("127.0.0.1", served)
        sent = body if isinstance(body, bytes | None) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client.request(method, path, sent, {"Authorization": "Bearer lakeside-secret", **named})
        reply = client.getresponse()
        found = Reply(reply.status, dict(reply.getheaders()), reply.read())
        client.close()
        return found

    return asked


def transaction(*entries: object) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def put(resource: Mapping[str, object]) -> dict[str, object]:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {
        "fullUrl": f"urn:uuid:{resource['id']}",
        "resource": resource,
        "request": {"method": "PUT", "url": url},
    }


def test_a_resource_is_created_read_updated_and_deleted_and_its_history_tells_so(ask: Ask) -> None:
    created = ask("POST", "/fhir/Patient", {"resourceType": "Patient", "active": True})
    id_ = created.json["id"]
    assert created.status == 201
    assert created.headers["location"].endswith(f"/fhir/Patient/{id_}/_history/1")
    updated = ask("PUT", f"/fhir/Patient/{id_}", {**PATIENT, "id": id_}, If_Match='W/"1"')
    assert (updated.status, updated.headers["etag"]) == (200, 'W/"2"')
    assert ask("GET", f"/fhir/Patient/{id_}").json["meta"]["versionId"] == "2"
    assert "gender" not in ask("GET", f"/fhir/Patient/{id_}/_history/1").json
    assert ask("DELETE", f"/fhir/Patient/{id_}").status == 204
    assert ask("GET", f"/fhir/Patient/{id_}").status == 410
    methods = [e["request"]["method"] for e in ask("GET", f"/fhir/Patient/{id_}/_history").json["entry"]]
    assert methods == ["DELETE", "PUT", "PUT"]


def test_decimals_come_back_as_they_were_sent(ask: Ask) -> None:
    raw = (
        b'{"resourceType":"Observation","id":"w","status":"final","code":{"text":"weight"},'
        b'"valueQuantity":{"value":1.50}}'
    )
    ask("PUT", "/fhir/Observation/w", raw)
    assert b'"value":1.50}' in ask("GET", "/fhir/Observation/w").raw


def test_a_stale_update_is_refused(ask: Ask) -> None:
    ask("PUT", "/fhir/Patient/ana", PATIENT)
    stale = ask("PUT", "/fhir/Patient/ana", {**PATIENT, "active": False}, If_Match='W/"7"')
    assert stale.status == 412
    assert stale.json["resourceType"] == "OperationOutcome"


def test_the_same_message_twice_is_stored_once(ask: Ask) -> None:
    first, second = (ask("POST", "/fhir", transaction(put(PATIENT))).json for _ in range(2))
    assert [bundle["entry"][0]["response"]["status"] for bundle in (first, second)] == [
        "201 Created",
        "200 OK",
    ]
    assert ask("GET", "/fhir/Patient/ana/_history").json["total"] == 1
    condition = {"If_None_Exist": "identifier=urn:x|1"}
    new = {"resourceType": "Organization", "name": "A", "identifier": [{"system": "urn:x", "value": "1"}]}
    assert [ask("POST", "/fhir/Organization", new, **condition).status for _ in range(2)] == [201, 200]


def test_a_refused_transaction_names_the_guilty_entry_and_stores_nothing(ask: Ask) -> None:
    reply = ask("POST", "/fhir", transaction(put(PATIENT), put({**PATIENT, "id": "bo", "gender": "M"})))
    assert reply.status == 422
    assert reply.json["issue"][0]["expression"] == ["Bundle.entry[1].resource.gender"]
    assert ask("GET", "/fhir/Patient/ana").status == 404


def test_no_refusal_repeats_what_the_resource_says(ask: Ask) -> None:
    wrong = {**PATIENT, "gender": "Xyzzy", "birthDate": "Plugh", "name": [{"family": ["Frobozz"]}]}
    reply = ask("PUT", "/fhir/Patient/ana", wrong)
    assert reply.status == 422
    assert not any(word in reply.raw for word in (b"Xyzzy", b"Plugh", b"Frobozz"))


def test_search_answers_pages_with_links_that_go_on(ask: Ask) -> None:
    ask("POST", "/fhir", transaction(*(put({**PATIENT, "id": f"p{n}"}) for n in range(5))))
    path, seen = "/fhir/Patient?gender=female&_count=2&_total=accurate", []
    while path:
        page = ask("GET", path).json
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        links = {link["relation"]: link["url"] for link in page["link"]}
        path = links["next"].partition("127.0.0.1")[2].partition("/")[2] if "next" in links else ""
        path = f"/{path}" if path else ""
    assert sorted(seen) == [f"p{n}" for n in range(5)]
    assert page["total"] == 5


def test_an_unknown_search_parameter_is_an_error(ask: Ask) -> None:
    assert ask("GET", "/fhir/Patient?colour=red").status == 400


def test_every_reading_leaves_a_trace_in_the_ledger(ask: Ask, conn: Connection) -> None:
    ask("PUT", "/fhir/Patient/ana", PATIENT)
    ask("GET", "/fhir/Patient/ana")
    actors = conn.execute("select distinct actor from audit").fetchall()
    assert actors == [("partner:lakeside",)]


@pytest.mark.parametrize("path", ["/fhir/Patient/ana", "/fhir/Patient?_id=ana"])
def test_nobody_reads_or_writes_without_a_partners_token(ask: Ask, path: str) -> None:
    assert ask("GET", path, Authorization="Bearer guess").status == 401
    assert ask("POST", "/fhir", transaction(), Authorization="").status == 401


def test_bodies_too_large_bombs_and_other_formats_are_refused(ask: Ask) -> None:
    assert ask("POST", "/fhir", b" " * 3_000_000).status == 413
    bomb = gzip.compress(b" " * 100_000_000)
    assert ask("POST", "/fhir", bomb, Content_Encoding="gzip").status == 413
    assert ask("POST", "/fhir", bomb[:-50_000], Content_Encoding="gzip").status == 413
    assert ask("POST", "/fhir", b"<Bundle/>", Content_Type="application/fhir+xml").status == 415
    many = transaction(*({"request": {"method": "DELETE", "url": f"Group/{n}"}} for n in range(301)))
    assert ask("POST", "/fhir", many).status == 413


def test_a_gzip_body_is_taken(ask: Ask) -> None:
    body = gzip.compress(orjson.dumps(transaction(put(PATIENT))))
    assert ask("POST", "/fhir", body, Content_Encoding="gzip").status == 200


def test_what_is_broken_is_told_as_an_outcome(ask: Ask) -> None:
    cases: list[tuple[str, str, object]] = [
        ("POST", "/fhir", b'{"resourceType":"Bun'), ("POST", "/fhir/Patient", b"not json"),
        ("PUT", "/fhir/Patient/ana", {**PATIENT, "id": "bo"}), ("POST", "/fhir/Nonsense", PATIENT),
        ("POST", "/fhir/Patient", {"resourceType": "Group"}),
        ("PUT", "/fhir/Patient/a%20b", {**PATIENT, "id": "a b"}),
        ("GET", "/fhir/Patient/ana/_history/x", None), ("GET", "/fhir/Patient/none", None),
        ("PATCH", "/fhir", b""),
    ]  # fmt: skip
    for method, path, body in cases:
        reply = ask(method, path, body)
        assert 400 <= reply.status < 500, (method, path)
        assert reply.json["resourceType"] == "OperationOutcome"


def test_senders_of_the_same_resources_at_once_all_succeed_and_one_version_is_kept(ask: Ask) -> None:
    entries = [put({**PATIENT, "id": f"p{n}"}) for n in range(40)]
    bundles = [transaction(*entries), transaction(*reversed(entries))] * 3
    with ThreadPoolExecutor(6) as senders:
        replies = list(senders.map(lambda bundle: ask("POST", "/fhir", bundle), bundles))
    assert [reply.status for reply in replies] == [200] * 6
    assert ask("GET", "/fhir/Patient/p0/_history").json["total"] == 1


def test_a_database_that_cut_its_connections_is_found_again(ask: Ask, conn: Connection) -> None:
    ask("PUT", "/fhir/Patient/ana", PATIENT)
    conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
    )
    assert {ask("GET", "/fhir/Patient/ana").status for _ in range(6)} == {200}


def test_a_batch_answers_entry_by_entry(ask: Ask) -> None:
    entries = (
        put(PATIENT),
        put({**PATIENT, "id": "bo", "gender": "M"}),
        {"request": {"method": "GET", "url": "Patient"}},
    )
    reply = ask("POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": entries}).json
    statuses = [entry["response"]["status"][:3] for entry in reply["entry"]]
    assert (reply["type"], statuses) == ("batch-response", ["201", "422", "405"])
    assert reply["entry"][1]["response"]["outcome"]["issue"][0]["expression"] == [
        "Bundle.entry[1].resource.gender"
    ]


def test_what_is_asked_for_may_stand_in_the_body(ask: Ask) -> None:
    ask("PUT", "/fhir/Patient/ana", PATIENT)
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert len(ask("POST", "/fhir/Patient/_search", b"gender=female", **form).json["entry"]) == 1


def test_metadata_names_only_search_parameters_that_answer(ask: Ask) -> None:
    statement = ask("GET", "/fhir/metadata").json
    parts = {resource["type"]: resource for resource in statement["rest"][0]["resource"]}
    values = {"date": "2026", "number": "1", "quantity": "1"}
    for parameter in parts["Observation"]["searchParam"]:
        value = values.get(parameter["type"], "x")
        assert ask("GET", f"/fhir/Observation?{parameter['name']}={value}").status == 200, parameter["name"]


def test_health_is_told_without_a_token(ask: Ask) -> None:
    assert ask("GET", "/healthz", Authorization="").raw == b"ok"
    assert ask("GET", "/readyz", Authorization="").json["ready"] is True
