"""A worker that has nothing to do wakes when it is told of work, and when somebody steps the clock."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from careengine.engine.intake import WORK
from careengine.engine.waking import wait, wait_for_step
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.database import connect

NINE = datetime(2026, 11, 2, 14, tzinfo=UTC)
LONG_S = 30.0


def test_a_step_of_the_clock_wakes_who_waits_without_any_notification(database_url: str) -> None:
    clock = FixedClock(NINE)
    stepping = threading.Timer(0.1, lambda: clock.advance(timedelta(hours=1)))
    with connect(database_url, autocommit=True) as ear:
        began = real_now()
        stepping.start()
        wait_for_step(ear, clock, seen=NINE, at_most=LONG_S)
        took = real_now() - began
    stepping.join()

    assert took < timedelta(seconds=LONG_S / 2)


def test_a_step_taken_while_the_last_round_ran_is_not_slept_through(database_url: str) -> None:
    with connect(database_url, autocommit=True) as ear:
        began = real_now()
        wait_for_step(ear, FixedClock(NINE + timedelta(hours=1)), seen=NINE, at_most=LONG_S)

        assert real_now() - began < timedelta(seconds=LONG_S / 2)


@pytest.mark.parametrize("stepped", [True, False])
def test_news_of_work_wakes_who_waits(database_url: str, stepped: bool) -> None:
    with connect(database_url, autocommit=True) as ear, connect(database_url, autocommit=True) as mouth:
        ear.execute(f"listen {WORK}")
        mouth.execute(f"notify {WORK}")
        began = real_now()
        if stepped:
            wait_for_step(ear, FixedClock(NINE), seen=NINE, at_most=LONG_S)
        else:
            wait(ear, at_most=LONG_S)

        assert real_now() - began < timedelta(seconds=LONG_S / 2)


def test_without_either_the_wait_ends_by_itself(database_url: str) -> None:
    with connect(database_url, autocommit=True) as ear:
        began = real_now()
        wait_for_step(ear, FixedClock(NINE), seen=NINE, at_most=0.05)

        assert real_now() - began >= timedelta(seconds=0.05)
