import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from messaging_examples import NOON, contact, note, rules, sent

from careengine.capabilities import messaging

SPRING, AUTUMN = datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
STATES = sorted(rules().zones.of_state)


def zones_of(person: messaging.Contact) -> set[str]:
    if person.zone:
        return {person.zone}
    named = {
        zone for state in person.states for zone in rules().zones.of_state.get(state, rules().zones.unknown)
    }
    return named or set(rules().zones.unknown)


@pytest.mark.parametrize("night", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_a_text_is_always_planned_by_day_in_every_zone_the_patient_may_be_in_over_both_dst_nights(
    night: datetime,
) -> None:
    chance = random.Random(7)
    for _ in range(600):
        person = contact(states=tuple(chance.sample(STATES, chance.randint(0, 2))))
        now = night + timedelta(minutes=chance.randint(-3000, 3000))

        at = messaging.window(person, rules=rules(), now=now)

        if at is None:
            assert {"Pacific/Guam"} & zones_of(person), "only across the Pacific is there no common day"
            continue
        assert at >= now
        for zone in zones_of(person):
            assert time(8) <= at.astimezone(ZoneInfo(zone)).time() < time(20), (zone, at)


def test_a_moment_within_the_hours_is_taken_as_it_is() -> None:
    assert messaging.window(contact(), rules=rules(), now=NOON) == NOON


def test_no_allowed_moment_before_the_planned_one_is_left_out() -> None:
    chance = random.Random(8)
    for _ in range(200):
        person = contact(states=tuple(chance.sample([s for s in STATES if s not in {"GU", "MP", "AS"}], 2)))
        now = NOON + timedelta(minutes=chance.randint(0, 20_000))
        at = messaging.window(person, rules=rules(), now=now)
        assert at is not None
        earlier = now
        while earlier < at:
            assert not messaging.inside(person, rules=rules(), now=earlier)
            earlier += timedelta(minutes=17)


def test_a_patient_of_a_split_state_is_texted_when_it_is_day_on_both_sides() -> None:
    east_morning = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
    person = contact(states=("TN",))

    assert messaging.window(person, rules=rules(), now=east_morning) == datetime(2026, 3, 3, 14, tzinfo=UTC)


def test_a_patient_who_moves_west_is_texted_by_the_new_morning() -> None:
    morning = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
    before, after = contact(states=("MA",)), contact(states=("CA",))

    assert messaging.window(before, rules=rules(), now=morning) == morning
    assert messaging.window(after, rules=rules(), now=morning) == datetime(2026, 3, 3, 16, tzinfo=UTC)


def test_whatever_was_sent_before_no_more_than_one_a_day_and_three_a_week_are_planned() -> None:
    chance = random.Random(9)
    for round_ in range(60):
        person = contact(states=(chance.choice(["MA", "TN", "CA", "HI"]),), sent=())
        now = (SPRING if round_ % 2 else AUTUMN) - timedelta(days=5)
        for number in range(12):
            now += timedelta(minutes=chance.randint(1, 900))
            told = messaging.decide_message(
                person, note("scheduling.reminder_hours", params={"when": NOON.isoformat()}),
                rules=rules(), now=now, channel="sms",
            )  # fmt: skip
            if told.answer != "sms":
                continue
            at = datetime.fromisoformat(str(told.because[0].params["at"]))
            planned = sent(at, ref=f"Communication/{number}@1", template=f"other_{number}")
            person = replace(person, sent=(*person.sent, planned))

        assert person.sent
        for zone in zones_of(person):
            days = Counter(one.at.astimezone(ZoneInfo(zone)).date() for one in person.sent)
            assert max(days.values()) == 1
            for first in days:
                assert sum(days[first + timedelta(days=n)] for n in range(7)) <= 3


def test_answers_to_the_patient_count_against_nothing_and_everything_else_does() -> None:
    wrote = messaging.Heard(at=NOON - timedelta(hours=1))
    busy = contact(sent=(sent(NOON - timedelta(hours=2)),), heard=(wrote,))

    answer = messaging.decide_message(busy, note(prompted=True), rules=rules(), now=NOON)
    other = messaging.decide_message(busy, note(), rules=rules(), now=NOON)

    assert answer.because[0].params["at"] == NOON.isoformat()
    assert other.because[0].params["at"] == "2026-03-04T13:00:00+00:00"


def test_calling_a_message_an_answer_does_not_make_it_one() -> None:
    busy = contact(sent=(sent(NOON - timedelta(hours=2)),))

    told = messaging.decide_message(busy, note(prompted=True), rules=rules(), now=NOON)

    assert told.because[0].params["at"] == "2026-03-04T13:00:00+00:00"


def test_what_did_not_leave_counts_no_longer() -> None:
    busy = contact(sent=(sent(NOON - timedelta(hours=2), status="not-done"),))

    told = messaging.decide_message(busy, note(), rules=rules(), now=NOON)

    assert told.because[0].params["at"] == NOON.isoformat()
