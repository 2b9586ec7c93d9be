from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sending_desk import engine_policies

from careengine.engine.calendars import Calendar, CalendarEnds, OpenTime, wall
from careengine.engine.clocks import ClockFault, ClockPolicy, Running, Unit, at_risk, deadline, pause, resume
from careengine.kernel.policy import PolicyName, PolicyRef

FEDERAL = engine_policies().value(PolicyName("calendars.us_federal", Calendar), date(2026, 3, 2))
OFFICE = Calendar(
    ref=PolicyRef("calendars.office", 1), weekend=FEDERAL.weekend, holidays=FEDERAL.holidays,
    first_day=FEDERAL.first_day, end_day=FEDERAL.end_day, opens=time(8), closes=time(17),
)  # fmt: skip
NEW_YORK, CHICAGO, PHOENIX = "America/New_York", "America/Chicago", "America/Phoenix"
FIRST_START = datetime(2025, 1, 2, tzinfo=UTC)
starts = st.timedeltas(timedelta(), timedelta(days=1360)).map(lambda delta: FIRST_START + delta)
zones = st.sampled_from([NEW_YORK, CHICAGO, PHOENIX, "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"])
calendars = st.sampled_from([FEDERAL, OFFICE])


def clock(amount: int, unit: Unit, **changes: object) -> ClockPolicy:
    said: dict[str, object] = {
        "ref": PolicyRef("test.clock", 1), "amount": amount, "unit": unit, "calendar": "",
        "tolls": frozenset(),
        "citation": "a test", "legal": False, "ladder": "engine.escalation", "predict_at": 0.25,
    }  # fmt: skip
    return ClockPolicy(**{**said, **changes})  # type: ignore[arg-type]  # a test's builder


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        ("2026-03-06T14:00-06:00", 1, "2026-03-09T14:00-05:00"),  # Friday to Monday, over the spring night
        ("2026-11-25T15:00-06:00", 1, "2026-11-27T15:00-06:00"),  # over Thanksgiving
        ("2026-12-23T10:00-06:00", 2, "2026-12-28T10:00-06:00"),  # Christmas is a Friday
        ("2026-07-02T10:00-05:00", 1, "2026-07-06T10:00-05:00"),  # Independence Day is kept on Friday
        ("2026-01-16T16:30-06:00", 2, "2026-01-21T16:30-06:00"),  # discharged on Friday before a holiday
        ("2026-10-30T09:00-05:00", 1, "2026-11-02T09:00-06:00"),  # over the autumn night
    ],
)
def test_business_days_skip_weekends_and_holidays_and_keep_the_time_of_day(
    start: str, amount: int, due: str
) -> None:
    assert deadline(at(start), clock(amount, Unit.BUSINESS_DAYS), FEDERAL, CHICAGO) == at(due)


def test_a_start_while_closed_counts_from_the_next_opening() -> None:
    day = clock(1, Unit.BUSINESS_DAYS)

    saturday = deadline(at("2026-03-07T10:00-06:00"), day, FEDERAL, CHICAGO)
    evening = deadline(at("2026-03-02T19:00-06:00"), day, OFFICE, CHICAGO)
    before_opening = deadline(at("2026-03-02T06:00-06:00"), day, OFFICE, CHICAGO)

    assert saturday == at("2026-03-10T00:00-05:00")
    assert evening == at("2026-03-04T08:00-06:00")
    assert before_opening == at("2026-03-03T08:00-06:00")


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-03-07T12:00-05:00", 1, "2026-03-08T12:00-04:00"),  # a day of 23 hours
        ("2026-10-31T12:00-04:00", 1, "2026-11-01T12:00-05:00"),  # a day of 25 hours
        ("2026-03-07T02:30-05:00", 1, "2026-03-08T03:00-04:00"),  # 02:30 does not exist that night
        ("2026-10-31T01:30-04:00", 1, "2026-11-01T01:30-04:00"),  # 01:30 exists twice: the first
        ("2026-11-01T01:30-05:00", 1, "2026-11-02T02:00-05:00"),  # started in the repeated hour
    ],
)
def test_days_keep_the_local_time_of_day_over_both_clock_changes(start: str, days: int, due: str) -> None:
    assert deadline(at(start), clock(days, Unit.DAYS), None, NEW_YORK) == at(due)


def test_hours_are_elapsed_time_over_both_clock_changes() -> None:
    for start in ("2026-03-07T22:00-05:00", "2026-10-31T22:00-04:00"):
        assert deadline(at(start), clock(72, Unit.HOURS), None, NEW_YORK) - at(start) == timedelta(hours=72)


@given(start=starts, later=st.timedeltas(timedelta(), timedelta(days=3)), zone=zones, calendar=calendars,
       amount=st.integers(1, 10), unit=st.sampled_from(Unit))  # fmt: skip
def test_who_comes_later_never_gets_an_earlier_deadline(
    start: datetime, later: timedelta, zone: str, calendar: Calendar, amount: int, unit: Unit
) -> None:
    policy = clock(amount, unit)

    assert deadline(start, policy, calendar, zone) <= deadline(start + later, policy, calendar, zone)


