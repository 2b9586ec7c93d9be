"""A stopped lane or site keeps its work: software proposes, a person lets it happen, nothing is lost."""

from dataclasses import replace
from typing import Any

import pytest
import toy_journeys as toys
from toy_journeys import decided

from careengine.engine.dispatcher import Dispatcher
from careengine.engine.guards import Scope, Stop, resume, stop
from careengine.engine.journey import Event, Open
from careengine.kernel.errors import Refused
from careengine.runtime.organisation import Site
from careengine.trust.access import Access


def throw(toy: Any, scope: Scope, name: str, reason: str = "too many letters went out") -> None:
    switch = Stop(scope=scope, name=name, by="dan", reason=reason, at=toy.clock.now())
    stop(toy.conn, toy.engine.ids, switch)
    toy.conn.commit()


def kinds(toy: Any) -> list[str]:
    return [kind for _, kind, _ in toy.cards()]


def effects(toy: Any) -> int:
    return int(toy.one("select count(*) from effect"))


@pytest.mark.parametrize(("scope", "name"), [(Scope.LANE, "errand"), (Scope.SITE, "main")])
def test_what_software_would_do_is_shown_and_not_done_while_its_lane_or_site_is_stopped(
    toy: Any, scope: Scope, name: str
) -> None:
    case = toy.walking()
    throw(toy, scope, name)

    toy.happen(case, "toy.send", {"n": 1})
    toy.drain()

    assert kinds(toy) == ["engine.lane_stopped"]
    assert effects(toy) == 0
    assert toy.one("select answer from decision order by id desc limit 1") == "send"
    assert toy.one("select route from decision order by id desc limit 1") == 1
    assert toy.one("select due_at > %s from engine_case", toy.clock.now())


def test_accept_lets_exactly_that_happen_once_though_the_lane_stays_stopped(toy: Any) -> None:
    case = toy.walking()
    throw(toy, Scope.LANE, "errand")
    toy.happen(case, "toy.send", {"n": 1})
    toy.drain()
    [(card, _, _)] = toy.cards()

    toy.answer(card, decided("engine.lane_stopped", "accept"))
    toy.drain()
    toy.answer(card, decided("engine.lane_stopped", "accept"))
    toy.drain()

    assert effects(toy) == 1
    assert toy.cards() == []
    assert toy.one("select count(*) from decision where actor = 'ann'") == 1
    toy.happen(case, "toy.send", {"n": 2})
    toy.drain()
    assert (kinds(toy), effects(toy)) == (["engine.lane_stopped"], 1)


def test_any_other_answer_leaves_the_case_to_people(toy: Any) -> None:
    case = toy.walking()
    throw(toy, Scope.LANE, "errand")
    toy.happen(case, "toy.send", {"n": 1})
    toy.drain()
    [(card, _, _)] = toy.cards()

    toy.answer(card, decided("engine.lane_stopped", "leave"))
    toy.drain()

    assert effects(toy) == 0
    assert toy.cards() == []
    assert toy.one("select due_at > %s from engine_case", toy.clock.now())


def test_a_new_case_opens_in_a_stopped_lane_and_waits_for_a_person(toy: Any) -> None:
    throw(toy, Scope.LANE, "errand")
    toy.arrive("a")
    toy.drain()

    [(card, kind, _)] = toy.cards()
    assert (kind, toy.cases()[0][1]) == ("engine.lane_stopped", "received")
    toy.answer(card, decided("engine.lane_stopped", "accept"))
    toy.drain()
    assert toy.cases()[0][1] == "walking"


def test_a_person_s_own_decision_needs_no_second_one(toy: Any) -> None:
    toy.arrive("a", "ask")
    toy.drain()
    throw(toy, Scope.LANE, "errand")
    [(card, _, _)] = toy.cards()

    toy.answer(card, decided("toy.first_look", "close"))
    toy.drain()

    assert (toy.cases()[0][1], toy.cards()) == ("done", [])


def test_a_resumed_lane_goes_on_by_itself(toy: Any) -> None:
    case = toy.walking()
    throw(toy, Scope.LANE, "errand")
    resume(toy.conn, Scope.LANE, "errand", by="dan", reason="the letters were right", at=toy.clock.now())
    toy.conn.commit()

    toy.happen(case, "toy.send", {"n": 1})
    toy.drain()

    assert (effects(toy), toy.cards()) == (1, [])


def test_another_site_goes_on_while_one_is_stopped(toy: Any) -> None:
    sites = {
        **toy.engine.organisation.sites,
        "branch": Site(zone="America/Chicago", calendar="calendars.us_federal"),
    }
    toy.engine.codes.ensure(toy.conn, "site", ["branch"])
    toy.conn.commit()
    toy.engine = replace(toy.engine, organisation=toy.engine.organisation.model_copy(update={"sites": sites}))
    toy.hand = Dispatcher(toy.conn, toy.engine, access=Access.load(toy.engine.book))
    throw(toy, Scope.SITE, "main")

    def by_site(event: Event, _: object) -> Open:
        return Open(key=str(event.body["key"]), data={"word": "go"}, site=str(event.body["key"]))

    before = toys.errand.router
    toys.errand.router = by_site
    try:
        toy.arrive("main")
        toy.arrive("branch")
        toy.drain()
    finally:
        toys.errand.router = before

    assert [state for _, state, _ in toy.cases()] == ["received", "walking"]
    assert kinds(toy) == ["engine.lane_stopped"]


def test_nobody_stops_anything_without_saying_why(toy: Any) -> None:
    with pytest.raises(Refused, match="Say why"):
        throw(toy, Scope.LANE, "errand", reason=" ")
