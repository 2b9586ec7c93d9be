"""A C-CDA referral as a practice sends it: real server, real sockets; kept first, read once, never lost."""

import base64
import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
import uvicorn

from careengine.entrypoints.compose import Installation, prepare
from careengine.entrypoints.serving import served_by
from careengine.record.resource_types import type_code
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import FixedClock
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.runtime.organisation import Organisation
from careengine.runtime.settings import Settings

SAMPLES = files("caretown").joinpath("sample/ccda")
NOON = datetime(2026, 11, 2, 17, tzinfo=UTC)
_TEAM = {"people": ["a"], "backup": "b", "supervisor": "c", "director": "d", "executive": "e"}
KOELPIN: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "cristie",
    "active": True,
    "gender": "female",
    "birthDate": "1972-11-04",
    "name": [{"family": "Koelpin", "given": ["Cristie"]}],
    "identifier": [{"system": "http://hospital.smarthealthit.org", "value": "3023879"}],
}


class Reply(NamedTuple):
    status: int
    raw: bytes

    @property
    def words(self) -> str:
        """What an OperationOutcome says."""
        return str(orjson.loads(self.raw)["issue"][0]["diagnostics"])

    @property
    def statuses(self) -> list[str]:
        """What became of each entry, ``201 Created``."""
        return [entry["response"]["status"] for entry in orjson.loads(self.raw)["entry"]]


Send = Callable[..., Reply]


def sample(name: str) -> bytes:
    return SAMPLES.joinpath(f"{name}.xml").read_bytes()