@given(
    minutes=st.integers(0, 24 * 60),
    later=st.integers(0, 180),
    zone=st.sampled_from([NEW_YORK, CHICAGO]),
    night=st.sampled_from(["2026-03-07T12:00", "2026-03-08T00:00", "2026-10-31T12:00", "2026-11-01T00:00"]),
)
def test_nobody_loses_time_in_the_nights_when_clocks_change(
    minutes: int, later: int, zone: str, night: str
) -> None:
    start = at(night + "+00:00") + timedelta(minutes=minutes)
    policy = clock(1, Unit.DAYS)

    first = deadline(start, policy, None, zone)
    second = deadline(start + timedelta(minutes=later), policy, None, zone)

    assert first <= second
    assert timedelta(hours=22) <= first - start <= timedelta(hours=26)


@given(start=starts, zone=zones, calendar=calendars, amount=st.integers(1, 15))
def test_a_business_day_deadline_is_never_on_a_closed_day(
    start: datetime, zone: str, calendar: Calendar, amount: int
) -> None:
    due = deadline(start, clock(amount, Unit.BUSINESS_DAYS), calendar, zone)

    assert calendar.is_open(wall(due, zone)[0])


@given(
    start=starts,
    zone=zones,
    amount=st.integers(1, 10),
    stood=st.timedeltas(timedelta(), timedelta(days=20)),
    share=st.floats(0, 0.99),
    unit=st.sampled_from(Unit),
)
def test_a_clock_that_stood_still_gives_back_all_of_that_time(
    start: datetime, zone: str, amount: int, stood: timedelta, share: float, unit: Unit
) -> None:
    policy = clock(amount, unit)
    running = Running(start, deadline(start, policy, FEDERAL, zone))
    stopped_at = start + (running.until - start) * share

    again = resume(pause(running, stopped_at), stopped_at + stood, policy, FEDERAL, zone)

    assert again.paused_at is None
    assert again.until - (stopped_at + stood) >= running.until - stopped_at
    if unit is not Unit.BUSINESS_DAYS:
        assert again.until - again.since == running.until - running.since


def test_a_clock_cannot_be_stopped_twice_or_started_while_it_runs() -> None:
    running = Running(at("2026-03-02T12:00+00:00"), at("2026-03-03T12:00+00:00"))

    with pytest.raises(ClockFault):
        resume(running, running.since, clock(1, Unit.DAYS), None, CHICAGO)
    with pytest.raises(ClockFault):
        pause(pause(running, running.since), running.since)


def test_a_year_nobody_has_entered_is_an_error_not_a_guess() -> None:
    with pytest.raises(CalendarEnds, match=r"calendars\.us_federal"):
        deadline(at("2028-12-29T12:00-06:00"), clock(2, Unit.BUSINESS_DAYS), FEDERAL, CHICAGO)


def test_business_days_without_a_calendar_are_an_error() -> None:
    with pytest.raises(ClockFault, match="no calendar"):
        deadline(at("2026-03-02T12:00-06:00"), clock(1, Unit.BUSINESS_DAYS), None, CHICAGO)


@given(start=starts, zone=zones, calendar=calendars, share=st.floats(0, 1), days=st.integers(1, 6))
def test_a_share_of_open_time_lies_within_it(
    start: datetime, zone: str, calendar: Calendar, share: float, days: int
) -> None:
    until = start + timedelta(days=days)
    stretches = list(OpenTime(calendar, zone).between(start, until))
    assume(stretches)

    moment = OpenTime(calendar, zone).at_share(start, until, share)

    assert any(begin <= moment <= end for begin, end in stretches)


def test_half_of_a_business_day_begun_on_friday_is_not_on_sunday() -> None:
    friday, monday = at("2026-03-13T14:00-05:00"), at("2026-03-16T14:00-05:00")

    whole_days = OpenTime(FEDERAL, CHICAGO).at_share(friday, monday, 0.5)
    office_hours = OpenTime(OFFICE, CHICAGO).at_share(friday, monday, 0.5)

    assert whole_days == at("2026-03-16T02:00-05:00")
    assert office_hours == at("2026-03-16T09:30-05:00")


def test_a_clock_is_at_risk_when_little_time_is_left_or_less_than_the_step_usually_takes() -> None:
    running = Running(at("2026-03-02T08:00+00:00"), at("2026-03-02T18:00+00:00"))
    policy = clock(10, Unit.HOURS)
    half_way = at("2026-03-02T13:00+00:00")

    assert not at_risk(running, policy, half_way)
    assert at_risk(running, policy, at("2026-03-02T15:31+00:00"))
    assert at_risk(running, policy, half_way, usual=timedelta(hours=6))
    assert at_risk(running, policy, running.until)
    assert not at_risk(pause(running, half_way), policy, at("2026-03-02T17:59+00:00"))
