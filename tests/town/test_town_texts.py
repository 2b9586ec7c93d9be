"""Texts over real sockets: the vendor's API and webhooks, and what the town counts about them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from town_engine import NINE, HandClock, TownEngine
from twilio.request_validator import RequestValidator

from caretown.oddities import Odd, Oddity
from caretown.servers import Servers
from caretown.town_plan import Line, SmsPlan, TownPlan

PLAN = SmsPlan(
    lines={"+16175550001": Line.LANDLINE, "+16175550002": Line.UNREACHABLE, "+16175550003": Line.DEAD,
           "+16175550004": Line.INVALID},
    zones={"+13105550001": "America/Los_Angeles"},
)  # fmt: skip
JANE = "+16175550200"
FORM = {"content-type": "application/x-www-form-urlencoded"}
AUTH = urllib3.make_headers(basic_auth=f"{PLAN.account}:{PLAN.token}")


@pytest.fixture
def engine() -> Iterator[TownEngine]:
    with TownEngine() as listening:
        yield listening


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def town(engine: TownEngine, clock: HandClock) -> Iterator[Servers]:
    with Servers(engine.url, "secret", clock, TownPlan(sms=PLAN)) as servers:
        yield servers


def send(town: Servers, to: str = JANE, body: str = "Hello", **more: str) -> urllib3.BaseHTTPResponse:
    fields = {"To": to, "From": PLAN.number, "Body": body, **more}
    return urllib3.request(
        "POST",
        f"{town.urls['sms']}/Messages.json",
        body=urlencode({name: value for name, value in fields.items() if value}),
        headers=AUTH | FORM,
        retries=False,
        timeout=5,
    )


def deliver(town: Servers, clock: HandClock) -> None:
    clock.forward(seconds=3)
    assert town.settle(10)


def test_a_text_is_taken_as_queued_and_reaches_the_phone_two_seconds_later(
    town: Servers, clock: HandClock
) -> None:
    answer = send(town)

    assert answer.status == 201
    said = answer.json()
    assert (said["status"], said["direction"], said["error_code"]) == ("queued", "outbound-api", None)
    assert (said["to"], said["from"], said["body"]) == (JANE, PLAN.number, "Hello")
    assert town.mailbox.take() == []
    deliver(town, clock)
    (arrived,) = town.mailbox.take()
    assert (arrived.kind, arrived.to, arrived.body, arrived.at) == (
        "text", JANE, "Hello", NINE + timedelta(seconds=2),
    )  # fmt: skip
    assert arrived.meta["sid"] == answer.json()["sid"]


def test_a_messaging_service_may_stand_in_place_of_a_number(town: Servers) -> None:
    assert send(town, From="", MessagingServiceSid=PLAN.service).status == 201


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"to": "555-888"}, 400, 21211),
        ({"to": "+16175550004"}, 400, 21211),
        ({"to": ""}, 400, 21604),
        ({"From": ""}, 400, 21603),
        ({"From": "+15551112222"}, 400, 21606),
        ({"body": ""}, 400, 21602),
        ({"body": "x" * 1601}, 400, 21617),
    ],
)
def test_what_cannot_be_sent_is_refused_in_the_vendors_own_words(
    town: Servers, fields: dict[str, str], status: int, code: int
) -> None:
    answer = send(town, **fields)

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.json()["more_info"] == f"https://www.twilio.com/docs/errors/{code}"


def test_a_wrong_password_is_refused_and_nothing_is_sent(town: Servers) -> None:
    answer = urllib3.request(
        "POST",
        f"{town.urls['sms']}/Messages.json",
        body=urlencode({"To": JANE, "From": PLAN.number, "Body": "Hello"}),
        headers=urllib3.make_headers(basic_auth=f"{PLAN.account}:wrong") | FORM,
    )

    assert (answer.status, answer.json()["code"]) == (401, 20003)
    assert town.log()["sms"]["accepted"] == 0


def statuses(engine: TownEngine) -> list[tuple[str, str]]:
    return [(one.form["MessageStatus"], one.form.get("ErrorCode", "")) for one in engine.at("/sms/status")]


@pytest.mark.parametrize(
    ("to", "last"),
    [
        (JANE, ("delivered", "")),
        ("+16175550001", ("undelivered", "30006")),
        ("+16175550002", ("undelivered", "30003")),
        ("+16175550003", ("undelivered", "30005")),
    ],
)
def test_what_became_of_a_text_is_called_back(
    town: Servers, engine: TownEngine, clock: HandClock, to: str, last: tuple[str, str]
) -> None:
    send(town, to, StatusCallback=f"{engine.url}/sms/status")
    deliver(town, clock)

    assert statuses(engine) == [("sent", ""), last]
    assert len(town.mailbox.take()) == (last[0] == "delivered")


def test_every_webhook_carries_a_signature_that_the_vendors_own_library_accepts(
    town: Servers, engine: TownEngine, clock: HandClock
) -> None:
    send(town, StatusCallback=f"{engine.url}/sms/status?of=1")
    deliver(town, clock)
    town.text(JANE, "¿Quién es? 😀 a&b=c").result(5)

    validator = RequestValidator(PLAN.token)
    assert len(engine.came) == 3
    for one in engine.came:
        signed = one.headers["X-Twilio-Signature"]
        assert validator.validate(engine.url + one.path, one.form, signed)


def test_a_forged_text_carries_a_signature_that_does_not_hold(town: Servers, engine: TownEngine) -> None:
    engine.answers["/sms/inbound"] = (403, b"")
    town.forge(JANE, "2").result(5)

    (one,) = engine.came
    assert not RequestValidator(PLAN.token).validate(
        engine.url + one.path, one.form, one.headers["X-Twilio-Signature"]
    )
    assert town.log()["sms"]["webhooks_refused"] == {403: 1}


def test_what_somebody_writes_arrives_once_or_twice_under_one_sid(town: Servers, engine: TownEngine) -> None:
    town.text(JANE, "2", times=2).result(5)
    town.text(JANE, "2").result(5)

    sids = [one.form["MessageSid"] for one in engine.at("/sms/inbound")]
    assert (sids[0] == sids[1], sids[1] == sids[2]) == (True, False)
    assert {one.form["From"] for one in engine.came} == {JANE}


def test_what_the_webhook_answers_reaches_the_phone(town: Servers, engine: TownEngine) -> None:
    engine.answers["/sms/inbound"] = (
        200,
        b'<?xml version="1.0"?><Response><Message>You are off the list &amp; out.</Message></Response>',
    )
    town.text(JANE, "please stop writing to me", stops=True).result(5)

    assert [one.body for one in town.mailbox.take()] == ["You are off the list & out."]
    assert town.log()["sms"]["after_stop"] == 0


def test_after_the_keyword_the_vendor_refuses_and_after_other_words_the_town_counts(
    town: Servers, clock: HandClock
) -> None:
    town.text(JANE, "Stop.").result(5)
    town.text("+16175550201", "no more of this", stops=True).result(5)

    assert send(town).json()["code"] == 21610
    assert send(town, "+16175550201").status == 201
    deliver(town, clock)
    told = town.log()["sms"]
    assert (told["refused_after_stop"], told["after_stop"]) == (1, 1)


def test_a_text_handed_over_before_the_stop_is_not_held_against_the_sender(
    town: Servers, clock: HandClock
) -> None:
    send(town)
    town.text(JANE, "leave me alone", stops=True).result(5)
    deliver(town, clock)

    assert (len(town.mailbox.take()), town.log()["sms"]["after_stop"]) == (1, 0)


def test_somebody_who_starts_again_is_written_to_again(town: Servers) -> None:
    town.text(JANE, "STOP").result(5)
    town.text(JANE, "START").result(5)

    assert send(town).status == 201


@pytest.mark.parametrize(
    ("hours", "to", "outside"),
    [(0, JANE, 0), (-1.1, JANE, 1), (10.9, JANE, 0), (11.1, JANE, 1), (0, "+13105550001", 1)],
)
def test_a_text_before_eight_or_after_eight_where_its_reader_is_is_counted(
    town: Servers, clock: HandClock, hours: float, to: str, outside: int
) -> None:
    clock.forward(hours=hours)
    send(town, to)
    deliver(town, clock)

    assert town.log()["sms"]["outside_window"] == outside


@pytest.mark.parametrize(
    ("body", "private"),
    [
        ("Your visit at Harbour House is on Tue at 9.", 0),
        ("Your cardiology visit is on Tue at 9.", 1),
        ("About your diabetes: call us.", 1),
        ("Su cita de dermatología es el martes.", 1),
    ],
)
def test_a_text_that_names_an_illness_or_a_specialty_is_counted(
    town: Servers, clock: HandClock, body: str, private: int
) -> None:
    send(town, body=body)
    deliver(town, clock)

    assert town.log()["sms"]["private_texts"] == private


def test_the_same_words_to_one_number_within_a_day_are_counted_and_later_ones_not(
    town: Servers, clock: HandClock
) -> None:
    for _ in range(2):
        send(town)
        deliver(town, clock)
    clock.at += timedelta(days=2)
    send(town)
    deliver(town, clock)

    assert town.log()["sms"]["repeated"] == 1


def test_texts_are_listed_by_number_newest_first(town: Servers) -> None:
    sids = [send(town, body=str(n)).json()["sid"] for n in range(3)]
    send(town, "+16175550201")

    listed = urllib3.request(
        "GET",
        f"{town.urls['sms']}/Messages.json",
        fields={"To": JANE, "PageSize": "2"},
        headers=AUTH,
    ).json()

    assert [one["sid"] for one in listed["messages"]] == [sids[2], sids[1]]
    assert listed["next_page_uri"]


def test_a_busy_engine_gets_its_webhook_again(town: Servers, engine: TownEngine) -> None:
    engine.busy = 2

    assert town.text(JANE, "2").result(10).status == 200
    assert len(engine.came) == 1


@pytest.mark.parametrize(("kind", "status"), [(Odd.BUSY, 429), (Odd.ERROR, 500)])
def test_the_vendor_can_be_busy_or_broken(
    engine: TownEngine, clock: HandClock, kind: Odd, status: int
) -> None:
    plan = TownPlan(sms=PLAN, odd=(Oddity("sms", kind, times=1),))
    with Servers(engine.url, "", clock, plan) as town:
        assert send(town).status == status
        assert send(town).status == 201


def test_a_line_cut_after_the_act_leaves_a_text_that_can_be_found(
    engine: TownEngine, clock: HandClock
) -> None:
    plan = TownPlan(sms=PLAN, odd=(Oddity("sms", Odd.CUT, times=1),))
    with Servers(engine.url, "", clock, plan) as town:
        with pytest.raises(urllib3.exceptions.ProtocolError):
            send(town)
        found: dict[str, Any] = json.loads(
            urllib3.request(
                "GET",
                f"{town.urls['sms']}/Messages.json?To=%2B16175550200",
                headers=AUTH,
            ).data
        )

    assert [one["body"] for one in found["messages"]] == ["Hello"]
