"""The chosen time is booked in the clinic's system; an old visit is let go only once the new one stands."""

from dataclasses import replace
from datetime import datetime

from careengine.capabilities import messaging, scheduling
from careengine.engine.journey import (
    CardDecided,
    Case,
    EffectDelivered,
    EffectFailed,
    Event,
    Facts,
    Instant,
    Policies,
)
from careengine.journeys.referral_to_visit.offered import NO_EARLIER
from careengine.journeys.referral_to_visit.offering import FRESH, NEEDS
from careengine.journeys.referral_to_visit.saying import REACH, text_failed
from careengine.journeys.referral_to_visit.story import (
    ENDS,
    SEEKING,
    begins,
    card,
    clinic_of,
    journey,
    number,
    urgency_of,
)
from careengine.kernel.decision import Route
from careengine.kernel.effect import Effect, Json
from careengine.kernel.next import Next, Tell, Write, ask, called, stay, to
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

WAITLIST = "clinic_waitlist"
UNBOOKED, UNCANCELLED = "scheduling.booking", "scheduling.cancelling"
BOOKED = (*NEEDS,)
BACK = (*SEEKING, "scheduled")


@journey.state(
    "booking", owner=Team.ACCESS, clock="access.book", awaits="the_clinics_confirmation",
    needs=NEEDS, goes=(*BACK, "booking"), asks=(UNBOOKED, REACH),
)  # fmt: skip
def book(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Ask the clinic's system for the chosen time."""
    openings = facts[scheduling.OPENINGS]
    choice = scheduling.decide_choice(
        openings, slot=str(case.data["choice"]), now=now, zone=case.zone, policy=policy[scheduling.CLINICS]
    )
    opening = scheduling.opening_of(openings, str(case.data["choice"]))
    if opening is None or choice.answer != scheduling.BOOK:
        return lost(case, choice)
    clinic = policy[scheduling.CLINICS].clinics[clinic_of(case)]
    asked = scheduling.book(opening, clinic=clinic, patient=openings.patient, focus=str(case.data["focus"]))
    start = opening.start.isoformat()
    return stay(
        because=choice, effects=(asked,), data={"choice_start": start, "choice_end": opening.end.isoformat()},
        holds=scheduling.booking_holds(
            opening, patient=openings.patient, clinic=clinic_of(case), now=now,
            policy=policy[scheduling.CLINICS],
        ),
    )  # fmt: skip


def lost(case: Case, *because: object) -> Next:
    """Go back to where the choice was made: the time is gone, and the patient hears of others at once."""
    back = str(case.data.get("back") or "offering")
    refused = f"{case.data.get('refused') or ''} {case.data.get('choice')}".strip()
    template = "scheduling.earlier_gone" if back == "scheduled" else "scheduling.slot_gone"
    data: dict[str, Scalar] = {
        "choice": None, "refused": refused, "first": template, "tries": None, "prompted": True,
        "lost": number(case, "lost") + 1,
    }  # fmt: skip
    if back == "scheduled":
        data |= {**NO_EARLIER, "say": template, "first": None, "tries": None}
    return to(back, because=because, now=True, data=data)  # type: ignore[arg-type]  # decisions, as they came


@journey.on("booking", EffectDelivered, needs=NEEDS, goes=("scheduled",), asks=(REACH,))
def confirmed_by_clinic(
    case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant
) -> Next:
    """The clinic holds the visit: tell the patient, keep their place on the list, let the old visit go."""
    assert isinstance(event, EffectDelivered)  # noqa: S101  the engine calls it with no other event
    if event.effect_kind != scheduling.BOOK_APPOINTMENT:
        return stay()
    old = facts[scheduling.VISIT]
    data: dict[str, Scalar] = {
        **FRESH, "appointment": str(event.reply["appointment"]),
        **begins(case, datetime.fromisoformat(str(case.data["choice_start"]))),
        **waiting(case, facts), "slot": case.data.get("choice"), "choice": None, "back": None,
        "say": "scheduling.booked",
    }  # fmt: skip
    effects: tuple[Effect, ...] = ()
    if case.data.get("appointment") and old.name == case.data["appointment"] and old.status == "booked":
        clinic = policy[scheduling.CLINICS].clinics[clinic_of(case)]
        effects = (scheduling.cancel(old, clinic=clinic, now=now),)
        data["freeing"] = freed_text(old)
    return to(
        "scheduled",
        now=True,
        data=data,
        effects=effects,
        writes=place(replace(case, data={**case.data, **data})),
        tells=(*taken(case), Tell(called(WAITLIST, clinic_of(case)), "waitlist.joined", {}, opens=True)),
    )


def waiting(case: Case, facts: Facts) -> dict[str, Scalar]:
    """Return what the patient's place on the waitlist goes by, as the case keeps it."""
    openings = facts[scheduling.OPENINGS]
    chosen = scheduling.opening_of(openings, str(case.data["choice"]))
    away = chosen.distance_km if chosen else None
    return {"patient": openings.patient or None, "group": openings.group, "away_km": away}


def place(case: Case) -> tuple[Write, ...]:
    """Return the patient's place on the clinic's list: who has a visit may still want to come sooner."""
    away = case.data.get("away_km")
    waiter = scheduling.Waiter(
        case=case.id, patient=str(case.data["patient"]), since=case.opened_at, urgency=urgency_of(case),
        wish=str(case.data.get("wish") or ""), group=str(case.data.get("group") or ""),
        current_start=datetime.fromisoformat(str(case.data["start"])),
        distance_km=float(away) if away is not None else None, offers=number(case, "offers"),
    )  # fmt: skip
    focus = str(case.data["focus"])
    return (scheduling.join_waitlist(waiter, subject=case.subject, clinic=clinic_of(case), focus=focus),)


def taken(case: Case) -> tuple[Tell, ...]:
    """Tell the waitlist that an earlier slot it offered found its patient."""
    if case.data.get("back") != "scheduled":
        return ()
    body: dict[str, Json] = {"case": case.id, "slot": str(case.data.get("choice")), "taken": True}
    return (Tell(called(WAITLIST, clinic_of(case)), "offer.closed", body, opens=True),)


def freed_text(visit: scheduling.Visit) -> str:
    """Return the slot of a visit that is being let go, as the case keeps it."""
    if not (visit.slot and visit.start and visit.end):
        return ""
    return f"{visit.slot}|{visit.start.isoformat()}|{visit.end.isoformat()}"


@journey.on("booking", EffectFailed, needs=NEEDS, goes=BACK, asks=(UNBOOKED, REACH))
def not_booked(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Taken meanwhile: offer other times. Anything else: a person books, or mends the connection."""
    assert isinstance(event, EffectFailed)  # noqa: S101  the engine calls it with no other event
    if event.effect_kind in messaging.KINDS:
        return text_failed(case, facts, policy, event, now)
    unbooked = scheduling.decide_unbooked(
        number(case, "lost") + 1, why=event.why.partition(":")[2], urgency=urgency_of(case), now=now,
        policy=policy[scheduling.RECOVERY],
    )  # fmt: skip
    if unbooked.route is Route.ASK:
        return ask(UNBOOKED, because=unbooked, urgent=urgency_of(case) != "routine")
    return lost(case, unbooked)


@journey.on("booking", CardDecided, goes=(*BACK, "booking"))
def booking_decided(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A person says how to go on with a visit that could not be booked."""
    answer = card(event).answer
    if answer == "try_again":
        return to("booking", now=True)
    if answer == "offer_again":
        return to(str(case.data.get("back") or "offering"), now=True, data={**FRESH, "choice": None})
    return to("offering", data={**FRESH, "choice": None}) if answer == "booked_by_phone" else stay()


@journey.state(
    "cancelling", owner=Team.ACCESS, clock="access.book", awaits="the_clinics_cancellation",
    status="5.2", needs=(scheduling.VISIT,), goes=("cancelling", *SEEKING, *ENDS), asks=(UNCANCELLED,),
)  # fmt: skip
def cancel(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Take the visit back in the clinic's own system before anything else follows."""
    visit = facts[scheduling.VISIT]
    if visit.status != "booked" or visit.name != case.data.get("appointment"):
        return after_cancelling(case)
    clinic = policy[scheduling.CLINICS].clinics[clinic_of(case)]
    gone = scheduling.cancel(visit, clinic=clinic, now=now)
    return stay(effects=(gone,), data={"freeing": freed_text(visit)})


@journey.on("cancelling", EffectDelivered, goes=(*SEEKING, *ENDS))
def cancelled_in_clinic(
    case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant
) -> Next:
    """The slot is free for somebody who waits, and the case goes on as planned."""
    assert isinstance(event, EffectDelivered)  # noqa: S101  the engine calls it with no other event
    if event.effect_kind != scheduling.CANCEL_APPOINTMENT:
        return stay()
    return after_cancelling(case, tells=freed(case))


def after_cancelling(case: Case, *, tells: tuple[Tell, ...] = ()) -> Next:
    """Go on without the visit: back to the patient, or to an end."""
    then = str(case.data.get("then") or "recovering_cancellation")
    data: dict[str, Scalar] = {
        **FRESH, "then": None, "appointment": None, "gone": case.data.get("appointment"),
        "slot": None, "freeing": None,
        "first": case.data.get("first"), "verified": None, "checked": None,
    }  # fmt: skip
    return to(then, now=then not in ENDS, data=data, tells=tells)


def freed(case: Case) -> tuple[Tell, ...]:
    """Tell the clinic's waitlist that a slot became free."""
    if not case.data.get("freeing"):
        return ()
    slot, start, end = str(case.data["freeing"]).split("|")
    body = {"slot": slot, "start": start, "end": end}
    return (Tell(called(WAITLIST, clinic_of(case)), "slot.freed", body, opens=True),)


@journey.on(
    "cancelling", EffectFailed, needs=(messaging.CONTACT,), goes=(*SEEKING, *ENDS), asks=(UNCANCELLED, REACH)
)
def not_cancelled(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A person takes the visit back."""
    assert isinstance(event, EffectFailed)  # noqa: S101  the engine calls it with no other event
    if event.effect_kind in messaging.KINDS:
        return text_failed(case, facts, policy, event, now)
    unbooked = scheduling.decide_unbooked(
        1, why=event.why, urgency=urgency_of(case), now=now, policy=policy[scheduling.RECOVERY]
    )
    return ask(UNCANCELLED, because=unbooked)


@journey.on("cancelling", CardDecided, goes=("cancelling", *SEEKING, *ENDS))
def cancelling_decided(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Try once more, or go on because somebody cancelled it by telephone."""
    return to("cancelling", now=True) if card(event).answer == "try_again" else after_cancelling(case)
