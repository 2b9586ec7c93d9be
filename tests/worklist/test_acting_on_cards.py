from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from careengine.kernel.team import Team
from careengine.worklist.acts import PastItsClock, assign, escalate, hand_over, snooze
from careengine.worklist.listing import Filter
from careengine.worklist.order import ReasonMissing

if TYPE_CHECKING:
    from conftest import Desk


def put_aside(desk: "Desk", card: int, *, hours: float) -> None:
    until = desk.clock.now() + timedelta(hours=hours)
    snooze(desk.conn, desk.engine, card, until=until, event="toy.unknown", by=desk.by())
    desk.conn.commit()


def test_a_card_put_aside_comes_back_with_its_time(desk: "Desk") -> None:
    card = desk.ask("a")

    put_aside(desk, card, hours=0.5)
    while_aside = desk.cards()
    desk.clock.advance(timedelta(minutes=30))

    assert while_aside == []
    assert desk.cards() == [card]


def test_a_card_put_aside_comes_back_with_the_event_it_waits_for(desk: "Desk") -> None:
    card = desk.ask("a")
    put_aside(desk, card, hours=0.5)

    desk.happen(desk.card(card).case, "toy.unknown")

    assert card in desk.cards()


def test_another_case_s_event_does_not_wake_it(desk: "Desk") -> None:
    card, other = desk.ask("a"), desk.ask("b")
    put_aside(desk, card, hours=0.5)

    desk.happen(desk.card(other).case, "toy.unknown")

    assert card not in desk.cards()
    assert card in desk.cards(Filter(snoozed=True))


def test_no_card_is_put_aside_past_its_clock(desk: "Desk") -> None:
    card = desk.ask("a")

    with pytest.raises(PastItsClock):
        put_aside(desk, card, hours=2)


def test_a_card_goes_to_another_team_with_a_reason(desk: "Desk") -> None:
    card = desk.ask("a")
    assign(desk.conn, desk.engine, card, to="ana", by=desk.by())

    with pytest.raises(ReasonMissing):
        hand_over(desk.conn, desk.engine, card, to=Team.NURSES, reason="", by=desk.by())
    desk.conn.rollback()
    hand_over(desk.conn, desk.engine, card, to=Team.NURSES, reason="it is a clinical question", by=desk.by())

    assert (desk.card(card).team, desk.card(card).assignee) == ("nurses", None)
    assert desk.cards(Filter(team="access")) == []
    assert desk.one("select what from card_act where act = 'handed_over'") == "nurses"


def test_a_card_pushed_up_says_who_hears_of_it_now(desk: "Desk") -> None:
    card = desk.ask("a")

    heard = [
        escalate(desk.conn, desk.engine, card, reason="nobody answers the telephone", by=desk.by())
        for _ in range(5)
    ]

    assert heard == ["backup", "supervisor", "director", "executive", "executive"]
    assert desk.card(card).role == "executive"


def test_a_card_pushed_up_by_a_person_is_not_put_aside_any_more(desk: "Desk") -> None:
    card = desk.ask("a")
    put_aside(desk, card, hours=0.5)

    escalate(desk.conn, desk.engine, card, reason="it cannot wait", by=desk.by())

    assert desk.cards() == [card]
