"""A visit lies ahead: it is confirmed, verified, prepared and reminded of, and what becomes of it is seen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from careengine.capabilities import messaging, registration, scheduling
from careengine.engine.journey import Case, Event, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.offering import FRESH
from careengine.journeys.referral_to_visit.preparing import (
    CARDS,
    Step,
    prepared,
    reminded,
    verification,
)
from careengine.journeys.referral_to_visit.saying import REACH, note_of, say
from careengine.journeys.referral_to_visit.story import (
    AFTER,
    APPOINTMENT,
    COVERAGE,
    RESPONSE,
    SEEKING,
    SESSION_CLOSED,
    SESSION_ENDED,
    begins,
    journey,
    number,
)
from careengine.kernel.decision import Decision
from careengine.kernel.next import Next, Write, ask, stay, to
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

NEEDS = (
    messaging.CONTACT, scheduling.VISIT, registration.COVER, registration.ELIGIBILITY, registration.INTAKE,
)  # fmt: skip
VISIT_UNCLEAR = "scheduling.visit"
GOES = ("scheduled", "booking", "cancelling", "after_visit", *SEEKING, *AFTER)
ASKS = (VISIT_UNCLEAR, REACH, *CARDS)


@journey.state(
    "scheduled", owner=Team.ACCESS, clock="access.visit_outcome", awaits="the_visit",
    status="5.1.1", needs=NEEDS, goes=GOES, asks=ASKS,
)  # fmt: skip
def ahead(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """See what became of the visit; while it lies ahead, do whatever is due for it."""
    visit = facts[scheduling.VISIT]
    start = start_of(case)
    if visit.name == case.data.get("appointment") or now >= start:
        became = scheduling.decide_visit(
            visit, expected=start, now=now, policy=policy[scheduling.VISIT_RULES]
        )
        if became.answer in TURNS:
            return TURNS[became.answer](case, facts, became, now)
    steps = (
        told(case, facts, policy, now), verification(case, facts, policy, now),
        prepared(case, facts, policy, now), reminded(case, facts, policy, now),
    )  # fmt: skip
    return together(steps, until=outcome_seen(visit, start, policy))


def start_of(case: Case) -> datetime:
    """Return when the visit begins."""
    return datetime.fromisoformat(str(case.data["start"]))


def outcome_seen(visit: scheduling.Visit, start: datetime, policy: Policies) -> datetime:
    """Return when silence about the visit becomes a question."""
    whole = replace(visit, end=visit.end or start)
    return scheduling.look_again(whole, policy[scheduling.VISIT_RULES])


def told(case: Case, facts: Facts, policy: Policies, now: Instant) -> Step:
    """Say once what has just been settled: the visit is booked, moved, or stays as it was."""
    template = str(case.data.get("say") or "")
    if not template:
        return Step()
    failed = str(case.data.get("failed") or "").split()
    said = say(case, facts, policy, now, note_of(case, template, prompted=True), without=failed)
    data: dict[str, Scalar] = {"say": None}
    if said.unsaid:
        return Step(because=(said.decision,), asking=REACH, data=data)
    return Step(because=(said.decision,), effects=said.effects, writes=said.writes, data=data)


def together(steps: tuple[Step, ...], *, until: datetime) -> Next:
    """Do all that is due, ask for one thing at a time, and wake for whatever comes first."""
    asking = next((step for step in steps if step.asking), None)
    later = [step for step in steps if step.asking and step is not asking]
    done = [step for step in steps if not step.asking]
    data = {
        name: value for step in (*done, *([asking] if asking else [])) for name, value in step.data.items()
    }
    effects = tuple(effect for step in done for effect in step.effects)
    writes = tuple(write for step in done for write in step.writes)
    because = tuple(one for step in done for one in step.because)
    wake = min((step.wake for step in done if step.wake is not None), default=until)
    if asking is None:
        return stay(because=because, effects=effects, writes=writes, data=data, wake=min(wake, until))
    stopped = ask(asking.asking, because=(*asking.because, *because), team=Team.ACCESS)
    # What else waits for a person is asked in the next round.
    wake = min(wake, until) if not later else datetime.fromisoformat(str(later[0].now))
    return replace(stopped, effects=effects, writes=writes, data=data, wake=wake)


def kept(case: Case, facts: Facts, became: Decision, now: Instant) -> Next:
    """The patient came."""
    return to("after_visit", because=became, now=True, writes=left(case, facts), voids=messaging.KINDS)


def left(case: Case, facts: Facts) -> tuple[Write, ...]:
    """Take the patient off the clinic's waitlist."""
    patient = facts[messaging.CONTACT].ref.partition("@")[0]
    return (scheduling.leave_waitlist(case.id, subject=case.subject, patient=patient),)


