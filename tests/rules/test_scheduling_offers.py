"""What is offered lies in the window and the wish, is free, is spread, and says why it fits."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduling_examples import HALF_HOUR, NOW, ZONE, at, offer, opening, policy, weeks

from careengine.capabilities import scheduling
from careengine.capabilities.scheduling import Opening, Openings
from careengine.kernel.decision import Decision, Route

CLINICS = policy(scheduling.CLINICS)
LOCAL = ZoneInfo(ZONE)
STARTS = st.integers(min_value=-100, max_value=3000).map(lambda n: NOW + n * HALF_HOUR)
WISHES = st.builds(
    lambda days, after, before, part: ";".join(
        (f"days={','.join(days)}", f"after={after}", f"before={before}", f"part={part}")
    ),
    st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), unique=True),
    st.sampled_from(["", "09:00", "13:30"]),
    st.sampled_from(["", "12:00", "16:00"]),
    st.sampled_from(["", "morning", "afternoon"]),
)


def codes(decision: Decision) -> list[str]:
    return [reason.code.removeprefix("scheduling.") for reason in decision.because]


@given(
    starts=st.sets(STARTS, max_size=40),
    wish=WISHES,
    urgency=st.sampled_from(["routine", "urgent", "emergency"]),
    tried=st.integers(min_value=0, max_value=5),
)
def test_an_offered_slot_always_lies_in_the_window_and_the_wish_and_is_to_come(
    starts: set[datetime], wish: str, urgency: str, tried: int
) -> None:
    found = [opening(start, f"s{n}") for n, start in enumerate(sorted(starts))]
    before = tuple(one.slot for one in found[:tried])
    decision = offer(found, wish=wish, urgency=urgency, tried=before)
    named = {one.slot: one for one in found}
    clinic = CLINICS.clinics["cardiology"]
    wanted = scheduling.wish_from(wish)

    assert (decision.route is Route.PROCEED) == bool(scheduling.offered(decision))
    assert len(scheduling.offered(decision)) <= clinic.offered
    for slot in scheduling.offered(decision):
        assert slot not in before
        assert NOW + timedelta(hours=clinic.lead_hours) <= named[slot].start
        assert named[slot].start <= NOW + timedelta(days=clinic.windows[urgency])
        assert scheduling.suits(named[slot], wanted, zone=LOCAL, parts=CLINICS.parts)


@given(starts=st.sets(STARTS, max_size=40), order=st.randoms(use_true_random=False))
def test_the_order_in_which_slots_are_found_changes_nothing(
    starts: set[datetime], order: random.Random
) -> None:
    found = [opening(start, f"s{n}") for n, start in enumerate(sorted(starts))]
    mixed = list(found)
    order.shuffle(mixed)
    assert offer(found) == offer(mixed)


@given(starts=st.sets(STARTS, min_size=1, max_size=40), group=st.text(max_size=20))
def test_the_group_is_written_down_and_changes_nothing_else(starts: set[datetime], group: str) -> None:
    found = [opening(start, f"s{n}") for n, start in enumerate(sorted(starts))]
    assert scheduling.offered(offer(found, group=group)) == scheduling.offered(offer(found))


def test_three_slots_are_on_three_days_and_not_all_in_the_morning() -> None:
    named = {one.slot: one.start.astimezone(LOCAL) for one in weeks(3)}
    starts = [named[slot] for slot in scheduling.offered(offer(weeks(3)))]

    assert len({start.date() for start in starts}) == 3
    assert {start.hour < 12 for start in starts} == {True, False}
    assert starts == sorted(starts)


def test_the_soonest_slot_is_always_among_those_offered() -> None:
    soonest = min(one.start for one in weeks(3) if one.start >= NOW + timedelta(hours=24))
    named = {one.slot: one.start for one in weeks(3)}
    assert named[scheduling.offered(offer(weeks(3)))[0]] == soonest


def test_somebody_who_knows_the_patient_is_offered_although_others_are_sooner() -> None:
    knows = opening(at("2026-03-25T15:00"), "knows", practitioner="Practitioner/ito", known=True)
    decision = offer([*weeks(2), knows])

    assert "Slot/knows" in scheduling.offered(decision)
    assert "fits_continuity" in codes(decision)


def test_each_slot_says_why_it_fits() -> None:
    near = opening(at("2026-03-10T19:00"), "near", distance_km=3.2)
    decision = offer([near], wish="days=tue;after=14:30")

    assert codes(decision) == ["offer_made", "fits_window", "fits_soonest", "fits_wish", "fits_distance"]
    assert all(reason.params["slot"] == "Slot/near" for reason in decision.because[1:])
    assert decision.evidence[0].source == "Slot/near@1#start"


def test_a_wish_is_meant_in_local_time_on_both_sides_of_the_night_when_clocks_change() -> None:
    before, after = opening(at("2026-03-06T20:00")), opening(at("2026-03-09T19:00"))  # both three o'clock
    early = opening(at("2026-03-09T18:30"))
    decision = offer([before, after, early], wish="after=15:00")

    assert set(scheduling.offered(decision)) == {before.slot, after.slot}


def test_an_hour_that_comes_twice_is_two_different_slots() -> None:
    first, second = opening(at("2026-11-01T05:30"), "first"), opening(at("2026-11-01T06:30"), "second")
    decision = offer([first, second], now=at("2026-10-30T12:00"), urgency="routine")
    assert scheduling.offered(decision) == ("Slot/first", "Slot/second")


@pytest.mark.parametrize(
    "wish",
    [
        "nonsense",
        "days=mon,funday",
        "after=half past three",
        "colour=blue",
        "days=mon;days=tue",
        "part=teatime",
    ],
)
def test_a_wish_that_cannot_be_read_in_full_is_a_persons_matter(wish: str) -> None:
    decision = offer(weeks(2), wish=wish)
    assert (decision.route, decision.answer) == (Route.ASK, scheduling.WISH_UNCLEAR)


def test_a_wish_that_nothing_meets_shows_the_person_what_is_free_nearest() -> None:
    decision = offer(weeks(2), wish="days=sun")

    assert (decision.route, decision.answer) == (Route.ASK, scheduling.WISH_UNMET)
    assert len(scheduling.nearest(decision)) == 3
    assert scheduling.offered(decision) == ()


def test_what_lies_behind_the_window_is_never_offered_by_software() -> None:
    late = opening(NOW + timedelta(days=8))
    decision = offer([late], urgency="urgent")

    assert (decision.route, decision.answer) == (Route.ASK, scheduling.OUTSIDE_WINDOW)
    assert scheduling.nearest(decision) == (late.slot,)


def test_the_window_runs_from_when_the_search_began_not_from_the_second_try() -> None:
    decision = offer([opening(NOW + timedelta(days=5))], urgency="urgent", since=NOW - timedelta(days=4))
    assert decision.answer == scheduling.OUTSIDE_WINDOW


@pytest.mark.parametrize(
    ("clinic", "urgency"), [("podiatry", "routine"), ("cardiology", "soonish"), ("", "")]
)
def test_a_clinic_or_an_urgency_nobody_listed_never_falls_through(clinic: str, urgency: str) -> None:
    assert offer(weeks(2), clinic=clinic, urgency=urgency).route is Route.ASK


def test_an_earlier_visit_is_earlier_than_the_one_somebody_has() -> None:
    decision = offer(weeks(3), before=at("2026-03-09T15:00"))
    named = {one.slot: one.start for one in weeks(3)}
    assert all(named[slot] < at("2026-03-09T15:00") for slot in scheduling.offered(decision))


def test_what_is_offered_is_held_for_as_long_as_the_clinic_says() -> None:
    decision = offer(weeks(3))
    held = scheduling.holds(decision, clinic="cardiology", now=NOW, policy=CLINICS)

    assert [hold.key for hold in held] == [f"slot:{slot}" for slot in scheduling.offered(decision)]
    assert {hold.until for hold in held} == {NOW + timedelta(minutes=60)}


def test_a_slot_that_is_no_longer_among_the_openings_is_gone() -> None:
    free = opening(at("2026-03-10T19:00"), "free")

    def chosen(slot: str) -> str:
        openings = Openings(found=(free,))
        return scheduling.decide_choice(openings, slot=slot, now=NOW, zone=ZONE, policy=CLINICS).answer

    assert chosen("Slot/free") == scheduling.BOOK
    assert chosen("Slot/other") == scheduling.GONE


@given(WISHES)
def test_a_wish_that_was_read_is_written_as_it_was(wish: str) -> None:
    read = scheduling.wish_from(wish)
    assert scheduling.wish_from(scheduling.wish_text(read)) == read


def test_a_day_until_which_somebody_can_come_is_a_day_on_which_they_can() -> None:
    def fits(one: Opening, wish: str) -> bool:
        return scheduling.suits(one, scheduling.wish_from(wish), zone=LOCAL, parts=CLINICS.parts)

    friday = opening(at("2026-03-13T19:00"))
    assert fits(friday, "until=2026-03-13")
    assert fits(friday, "from=2026-03-13")
    assert not fits(friday, "until=2026-03-12")
    assert fits(friday, "before=15:30")
    assert not fits(friday, "before=15:29"), "it must be over by then"
