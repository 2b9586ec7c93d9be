"""People are asked often enough and no more, reminded in time, brought back, and never closed by software."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduling_examples import CALENDAR, HALF_HOUR, NOW, ZONE, at, policy

from careengine.capabilities import scheduling
from careengine.capabilities.scheduling import Session, Visit
from careengine.engine.calendars import CalendarEnds
from careengine.kernel.decision import Decision, Route

OUTREACH, REMINDERS = policy(scheduling.OUTREACH), policy(scheduling.REMINDERS)
RECOVERY, VISITS = policy(scheduling.RECOVERY), policy(scheduling.VISIT_RULES)


def outreach(tries: int, *, now: datetime = NOW, **asked: object) -> Decision:
    facts = {"since": NOW, "urgency": "routine", "zone": ZONE, "calendar": policy(CALENDAR), **asked}
    return scheduling.decide_outreach(tries, now=now, policy=OUTREACH, **facts)  # type: ignore[arg-type]


def reminder(start: datetime, now: datetime, **asked: object) -> Decision:
    facts = {"reminded": (), "confirmed": False, "booked": start - timedelta(days=30), "zone": ZONE, **asked}
    return scheduling.decide_reminder(start, now=now, policy=REMINDERS, **facts)  # type: ignore[arg-type]


def test_a_routine_patient_is_asked_three_times_over_five_business_days_then_by_letter() -> None:
    answers = [outreach(tries) for tries in range(4)]

    assert [one.answer for one in answers] == ["again", "again", "again", "letter"]
    assert [scheduling.moment_of(one) for one in answers] == [
        NOW, at("2026-03-09T14:00"), at("2026-03-12T14:00"), at("2026-03-13T14:00"),
    ]  # fmt: skip


def test_a_holiday_is_no_business_day() -> None:
    since = at("2026-05-22T15:00")  # the Friday before Memorial Day
    assert scheduling.moment_of(outreach(1, since=since, now=since)) == at("2026-05-27T15:00")


def test_somebody_asked_twice_by_text_is_asked_in_another_way() -> None:
    assert outreach(2, used=("sms", "sms")).because[0].params["another_channel"] is True
    assert outreach(2, used=("sms", "email")).because[0].params["another_channel"] is False


@given(
    tries=st.integers(0, 30),
    urgency=st.sampled_from(["routine", "urgent", "emergency", "whenever"]),
    days=st.integers(0, 400),
)
def test_software_never_closes_a_search_it_ends_with_a_person(tries: int, urgency: str, days: int) -> None:
    decision = outreach(tries, urgency=urgency, now=NOW + timedelta(days=days))

    assert decision.answer in {"again", "letter", "wait", "person"}
    assert (decision.route is Route.ASK) == (decision.answer == "person")
    assert decision.answer == "person" or scheduling.moment_of(decision) is not None


def test_an_urgent_patient_who_does_not_answer_is_a_persons_matter_on_the_third_business_day() -> None:
    assert outreach(3, urgency="urgent", now=at("2026-03-10T13:59")).answer == "wait"
    assert outreach(3, urgency="urgent", now=at("2026-03-10T14:00")).answer == "person"


def test_beyond_the_known_holidays_nobody_guesses() -> None:
    with pytest.raises(CalendarEnds):
        outreach(2, since=at("2028-12-28T15:00"), now=at("2028-12-28T15:00"))


@given(st.integers(0, 365 * 48), st.integers(0, 60 * 48), st.booleans())
def test_every_reminder_leaves_before_the_visit_and_never_by_night(
    start: int, before: int, confirmed: bool
) -> None:
    visit = NOW + start * HALF_HOUR
    decision = reminder(visit, visit - before * HALF_HOUR, confirmed=confirmed)
    moment = scheduling.moment_of(decision)

    if moment is not None:
        assert moment < visit
        assert 8 <= moment.astimezone(ZoneInfo(ZONE)).hour < 24


def test_each_reminder_is_sent_once_in_its_order() -> None:
    visit, sent, now = at("2026-03-20T18:00"), list[str](), at("2026-03-06T15:00")
    while (decision := reminder(visit, now, reminded=sent)).answer != "none":
        if decision.answer == "send":
            sent.append(scheduling.reminder_of(decision))
        now = max(now, scheduling.moment_of(decision) or now)

    assert sent == ["week", "days", "hours"]


def test_a_reminder_is_at_ten_on_both_sides_of_the_nights_when_clocks_change() -> None:
    spring, autumn = at("2026-03-15T18:00"), at("2026-11-08T19:00")

    assert scheduling.moment_of(reminder(spring, spring - timedelta(days=9))) == at("2026-03-08T14:00")
    assert scheduling.moment_of(reminder(autumn, autumn - timedelta(days=9))) == at("2026-11-01T15:00")


@pytest.mark.parametrize(
    "cause", ["no_show", "cancelled_by_patient", "cancelled_by_clinic", "session_closed"]
)
def test_whoever_lost_a_visit_is_brought_back_the_first_time(cause: str) -> None:
    decision = scheduling.decide_recovery(1, cause=cause, urgency="routine", now=NOW, policy=RECOVERY)
    assert (decision.route, decision.answer) == (Route.PROCEED, scheduling.OFFER_AGAIN)


@given(st.integers(0, 100), st.text(max_size=12), st.text(max_size=12))
def test_bringing_back_ends_with_another_offer_or_a_person(times: int, cause: str, urgency: str) -> None:
    decision = scheduling.decide_recovery(times, cause=cause, urgency=urgency, now=NOW, policy=RECOVERY)
    assert decision.answer in {scheduling.OFFER_AGAIN, scheduling.PERSON}


VISIT = Visit(ref="Appointment/1@1", status="booked", start=NOW, end=NOW + HALF_HOUR)


@given(st.text(max_size=12), st.text(max_size=12), st.integers(-200, 200))
def test_a_visit_counts_as_kept_only_when_the_clinic_says_so(status: str, reason: str, hours: int) -> None:
    visit = Visit(ref="Appointment/1@1", status=status, start=NOW, end=NOW + HALF_HOUR, reason=reason)
    decision = scheduling.decide_visit(visit, expected=NOW, now=NOW + timedelta(hours=hours), policy=VISITS)
    assert decision.answer != scheduling.KEPT or status in {"arrived", "checked-in", "fulfilled"}


def test_without_an_appointment_a_person_is_asked_what_became_of_the_visit() -> None:
    decision = scheduling.decide_visit(Visit(), expected=NOW, now=NOW, policy=VISITS)
    assert (decision.route, decision.answer) == (Route.ASK, scheduling.UNCLEAR)


def test_silence_becomes_a_question_when_the_grace_is_over() -> None:
    then = scheduling.look_again(VISIT, VISITS)

    def said(now: datetime) -> str:
        return scheduling.decide_visit(VISIT, expected=NOW, now=now, policy=VISITS).answer

    assert said(then - timedelta(seconds=1)) == scheduling.AHEAD
    assert said(then) == scheduling.NOBODY_SAID


def test_a_day_that_is_open_is_looked_at_again_when_its_visits_must_have_an_outcome() -> None:
    session = Session(schedule="Schedule/1@1", start=NOW, end=NOW + timedelta(hours=8))
    again = scheduling.moment_of(scheduling.decide_session(session, now=NOW, policy=VISITS))

    assert again == NOW + timedelta(hours=12)
    assert again is not None
    assert scheduling.decide_session(session, now=again, policy=VISITS).answer == scheduling.ENDED


@pytest.mark.parametrize(
    ("session", "answer"),
    [
        (Session(), "unknown"),
        (Session(schedule="Schedule/1@1", start=NOW, end=NOW + timedelta(hours=8)), "open"),
        (Session(schedule="Schedule/1@2", active=False, start=NOW, end=NOW + timedelta(hours=8)), "closed"),
        (Session(schedule="Schedule/1@1", start=NOW, end=NOW - timedelta(hours=4)), "ended"),
    ],
)
def test_a_clinics_day_is_ahead_closed_over_or_a_persons_question(session: Session, answer: str) -> None:
    assert scheduling.decide_session(session, now=NOW, policy=VISITS).answer == answer
