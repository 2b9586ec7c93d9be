"""What the dispatcher promises about a case and its events."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import toy_journeys as toys
from toy_journeys import decided

from careengine.engine.journey import Journey, JourneyError
from careengine.kernel.decision import Route
from careengine.runtime.ids import trace_id
from careengine.runtime.telemetry import start_tracing


def test_an_arrival_opens_a_case_that_is_owned_dated_and_decided(toy: Any) -> None:
    toy.arrive("a")
    toy.drain()

    [(_, state, data)] = toy.cases()
    assert (state, data["steps"]) == ("walking", 0)
    assert toy.one("select count(*) from engine_case where due_at is not null and owner <> 0") == 1
    assert toy.one("select count(*) from decision") == 1
    assert toy.one("select count(*) from block") == 1


def test_the_same_arrival_twice_is_one_case_and_one_step(toy: Any) -> None:
    toy.arrive("a", times=3)
    toy.drain()
    toy.arrive("a", times=2)
    toy.drain()

    assert len(toy.cases()) == 1
    assert toy.one("select count(*) from case_event") == 1


def test_events_of_one_case_are_folded_in_order_in_one_transaction(toy: Any) -> None:
    case = toy.walking()
    for n in range(5):
        toy.happen(case, "toy.step", {"n": n})

    toy.hand.advance()

    [(_, _, data)] = toy.cases()
    assert data["trace"] == "0,1,2,3,4,"
    assert toy.one("select count(distinct recorded_at) from case_event where version > 1") == 1


def test_an_event_out_of_order_is_no_fault_of_the_case_it_becomes_a_card(toy: Any) -> None:
    toy.arrive("a", "ask")
    toy.drain()
    [(case, _, _)] = toy.cases()

    toy.happen(case, "toy.step", {"n": 1})
    toy.drain()

    assert {kind for _, kind, _ in toy.cards()} == {"unsure", "engine.unhandled_event"}
    assert toy.cases()[0][1] == "received"


def test_an_event_for_a_closed_case_becomes_a_card_and_is_not_lost(toy: Any) -> None:
    case = toy.walking()
    toy.happen(case, "toy.finish")
    toy.drain()

    toy.happen(case, "toy.step", {"n": 1})
    toy.drain()

    assert [kind for _, kind, _ in toy.cards()] == ["engine.unhandled_event"]
    assert toy.one("select count(*) from inbox") == 0


def test_a_handler_that_raises_becomes_a_card_and_the_others_go_on(toy: Any) -> None:
    for key, word in (("a", "go"), ("b", "raise"), ("c", "go")):
        toy.arrive(key, word)
    toy.drain()

    assert [state for _, state, _ in toy.cases()] == ["walking", "received", "walking"]
    assert [kind for _, kind, _ in toy.cards()] == ["engine.fault"]


def test_a_case_that_hops_for_ever_is_shown_to_a_person(toy: Any) -> None:
    toy.arrive("a", "spin")
    toy.drain()

    assert [kind for _, kind, _ in toy.cards()] == ["engine.endless_hops"]
    assert toy.one("select max(version) from engine_case") < 12
    assert toy.one("select count(*) from engine_case where due_at > %s", toy.clock.now()) == 1


def test_a_hop_goes_on_in_the_same_transaction(toy: Any) -> None:
    toy.arrive("a", "hop")
    toy.drain()

    assert toy.one("select version from engine_case") == 2
    assert toy.one("select count(distinct recorded_at) from case_event") == 1


def test_a_handler_may_only_go_where_it_declares(toy: Any) -> None:
    toy.arrive("a", "far")
    toy.drain()

    assert [kind for _, kind, _ in toy.cards()] == ["engine.fault"]


def test_one_case_the_database_refuses_becomes_a_card_and_the_rest_of_its_batch_commits(toy: Any) -> None:
    for n in range(20):
        toy.arrive(f"k{n}", "nul" if n == 13 else "go")
    toy.drain()

    states = [state for _, state, _ in toy.cases()]
    assert (states.count("walking"), states.count("received")) == (19, 1)
    assert [kind for _, kind, _ in toy.cards()] == ["engine.fault"]
    assert toy.one("select count(*) from inbox") == 0


def test_a_person_s_answer_moves_the_case_and_stands_in_the_ledger_as_theirs(toy: Any) -> None:
    toy.arrive("a", "ask")
    toy.drain()
    [(card, _, _)] = toy.cards()

    toy.answer(card, decided("toy.first_look", "close"))
    toy.drain()

    assert toy.cases()[0][1] == "done"
    assert toy.cards() == []
    assert toy.all("select actor, actor_kind from decision order by id") == [
        ("journey:errand", 0),
        ("ann", 1),
    ]


def test_a_person_who_says_go_on_lets_the_failed_call_be_made_again(toy: Any) -> None:
    toy.arrive("a", "raise")
    toy.drain()
    [(card, _, _)] = toy.cards()

    toy.answer(card, decided("engine.fault", "try_again"))
    toy.drain()

    assert [kind for _, kind, _ in toy.cards()] == ["engine.fault"]
    assert toy.cards()[0][0] != card


def test_a_wake_calls_the_state_again_at_its_time_and_not_before(toy: Any) -> None:
    case = toy.walking()
    toy.happen(case, "toy.sleep")
    toy.drain()
    before = toy.one("select version from engine_case")

    toy.later(minutes=4)
    toy.drain()
    assert toy.one("select version from engine_case") == before
    toy.later(minutes=2)
    toy.drain()
    assert toy.one("select version from engine_case") == before + 1


def test_silence_climbs_the_ladder_and_the_case_stays_dated(toy: Any) -> None:
    toy.walking()

    for _ in range(40):
        toy.later(hours=12)
        toy.drain()

    assert toy.one("select max(rung) from engine_case") == 4
    assert [kind for _, kind, _ in toy.cards()] == ["engine.late"]
    assert toy.one("select due_at > %s from engine_case", toy.clock.now())


def test_one_thing_is_held_by_one_case_and_the_loser_is_asked_again(toy: Any) -> None:
    first, second = toy.walking("a"), toy.walking("b")
    toy.happen(first, "toy.grab", {"key": "slot:1"})
    toy.happen(second, "toy.grab", {"key": "slot:1"})

    toy.hand.advance()

    held = [data.get("held") for _, _, data in toy.cases()]
    assert sorted(map(str, held)) == ["None", "slot:1"]
    assert toy.one("select count(*) from inbox") == 1, "the loser's event waits for fresh facts"
    toy.later(minutes=11)
    toy.drain()
    assert [data.get("held") for _, _, data in toy.cases()] == ["slot:1", "slot:1"]


def test_a_case_tells_another_in_the_same_transaction(toy: Any) -> None:
    first, second = toy.walking("a"), toy.walking("b")

    toy.happen(first, "toy.tell", {"case": second, "kind": "toy.step", "n": 7})
    toy.drain()

    assert toy.cases()[1][2]["trace"] == "7,"


def test_no_case_can_tell_another_that_a_person_decided(toy: Any) -> None:
    first, second = toy.walking("a"), toy.walking("b")

    toy.happen(first, "toy.tell", {"case": second, "kind": "card.decided"})
    toy.drain()

    assert [kind for _, kind, _ in toy.cards()] == ["engine.fault"]


def test_an_event_nobody_can_place_becomes_a_case_of_its_own(toy: Any) -> None:
    toy.arrive("a", "lost")
    toy.drain()

    assert [state for _, state, _ in toy.cases()] == ["to_place"]
    assert [kind for _, kind, _ in toy.cards()] == ["place"]


def test_an_effect_is_queued_once_with_the_step_that_asked_for_it(toy: Any) -> None:
    case = toy.walking()
    toy.happen(case, "toy.send", {"n": 1}, key="once")
    toy.happen(case, "toy.send", {"n": 1}, key="once")
    toy.drain()

    assert toy.one("select count(*) from effect") == 1
    assert toy.one("select count(*) from effect_key") == 1


def test_a_journey_that_could_lose_a_patient_does_not_start(open_toy: Callable[..., Any]) -> None:
    broken = Journey("broken", version=1, subject="Basic", outcome="none", target="toy.completion")
    broken.state(
        "stuck", owner=toys.errand.states["received"].owner, clock="engine.place_event", awaits="it"
    )(toys.walking)

    with pytest.raises(JourneyError, match="no end can be reached"):
        open_toy(broken, toys.placing)


def test_the_database_itself_refuses_an_open_case_without_a_due_time(toy: Any) -> None:
    toy.walking()

    with pytest.raises(psycopg.errors.CheckViolation, match="an_open_case_has_a_due_time"):
        toy.conn.execute("update engine_case set due_at = null")
    toy.conn.rollback()


def test_an_asking_decision_is_what_the_card_shows(toy: Any) -> None:
    toy.arrive("a", "ask")
    toy.drain()

    assert toy.one("select d.route from card c join decision d on d.id = c.decision_id") == 1
    assert decided("toy.first_look", "ask", route=Route.ASK).route is Route.ASK


def test_only_the_guilty_event_of_a_case_is_put_by_and_a_person_can_give_it_back(toy: Any) -> None:
    case = toy.walking()
    toy.happen(case, "toy.step", {"n": 1})
    toy.happen(case, "toy.step", {"n": "a\x00b"})
    toy.happen(case, "toy.step", {"n": 3})
    refuses = "position('\\u0000' in encode(data, 'escape')) = 0"
    toy.conn.execute(f"alter table engine_case add constraint no_u0000 check ({refuses})")
    toy.conn.commit()

    toy.drain()

    assert toy.cases()[0][2]["trace"] == "1,3,"
    assert [kind for _, kind, _ in toy.cards()] == ["engine.fault"]
    toy.conn.execute("alter table engine_case drop constraint no_u0000")
    toy.conn.commit()
    toy.answer(toy.cards()[0][0], decided("engine.fault", "try_again"))
    toy.drain()
    assert toy.cases()[0][2]["trace"] == "1,3,a\x00b,"


def test_an_event_whose_case_the_database_refuses_goes_to_a_person_and_others_are_routed(toy: Any) -> None:
    refuses = "position('poison' in encode(data, 'escape')) = 0"
    toy.conn.execute(f"alter table engine_case add constraint no_poison check ({refuses})")
    toy.conn.commit()
    for word in ("go", "poison", "ask"):
        toy.arrive(word, word)

    toy.drain()

    assert sorted(state for _, state, _ in toy.cases()) == ["received", "to_place", "walking"]
    assert toy.one("select count(*) from unrouted") == 0


def test_one_case_is_one_trace_and_a_step_is_a_span_of_it(toy: Any) -> None:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    seen = InMemorySpanExporter()
    start_tracing(seen)
    try:
        toy.arrive("a", "hop")
        toy.drain()
    finally:
        start_tracing("")

    [(case, _, _)] = toy.cases()
    assert [f"{span.context.trace_id:032x}" for span in seen.get_finished_spans()] == [trace_id(case)] * 2
    assert [span.attributes["state"] for span in seen.get_finished_spans()] == ["received", "walking"]
