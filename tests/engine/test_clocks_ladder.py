from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sending_desk import engine_policies

from careengine.engine.calendars import Calendar, OpenTime
from careengine.engine.clocks import Ladder, next_rung
from careengine.kernel.policy import PolicyName

DAY = date(2026, 3, 2)
LADDER = engine_policies().value(PolicyName("engine.escalation", Ladder), DAY)
FEDERAL = engine_policies().value(PolicyName("calendars.us_federal", Calendar), DAY)
SINCE, UNTIL = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC)
delays = st.timedeltas(timedelta(), timedelta(days=40))


def test_the_ladder_is_climbed_rung_by_rung() -> None:
    hours = [0, 4.9, 5, 7.9, 8, 9.9, 10, 33.9, 34, 57, 58, 200]

    rungs = [LADDER.role(next_rung(SINCE, UNTIL, 0, LADDER, SINCE + timedelta(hours=h))[0]) for h in hours]

    assert rungs == [
        "owner", "owner", "backup", "backup", "supervisor", "supervisor",
        "director", "director", "executive", "executive", "executive", "executive",
    ]  # fmt: skip


def test_after_the_top_it_speaks_again_every_day() -> None:
    dues = [next_rung(SINCE, UNTIL, 4, LADDER, UNTIL + timedelta(hours=h))[1] for h in (24, 47, 48, 100)]

    assert dues == [UNTIL + timedelta(hours=h) for h in (48, 48, 72, 120)]


@given(delay=delays, rung=st.integers(0, 4))
def test_an_open_case_always_has_a_next_due_time_in_the_future(delay: timedelta, rung: int) -> None:
    now = SINCE + delay

    reached, due = next_rung(SINCE, UNTIL, rung, LADDER, now)

    assert due > now
    assert rung <= reached <= 4


@given(delay=delays, more=delays)
def test_nobody_climbs_down(delay: timedelta, more: timedelta) -> None:
    first, _ = next_rung(SINCE, UNTIL, 0, LADDER, SINCE + delay)
    second, _ = next_rung(SINCE, UNTIL, first, LADDER, SINCE + delay + more)

    assert second >= first


def test_nobody_is_told_of_a_business_day_on_sunday() -> None:
    friday, monday = datetime(2026, 3, 13, 19, tzinfo=UTC), datetime(2026, 3, 16, 19, tzinfo=UTC)

    _, due = next_rung(friday, monday, 0, LADDER, friday, OpenTime(FEDERAL, "America/Chicago"))

    assert due == datetime(2026, 3, 16, 7, tzinfo=UTC)
