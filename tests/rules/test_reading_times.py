"""Days and times are read as people write them, and what can be read in two ways is left to a person."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reply_examples import reply_policy

from careengine.capabilities.messaging.rules.reply_reading import read_reply
from careengine.language.times import Clock, When, read_when

THURSDAY = date(2026, 3, 5)
POLICY = reply_policy()


def read(text: str, today: date = THURSDAY) -> When:
    return read_when(read_reply(text, POLICY).times, today=today, hours=POLICY.hours)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("10:30", time(10, 30)),
        ("10.30", time(10, 30)),
        ("1030", time(10, 30)),
        ("at 3", time(15)),
        ("at 8", time(8)),
        ("12 pm", time(12)),
        ("3 p.m.", time(15)),
        ("half past ten", time(10, 30)),
        ("a las tres y media", time(15, 30)),
        ("a las 2 de la tarde", time(14)),
        ("noon", time(12)),
        ("14:00", time(14)),
    ],
)
def test_a_time_lies_in_the_half_of_the_day_that_has_visits(text: str, at: time) -> None:
    assert [clock.at for clock in read(text).clocks] == [at]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-03-05", "2026-03-05"),
        ("mañana", "2026-03-06", "2026-03-06"),
        ("pasado mañana", "2026-03-07", "2026-03-07"),
        ("this week", "2026-03-05", "2026-03-08"),
        ("next week", "2026-03-09", "2026-03-15"),
        ("the week after next", "2026-03-16", "2026-03-22"),
        ("next month", "2026-04-01", "2026-04-30"),
        ("week of the 16th", "2026-03-16", "2026-03-22"),
        ("march 12", "2026-03-12", "2026-03-12"),
        ("el 12 de marzo", "2026-03-12", "2026-03-12"),
        ("3/12", "2026-03-12", "2026-03-12"),
        ("feb 1", "2027-02-01", "2027-02-01"),
        ("in december", "2026-12-01", "2026-12-31"),
    ],
)
def test_days_are_counted_from_the_day_of_reading(text: str, first: str, last: str) -> None:
    assert read(text).dates == [(date.fromisoformat(first), date.fromisoformat(last))]


def test_a_day_a_bound_and_a_part_are_read_side_by_side() -> None:
    when = read("tues or thurs afternoon after 3")

    assert (when.days, when.after, when.parts) == (["tue", "thu"], time(15), ["afternoon"])


def test_an_hour_without_minutes_may_be_any_time_within_it() -> None:
    assert read("at 10").clocks == [Clock(time(10), minutes=False)]
    assert read("10:00").clocks == [Clock(time(10), minutes=True)]


@pytest.mark.parametrize("text", ["25:00", "at 99", "2222", "february 30", "after tuesday", "next 10"])
def test_what_is_no_time_is_not_taken_for_one(text: str) -> None:
    assert read(text).unclear


def test_the_tuesday_one_counts_nothing() -> None:
    assert read("the tuesday one").bare == []
    assert read("one").bare == [1]


@given(
    st.text(alphabet="0123456789:/.apm tueswdnxk", max_size=40), st.dates(date(2025, 1, 1), date(2035, 1, 1))
)
def test_no_row_of_numbers_breaks_the_reading(text: str, today: date) -> None:
    when = read(text, today)

    assert all(first <= last for first, last in when.dates)
    assert all(first >= today for first, _ in when.dates if not when.unclear)