@pytest.fixture
def served(database_url: str) -> Iterator[int]:
    organisation = Organisation.model_validate_json(
        orjson.dumps({
            "name": "Harbour", "side": "provider",
            "sites": {"main": {"zone": "America/New_York", "calendar": "calendars.us_federal"}},
            "teams": {"access": _TEAM, "nurses": _TEAM, "integration": _TEAM, "workflow": _TEAM},
            "journeys": ["referral_acknowledged"],
            "partners": {"lakeside": {"url": "http://127.0.0.1:9/"}},
        })
    )  # fmt: skip
    settings = Settings(
        database_url=database_url, organisation=Path("wire"),
        secrets={"lakeside": "lakeside-secret", "harbour": "harbour-secret"},
    )  # fmt: skip
    here = Installation(
        settings=settings, organisation=organisation, url=database_url, clock=FixedClock(NOON)
    )
    prepare(here)
    server = uvicorn.Server(uvicorn.Config(served_by(here), port=0, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture
def send(served: int) -> Send:
    def sent(body: bytes, *, shown: str = "lakeside-secret", media: str = "application/xml") -> Reply:
        client = http.client.HTTPConnection("127.0.0.1", served)
        client.request("POST", "/ccda", body, {"Authorization": f"Bearer {shown}", "Content-Type": media})
        reply = client.getresponse()
        said = Reply(reply.status, reply.read())
        client.close()
        return said

    return sent


def put(conn: Connection, *resources: Mapping[str, Any]) -> None:
    versions = [
        NewVersion(type=r["resourceType"], id=r["id"], raw=orjson.dumps(r), resource=dict(r))
        for r in resources
    ]
    write_versions(conn, versions, recorded_at=NOON)
    conn.commit()


@pytest.fixture
def held(served: int) -> Callable[[str], list[dict[str, Any]]]:
    """What the record holds of a kind, as a partner reads it back."""

    def find(kind: str) -> list[dict[str, Any]]:
        client = http.client.HTTPConnection("127.0.0.1", served)
        client.request("GET", f"/fhir/{kind}?_count=50", headers={"Authorization": "Bearer lakeside-secret"})
        found = orjson.loads(client.getresponse().read())
        client.close()
        return [entry["resource"] for entry in found.get("entry", ())]

    return find


Held = Callable[[str], list[dict[str, Any]]]


def originals(conn: Connection) -> list[bytes]:
    """The documents as they came; no partner may read them back."""
    rows = conn.execute(
        "select body from resource where type = %s order by id", (type_code("Binary"),)
    ).fetchall()
    conn.rollback()
    return [base64.b64decode(orjson.loads(unpack(body))["data"]) for (body,) in rows]


def events(conn: Connection) -> list[str]:
    """What waits for a person to place it."""
    rows = conn.execute(
        "select c.name from unrouted u join event e on e.id = u.event_id"
        " join code c on c.kind = 'event' and c.id = e.kind order by 1"
    ).fetchall()
    conn.rollback()
    return [name for (name,) in rows]


def test_a_referral_note_becomes_the_request_our_journeys_listen_to(
    send: Send, held: Held, conn: Connection
) -> None:
    put(conn, KOELPIN)
    reply = send(sample("referral_cardiology_version_2"))
    (request,) = held("ServiceRequest")

    assert reply.status == 200
    assert request["subject"] == {"reference": "Patient/cristie"}
    assert request["identifier"][0]["value"] == "LAK-20417"
    assert request["identifier"][0]["type"]["coding"][0]["code"] == "PLAC"
    assert (request["status"], request["intent"], request["priority"]) == ("active", "order", "routine")
    assert request["category"][0]["coding"][0]["code"] == "3457005"
    assert request["code"]["coding"][0]["code"] == "308471005"
    assert request["reasonCode"][0]["coding"][0]["code"] == "80313002"
    assert "would you arrange ambulatory monitoring" in request["note"][0]["text"]
    (cover,) = held("Coverage")
    assert request["insurance"] == [{"reference": f"Coverage/{cover['id']}"}]
    (report,) = held("DiagnosticReport")
    assert request["supportingInfo"] == [{"reference": f"DiagnosticReport/{report['id']}"}]
    assert report["code"]["coding"][0]["code"] == "11524-6"
    assert events(conn) == []


def test_its_sender_is_the_partner_who_showed_the_token(send: Send, held: Held, conn: Connection) -> None:
    put(conn, KOELPIN)
    send(sample("referral_cardiology"))
    (role,) = held("PractitionerRole")
    houses = {one["id"]: one for one in held("Organization")}
    house = houses[role["organization"]["reference"].partition("/")[2]]

    assert {"system": "urn:careengine:partner", "value": "lakeside"} in house["identifier"]
    assert house["name"] == "Lakeside Family Practice"
    assert held("ServiceRequest")[0]["requester"] == {"reference": f"PractitionerRole/{role['id']}"}


def test_a_house_we_know_already_stays_as_it_is(send: Send, held: Held, conn: Connection) -> None:
    known = {
        "resourceType": "Organization", "id": "lakeside", "name": "Lakeside",
        "identifier": [{"system": "urn:careengine:partner", "value": "lakeside"}],
    }  # fmt: skip
    put(conn, KOELPIN, known)
    send(sample("referral_cardiology"))

    assert held("PractitionerRole")[0]["organization"] == {"reference": "Organization/lakeside"}
    assert [one["name"] for one in held("Organization") if one["id"] == "lakeside"] == ["Lakeside"]


def test_the_bytes_are_kept_as_they_came_under_the_documents_own_numbers(
    send: Send, held: Held, conn: Connection
) -> None:
    put(conn, KOELPIN)
    raw = sample("referral_cardiology")
    send(raw)
    (kept,) = held("DocumentReference")

    assert kept["masterIdentifier"]["value"] == "LAK-DOC-20417-1"
    assert kept["docStatus"] == "final"
    assert kept["subject"] == {"reference": "Patient/cristie"}
    assert kept["content"][0]["attachment"]["size"] == len(raw)
    assert originals(conn) == [raw]


@pytest.mark.parametrize("again", ["referral_cardiology", "referral_cardiology_sent_again"])
def test_the_same_document_sent_again_changes_nothing(
    send: Send, held: Held, conn: Connection, again: str
) -> None:
    put(conn, KOELPIN)
    send(sample("referral_cardiology"))
    before = [held(kind) for kind in ("ServiceRequest", "Coverage", "Patient", "Practitioner")]
    reply = send(sample(again))
    after = [held(kind) for kind in ("ServiceRequest", "Coverage", "Patient", "Practitioner")]

    assert reply.status == 200
    assert after == before
    assert before[0][0]["meta"]["versionId"] == "1"


def test_a_new_version_of_the_document_is_a_new_version_of_the_request(
    send: Send, held: Held, conn: Connection
) -> None:
    put(conn, KOELPIN)
    send(sample("referral_cardiology"))
    first = held("ServiceRequest")
    send(sample("referral_cardiology_version_2"))
    second = held("ServiceRequest")

    assert [one["id"] for one in first] == [one["id"] for one in second]
    assert [one["meta"]["versionId"] for one in (*first, *second)] == ["1", "2"]
    assert "supportingInfo" not in first[0]
    assert "supportingInfo" in second[0]


def test_an_older_version_that_comes_late_does_not_overwrite_the_newer(
    send: Send, held: Held, conn: Connection
) -> None:
    put(conn, KOELPIN)
    send(sample("referral_cardiology_version_2"))
    reply = send(sample("referral_cardiology"))

    assert "newer version" in reply.words
    assert [one["meta"]["versionId"] for one in held("ServiceRequest")] == ["1"]
    assert len(held("DocumentReference")) == 2


def test_another_partner_cannot_overwrite_it_with_the_same_numbers(
    send: Send, held: Held, conn: Connection
) -> None:
    put(conn, KOELPIN)
    send(sample("referral_cardiology"))
    send(sample("referral_cardiology_version_2"), shown="harbour-secret")

    assert sorted(one["meta"]["versionId"] for one in held("ServiceRequest")) == ["1", "1"]


def test_a_broken_document_is_kept_and_a_person_hears_of_it_once(
    send: Send, held: Held, conn: Connection
) -> None:
    replies = [send(sample("referral_broken")) for _ in range(2)]

    assert [reply.status for reply in replies] == [202, 202]
    assert "for a person" in replies[0].words
    assert originals(conn) == [sample("referral_broken")]
    assert held("ServiceRequest") == []
    assert events(conn) == ["document.unreadable"]


def test_a_summary_of_care_is_no_referral_and_a_person_hears_of_it(
    send: Send, held: Held, conn: Connection
) -> None:
    assert send(sample("summary_of_care")).status == 202
    assert held("ServiceRequest") == []
    assert events(conn) == ["document.without_referral"]


def test_somebody_new_is_taken_in_with_the_document(send: Send, held: Held, conn: Connection) -> None:
    assert send(sample("referral_urgent_in_words")).status == 200
    (patient,) = held("Patient")

    assert patient["name"][0]["family"] == "Ferry"
    assert {"http://hospital.smarthealthit.org", "http://hl7.org/fhir/sid/us-ssn"} == {
        one["system"] for one in patient["identifier"]
    }
    assert events(conn) == []


@pytest.mark.parametrize(
    "chart",
    [
        pytest.param([{**KOELPIN, "birthDate": "1972-11-05"}], id="the number is ours, the birthday is not"),
        pytest.param([{**KOELPIN, "gender": "male"}], id="the number is ours, the sex is not"),
        pytest.param([{**KOELPIN, "identifier": []}], id="same name and birthday, without the number"),
        pytest.param(
            [
                KOELPIN,
                {**KOELPIN, "id": "other", "identifier": [
                    {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-30-6582"}
                ]},
            ],
            id="two numbers name two people",
        ),
    ],
)  # fmt: skip
def test_whom_it_is_about_is_never_guessed(
    send: Send, held: Held, conn: Connection, chart: list[dict[str, Any]]
) -> None:
    put(conn, *({k: v for k, v in one.items() if v != []} for one in chart))
    reply = send(sample("referral_cardiology"))

    assert reply.status == 202
    assert held("ServiceRequest") == []
    assert len(held("Patient")) == len(chart)
    assert events(conn) == ["document.patient_unclear"]


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{}", "application/json", 415),
        (b"<x/>" * 3_000_000, "application/xml", 413),
        (b"", "application/xml", 202),
        (b"\x00\xff" * 50, "text/xml", 202),
    ],
)
def test_what_is_no_document_is_refused_or_kept_but_never_a_fault(
    send: Send, body: bytes, media: str, status: int
) -> None:
    assert send(body, media=media).status == status


def test_without_a_token_nothing_is_kept(send: Send, held: Held) -> None:
    assert send(sample("referral_cardiology"), shown="guessed").status == 401
    assert held("DocumentReference") == []


def test_the_same_document_sent_eight_times_at_once_is_one_referral(
    send: Send, held: Held, conn: Connection
) -> None:
    put(conn, KOELPIN)
    with ThreadPoolExecutor(8) as hands:
        replies = list(hands.map(send, [sample("referral_cardiology")] * 8))

    assert {reply.status for reply in replies} == {200}
    assert [one["meta"]["versionId"] for one in held("ServiceRequest")] == ["1"]
    assert len(held("DocumentReference")) == 1


def test_no_partner_reads_the_documents_of_others_back_as_they_came(
    send: Send, held: Held, conn: Connection
) -> None:
    put(conn, KOELPIN)
    send(sample("referral_cardiology"))

    assert held("Binary") == []
    assert len(originals(conn)) == 1
