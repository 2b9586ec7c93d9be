"""Referrers over real sockets: they are asked for what is missing, and read the reports that come back."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import urllib3
from town_engine import HandClock, TownEngine

from caretown.letters import Letter
from caretown.people import read_people, sample_records
from caretown.referrals import write_referrals
from caretown.servers import Servers
from caretown.town_plan import ReferrerPlan, TownPlan

POST = write_referrals(read_people(sample_records()), seed=1, start=HandClock().now())
LETTER = next(letter for letter in POST.letters if "item" in letter.truth.lacks)
PLAIN = ReferrerPlan(answer_hours=(2.0, 3.0), never_answer_share=0.0, never_review_share=0.0)


@pytest.fixture
def engine() -> Iterator[TownEngine]:
    with TownEngine() as listening:
        yield listening


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def town_of(engine: TownEngine, clock: HandClock, plan: ReferrerPlan = PLAIN) -> Servers:
    town = Servers(engine.url, "secret", clock, TownPlan(referrers=plan))
    town.know(POST.letters)
    return town


def request_for(letter: Letter, *items: str, due: str = "2026-11-05T17:00:00+00:00") -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": "urn:careengine:task", "code": "provide-missing-information"}]},
        "focus": {
            "reference": f"ServiceRequest/{letter.truth.service_request}",
            "identifier": {"system": "https://a.example", "value": letter.truth.placer},
        },
        "restriction": {"period": {"end": due}} if due else {},
        "input": [
            {
                "type": {"text": "missing item"},
                "valueCodeableConcept": {
                    "coding": [{"system": "urn:careengine:referral-item", "code": item}]
                },
            }
            for item in items
        ],
    }


def report_for(case: int) -> dict[str, Any]:
    task = {
        "resourceType": "Task",
        "identifier": [
            {"system": "urn:careengine:effect", "value": "k-review"},
            {"system": "urn:careengine:review", "value": f"Task/review-{case}"},
        ],
        "status": "requested",
        "intent": "order",
    }
    report = {"resourceType": "DiagnosticReport", "status": "final", "conclusion": "Seen."}
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": report}, {"resource": task}],
    }


def send(town: Servers, key: str, body: object) -> int:
    answer = urllib3.request(
        "POST",
        f"{town.urls['PARTNERS']}/lakeside_practice",
        body=json.dumps(body),
        headers={"idempotency-key": key, "content-type": "application/fhir+json"},
    )
    return answer.status


def test_who_is_asked_sends_the_same_referral_with_nothing_missing_hours_later(
    engine: TownEngine, clock: HandClock
) -> None:
    with town_of(engine, clock) as town:
        assert send(town, "k1", request_for(LETTER, "ecg")) == 201
        town.settle()
        assert engine.came == []
        clock.forward(hours=3)
        town.settle()

        assert LETTER.completed
        assert [one["id"] for one in engine.resources("ServiceRequest")] == [LETTER.truth.service_request]
        assert len(json.loads(engine.at("/fhir")[0].body)["entry"]) == len(LETTER.completed["entry"])


def test_asking_twice_for_one_item_is_counted_and_answered_once(engine: TownEngine, clock: HandClock) -> None:
    with town_of(engine, clock) as town:
        send(town, "k1", request_for(LETTER, "ecg", "question"))
        send(town, "k2", request_for(LETTER, "ecg"))
        clock.forward(hours=9)
        town.settle()

        told = town.log()["referrers"]
        assert (told["items_asked"], told["asked_more_than_once"], told["most_often"]) == (2, 1, 2)
        assert len(engine.resources("ServiceRequest")) == 1


def test_the_same_message_delivered_twice_asks_once(engine: TownEngine, clock: HandClock) -> None:
    with town_of(engine, clock) as town:
        send(town, "k1", request_for(LETTER, "ecg"))
        send(town, "k1", request_for(LETTER, "ecg"))

        assert town.log()["referrers"]["asked_more_than_once"] == 0


@pytest.mark.parametrize(("due", "counted"), [("", "undated"), ("2026-11-01T17:00:00+00:00", "late")])
def test_a_request_without_a_time_or_past_it_is_counted(
    engine: TownEngine, clock: HandClock, due: str, counted: str
) -> None:
    with town_of(engine, clock) as town:
        send(town, "k1", request_for(LETTER, "ecg", due=due))

        assert town.log()["referrers"][counted] == 1


def test_some_never_answer(engine: TownEngine, clock: HandClock) -> None:
    with town_of(engine, clock, ReferrerPlan(never_answer_share=1.0)) as town:
        send(town, "k1", request_for(LETTER, "ecg"))
        clock.forward(days=9)
        town.settle()

        assert engine.came == []


def test_a_report_is_read_and_the_task_says_so_with_all_that_stood_in_it(
    engine: TownEngine, clock: HandClock
) -> None:
    kept = {
        "resourceType": "Task", "id": "review-7", "meta": {"versionId": "1"}, "status": "requested",
        "intent": "order", "for": {"reference": "Patient/jane"},
    }  # fmt: skip
    engine.answers["/fhir/Task/review-7"] = (200, json.dumps(kept).encode())
    with town_of(engine, clock) as town:
        send(town, "k1", report_for(7))
        clock.forward(days=3)
        town.settle()

        del kept["meta"]
        assert engine.resources("Task") == [kept | {"status": "completed"}]
        assert town.log()["referrers"]["reviewed"] == 1


def test_some_never_read_the_report(engine: TownEngine, clock: HandClock) -> None:
    with town_of(engine, clock, ReferrerPlan(never_review_share=1.0)) as town:
        send(town, "k1", report_for(7))
        clock.forward(days=9)
        town.settle()

        assert (engine.came, town.log()["referrers"]["never_reviewed"]) == ([], 1)


@pytest.mark.parametrize("body", [[], {"entry": 3}, {"entry": [{}]}, {"resourceType": "Task", "code": 3}])
def test_what_cannot_be_read_is_taken_and_counted(engine: TownEngine, clock: HandClock, body: object) -> None:
    with town_of(engine, clock) as town:
        send(town, "k1", body)
        send(town, "k2", request_for(LETTER, "ecg"))

        told = town.log()["referrers"]
        assert (told["unreadable"], told["items_asked"]) == (int(isinstance(body, dict)), 1)


def test_an_engine_that_is_away_for_a_moment_is_told_later(engine: TownEngine, clock: HandClock) -> None:
    engine.busy = 3
    with town_of(engine, clock) as town:
        send(town, "k1", request_for(LETTER, "ecg"))
        clock.at += timedelta(hours=4)
        assert town.settle(20)

        assert len(engine.resources("ServiceRequest")) == 1
