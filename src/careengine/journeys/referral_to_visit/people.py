"""What people answer on a case's cards, from the first text to the visit: each answer and what follows."""

from dataclasses import replace

from careengine.capabilities import messaging, referrals
from careengine.engine.journey import CardDecided, Case, Event, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.arriving import ASKING, acknowledgement
from careengine.journeys.referral_to_visit.booking import UNCANCELLED
from careengine.journeys.referral_to_visit.offering import FRESH, next_look
from careengine.journeys.referral_to_visit.offering import NEEDS as LOOKING
from careengine.journeys.referral_to_visit.reporting import DELIVERY
from careengine.journeys.referral_to_visit.saying import REACH
from careengine.journeys.referral_to_visit.series import SERIES
from careengine.journeys.referral_to_visit.story import ENDS, SEEKING, card, journey, number
from careengine.kernel.next import Next, stay, to
from careengine.kernel.policy import Scalar

GOES = (*SEEKING, "booking", "cancelling", "after_visit", "scheduled", "awaiting_report", *ENDS)


@journey.on("recovering_no_show", CardDecided, needs=LOOKING, goes=GOES)
@journey.on("recovering_cancellation", CardDecided, needs=LOOKING, goes=GOES)
@journey.on("rebooking", CardDecided, needs=LOOKING, goes=GOES)
@journey.on("offering", CardDecided, needs=LOOKING, goes=GOES)
def decided_while_looking(
    case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant
) -> Next:
    """A person helps to find a time, or says that none is wanted."""
    said = card(event)
    if said.card_kind in SIDE:
        return beside(case, facts, policy, said, now)
    if said.card_kind == SERIES and said.answer == "complete":
        return to("awaiting_report", now=True, voids=messaging.KINDS, data=FRESH)
    if said.answer in {"close", "decline"}:
        return closed(case, said)
    if said.answer in {"book_next", "offer_again", "try_again"}:
        data: dict[str, Scalar] = {**FRESH, "cause": None, "wish": None, "failed": case.data.get("failed")}
        return to(case.state, now=True, data=data)
    # Handled, told or booked by telephone, or to wait: if no visit appears, the search is looked at again.
    data = {"cause": None, "tries": 1, "asked_at": now.isoformat()}
    return stay(data=data, wake=next_look(replace(case, data={**case.data, **data}), facts, policy, now))


SIDE = (DELIVERY, UNCANCELLED, ASKING, "referrals.identity")
"""Cards about something beside the search for a time: their answers leave the search as it is."""


def beside(case: Case, facts: Facts, policy: Policies, said: CardDecided, now: Instant) -> Next:
    """Tell the sender once more, if that is what the person wants; else go on as before."""
    if said.card_kind == "referrals.identity" and said.answer == "decline":
        return closed(case, said)
    if said.card_kind != DELIVERY or said.answer != "again":
        return stay()
    outcome, wording = str(case.data.get("outcome")), policy[referrals.ACKNOWLEDGEMENT]
    told = referrals.decide_acknowledgement(facts[referrals.REFERRAL], outcome=outcome, policy=wording)
    if told.answer != outcome:
        return stay(because=told)
    return stay(because=told, effects=(acknowledgement(case, facts, policy, told, now),))


def closed(case: Case, said: CardDecided) -> Next:
    """End the work as the person said: not reached, or no visit wanted."""
    end = "unreachable" if said.card_kind in {"scheduling.outreach", REACH} else "cancelled"
    if case.data.get("appointment"):
        return to("cancelling", now=True, voids=messaging.KINDS, data={"then": end})
    return to(end, voids=messaging.KINDS)


@journey.on("scheduled", CardDecided, needs=(referrals.REFERRAL,), goes=GOES)
def decided_ahead_of_visit(
    case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant
) -> Next:
    """A person settles what software could not before a visit, or says what became of it."""
    said = card(event)
    if said.card_kind in SIDE:
        return beside(case, facts, policy, said, now)
    if said.answer in ANSWERS:
        return ANSWERS[said.answer](case, said, now)
    return stay(data={said.card_kind: None if said.answer in LOOKS_AGAIN else "settled"}, wake=now)


LOOKS_AGAIN = frozenset({"again", "supplied", "look_again"})
"""Answers after which the same is looked at anew, and may be asked again."""


def came(case: Case, said: CardDecided, now: Instant) -> Next:
    """The patient was there."""
    return to("after_visit", now=True, voids=messaging.KINDS)


def missed(case: Case, said: CardDecided, now: Instant) -> Next:
    """The patient was not there: bring them back."""
    count = "times_no_show"
    data: dict[str, Scalar] = {
        **FRESH, "appointment": None, "gone": case.data.get("appointment"),
        "slot": None, "first": "scheduling.missed", "cause": "no_show",
        "fell_at": now.isoformat(), count: number(case, count) + 1,
    }  # fmt: skip
    return to("recovering_no_show", now=True, data=data)


def call_off(case: Case, said: CardDecided, now: Instant) -> Next:
    """The visit is taken back, and another time is offered."""
    data: dict[str, Scalar] = {"then": "recovering_cancellation", "first": "scheduling.cancelled_by_you"}
    return to("cancelling", now=True, voids=messaging.KINDS, data=data)


def offer_again(case: Case, said: CardDecided, now: Instant) -> Next:
    """Another time is looked for while the visit stays."""
    return to("rebooking", now=True, data={**FRESH, "first": "scheduling.offer"})


def close(case: Case, said: CardDecided, now: Instant) -> Next:
    """No visit is wanted."""
    return closed(case, said)


ANSWERS = {
    "came": came, "missed": missed, "cancel_visit": call_off, "offer_again": offer_again,
    "close": close, "decline": close,
}  # fmt: skip
