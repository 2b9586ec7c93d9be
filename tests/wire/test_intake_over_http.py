"""The questionnaire behind a link: read, left and taken up again, sent once; and closed to everybody else."""

import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest
import uvicorn
from chart_values import patient, store, subject
from sending_desk import engine_with, setting

from careengine.engine.case_clock import ClockDesk
from careengine.engine.dispatcher import coded_sites
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.engine.routing import route_arrived
from careengine.entrypoints.api.application import application
from careengine.entrypoints.api.desk import Served
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection
from careengine.runtime.ids import SequentialIds
from careengine.trust.access import Access
from careengine.wire.links import sign

SECRET = "a secret of this test"  # noqa: S105  no secret of anybody's
YES, NO = [{"valueBoolean": True}], [{"valueBoolean": False}]
SPANISH = [{"valueCoding": {"system": "urn:ietf:bcp:47", "code": "es", "display": "Spanish"}}]
BY_TEXT = [{"valueCoding": {"system": "urn:careengine:intake", "code": "sms"}}]
ALL = {
    "contact_changed": NO, "language": SPANISH, "interpreter": YES, "transport": NO, "allergies": YES,
    "allergy_list": [{"valueString": "the yellow pills"}], "medications": NO, "insurance_changed": NO,
    "contact_by": BY_TEXT,
}  # fmt: skip


@dataclass
class House:
    """A server with one open case of Ana's, and a patient's browser."""

    port: int
    conn: Connection
    case: int
    clock: FixedClock

    def link(
        self, *, purpose: str = "intake", case: int | None = None, days: int = 7, secret: str = SECRET
    ) -> str:
        until = self.clock.now() + timedelta(days=days)
        return sign(secret, case=case or self.case, purpose=purpose, until=until)

    def ask(
        self, method: str, token: str, body: object = None, **headers: str
    ) -> tuple[int, Mapping[str, str], Any]:
        client = http.client.HTTPConnection("127.0.0.1", self.port)
        sent = body if isinstance(body, bytes | None) else orjson.dumps(body)
        client.request(method, f"/intake/{token}", sent, {n.replace("_", "-"): v for n, v in headers.items()})
        reply = client.getresponse()
        raw = reply.read()
        client.close()
        return reply.status, dict(reply.getheaders()), orjson.loads(raw) if raw else None

    def put(self, answers: Mapping[str, Any], status: str = "in-progress", **headers: str) -> int:
        return self.ask("PUT", self.link(), response(answers, status), **headers)[0]

    def saved(self) -> Any:
        """Return what the patient would see of their own answers."""
        entries = self.ask("GET", self.link())[2]["entry"]
        return entries[1]["resource"] if len(entries) > 1 else None


def response(answers: Mapping[str, Any], status: str = "in-progress") -> dict[str, Any]:
    items = [{"linkId": link, "answer": answer} for link, answer in answers.items()]
    return {"resourceType": "QuestionnaireResponse", "status": status, "item": items}


