"""What the patient writes back: read in the light of what was asked, done at once, or handed to a person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from careengine.capabilities import messaging, scheduling
from careengine.engine.calendars import zone_of
from careengine.engine.journey import Case, Event, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.ahead import NEEDS as AHEAD
from careengine.journeys.referral_to_visit.booking import WAITLIST
from careengine.journeys.referral_to_visit.offered import EARLIER, NO_EARLIER, OVER, TAKEN, options_of
from careengine.journeys.referral_to_visit.offering import ASKS, FRESH, attempt
from careengine.journeys.referral_to_visit.offering import NEEDS as LOOKING
from careengine.journeys.referral_to_visit.saying import REACH, note_of, reach, say
from careengine.journeys.referral_to_visit.story import ENDS, SEEKING, clinic_of, journey, number, urgency_of
from careengine.kernel.decision import Decision, Route
from careengine.kernel.effect import Json
from careengine.kernel.next import Next, Tell, ask, called, stay, to
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

READ = "messaging.reply"
"""The card on which a person reads what the patient wrote."""
SEEK_GOES = (*SEEKING, "booking", "cancelling", *ENDS)
SEEK_ASKS = (READ, *ASKS)


def understood(case: Case, facts: Facts, policy: Policies, event: Event, now: Instant, kind: str) -> Decision:
    """Read the message the event names, as an answer to what this case asked."""
    message = next((m for m in facts[messaging.INBOX].messages if m.ref == event.ref), None)
    options = {"offer": options_of(case), "early": options_of(case, EARLIER)}.get(kind, own(case))
    asked = messaging.Asked(kind=kind, options=options)
    contact = facts[messaging.CONTACT]
    language = next(iter(contact.languages), policy[messaging.MESSAGE].when_unstated)
    found = message or messaging.Message(ref=event.ref, at=event.at, text="")
    return messaging.decide_reply(
        found,
        asked=asked,
        policy=policy[messaging.REPLIES],
        now=now,
        zone=zone_of(case.zone),
        language=language,
    )


def own(case: Case) -> tuple[messaging.Option, ...]:
    """Return the visit that is booked, as the one time a reminder is about."""
    if not case.data.get("start"):
        return ()
    start = datetime.fromisoformat(str(case.data["start"]))
    return (messaging.Option(str(case.data.get("appointment") or ""), start, start),)


def hand_over(case: Case, said: Decision) -> Next:
    """Lay the message before a nurse, or before the desk."""
    nurse = said.answer == messaging.NURSE
    urgent = nurse or urgency_of(case) != "routine"
    return ask(READ, because=said, urgent=urgent, team=Team.NURSES if nurse else Team.ACCESS)


@journey.on(
    "recovering_no_show",
    messaging.RECEIVED,
    needs=(*LOOKING, messaging.INBOX),
    goes=SEEK_GOES,
    asks=SEEK_ASKS,
)
@journey.on(
    "recovering_cancellation",
    messaging.RECEIVED,
    needs=(*LOOKING, messaging.INBOX),
    goes=SEEK_GOES,
    asks=SEEK_ASKS,
)
@journey.on(
    "rebooking", messaging.RECEIVED, needs=(*LOOKING, messaging.INBOX), goes=SEEK_GOES, asks=SEEK_ASKS
)
@journey.on("offering", messaging.RECEIVED, needs=(*LOOKING, messaging.INBOX), goes=SEEK_GOES, asks=SEEK_ASKS)
def answered_offer(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """An answer to the times that were offered."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    said = understood(case, facts, policy, event, now, "offer")
    act = SEEKING_ACTS.get(said.answer)
    if said.route is Route.ASK or act is None:
        return hand_over(case, said)
    return act(case, facts, policy, said, now)


Act = Callable[[Case, Facts, Policies, Decision, Instant], Next]


