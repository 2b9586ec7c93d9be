"""A release that does not know where a case is does not start; cases move to a new one on purpose only."""

from collections.abc import Callable
from typing import Any

import pytest
import toy_journeys as toys
from toy_journeys import decided

from careengine.engine.case import Case, Event, Facts, Instant, Policies
from careengine.engine.composition import Engine
from careengine.engine.in_flight import declare_states, migrate_cases, refuse_strays, strays
from careengine.engine.journey import Journey, JourneyError
from careengine.engine.worker import Worker
from careengine.kernel.next import Next, stay, to
from careengine.kernel.team import Team
from careengine.runtime.database import Connection
from careengine.trust.access import Access


def second_version() -> Journey:
    """The errand as a later release tells it: walking is called strolling, and coordinators own it."""
    journey = Journey("errand", version=2, subject="Basic", outcome="errand run", target="toy.completion")

    @journey.state("strolling", owner=Team.ACCESS, clock="engine.place_event", awaits="a_stroll",
                   goes=("done",))  # fmt: skip
    def strolling(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        return stay(because=decided("toy.stroll", "look around"))

    @journey.on("strolling", "toy.finish", goes=("done",))
    def finish(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        return to("done", because=decided("toy.finish", "done"))

    journey.end("done", outcome="errand run", reached_goal=True)
    return journey


@pytest.fixture
def upgraded(toy: Any, open_toy: Callable[..., Any]) -> Any:
    """Two cases that walk and one that is done, begun by the release before; then the next release."""
    declare_states(toy.conn, toy.engine)
    for key in ("a", "b", "c"):
        toy.walking(key)
    toy.happen(toy.cases()[2][0], "toy.finish")
    toy.drain()
    newer = open_toy(second_version(), toys.placing)
    declare_states(newer.conn, newer.engine)
    newer.conn.commit()
    return newer


def test_a_release_that_does_not_know_where_cases_are_says_how_many_and_what_to_do(upgraded: Any) -> None:
    told = r"2 in errand version 1 state walking\. Run the release .* or `careengine migrate-cases`"
    with pytest.raises(JourneyError, match=told):
        refuse_strays(upgraded.conn, upgraded.engine)


def test_a_worker_of_such_a_release_does_not_start(upgraded: Any, database_url: str) -> None:
    def build(_: Connection) -> tuple[Engine, Access]:
        return upgraded.engine, Access.load(upgraded.engine.book)

    with pytest.raises(JourneyError, match="2 in errand version 1"):
        Worker(url=database_url, build=build, send=lambda: 0).run(until_idle=True)

    assert [data["steps"] for _, _, data in upgraded.cases()] == [0, 0, 0]


def test_the_release_before_still_knows_every_case(upgraded: Any, toy: Any) -> None:
    assert strays(toy.conn, toy.engine) == []


def test_moved_cases_are_owned_dated_and_looked_at_and_the_move_is_in_their_history(upgraded: Any) -> None:
    before = dict(upgraded.all("select id, version from engine_case where closed_at is null"))

    moved = migrate_cases(
        upgraded.conn, upgraded.engine, "errand", version=1, states={"walking": "strolling"}
    )
    refuse_strays(upgraded.conn, upgraded.engine)
    upgraded.drain()

    assert moved == 2
    rows = upgraded.all(
        "select id, version, journey_version, owner, awaiting, due_at from engine_case"
        " where closed_at is null"
    )
    coded = upgraded.engine.newest("errand")
    assert {row[0]: row[1] for row in rows} == {case: version + 2 for case, version in before.items()}
    assert {row[2:5] for row in rows} == {(2, coded.owner_of["strolling"], coded.awaits_of["strolling"])}
    assert all(row[5] > upgraded.clock.now() for row in rows)
    what = upgraded.engine.codes.id("what", "migrated")
    history = upgraded.all("select case_id, version from case_event where what = %s order by 1", what)
    assert history == [(case, version + 1) for case, version in sorted(before.items())]
    assert upgraded.one("select count(*) from engine_case where closed_at is null and due_at is null") == 0


def test_a_moved_case_goes_on_as_its_new_version_says(upgraded: Any) -> None:
    migrate_cases(upgraded.conn, upgraded.engine, "errand", version=1, states={"walking": "strolling"})
    case = upgraded.cases()[0][0]

    upgraded.happen(case, "toy.finish")
    upgraded.drain()

    assert [state for _, state, _ in upgraded.cases()] == ["done", "strolling", "done"]


def test_what_waited_for_a_moved_case_is_not_lost(upgraded: Any) -> None:
    case = upgraded.cases()[0][0]
    upgraded.happen(case, "toy.step", {"n": 1})
    migrate_cases(upgraded.conn, upgraded.engine, "errand", version=1, states={"walking": "strolling"})

    upgraded.drain()

    assert [kind for _, kind, _ in upgraded.cards()] == ["engine.unhandled_event"]
    assert upgraded.one("select count(*) from inbox") == 0


def test_cases_cannot_be_moved_to_a_state_that_does_not_exist(upgraded: Any) -> None:
    with pytest.raises(JourneyError, match="errand version 2 has no state nowhere"):
        migrate_cases(upgraded.conn, upgraded.engine, "errand", version=1, states={"walking": "nowhere"})

    assert upgraded.one("select count(*) from engine_case where journey_version = 2") == 0