def missed(case: Case, facts: Facts, became: Decision, now: Instant) -> Next:
    """The patient did not come: bring them back."""
    return lost(case, facts, became, now, "recovering_no_show", cause="no_show", first="scheduling.missed")


def clinic_cancelled(case: Case, facts: Facts, became: Decision, now: Instant) -> Next:
    """The clinic cannot see the patient: offer other times."""
    first = "scheduling.cancelled_by_clinic"
    return lost(case, facts, became, now, "recovering_cancellation", cause="cancelled_by_clinic", first=first)


def patient_cancelled(case: Case, facts: Facts, became: Decision, now: Instant) -> Next:
    """The patient cancelled with the clinic itself: offer other times."""
    first = "scheduling.cancelled_by_you"
    return lost(
        case, facts, became, now, "recovering_cancellation", cause="cancelled_by_patient", first=first
    )


def lost(  # noqa: PLR0913  what fell through, and where that leads
    case: Case, facts: Facts, became: Decision, now: Instant, state: str, *, cause: str, first: str
) -> Next:
    """Look for another time; the visit that fell through is counted, and no reminder of it leaves."""
    counted = f"times_{cause}"
    data: dict[str, Scalar] = {
        **FRESH, "appointment": None, "gone": case.data.get("appointment"),
        "slot": None, "first": first, "cause": cause,
        "fell_at": now.isoformat(),
        counted: number(case, counted) + 1, "verified": None, "checking": None,
    }  # fmt: skip
    return to(state, because=became, now=True, data=data, writes=left(case, facts), voids=messaging.KINDS)


def moved(case: Case, facts: Facts, became: Decision, now: Instant) -> Next:
    """The clinic moved the visit: tell the patient, and remind them anew."""
    start = facts[scheduling.VISIT].start
    data: dict[str, Scalar] = {
        **begins(case, start), "say": "scheduling.booked", "reminded": None, "confirmed": None,
    }  # fmt: skip
    return stay(because=became, data=data, wake=now, voids=messaging.KINDS)


def nobody_said(case: Case, facts: Facts, became: Decision, now: Instant) -> Next:
    """Nobody can tell what became of the visit: a person finds out."""
    return ask(VISIT_UNCLEAR, because=became, team=Team.ACCESS)


Turn = Callable[[Case, Facts, Decision, Instant], Next]
TURNS: dict[str, Turn] = {
    scheduling.KEPT: kept,
    scheduling.NO_SHOW: missed,
    scheduling.CANCELLED_BY_CLINIC: clinic_cancelled,
    scheduling.CANCELLED_BY_PATIENT: patient_cancelled,
    scheduling.MOVED: moved,
    scheduling.NOBODY_SAID: nobody_said,
    scheduling.UNCLEAR: nobody_said,
}


@journey.on("scheduled", SESSION_ENDED, needs=NEEDS, goes=GOES, asks=ASKS)
@journey.on("scheduled", APPOINTMENT, needs=NEEDS, goes=GOES, asks=ASKS)
@journey.on("scheduled", COVERAGE, needs=NEEDS, goes=GOES, asks=ASKS)
def something_changed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The visit or the insurance changed: look at all of it again."""
    return ahead(case, facts, policy, event, now)


@journey.on("scheduled", SESSION_CLOSED, needs=NEEDS, goes=GOES, asks=ASKS)
def session_closed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The clinic does not open that day: whoever is booked in it is offered another time."""
    visit = facts[scheduling.VISIT]
    closed = str(event.body.get("schedule") or "") if event else ""
    if not visit.schedule or visit.schedule.partition("@")[0] != closed:
        return stay()
    became = scheduling.decide_visit(
        visit, expected=start_of(case), now=now, policy=policy[scheduling.VISIT_RULES]
    )
    first = "scheduling.cancelled_by_clinic"
    return lost(case, facts, became, now, "recovering_cancellation", cause="session_closed", first=first)


@journey.on_any(APPOINTMENT)
@journey.on_any(RESPONSE)
@journey.on_any(COVERAGE)
@journey.on_any(SESSION_CLOSED)
@journey.on_any(SESSION_ENDED)
def past_that(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """It concerns a visit this case does not have now."""
    return stay()
