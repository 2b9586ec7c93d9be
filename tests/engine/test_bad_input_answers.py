"""A handler, loader or router that asks for the impossible costs its own case a card, and others nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
import toy_journeys as toys
from toy_journeys import decided

from careengine.engine.composition import Loader
from careengine.engine.dispatcher import Dispatcher
from careengine.engine.journey import Case, Event, Facts, Instant, Join, Journey, Open, Policies
from careengine.kernel.effect import Effect
from careengine.kernel.next import Hold, Next, Tell, Write, ask, stay, to
from careengine.kernel.team import Team
from careengine.trust.access import Access

TOO_LONG = "".join(Random(1).choices("0123456789abcdef", k=20_000))
"""A key that no index can hold, compressed or not."""


LATER = datetime(2030, 1, 1, tzinfo=UTC)


def step(**more: Any) -> Next:
    return stay(because=decided("toy.demand", "made"), **more)


def send(kind: str, partner: str, body: Any) -> Next:
    return step(effects=(Effect(kind=kind, partner=partner, body=body),))


IMPOSSIBLE: Mapping[str, Callable[[], Next]] = {
    "an effect to a partner nobody knows": lambda: send("toy.deliver", "nobody", {}),
    "an effect of a kind nobody runs": lambda: send("toy.unheard", "shop", {}),
    "an effect that is no JSON": lambda: send("toy.deliver", "shop", {"n": object()}),
    "a hold no index can keep": lambda: step(holds=(Hold(TOO_LONG, LATER),)),
    "a tell to a case that does not exist": lambda: step(tells=(Tell(999, "toy.step", {}),)),
    "a tell to a number that cannot be a case": lambda: step(tells=(Tell(10**30, "toy.step", {}),)),
    "a tell to a name nobody has": lambda: step(tells=(Tell("no such case", "toy.step", {}),)),
    "a tell of a kind nobody knows": lambda: step(tells=(Tell(1, "toy.unheard", {}),)),
    "a card it does not declare": lambda: ask("surprise", because=decided("toy.demand", "ask")),
    "a state it does not declare": lambda: to("elsewhere", because=decided("toy.demand", "go")),
    "data that is no JSON": lambda: step(data={"x": object()}),
    "a number too large": lambda: step(data={"x": 10**30}),
    "half a character": lambda: step(data={"x": "\ud800"}),
    "an answer with a NUL": lambda: stay(because=decided("toy.demand", "a\x00b")),
    "a wake without a zone": lambda: step(wake=datetime(2026, 3, 3)),  # noqa: DTZ001  that is the fault
    "a resource without a type": lambda: step(writes=(Write({"id": "1"}),)),
    "nothing at all": lambda: None,  # type: ignore[return-value]  that is the fault
}


def demanding() -> Journey:
    """A journey whose every case demands what its word says."""
    journey = Journey(
        "demanding", version=1, subject="Basic", outcome="done", target="toy.completion",
        listens=("toy.arrived",),
    )  # fmt: skip

    @journey.state(
        "open", owner=Team.ACCESS, clock="engine.place_event", awaits="a_step", needs=(toys.WORD,),
        goes=("done",),
    )  # fmt: skip
    def begin(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        word = facts[toys.WORD].text
        return to("done", because=decided("toy.demand", "fine")) if word == "go" else IMPOSSIBLE[word]()

    journey.end("done", outcome="done", reached_goal=True)
    journey.route(lambda event, _: Open(key=str(event.body["key"]), data={"word": str(event.body["word"])}))
    return journey


def kinds(toy: Any) -> list[str]:
    return [kind for _, kind, _ in toy.cards()]


def assert_only_one_case_waits(toy: Any) -> None:
    """Seven of eight cases are done; the guilty one is owned, dated, and on somebody's worklist."""
    states = [state for _, state, _ in toy.cases()]
    assert (states.count("done"), len(states)) == (7, 8)
    assert kinds(toy) == ["engine.fault"]
    assert toy.one("select count(*) from engine_case where closed_at is null and owner > 0") == 1
    assert toy.one("select min(due_at) > %s from engine_case", toy.clock.now())
    for table in ("inbox", "unrouted", "effect"):
        assert toy.one(f"select count(*) from {table}") == 0  # noqa: S608  the names above
    assert toy.one("select count(*) from consumed") == 8


@pytest.mark.parametrize("word", IMPOSSIBLE)
def test_a_handler_that_demands_the_impossible_costs_its_own_case_a_card(
    open_toy: Callable[..., Any], word: str
) -> None:
    toy = open_toy(demanding(), toys.placing)
    for n in range(8):
        toy.arrive(f"k{n}", word if n == 5 else "go")

    toy.drain()

    assert_only_one_case_waits(toy)


def with_loader(toy: Any, load: Loader) -> None:
    """Let the toy load its words otherwise."""
    engine = replace(toy.engine, loaders={"toy.word": load})
    toy.hand = Dispatcher(toy.conn, engine, access=Access.load(engine.book))


def raising(toy: Any) -> None:
    raise RuntimeError("no answer")


def dividing(toy: Any) -> None:
    toy.conn.execute("select 1 / 0")


def spoiling(toy: Any) -> None:
    """Break the transaction and say nothing of it."""
    try:
        toy.conn.execute("select 1 / 0")
    except psycopg.Error:
        return


