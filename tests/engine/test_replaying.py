"""History decided again under a draft: which way each case would have gone, and that nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from toy_journeys import decided

from careengine.engine import clock_policy, replay
from careengine.engine.clocks import ClockPolicy
from careengine.engine.journey import (
    Candidate,
    CardDecided,
    Case,
    Event,
    Facts,
    Instant,
    Journey,
    Open,
    Policies,
)
from careengine.engine.replay import Changed, Counts, Direction, Place, Replay, Span
from careengine.kernel.decision import Route, because
from careengine.kernel.next import Next, ask, stay, to
from careengine.kernel.policy import PolicyName
from careengine.kernel.team import Team
from careengine.policy.book import DatedPolicy, PolicyBook, as_if_always
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources

PATIENCE = PolicyName("engine.place_event", ClockPolicy)
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
queue = Journey(
    "queue", version=1, subject="Basic", outcome="served", target="toy.completion", listens=("toy.arrived",)
)


@queue.state(
    "standing",
    owner=Team.ACCESS,
    clock="engine.place_event",
    awaits="a_turn",
    goes=("served",),
    asks=("turn",),
)
def standing(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Do otherwise for each amount of patience: 1 hour is what history knew."""
    amount, word = policy[PATIENCE].amount, str(case.data["word"])
    if word == "indifferent":
        return stay(because=decided("toy.turn", "wait"))
    if amount == 5:
        raise RuntimeError("nobody is that patient")
    if amount == 4:
        return stay(because=(decided("toy.turn", "wait"), decided("toy.more", "wait")))
    if amount == 3:
        return stay(because=replace(decided("toy.turn", "wait"), because=because("toy.hours", hours=amount)))
    if amount == 2 and word == "bold":
        return stay(because=decided("toy.turn", "hurry"))
    if (amount == 2) != (word == "shy"):
        return ask("turn", because=decided("toy.turn", "wait", route=Route.ASK))
    return stay(because=decided("toy.turn", "wait"))


@queue.on("standing", CardDecided, goes=("served",))
def turned(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert isinstance(event, CardDecided)
    return to("served", because=event.decision)


@queue.on("standing", "toy.step")
def step(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay(because=decided("toy.step", "taken"))


queue.end("served", outcome="served", reached_goal=True)


@queue.route
def route(event: Event, candidates: Sequence[Candidate]) -> Open:
    return Open(key=str(event.body["key"]), data={"word": str(event.body["word"])})


WORDS = ("plain", "shy", "bold", "indifferent")


@pytest.fixture
def lived(open_toy: Any) -> Any:
    """Four people in a queue, each of whom took a step; the shy one's card was answered."""
    from toy_journeys import placing

    toy = open_toy(queue, placing)
    for word in WORDS:
        toy.arrive(word, word)
    toy.drain()
    for case, _, _ in toy.cases():
        toy.happen(case, "toy.step")
    toy.drain()
    for card, _, _ in toy.cards():
        toy.answer(card, decided("toy.turn", "serve"))
    toy.drain()
    return toy


def draft(amount: int) -> DatedPolicy:
    """Return the toy's patience with another number of hours, meant to begin in the far future."""
    source = all_sources()["engine.place_event"]
    text = source.text.replace("amount: 1", f"amount: {amount}").replace("2025-01-01", "2027-01-01")
    return as_if_always(replace(source, text=text), Schemas.of(clock_policy.POLICY_SCHEMAS))


def replayed(
    toy: Any, policy: DatedPolicy | None, begin: Place | None = None, **more: Any
) -> tuple[dict[str, Changed], Counts, list[replay.Step]]:
    """Replay all of the queue; return what changed by the case's word."""

    def pinned(pins: Mapping[str, int]) -> PolicyBook:
        assert set(pins.values()) <= {1}
        return toy.engine.book

    running = Replay({("queue", 1): queue}, pinned, draft=policy, **more)
    span = Span(journey=toy.engine.codes.id("journey", "queue"), since=EVER[0], until=EVER[1])
    steps = list(running.run(toy.conn, span, begin))
    words = {case: data["word"] for case, _, data in toy.cases()}
    return {words[one.case]: one for step in steps for one in step.changed}, running.counts, steps


def test_without_a_draft_nothing_changes(lived: Any) -> None:
    changed, counts, _ = replayed(lived, None)
    journey = lived.engine.codes.id("journey", "queue")
    total = lived.one("select count(*) from decision where journey = %s", journey)
    assert changed == {}
    assert (counts.replayed, counts.same, counts.not_replayable) == (total, total, {})


def test_a_draft_like_the_live_policy_changes_nothing(lived: Any) -> None:
    assert replayed(lived, draft(1))[0] == {}


@pytest.mark.parametrize(
    ("amount", "directions"),
    [
        (2, {"plain": Direction.PEOPLE, "shy": Direction.ALONE, "bold": Direction.ANSWER}),
        (3, {"plain": Direction.REASONS, "shy": Direction.ALONE, "bold": Direction.REASONS}),
        (4, {"plain": Direction.PATH, "shy": Direction.ALONE, "bold": Direction.PATH}),
        (5, {"plain": Direction.RAISES, "shy": Direction.RAISES, "bold": Direction.RAISES}),
    ],
)
def test_a_case_is_shown_the_way_it_would_have_gone(
    lived: Any, amount: int, directions: dict[str, Direction]
) -> None:
    changed, counts, _ = replayed(lived, draft(amount))
    assert {word: one.direction for word, one in changed.items()} == directions
    assert counts.changed == 3
    assert counts.after_a_change >= 3, "each step after a change is no longer what would have happened"
    assert counts.written == 0


def test_a_replay_in_small_pages_and_one_that_goes_on_after_a_stop_find_the_same(
    lived: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, counts, _ = replayed(lived, draft(2))
    monkeypatch.setattr(replay, "PAGE", 3)
    small, again, steps = replayed(lived, draft(2))
    assert (small.keys(), again) == (whole.keys(), counts)
    assert len(steps) > 2
    first = {one.case for one in steps[0].changed}
    rest, after, _ = replayed(lived, draft(2), steps[0].place, changed_before=first)
    assert len(rest) + len(first) == len(whole)
    assert after.replayed < counts.replayed


def test_what_was_purged_is_counted_and_not_guessed(lived: Any) -> None:
    lived.conn.execute(
        "update decision set digest = '\\x00', body = null, salt = null, input = null, body_crc = null"
        " where id = (select min(id) from decision)"
    )
    lived.conn.commit()
    _, counts, _ = replayed(lived, None)
    assert counts.not_replayable["purged"] == 1


def test_the_live_policies_are_untouched(lived: Any) -> None:
    replayed(lived, draft(2))
    assert lived.engine.book.value(PATIENCE, lived.clock.now().date()).amount == 1
    assert lived.one("select count(*) from effect") == 0