def choose(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """They chose one: book it."""
    data: dict[str, Scalar] = {"choice": messaging.option_of(said), "back": case.state}
    return to("booking", because=said, now=True, data=data)


def other_times(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """They named when they can: offer other times at once, within what they said."""
    wish = messaging.wish_of(said) or case.data.get("wish")
    refused = [option.key for option in options_of(case)]
    before = str(case.data.get("refused") or "").split()
    data: dict[str, Scalar] = {"wish": wish, "refused": " ".join(dict.fromkeys((*before, *refused)))}
    template = "scheduling.offer"
    return attempt(case, facts, policy, now, template=template, prompted=True, because=(said,), data=data)


def again(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """They want a time: offer what is free now."""
    return attempt(case, facts, policy, now, template="scheduling.offer", prompted=True, because=(said,))


def obey_stop(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """No text leaves any more; the case goes on by another way, or by a person."""
    data: dict[str, Scalar] = {
        "failed": with_failed(case, messaging.SMS),
        "tries": 0,
        "first": "scheduling.offer",
    }
    return to(case.state, because=said, now=True, voids=(messaging.SEND_TEXT,), data=data)


def not_theirs(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """The number is somebody else's: never write to it again, and reach the patient another way."""
    contact = facts[messaging.CONTACT]
    wrong = messaging.wrong_number(case, contact, address_of(facts, case), now)
    data: dict[str, Scalar] = {"tries": 0, "first": "scheduling.offer"}
    return to(case.state, because=said, now=True, writes=(wrong,), voids=(messaging.SEND_TEXT,), data=data)


def address_of(facts: Facts, case: Case) -> str:
    """Return the digest of the number that was last written to for this case."""
    sent = [one for one in facts[messaging.CONTACT].sent if one.case in {0, case.id} and one.address]
    newest = max(sent, key=lambda one: one.at, default=None)
    return newest.address if newest else ""


def with_failed(case: Case, channel: str) -> str:
    """Return the ways that do not reach the patient, this one included."""
    return " ".join(dict.fromkeys((*str(case.data.get("failed") or "").split(), channel)))


def who_we_are(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """Say who writes, and nothing about whom."""
    return answer_with(case, facts, policy, said, now, "messaging.who_we_are")


def answer_with(
    case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant, template: str
) -> Next:
    """Answer the patient at once."""
    told = say(case, facts, policy, now, note_of(case, template, prompted=True), channel=messaging.SMS)
    if told.unsaid:
        return reach(case, told, said)
    return stay(because=(said, told.decision), effects=told.effects, writes=told.writes)


def noted(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """Nothing follows from it: thanks, or a word the webhook has answered itself."""
    return stay(because=said)


SEEKING_ACTS: dict[str, Act] = {
    "choose": choose, "other_times": other_times, "rebook": again, "cannot": other_times, "yes": again,
    "confirm": again,
    "stop": obey_stop, "wrong_number": not_theirs, "who": who_we_are, "help": noted, "thanks": noted,
}  # fmt: skip

VISIT_GOES = ("scheduled", "booking", "cancelling", "rebooking")
VISIT_NEEDS = (*AHEAD, messaging.INBOX)


@journey.on("scheduled", messaging.RECEIVED, needs=VISIT_NEEDS, goes=VISIT_GOES, asks=(READ, REACH))
def answered_about_visit(
    case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant
) -> Next:
    """An answer to a reminder, to an earlier time, or whatever else somebody with a visit writes."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    kind = "early" if case.data.get(EARLIER) else ("reminder" if case.data.get("reminded") else "confirm")
    said = understood(case, facts, policy, event, now, kind)
    acts = EARLY_ACTS | VISIT_ACTS if kind == "early" else VISIT_ACTS
    act = ({**VISIT_ACTS, **EARLY_ACTS} if kind == "early" else acts).get(said.answer)
    if said.route is Route.ASK or act is None:
        return hand_over(case, said)
    return act(case, facts, policy, said, now)


def confirmed(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """They will come."""
    return stay(because=said, data={"confirmed": now.isoformat()})


def call_off(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """They cannot come: take the visit back, free the slot, and bring them back to another time."""
    count = "times_cancelled_by_patient"
    data: dict[str, Scalar] = {
        "then": "recovering_cancellation", "first": "scheduling.cancelled_by_you",
        "cause": "cancelled_by_patient", "fell_at": now.isoformat(), count: number(case, count) + 1,
    }  # fmt: skip
    patient = facts[messaging.CONTACT].ref.partition("@")[0]
    left = scheduling.leave_waitlist(case.id, subject=case.subject, patient=patient)
    return to("cancelling", because=said, now=True, voids=messaging.KINDS, writes=(left,), data=data)


def rebook(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """They want another time: look for one while they keep the one they have."""
    wish = messaging.wish_of(said) or None
    data = {**FRESH, "first": "scheduling.offer", "wish": wish, "prompted": True}
    return to("rebooking", because=said, now=True, voids=messaging.KINDS, data=data)


def stop_texts(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """No text leaves any more; what is due for the visit goes another way."""
    data: dict[str, Scalar] = {"failed": with_failed(case, messaging.SMS)}
    return stay(because=said, voids=(messaging.SEND_TEXT,), data=data, wake=now)


def visit_not_theirs(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """The number is somebody else's: a person tells the patient of the visit."""
    wrong = messaging.wrong_number(case, facts[messaging.CONTACT], address_of(facts, case), now)
    told = ask(REACH, because=said, team=Team.ACCESS)
    return Next(because=told.because, asking=told.asking, writes=(wrong,), voids=(messaging.SEND_TEXT,))


VISIT_ACTS: dict[str, Act] = {
    "confirm": confirmed, "yes": confirmed, "thanks": noted, "help": noted, "running_late": noted,
    "cancel": call_off, "cannot": rebook, "no": rebook, "rebook": rebook, "other_times": rebook,
    "stop": stop_texts,
    "wrong_number": visit_not_theirs, "who": who_we_are,
}  # fmt: skip


def take_early(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """They want the earlier time: book it; the visit they have stays until it is confirmed.

    After their time to answer the slot may still be free; once somebody took it, they hear so.
    """
    if case.data.get(OVER) == TAKEN:
        return forgotten(answer_with(case, facts, policy, said, now, "scheduling.earlier_gone"))
    slot = options_of(case, EARLIER)[0].key
    return to("booking", because=said, now=True, data={"choice": slot, "back": "scheduled"})


def keep_old(case: Case, facts: Facts, policy: Policies, said: Decision, now: Instant) -> Next:
    """They keep the time they have; the next one on the list is asked."""
    slot = options_of(case, EARLIER)[0].key
    body: dict[str, Json] = {"case": case.id, "slot": slot, "taken": False}
    closed = Tell(called(WAITLIST, clinic_of(case)), "offer.closed", body, opens=True)
    kept = forgotten(answer_with(case, facts, policy, said, now, "scheduling.keep_old"))
    return kept if case.data.get(OVER) else replace(kept, tells=(*kept.tells, closed))


def forgotten(answered: Next) -> Next:
    """Forget the earlier slot, which was answered."""
    return replace(answered, data={**answered.data, **NO_EARLIER})


EARLY_ACTS: dict[str, Act] = {"yes": take_early, "choose": take_early, "no": keep_old}


@journey.on_any(messaging.RECEIVED, needs=(messaging.INBOX, messaging.CONTACT), asks=(READ, REACH))
def wrote_unasked(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Somebody writes while nothing is asked of them: only what is harmless is left to software."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    said = understood(case, facts, policy, event, now, "none")
    quiet = said.route is Route.PROCEED and said.answer in {"thanks", "help", "stop"}
    voids = (messaging.SEND_TEXT,) if said.answer == "stop" else ()
    return stay(because=said, voids=voids) if quiet else hand_over(case, said)
