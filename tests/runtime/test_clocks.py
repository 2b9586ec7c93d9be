"""The two clocks: domain time that can be fixed and stepped, real time that cannot."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from careengine.runtime.clock import (
    ClockUnreadable,
    FixedClock,
    SteppedClock,
    SystemClock,
    clock_from,
    real_now,
)

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_a_fixed_clock_stands_still_until_it_is_advanced() -> None:
    clock = FixedClock(MONDAY)
    assert clock.now() == clock.now() == MONDAY
    assert clock.advance(timedelta(hours=2)) == datetime(2026, 3, 2, 10, 0, tzinfo=UTC) == clock.now()


def test_a_stepped_clock_says_what_its_file_says(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("2026-03-02T09:00:00+01:00\n")
    clock = SteppedClock(file)
    assert clock.now() == MONDAY
    assert clock.now().tzinfo is UTC
    file.write_text("2026-03-03T08:00:00Z")
    assert clock.now() == MONDAY + timedelta(days=1)


def test_a_missing_clock_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ClockUnreadable, match="CAREENGINE_CLOCK=system"):
        SteppedClock(tmp_path / "none").now()


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-03-02T08:00:00"])
def test_a_clock_file_without_an_instant_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "clock"
    file.write_text(text)
    with pytest.raises(ClockUnreadable, match="Write one there"):
        SteppedClock(file).now()


def test_real_time_is_in_utc_and_goes_on() -> None:
    first = real_now()
    assert first.tzinfo is UTC
    assert real_now() >= first
    assert SystemClock().now() >= first


def test_the_setting_chooses_the_clock(tmp_path: Path) -> None:
    assert isinstance(clock_from("system"), SystemClock)
    assert isinstance(clock_from(f"stepped:{tmp_path}/clock"), SteppedClock)
    for wrong in ("", "fast", "stepped:", "stepped"):
        with pytest.raises(ClockUnreadable, match="CAREENGINE_CLOCK"):
            clock_from(wrong)


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        FixedClock(datetime(2026, 3, 2))  # noqa: DTZ001  that is what is tested
