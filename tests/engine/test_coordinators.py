from collections.abc import Callable
from typing import Any

import toy_journeys as toys

from careengine.engine.case import Case, Event, Facts, Instant, Policies
from careengine.engine.journey import Journey
from careengine.kernel.next import Next, called, stay
from careengine.kernel.team import Team

queue = Journey("queue", version=1, subject="Basic", outcome="queue served", target="toy.completion")
queue.end("gone", outcome="closed for good", reached_goal=True)


@queue.state("watching", owner=Team.ACCESS, clock="engine.place_event", awaits="somebody")
def watching(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return count(case, facts, policy, event, now) if event is not None else stay()


@queue.on("watching", "toy.joined")
def count(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay(data={"came": int(case.data.get("came") or 0) + 1})


@queue.on("watching", "toy.closed", goes=("gone",))
def close(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return Next(state="gone")


def queues(toy: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(state, data) for _, state, data in toy.cases() if "key" in data and "came" in data]


def test_the_first_tell_opens_a_coordinator_and_later_ones_find_it(open_toy: Callable[..., Any]) -> None:
    toy = open_toy(toys.errand, toys.placing, queue)
    toy.engine.codes.ensure(toy.conn, "event", ["toy.joined", "toy.closed"])
    first, second = toy.walking("a"), toy.walking("b")

    for case in (first, second, first):
        tells = {"case": called("queue", "heart"), "kind": "toy.joined", "opens": True}
        toy.happen(case, "toy.tell", tells)
        toy.drain()

    assert queues(toy) == [("watching", {"key": "heart", "came": 3})]


def test_many_tells_of_one_batch_open_one_coordinator(open_toy: Callable[..., Any]) -> None:
    toy = open_toy(toys.errand, toys.placing, queue)
    toy.engine.codes.ensure(toy.conn, "event", ["toy.joined", "toy.closed"])
    cases = [toy.walking(name) for name in "abcdef"]

    for case in cases:
        toy.happen(case, "toy.tell", {"case": called("queue", "lung"), "kind": "toy.joined", "opens": True})
    toy.drain()

    assert queues(toy) == [("watching", {"key": "lung", "came": 6})]


def test_a_tell_that_may_not_open_anything_is_shown_to_a_person(open_toy: Callable[..., Any]) -> None:
    toy = open_toy(toys.errand, toys.placing, queue)
    toy.engine.codes.ensure(toy.conn, "event", ["toy.joined", "toy.closed"])
    case = toy.walking("a")

    toy.happen(case, "toy.tell", {"case": called("queue", "skin"), "kind": "toy.joined"})
    toy.drain()

    assert queues(toy) == []
    assert [kind for _, kind, _ in toy.cards()] == ["engine.fault"]
