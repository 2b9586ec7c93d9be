from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from careengine.kernel.policy import PolicyRef
from careengine.worklist.acts import assign
from careengine.worklist.listing import Filter
from careengine.worklist.order import OrderPolicy, Standing, place, why_here

if TYPE_CHECKING:
    from conftest import Desk

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
POLICY = OrderPolicy(
    ref=PolicyRef("worklist.order", 1), legal_within=timedelta(hours=24), at_risk_within=timedelta(hours=4)
)
moments = st.timedeltas(timedelta(days=-5), timedelta(days=5)).map(lambda delta: NOW + delta)
standings = st.builds(Standing, urgent=st.booleans(), legal=st.booleans(), due_at=moments, opened_at=moments)


@given(first=standings, second=standings)
def test_an_urgent_card_is_never_behind_one_that_is_not(first: Standing, second: Standing) -> None:
    places = [place(standing, now=NOW, policy=POLICY) for standing in (first, second)]
    if first.urgent and not second.urgent:
        assert places[0] < places[1]


@given(first=standings, second=standings)
def test_among_equals_the_one_with_less_time_left_is_first(first: Standing, second: Standing) -> None:
    if (first.urgent, first.legal) == (second.urgent, second.legal) and first.due_at < second.due_at:
        assert place(first, now=NOW, policy=POLICY) < place(second, now=NOW, policy=POLICY)


@given(standing=standings)
def test_every_card_can_say_in_one_line_why_it_is_there(standing: Standing) -> None:
    reason = why_here(standing, now=NOW, policy=POLICY)

    assert reason.code.startswith("worklist.here_")
    assert reason.params["hours"] is not None


def test_the_list_is_ordered_by_safety_then_deadline_then_age(desk: "Desk") -> None:
    late, soon, urgent = desk.ask("a"), desk.ask("b"), desk.ask("c")
    set_due = "update card set due_at = %s where id = %s"
    desk.conn.execute(set_due, (NOW + timedelta(days=3), late))
    desk.conn.execute(set_due, (NOW + timedelta(hours=1), soon))
    desk.conn.execute(
        "update card set urgent = true, due_at = %s where id = %s", (NOW + timedelta(9), urgent)
    )

    assert desk.cards() == [urgent, soon, late]
    assert desk.cards(limit=2) == [urgent, soon]
    assert desk.card(soon).here.code == "worklist.here_at_risk"


def test_a_list_shows_only_what_was_asked_for(desk: "Desk") -> None:
    mine, free = desk.ask("a"), desk.ask("b")
    assign(desk.conn, desk.engine, mine, to="ana", by=desk.by())

    assert desk.cards(Filter(assignee="ana")) == [mine]
    assert desk.cards(Filter(unassigned=True)) == [free]
    assert desk.cards(Filter(team="access", site="main", kind="unsure")) == [mine, free]
    assert desk.cards(Filter(site="branch")) == []


def test_a_card_says_what_is_asked_and_who_has_heard_of_it(desk: "Desk") -> None:
    shown = desk.card(desk.ask("a"))

    assert (shown.team, shown.kind, shown.role, shown.journey) == ("access", "unsure", "owner", "errand")
    assert shown.proposal.question == "toy.first_look"
    assert shown.stopped_at == "errand@1/received"


def test_a_supervisor_sees_what_has_climbed_to_them(desk: "Desk") -> None:
    early = desk.ask("a")
    desk.clock.advance(timedelta(minutes=50))
    desk.advance()
    fresh = desk.ask("b")

    assert desk.cards(Filter(rung=2)) == [early]
    assert (desk.card(early).role, desk.card(fresh).role) == ("supervisor", "owner")
    assert (desk.card(early).at_risk, desk.card(fresh).at_risk) == (True, False)
