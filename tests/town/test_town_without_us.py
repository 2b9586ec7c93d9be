"""The same town without follow-up: always the same for a seed, and nothing in it fitted to a result."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from caretown.multiply import multiply
from caretown.people import read_people, sample_records
from caretown.referrals import write_referrals
from caretown.residents import settle
from caretown.town_plan import TownPlan
from caretown.truth import Expect, due_a_visit
from caretown.without_us import Without, assumptions, without_us

START = datetime(2026, 11, 2, 13, tzinfo=UTC)
TOWN = settle(multiply(read_people(sample_records()), living=300, seed=1, day=date(2026, 11, 2)), seed=1)
TRUTHS = [one.truth for one in write_referrals(TOWN.people, seed=1, start=START, count=300, days=5).letters]


def after(days: int, seed: int = 1) -> Without:
    return without_us(TOWN, TRUTHS, plan=TownPlan(seed=seed), start=START, until=START + timedelta(days=days))


EIGHT_WEEKS = after(56)


def test_duplicates_withdrawals_and_what_is_no_referral_are_not_due_a_visit() -> None:
    due = due_a_visit(TRUTHS)
    withdrawn = {one.service_request for one in TRUTHS if one.expect is Expect.WITHDRAW}

    assert 0 < len(due) < len(TRUTHS)
    assert not {one.plant for one in due} & {"sent_again", "written_again", "dead_patient", "only_a_draft"}
    assert not {one.service_request for one in due} & withdrawn
    assert {"good", "nearly_again", "lacks_item", "urgent_in_words"} <= {one.plant for one in due}


def test_the_same_seed_has_the_same_fates_and_another_seed_others() -> None:
    assert after(56) == EIGHT_WEEKS
    assert after(56, seed=2) != EIGHT_WEEKS


def test_every_referral_due_a_visit_has_one_fate_and_the_share_is_theirs() -> None:
    fates = EIGHT_WEEKS.fates
    completed = sum(fate.ended == "completed" for fate in fates)

    assert Counter(fate.referral for fate in fates) == Counter(
        one.service_request for one in due_a_visit(TRUTHS)
    )
    assert EIGHT_WEEKS.share == pytest.approx(completed / len(fates))
    assert sum(EIGHT_WEEKS.reasons.values()) == len(fates)


def test_a_longer_horizon_never_loses_a_visit() -> None:
    shares = [after(days).share for days in (7, 28, 56)]

    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_no_visit_is_counted_before_its_letter_or_after_the_horizon() -> None:
    until = START + timedelta(days=56)

    assert all(days > 0 for days in EIGHT_WEEKS.days)
    assert all(fate.visit < until for fate in EIGHT_WEEKS.fates if fate.visit is not None)


def test_people_fall_out_at_every_step_that_follow_up_would_mend() -> None:
    assert {"fax_lost", "incomplete", "never_reached", "missed"} <= set(EIGHT_WEEKS.reasons)


def test_what_is_told_stands_beside_the_published_share() -> None:
    told = EIGHT_WEEKS.told()

    assert told["published_share"] == 0.348
    assert told["off_by"] == pytest.approx(told["completion_share"] - 0.348, abs=1e-4)


def test_every_assumption_names_its_source() -> None:
    for group in assumptions().values():
        entries = [group] if "source" in group else group.values()
        assert all(len(str(one["source"])) > 10 for one in entries)
