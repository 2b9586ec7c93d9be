"""A day of a clinic: ahead it waits, called off its patients hear, over each visit is asked about."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from scheduling_examples import NOW, policy
from visit_stories import book

from careengine.capabilities import scheduling
from careengine.engine.case import CARD_DECIDED
from careengine.engine.case_policies import CasePolicies
from careengine.engine.journey import Candidate, CardDecided, Case, Event, Facts, Join, Open
from careengine.journeys.clinic_session import CLOSED, ENDED, SCHEDULE, changed, looked_at, planned, route
from careengine.kernel.next import Next, called

BOOKED = ("ServiceRequest/1", "ServiceRequest/2")
TODAY = scheduling.Session(
    schedule="Schedule/heart@3", clinic="cardiology", start=NOW, end=NOW + timedelta(hours=6), focuses=BOOKED
)
DAY = Case(
    id=100, journey="clinic_session", journey_version=1, state="planned", version=0,
    subject=UUID(int=1), site="boston", zone="America/New_York", opened_at=NOW, entered_at=NOW,
    data={"focus": "Schedule/heart"}, calendar="calendars.us_federal",
)  # fmt: skip


def on_the_day(
    session: scheduling.Session, *, later: timedelta = timedelta(), handler: Any = planned
) -> Next:
    """Look at a day some time after it began."""
    now = NOW + later
    event = Event(id=2, kind=SCHEDULE, at=now) if handler is changed else None
    facts = Facts({scheduling.SESSION.name: session})
    said: Next = handler(DAY, facts, CasePolicies(book(), DAY, now), event, now)
    return said


def test_a_day_that_is_ahead_waits_until_it_is_over() -> None:
    said = on_the_day(TODAY)
    assert TODAY.end is not None
    assert (said.state, said.tells) == (None, ())
    assert said.wake is not None
    assert said.wake >= TODAY.end


@pytest.mark.parametrize("handler", [planned, changed])
def test_a_day_called_off_tells_each_patient_who_still_has_a_case(handler: Any) -> None:
    said = on_the_day(replace(TODAY, active=False), handler=handler)
    assert said.state == "closed"
    assert [(tell.case, tell.kind, tell.if_there) for tell in said.tells] == [
        (called("referral_to_visit", focus), CLOSED, True) for focus in BOOKED
    ]


def test_a_day_that_is_over_asks_each_visit_for_its_outcome() -> None:
    ended = on_the_day(TODAY, later=timedelta(days=1))
    assert ended.state == "ended"
    assert [tell.kind for tell in ended.tells] == [ENDED, ENDED]


def test_a_day_called_off_after_it_was_over_is_still_called_off() -> None:
    assert on_the_day(replace(TODAY, active=False), later=timedelta(days=1)).state == "closed"


@pytest.mark.parametrize("unread", [scheduling.Session(), replace(TODAY, end=None)])
def test_a_day_that_cannot_be_read_is_shown_to_a_person(unread: scheduling.Session) -> None:
    said = on_the_day(unread)
    assert said.asking is not None
    assert said.asking.kind == "scheduling.session"
    assert said.tells == ()


@pytest.mark.parametrize(("answer", "state"), [("no_session", "ended"), ("look_again", None)])
def test_a_person_closes_a_day_that_was_none_or_has_it_looked_at_again(
    answer: str, state: str | None
) -> None:
    unread = scheduling.decide_session(scheduling.Session(), now=NOW, policy=policy(scheduling.VISIT_RULES))
    decided = CardDecided(
        id=3, kind=CARD_DECIDED, at=NOW, actor="ana", card=1, card_kind="scheduling.session", answer=answer,
        reason="seen", decision=unread, person=True,
    )  # fmt: skip
    said = looked_at(DAY, Facts({}), CasePolicies(book(), DAY, NOW), decided, NOW)
    assert said.state == state


def test_each_schedule_has_one_case() -> None:
    first = Event(id=1, kind=SCHEDULE, at=NOW, ref="Schedule/heart@3")
    assert route(first, ()) == Open(key="Schedule/heart", data={"focus": "Schedule/heart"})
    mine = Candidate(case=100, state="planned", subject=UUID(int=1), opened_at=NOW, data=DAY.data)
    assert route(first, (mine,)) == Join((100,))
