"""A slot became free: who waits is asked whether they want to come sooner, and loses nothing by silence."""

from dataclasses import replace
from datetime import datetime

from careengine.capabilities import messaging
from careengine.engine.journey import Case, Event, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.booking import WAITLIST, place
from careengine.journeys.referral_to_visit.offered import EARLIER, OVER, TAKEN
from careengine.journeys.referral_to_visit.saying import Said, note_of, say
from careengine.journeys.referral_to_visit.story import SLOT_OFFERED, clinic_of, journey, number
from careengine.kernel.effect import Json
from careengine.kernel.next import Next, Tell, called, stay
from careengine.kernel.policy import Scalar


@journey.on("scheduled", SLOT_OFFERED, needs=(messaging.CONTACT,))
def offered_earlier(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Ask by text, within the hours and the caps; who cannot be asked that soon is passed over."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    slot, start, end = (str(event.body[name]) for name in ("slot", "start", "end"))
    said = say(
        case, facts, policy, now, note_of(case, "scheduling.earlier_slot", when=start), channel=messaging.SMS
    )
    waits = case.data.get(EARLIER) and not case.data.get(OVER)
    if said.unsaid or waits or leaves_at(said) >= until(event):
        return stay(because=said.decision if said.unsaid else (), tells=(passed_over(case, slot),))
    data: dict[str, Scalar] = {
        EARLIER: slot, f"{EARLIER}_at": f"{start}|{end}", OVER: None, "offers": number(case, "offers") + 1,
    }  # fmt: skip
    listed = place(replace(case, data={**case.data, **data})) if case.data.get("patient") else ()
    return stay(because=said.decision, effects=said.effects, writes=(*said.writes, *listed), data=data)


def leaves_at(said: Said) -> datetime:
    """Return when a message that was decided on may leave."""
    return datetime.fromisoformat(str(said.decision.because[0].params["at"]))


def until(event: Event) -> datetime:
    """Return by when an answer to the earlier slot counts."""
    return datetime.fromisoformat(str(event.body["answer_by"]))


@journey.on_any(SLOT_OFFERED)
def not_waiting(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Whoever has no visit now is not asked about an earlier one: they are offered all that is free."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    return stay(tells=(passed_over(case, str(event.body["slot"])),))


@journey.on("scheduled", "offer.lapsed")
def lapsed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The earlier time was given to somebody else, or is offered to the next; the visit stays as it was.

    The question is remembered, so that a late answer is read as one to it: a late yes may still find the
    slot free, and a late no is never taken for one to the visit.
    """
    assert event is not None  # noqa: S101  the engine calls it with an event
    if event.body.get("slot") != case.data.get(EARLIER):
        return stay()
    return stay(data={OVER: TAKEN if event.body.get("taken") else "late"})


@journey.on_any("offer.lapsed")
def lapsed_elsewhere(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """An earlier time that does not matter here any more."""
    return stay()


def passed_over(case: Case, slot: str) -> Tell:
    """Tell the waitlist that this patient does not take the slot."""
    body: dict[str, Json] = {"case": case.id, "slot": slot, "taken": False}
    return Tell(called(WAITLIST, clinic_of(case)), "offer.closed", body, opens=True)
