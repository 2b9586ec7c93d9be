"""A time is found: the patient is offered three, answers in their own words, and is asked again by policy."""

from dataclasses import replace
from datetime import datetime

from careengine.capabilities import messaging, referrals, scheduling
from careengine.engine.calendars import Calendar
from careengine.engine.journey import Case, Event, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.offered import NO_EARLIER, OFFERED, kept
from careengine.journeys.referral_to_visit.saying import REACH, Said, note_of, reach, say
from careengine.journeys.referral_to_visit.series import SERIES, under_way
from careengine.journeys.referral_to_visit.story import (
    APPOINTMENT,
    ENDS,
    SEEKING,
    begins,
    clinic_of,
    journey,
    number,
    urgency_of,
)
from careengine.kernel.decision import Decision, Route
from careengine.kernel.next import Next, ask, stay, to
from careengine.kernel.policy import PolicyName, Scalar
from careengine.kernel.team import Team

NEEDS = (scheduling.OPENINGS, scheduling.VISIT, messaging.CONTACT, referrals.REFERRAL)
NO_TIME, SILENT, FELL_THROUGH = "scheduling.offer", "scheduling.outreach", "scheduling.recovery"
ASKS = (NO_TIME, SILENT, FELL_THROUGH, REACH, SERIES)
GOES = (*SEEKING, "booking", "scheduled", "cancelling", *ENDS)
AGAIN = "scheduling.offer_again"
FIRST = {
    "offering": "scheduling.offer",
    "rebooking": "scheduling.offer",
    "recovering_no_show": "scheduling.missed",
}
"""What is said first in each state; after a cancellation it depends on who cancelled."""


def one_at_a_time(case: Case) -> tuple[str, ...]:
    """Lock the clinic, so that two workers do not deal its free slots at the same moment."""
    return (f"clinic:{clinic_of(case)}",)


