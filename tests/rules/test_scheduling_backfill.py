"""Who is asked about a freed slot: few, by need and wait; nobody loses anything, no group counts."""

import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduling_examples import HALF_HOUR, NOW, ZONE, backfill, opening, policy, waiter

from careengine.capabilities import scheduling
from careengine.capabilities.scheduling import Opening, Waiter
from careengine.capabilities.scheduling.rules.matching import assigned, greedy, total
from careengine.kernel.decision import Route

WORTHS = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.none() | st.integers(0, 50).map(float), min_size=width, max_size=width),
        min_size=1,
        max_size=5,
    )
)
SLOTS = st.sets(st.integers(0, 2000), min_size=1, max_size=6).map(
    lambda starts: [opening(NOW + n * HALF_HOUR, f"s{n}") for n in sorted(starts)]
)
SLOW_IMPORT = settings(deadline=None)
"""The solver is imported by whoever needs it first, which takes longer than an example may."""
GROUPS = st.sampled_from(["unknown", "race=2054-5", "race=2106-3;language=es", "language=zh"])


@st.composite
def waiters(draw: st.DrawFn) -> list[Waiter]:
    return [
        waiter(
            case,
            since=NOW - timedelta(days=draw(st.integers(0, 90))),
            urgency=draw(st.sampled_from(["routine", "urgent"])),
            wish=draw(st.sampled_from(["", "days=mon,wed", "after=13:00", "part=morning"])),
            current_start=draw(st.none() | st.integers(0, 80).map(lambda n: NOW + timedelta(days=n))),
            distance_km=draw(st.none() | st.floats(0, 100)),
            offers=draw(st.integers(0, 5)),
            group=draw(GROUPS),
        )
        for case in range(1, draw(st.integers(1, 12)) + 1)
    ]


@given(SLOTS, waiters())
@SLOW_IMPORT
def test_nobody_is_offered_what_is_no_earlier_unwished_too_soon_or_once_too_often(
    slots: list[Opening], people: list[Waiter]
) -> None:
    rules, clinics = policy(scheduling.BACKFILL), policy(scheduling.CLINICS)
    who, what = {one.case: one for one in people}, {one.slot: one for one in slots}
    pairs = scheduling.pairs(backfill(slots, people))

    assert len({case for case, _ in pairs}) == len(pairs), "one question at a time for one person"
    for case, slot in pairs:
        current = who[case].current_start
        assert current is None or what[slot].start < current
        assert what[slot].start >= NOW + timedelta(hours=rules.notice_hours)
        assert who[case].offers < rules.offers_most
        wish = scheduling.wish_from(who[case].wish)
        assert scheduling.suits(what[slot], wish, zone=ZoneInfo(ZONE), parts=clinics.parts)
    for slot in what:
        assert sum(1 for _, named in pairs if named == slot) <= rules.batch


@given(SLOTS, waiters(), st.permutations(["unknown", "race=2054-5", "language=es", "x"]))
@SLOW_IMPORT
def test_the_ranking_does_not_change_with_the_group(
    slots: list[Opening], people: list[Waiter], groups: list[str]
) -> None:
    others = [replace(one, group=groups[one.case % len(groups)]) for one in people]
    assert scheduling.pairs(backfill(slots, people)) == scheduling.pairs(backfill(slots, others))


@given(SLOTS, waiters(), st.randoms(use_true_random=False))
@SLOW_IMPORT
def test_the_order_in_which_people_are_listed_changes_nothing(
    slots: list[Opening], people: list[Waiter], order: random.Random
) -> None:
    mixed = list(people)
    order.shuffle(mixed)
    assert backfill(slots, people) == backfill(slots, mixed)


@given(WORTHS, st.integers(1, 3))
@SLOW_IMPORT
def test_the_best_whole_asks_no_fewer_and_is_worth_no_less_than_one_after_the_other(
    worths: list[list[float | None]], each: int
) -> None:
    best, simple = assigned(worths, each=each), greedy(worths, each=each)

    assert len(best) > len(simple) or (len(best), total(worths, best)) >= (len(simple), total(worths, simple))
    for matches in (best, simple):
        assert all(worths[row][column] is not None for row, column in matches)
        assert len({column for _, column in matches}) == len(matches)
        assert all(sum(1 for r, _ in matches if r == row) <= each for row in range(len(worths)))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"urgency": "urgent"}, {"since": NOW - timedelta(days=300)}),
        ({"since": NOW - timedelta(days=40)}, {"since": NOW - timedelta(days=10)}),
        ({"current_start": NOW + timedelta(days=30)}, {"current_start": NOW + timedelta(days=10)}),
        ({"distance_km": 2.0}, {"distance_km": 50.0}),
        ({"current_start": None}, {"current_start": NOW + timedelta(days=10)}),
    ],
)
def test_need_comes_first_then_wait_gain_and_nearness(
    better: dict[str, object], worse: dict[str, object]
) -> None:
    slot = opening(NOW + timedelta(days=3))
    decision = backfill([slot], [waiter(1, **worse), waiter(2, **better)])
    assert [case for case, _ in scheduling.pairs(decision)] == [2, 1]


def test_a_question_that_is_open_keeps_a_person_from_being_asked_another() -> None:
    slot, other = opening(NOW + timedelta(days=3), "one"), opening(NOW + timedelta(days=4), "two")
    out = (scheduling.asked(1, "Slot/two", still_open=True),)
    assert scheduling.pairs(backfill([slot, other], [waiter(1), waiter(2)], out=out)) == ((2, "Slot/one"),)


def test_who_said_no_to_a_slot_is_not_asked_about_it_again() -> None:
    slot = opening(NOW + timedelta(days=3), "one")
    out = (scheduling.asked(1, "Slot/one"),)
    assert scheduling.pairs(backfill([slot], [waiter(1), waiter(2)], out=out)) == ((2, "Slot/one"),)


def test_people_whose_wish_nobody_can_read_are_counted_and_left_to_a_person() -> None:
    slot = opening(NOW + timedelta(days=3))
    mixed = backfill([slot], [waiter(1, wish="soonish"), waiter(2)])
    alone = backfill([slot], [waiter(1, wish="soonish")])

    assert [reason.params.get("waiting") for reason in mixed.because[1:2]] == [1]
    assert scheduling.pairs(mixed) == ((2, slot.slot),)
    assert (alone.route, alone.answer) == (Route.ASK, "not_clear")


def test_an_answer_counts_until_there_is_no_time_left_to_come() -> None:
    rules = policy(scheduling.BACKFILL)
    near = opening(NOW + timedelta(hours=rules.notice_hours, minutes=10))

    assert scheduling.answer_by(near, now=NOW, policy=rules) == NOW + timedelta(minutes=10)
    far = opening(NOW + timedelta(days=9))
    assert scheduling.answer_by(far, now=NOW, policy=rules) == NOW + timedelta(minutes=45)


def test_a_place_on_the_waitlist_says_what_counts_and_is_one_resource_of_the_case() -> None:
    write = scheduling.join_waitlist(
        waiter(7, wish="part=morning", distance_km=3.0, group="language=es"),
        subject=UUID(int=7), clinic="cardiology", focus="ServiceRequest/7",
    )  # fmt: skip

    assert write.resource["id"] == "wait-7"
    assert write.resource["status"] == "waitlist"
    left = scheduling.leave_waitlist(7, subject=UUID(int=7), patient="Patient/7")
    assert (left.resource["id"], left.resource["status"]) == ("wait-7", "cancelled")