@pytest.mark.parametrize("how", [None, raising, dividing, spoiling])
def test_a_loader_that_fails_for_one_case_or_leaves_it_out_costs_that_case_a_card(
    open_toy: Callable[..., Any], how: Callable[[Any], None] | None
) -> None:
    toy = open_toy(demanding(), toys.placing)

    def load(charts: object, cases: Sequence[Case]) -> dict[int, toys.Word]:
        bad = [case for case in cases if case.data["word"] == "bad"]
        if bad and how is not None:
            how(toy)
        return {case.id: toys.Word("go") for case in cases if case not in bad}

    with_loader(toy, load)
    for n in range(8):
        toy.arrive(f"k{n}", "bad" if n == 5 else "go")

    toy.drain()

    assert_only_one_case_waits(toy)


def test_a_person_says_try_again_once_the_loader_is_mended_and_the_case_goes_on(
    open_toy: Callable[..., Any],
) -> None:
    toy = open_toy(demanding(), toys.placing)
    mended = toy.hand
    with_loader(toy, lambda *_: {})
    toy.arrive("a")
    toy.drain()
    [(card, _, _)] = toy.cards()

    toy.hand = mended
    toy.answer(card, decided("engine.fault", "try_again"))
    toy.drain()

    assert [state for _, state, _ in toy.cases()] == ["done"]
    assert toy.cards() == []


def test_an_innocent_event_beside_a_guilty_one_still_moves_its_case(toy: Any) -> None:
    case = toy.walking()
    toy.happen(case, "toy.step", {"n": 1})
    toy.happen(case, "toy.tell", {"case": 999, "kind": "toy.step"})
    toy.happen(case, "toy.step", {"n": 2})

    toy.drain()

    assert toy.cases()[0][2]["trace"] == "1,2,"
    assert kinds(toy) == ["engine.fault"]


def test_an_event_whose_proof_exists_already_does_not_advance_its_case_again(toy: Any) -> None:
    case, other = toy.walking("a"), toy.walking("b")
    toy.happen(case, "toy.step", {"n": 1})
    toy.happen(other, "toy.step", {"n": 2})
    toy.conn.execute("insert into consumed select event_id, case_id from inbox where case_id = %s", (case,))
    toy.conn.commit()

    toy.drain()

    data = {id_: data.get("trace") for id_, _, data in toy.cases()}
    assert data == {case: None, other: "2,"}


ROUTERS: Mapping[str, Callable[[Event, Sequence[Any]], Any]] = {
    "router_joined_nobody": lambda *_: Join(()),
    "router_joined_no_case": lambda *_: Join((999,)),
    "router_failed:UnknownCode": lambda *_: Open(key="a", site="nowhere"),
    "router_failed:TypeError": lambda *_: Open(key="a", data={"x": object()}),  # type: ignore[dict-item]
    "router_failed:ZeroDivisionError": lambda *_: 1 // 0,
}


@pytest.mark.parametrize("why", ROUTERS)
def test_an_event_that_a_router_would_lose_goes_to_a_person_and_the_others_to_their_cases(
    open_toy: Callable[..., Any], why: str
) -> None:
    journey = demanding()
    place = journey.router
    assert place is not None
    journey.route(lambda event, found: (ROUTERS[why] if event.body["key"] == "bad" else place)(event, found))
    toy = open_toy(journey, toys.placing)
    for key in ("one", "bad", "two"):
        toy.arrive(key)

    toy.drain()

    states = [state for _, state, _ in toy.cases()]
    assert sorted(states) == ["done", "done", "to_place"]
    assert [data["why"] for _, _, data in toy.cases() if "why" in data] == [why]
    assert kinds(toy) == ["place"]


def test_an_event_no_journey_listens_to_goes_to_a_person(toy: Any) -> None:
    toy.arrive("a")
    toy.conn.execute("update event set kind = %s", (toy.engine.codes.id("event", "toy.step"),))
    toy.conn.commit()

    toy.drain()

    [(_, state, data)] = toy.cases()
    assert (state, data["why"]) == ("to_place", "nobody_listens")
    assert toy.one("select count(*) from unrouted") == 0


Turn = Callable[[str, Instant], Next]
ENDLESS: Mapping[str, Turn] = {
    "wakes in the past": lambda _, now: step(wake=now - timedelta(days=1)),
    "wakes at once": lambda _, now: step(wake=now),
    "hops": lambda state, _: to(OTHER[state], because=decided("toy.turn", "on"), now=True),
    "hops and writes": lambda state, _: to(
        OTHER[state], because=decided("toy.turn", "on"), now=True, writes=(Write(BASIC),)
    ),
}
OTHER = {"left": "right", "right": "left"}
BASIC = {"resourceType": "Basic", "id": "round", "code": {"text": "round and round"}}


@pytest.mark.parametrize("how", ENDLESS)
def test_a_case_that_would_go_round_for_ever_is_shown_to_a_person_and_rests(
    open_toy: Callable[..., Any], how: str
) -> None:
    journey = Journey(
        "round", version=1, subject="Basic", outcome="done", target="toy.completion", listens=("toy.arrived",)
    )

    def turn(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        return ENDLESS[how](case.state, now)

    for state in OTHER:
        journey.state(
            state, owner=Team.ACCESS, clock="engine.place_event", awaits="a_step", goes=(*OTHER, "done")
        )(turn)
    journey.end("done", outcome="done", reached_goal=True)
    journey.route(lambda event, _: Open(key=str(event.body["key"])))
    toy = open_toy(journey, toys.placing)
    toy.arrive("a")

    rounds = 0
    while toy.route() + toy.hand.advance() and rounds < 60:
        rounds += 1

    assert kinds(toy) == ["engine.endless_hops"]
    assert toy.one("select version < 30 and due_at > %s from engine_case", toy.clock.now())