@journey.state(
    "recovering_no_show", owner=Team.ACCESS, clock="access.recover_no_show", awaits="patients_choice",
    status="5.1.2", needs=NEEDS, goes=GOES, asks=ASKS, locks=one_at_a_time,
)  # fmt: skip
@journey.state(
    "recovering_cancellation", owner=Team.ACCESS, clock="access.rebook", awaits="patients_choice",
    status="5.1.3", needs=NEEDS, goes=GOES, asks=ASKS, locks=one_at_a_time,
)  # fmt: skip
@journey.state(
    "rebooking", owner=Team.ACCESS, clock="access.rebook", awaits="patients_choice",
    status="5.1.1", needs=NEEDS, goes=GOES, asks=ASKS, locks=one_at_a_time,
)  # fmt: skip
@journey.state(
    "offering", owner=Team.ACCESS, clock="access.offer", awaits="patients_choice",
    status="3.0", needs=NEEDS, goes=GOES, asks=ASKS, locks=one_at_a_time,
)  # fmt: skip
def seek(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Offer times, ask again when policy says so, and let a person help who finds no answer."""
    if booked_elsewhere(case, facts):
        return take_up(case, facts)
    series = under_way(case, facts, policy, now)
    if series is not None and series.route is Route.ASK:
        return ask(SERIES, because=series, data={SERIES: "open"})
    if not number(case, "tries"):
        return begin(case, facts, policy, now)
    outreach = follow_up(case, facts, policy, now)
    if outreach.route is Route.ASK:
        return ask(SILENT, because=outreach, urgent=urgency_of(case) != "routine")
    at = scheduling.moment_of(outreach)
    if outreach.answer == scheduling.WAIT or (at is not None and at > now):
        return stay(wake=at)
    letter = messaging.LETTER if outreach.answer == scheduling.LETTER else ""
    template = "letter.offer" if letter else AGAIN
    return attempt(case, facts, policy, now, template=template, channel=letter, because=(outreach,))


def begin(case: Case, facts: Facts, policy: Policies, now: Instant) -> Next:
    """Make the first attempt; after a visit that fell through, at the moment and by whom policy says."""
    template = str(case.data.get("first") or FIRST.get(case.state, AGAIN))
    prompted = bool(case.data.get("prompted"))
    cause = str(case.data.get("cause") or "")
    if not cause:
        return attempt(
            case, facts, policy, now, template=template, prompted=prompted, data={"prompted": None}
        )
    recovery = scheduling.decide_recovery(
        number(case, f"times_{cause}"), cause=cause, urgency=urgency_of(case),
        now=datetime.fromisoformat(str(case.data.get("fell_at") or now.isoformat())),
        policy=policy[scheduling.RECOVERY],
    )  # fmt: skip
    if recovery.route is Route.ASK:
        return ask(FELL_THROUGH, because=recovery, urgent=urgency_of(case) != "routine")
    at = scheduling.moment_of(recovery)
    if at is not None and at > now:
        return stay(because=recovery, wake=at)
    because = (recovery,)
    return attempt(case, facts, policy, now, template=template, because=because, data={"cause": None})


def attempt(  # noqa: PLR0913  one attempt's parts, each by name
    case: Case,
    facts: Facts,
    policy: Policies,
    now: Instant,
    *,
    template: str,
    channel: str = "",
    prompted: bool = False,
    because: tuple[Decision, ...] = (),
    data: dict[str, Scalar] | None = None,
) -> Next:
    """Choose times and write to the patient once, by a way that has not failed."""
    case = replace(case, data={**case.data, **(data or {})})
    offer = times(case, facts, policy, now)
    if offer.route is Route.ASK:
        stopped = ask(NO_TIME, because=(offer, *because), urgent=urgency_of(case) != "routine")
        return replace(stopped, data=data or {})
    slots = scheduling.offered(offer)
    openings = [one for one in facts[scheduling.OPENINGS].found if one.slot in slots]
    openings.sort(key=lambda one: slots.index(one.slot))
    case = replace(case, data={**case.data, **kept(openings)})
    said = written(case, facts, policy, now, template, channel=channel, prompted=prompted)
    if said.unsaid:
        return replace(reach(case, said, offer, *because), data=data or {})
    tried = counted(case, said, now, prompted=prompted)
    return stay(
        because=(offer, said.decision, *because), effects=said.effects, writes=said.writes,
        holds=scheduling.holds(offer, clinic=clinic_of(case), now=now, policy=policy[scheduling.CLINICS]),
        data={**(data or {}), **kept(openings), **tried},
        wake=next_look(replace(case, data={**case.data, **tried}), facts, policy, now),
    )  # fmt: skip


def times(case: Case, facts: Facts, policy: Policies, now: Instant) -> Decision:
    """Choose the times to offer, inside the clinical window and what the patient can."""
    return scheduling.decide_offer(
        facts[scheduling.OPENINGS], clinic=clinic_of(case), urgency=urgency_of(case),
        wish=str(case.data.get("wish") or ""), tried=str(case.data.get("refused") or "").split(),
        now=now, zone=case.zone, policy=policy[scheduling.CLINICS],
    )  # fmt: skip


def written(  # noqa: PLR0913  a message's parts, each by name
    case: Case, facts: Facts, policy: Policies, now: Instant, template: str, *, channel: str, prompted: bool
) -> Said:
    """Say it by a way that has not failed, another one than last time where there is one."""
    failed = str(case.data.get("failed") or "").split()
    note = note_of(case, template, prompted=prompted)
    return say(case, facts, policy, now, note, channel=channel, without=failed)


def counted(case: Case, said: Said, now: Instant, *, prompted: bool) -> dict[str, Scalar]:
    """Return what an attempt adds to the case: how many there were, since when, by which ways."""
    if prompted:
        # The patient is talking with us: what they get as an answer is no attempt to reach them.
        return {"tries": 1, "asked_at": now.isoformat(), "ways": said.decision.answer}
    ways = dict.fromkeys((*str(case.data.get("ways") or "").split(), said.decision.answer))
    since = case.data.get("asked_at") or now.isoformat()
    return {"tries": number(case, "tries") + 1, "asked_at": since, "ways": " ".join(ways)}


def follow_up(case: Case, facts: Facts, policy: Policies, now: Instant) -> Decision:
    """Say what follows when nobody has answered so far."""
    return scheduling.decide_outreach(
        number(case, "tries"), since=datetime.fromisoformat(str(case.data["asked_at"])),
        urgency=urgency_of(case), now=now, zone=case.zone,
        calendar=policy[PolicyName(case.calendar, Calendar)], policy=policy[scheduling.OUTREACH],
        used=str(case.data.get("ways") or "").split(),
    )  # fmt: skip


def next_look(case: Case, facts: Facts, policy: Policies, now: Instant) -> Instant | None:
    """Return when the silence is looked at again."""
    silence = scheduling.moment_of(follow_up(case, facts, policy, now))
    series = under_way(case, facts, policy, now)
    both = (silence, referrals.look_again(series) if series and series.route is Route.PROCEED else None)
    return min((at for at in both if at is not None and at > now), default=silence)


def booked_elsewhere(case: Case, facts: Facts) -> bool:
    """Say whether the clinic's own system holds a visit for this referral that we did not ask for."""
    visit = facts[scheduling.VISIT]
    known = {case.data.get("appointment"), case.data.get("gone")}
    return visit.status == "booked" and bool(visit.name) and visit.name not in known


def take_up(case: Case, facts: Facts) -> Next:
    """Go on with a visit that was booked by telephone or at the desk."""
    visit = facts[scheduling.VISIT]
    data: dict[str, Scalar] = {
        "appointment": visit.name, "slot": visit.slot or None, **begins(case, visit.start), **FRESH,
    }  # fmt: skip
    return to("scheduled", now=True, data=data, voids=messaging.KINDS)


FRESH: dict[str, Scalar] = dict.fromkeys(
    (
        "tries",
        "asked_at",
        "ways",
        "first",
        "cause",
        OFFERED,
        f"{OFFERED}_at",
        "refused",
        "confirmed",
        "reminded",
        *NO_EARLIER,
    )
)
"""What a case forgets when a time was found, or a new search begins."""


@journey.on("recovering_no_show", APPOINTMENT, needs=NEEDS, goes=GOES, asks=ASKS)
@journey.on("recovering_cancellation", APPOINTMENT, needs=NEEDS, goes=GOES, asks=ASKS)
@journey.on("rebooking", APPOINTMENT, needs=NEEDS, goes=GOES, asks=ASKS)
@journey.on("offering", APPOINTMENT, needs=NEEDS, goes=GOES, asks=ASKS)
def appointment_seen(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A visit appeared in the clinic's own system: if it is this referral's, the search is over."""
    return take_up(case, facts) if booked_elsewhere(case, facts) else stay()
