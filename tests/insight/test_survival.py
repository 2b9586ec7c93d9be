from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from careengine.oversight.insight.survival import Curve, cumulative_incidence, kaplan_meier

# Weeks to relapse under 6-mercaptopurine (Freireich et al. 1963); a minus sign marks who was still well.
# Share well and its log-log interval, worked by hand from Greenwood's sums, as textbooks print them.
WEEKS = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]
WELL = {
    6: (0.8571, 0.6197, 0.9516),
    7: (0.8067, 0.5631, 0.9228),
    10: (0.7529, 0.5032, 0.8894),
    13: (0.6902, 0.4316, 0.8491),
    16: (0.6275, 0.3675, 0.8049),
    22: (0.5378, 0.2678, 0.7468),
    23: (0.4482, 0.1881, 0.6801),
}
DAYS = st.lists(st.integers(0, 60), min_size=1, max_size=80)


def curve_of(weeks: list[int]) -> Curve:
    given = np.array(weeks, dtype=np.float64)
    return kaplan_meier(np.abs(given), given > 0)


@pytest.mark.parametrize("week", WELL)
def test_the_textbook_example_comes_out_as_printed(week: int) -> None:
    found = curve_of(WEEKS).by(week, 0.95)
    well, low, high = WELL[week]

    assert found is not None
    assert 1 - found.value == pytest.approx(well, abs=5e-5)
    assert (1 - found.high, 1 - found.low) == pytest.approx((low, high), abs=5e-5)


def test_half_have_relapsed_by_week_23() -> None:
    found = curve_of(WEEKS).half(0.95)

    assert found is not None
    assert (found.value, found.low, found.high) == (23, 13, None)


def test_three_referrals_by_hand() -> None:
    # kept on day 2; on the way since 3 days; kept on day 5: 1/3 by day 2, then the rest of one.
    curve = curve_of([2, -3, 5])

    assert [round(curve.by(day, 0.95).value, 4) for day in (1, 2, 4, 5)] == [0.0, 0.3333, 0.3333, 1.0]


def test_nothing_is_said_of_days_nobody_was_watched_for() -> None:
    curve = curve_of([2, -3])

    assert curve.by(3, 0.95) is not None
    assert curve.by(4, 0.95) is None
    assert kaplan_meier(np.array([]), np.array([], dtype=bool)).by(1, 0.95) is None


@given(DAYS)
def test_with_nobody_on_the_way_the_curve_is_the_plain_share(days: list[int]) -> None:
    arrived = np.array(days, dtype=np.float64)
    curve = kaplan_meier(arrived, np.ones(len(days), dtype=bool))

    for day in range(61):
        found = curve.by(day, 0.95)
        plain = sum(one <= day for one in days) / len(days)
        assert (found is None and day > max(days)) or found.value == pytest.approx(plain)


@given(DAYS, st.randoms(use_true_random=False))
def test_the_interval_holds_the_share_and_stays_between_0_and_1(days: list[int], chance: Random) -> None:
    there = np.array([chance.random() < 0.6 for _ in days])
    curve = kaplan_meier(np.array(days, dtype=np.float64), there)

    for day in range(61):
        found = curve.by(day, 0.95)
        if found is not None:
            assert 0 <= found.low <= found.value + 1e-12
            assert found.value - 1e-12 <= found.high <= 1


@given(DAYS, st.randoms(use_true_random=False))
def test_adding_people_on_the_way_today_changes_no_earlier_day(days: list[int], chance: Random) -> None:
    there = np.array([chance.random() < 0.6 for _ in days])
    before = kaplan_meier(np.array(days, dtype=np.float64), there).by(0, 0.95)
    # who has only just begun is watched on day 0 and never after
    after = kaplan_meier(np.array([*days, 0], dtype=np.float64), np.array([*there, False])).by(0, 0.95)

    assert before is not None
    assert after is not None
    arrived = sum(day == 0 and done for day, done in zip(days, there, strict=True))
    assert after.value == pytest.approx(arrived / (len(days) + 1))


def test_competing_ends_by_hand() -> None:
    # day 1: one of four kept. day 2: one of three lost. day 3: on the way. day 4: the last one kept.
    when, shares = cumulative_incidence(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 2, 0, 1]), 2)

    assert when.tolist() == [1, 2, 3, 4]
    assert shares[0].tolist() == pytest.approx([0.25, 0.25, 0.25, 0.75])
    assert shares[1].tolist() == pytest.approx([0.0, 0.25, 0.25, 0.25])


@given(DAYS, st.randoms(use_true_random=False))
def test_competing_ends_and_those_left_make_one(days: list[int], chance: Random) -> None:
    why = np.array([chance.randrange(4) for _ in days])
    given = np.array(days, dtype=np.float64)
    when, shares = cumulative_incidence(given, why, 3)
    curve = kaplan_meier(given, why > 0)

    for step, day in enumerate(when):
        found = curve.by(day, 0.95)
        assert shares[:, step].sum() == pytest.approx(found.value)


@given(DAYS, st.randoms(use_true_random=False))
def test_with_nobody_on_the_way_each_end_has_its_plain_share(days: list[int], chance: Random) -> None:
    why = np.array([1 + chance.randrange(3) for _ in days])
    when, shares = cumulative_incidence(np.array(days, dtype=np.float64), why, 3)

    for kind in (1, 2, 3):
        for step, day in enumerate(when):
            plain = sum(d <= day and w == kind for d, w in zip(days, why, strict=True)) / len(days)
            assert shares[kind - 1][step] == pytest.approx(plain)