@pytest.fixture
def house(database_url: str, conn: Connection, ids: SequentialIds, clock: FixedClock) -> Iterator[House]:
    engine = engine_with(conn, ids, clock, {"shop": setting("http://127.0.0.1:9")})
    store(conn, patient("ana"))
    arrived = NewEvent(
        kind="toy.arrived", at=clock.now(), key=key_of("ana"), subject=subject(conn, "ana"),
        body=pack(orjson.dumps({"key": "ana", "word": "go"})),
    )  # fmt: skip
    post(conn, engine, [arrived], recorded_at=real_now())
    conn.commit()
    route_arrived(conn, engine, ClockDesk(engine.book, coded_sites(engine), clock.now()))
    row = conn.execute("select id from engine_case").fetchone()
    assert row is not None
    conn.commit()
    app = application(
        Served(
            url=database_url,
            tokens={"lakeside": "x"},
            access=Access.from_package(),
            clock=clock,
            links=SECRET,
        )
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield House(server.servers[0].sockets[0].getsockname()[1], conn, row[0], clock)
    server.should_exit = True
    thread.join()


def test_a_link_shows_the_questions_in_two_languages_and_no_answers_yet(house: House) -> None:
    status, headers, bundle = house.ask("GET", house.link())

    assert status == 200
    assert headers["cache-control"] == "no-store"
    questions = bundle["entry"][0]["resource"]["item"]
    assert all("_text" in question for question in questions)
    assert len(bundle["entry"]) == 1


def test_what_was_answered_is_there_when_the_patient_comes_back(house: House) -> None:
    assert house.put({"language": SPANISH}) == 204
    assert house.put({"language": SPANISH, "transport": YES}) == 204

    saved = house.saved()
    assert [item["linkId"] for item in saved["item"]] == ["language", "transport"]
    assert saved["status"] == "in-progress"
    assert saved["subject"] == {"reference": "Patient/ana"}


def test_every_saving_is_a_version_that_is_kept(house: House) -> None:
    for answers in ({"transport": YES}, {"transport": NO}, ALL):
        house.put(answers)
    row = house.conn.execute("select version from resource where id like 'intake-%'").fetchone()

    assert row == (3,)


def test_it_is_finished_only_when_every_question_that_applies_is_answered(house: House) -> None:
    part = {link: answer for link, answer in ALL.items() if link != "allergy_list"}

    assert house.put(part, "completed") == 422
    assert house.put(ALL, "completed") == 204
    assert house.saved()["status"] == "completed"


def test_answers_that_no_longer_apply_are_left_out(house: House) -> None:
    house.put({**ALL, "allergies": NO}, "completed")

    assert "allergy_list" not in {item["linkId"] for item in house.saved()["item"]}


def test_what_was_sent_is_changed_as_a_whole_or_not_at_all(house: House) -> None:
    house.put(ALL, "completed")

    assert house.put({"transport": YES}) == 409
    assert house.put({**ALL, "transport": YES}, "completed") == 204
    assert house.saved()["status"] == "amended"


def test_who_saves_over_another_saving_is_told(house: House) -> None:
    house.put({"transport": YES})
    house.put({"transport": NO})

    assert house.put({"transport": YES}, If_Match='W/"1"') == 412


@pytest.mark.parametrize(
    "answers",
    [
        {"weather": YES},
        {"transport": [{"valueString": "perhaps"}]},
        {"transport": [*YES, *NO]},
        {"transport": "yes"},
        {"contact_by": [{"valueCoding": {"system": "urn:careengine:intake", "code": "pigeon"}}]},
        {"contact_by": [{"valueString": "pigeon"}]},
        {"allergies": YES, "allergy_list": [{"valueString": "x" * 201}]},
        {"allergies": YES, "allergy_list": [{"valueString": "  "}]},
        {"allergies": YES, "allergy_list": [{"valueString": "x"}] * 41},
        {"allergies": YES, "allergy_list": [{"valueString": "x", "valueBoolean": True}]},
    ],
)
def test_answers_that_do_not_fit_are_refused_without_repeating_them(
    house: House, answers: dict[str, Any]
) -> None:
    status, _, said = house.ask("PUT", house.link(), response(answers))

    assert status == 422
    assert "pigeon" not in orjson.dumps(said).decode()
    assert house.saved() is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"status":"final"}', b'{"status":"completed","item":3}']
)
def test_what_is_no_response_is_refused(house: House, body: bytes) -> None:
    assert house.ask("PUT", house.link(), body, Content_Type="application/json")[0] in {400, 422}


def test_a_body_far_too_large_is_not_read(house: House) -> None:
    assert house.ask("PUT", house.link(), b" " * 70_000)[0] == 413


def test_a_link_for_something_else_another_secret_or_another_time_opens_nothing(house: House) -> None:
    good = house.link()
    other = "A" if good[5] != "A" else "B"
    for token in (
        house.link(purpose="confirm"), house.link(secret=SECRET[1:]), house.link(days=-1),
        good[:5] + other + good[6:], good + "A", "", "x" * 500, "%00",
    ):  # fmt: skip
        assert house.ask("GET", token)[0] in {404, 307}, token


def test_a_link_of_a_case_that_is_over_opens_nothing(house: House) -> None:
    house.conn.execute("update engine_case set closed_at = opened_at, due_at = null")
    house.conn.commit()

    assert house.ask("GET", house.link())[0] == 404
    assert house.put(ALL) == 404


def test_who_guesses_links_is_slowed_down(house: House) -> None:
    seen = {house.ask("GET", f"{n:038d}")[0] for n in range(40)}

    assert seen == {404, 429}
    assert house.ask("GET", house.link())[0] == 200


def test_who_saves_faster_than_a_person_is_slowed_down(house: House) -> None:
    seen = [house.put({"transport": YES}) for _ in range(45)]

    assert set(seen) == {204, 429}


def test_every_reading_leaves_a_trace_in_the_ledger(house: House) -> None:
    house.put(ALL, "completed")
    house.saved()
    row = house.conn.execute("select count(*) from audit where actor = 'patient:link'").fetchone()

    assert row is not None
    assert row[0] >= 2
