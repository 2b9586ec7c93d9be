"""From a referral that arrives to a sender who knows what became of it, and who owns it on the way."""

from collections.abc import Sequence

from careengine.capabilities import referrals
from careengine.engine.journey import (
    Candidate,
    CardDecided,
    Case,
    EffectDelivered,
    EffectFailed,
    Event,
    Facts,
    Instant,
    Join,
    Journey,
    Open,
    Policies,
)
from careengine.kernel.decision import Decision
from careengine.kernel.next import Next, ask, stay, to
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

REQUEST = "record.ServiceRequest"
PERSON, COVERAGE = "record.Patient", "record.Coverage"
FACTS = (referrals.REFERRAL, referrals.TWINS)
ENDS = ("joined", "withdrawn", "not_a_referral", "acknowledged", "declined")
AHEAD = ("received", "urgent_triage", "information_missing", "acknowledging", *ENDS)
DESK = tuple(f"referrals.{q}" for q in ("standing", "successor", "duplicate", "identity", "clinic", "triage"))
NURSE = ("referrals.urgency", "referrals.triage")
MISSING = ("referrals.completeness",)

journey = Journey(
    "referral_acknowledged", version=1, subject="ServiceRequest",
    outcome="the sender knows what became of the referral", target="referrals.acknowledged_in_time",
    listens=(REQUEST, PERSON, COVERAGE),
)  # fmt: skip


@journey.route
def route(event: Event, candidates: Sequence[Candidate]) -> Join | Open | None:
    """A request belongs to its own case or opens it; what happens to a person concerns all of theirs."""
    if event.kind == REQUEST:
        referral = event.ref.partition("@")[0]
        mine = tuple(c.case for c in candidates if c.data.get("focus") == referral)
        return Join(mine) if mine else Open(key=referral, data={"focus": referral})
    return Join(tuple(c.case for c in candidates)) if candidates else None


@journey.state(
    "information_missing", owner=Team.ACCESS, clock="access.answer_missing_information",
    awaits="missing_information", status="2.0", needs=FACTS, goes=AHEAD, asks=MISSING,
)  # fmt: skip
@journey.state(
    "urgent_triage", owner=Team.NURSES, clock="nurses.triage_urgent",
    awaits="nurses_decision", status="2.0", needs=FACTS, goes=AHEAD, asks=NURSE,
)  # fmt: skip
@journey.state(
    "received", owner=Team.ACCESS, clock="access.acknowledge_referral",
    awaits="our_check", status="2.0", needs=FACTS, goes=AHEAD, asks=DESK,
)  # fmt: skip
def look(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Ask the referral's questions in order; go on alone, end, or stop where somebody must look."""
    checked = referrals.check(
        facts[referrals.REFERRAL], facts[referrals.TWINS],
        rules=referrals.Rules.of(policy), settled=case.data, today=case.day(now),
    )  # fmt: skip
    stop = checked.stop
    if stop is None:
        outcome = referrals.outcome_of(checked, case.data)
        return to("acknowledging", because=checked.decisions, now=True, data={"outcome": outcome})
    if stop.answer in ENDS:
        return to(stop.answer, because=checked.decisions)
    place = place_of(stop)
    if place != case.state:
        return to(place, because=checked.decisions[:-1], now=True)
    shown = checked.decisions if place == "received" else (stop,)
    return ask(stop.question, because=shown, urgent=place == "urgent_triage", data={"asked": stop.answer})


def place_of(stop: Decision) -> str:
    """Return the state in which the decision that stopped us is waited for."""
    if stop.question == "referrals.urgency" or stop.answer == referrals.NURSE:
        return "urgent_triage"
    return "information_missing" if stop.question in MISSING else "received"


@journey.on("information_missing", CardDecided, goes=AHEAD)
@journey.on("urgent_triage", CardDecided, goes=AHEAD)
@journey.on("received", CardDecided, goes=AHEAD)
def answered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Go by what the person said, and ask the remaining questions again on fresh facts."""
    said = card(event)
    if said.answer == "decline":
        return to("acknowledging", now=True, data={"outcome": referrals.DECLINED, "why": said.reason})
    if said.answer in ENDS:
        return to(said.answer)
    return to("received", now=True, data=settled_by(said, case))


def settled_by(said: CardDecided, case: Case) -> dict[str, Scalar]:
    """Return what a person's answer settles: the finding they saw, and what they said instead of it."""
    finding: dict[str, Scalar] = {referrals.settles(said.card_kind, str(case.data.get("asked"))): said.answer}
    match said.answer:
        case "supplied":
            return {"asked": None}
        case "accept_urgent":
            return {**finding, **referrals.SEEN_BY_A_NURSE, referrals.LEVEL: "urgent"}
        case "accept_routine":
            return {**finding, referrals.LEVEL: "routine"}
        case "take_up" | "econsult" | "redirect":
            return routed_by(said, finding)
        case "act" | "separate" | "confirmed" | "accept" | "accept_without":
            return finding
        case clinic:
            return {referrals.CLINIC: clinic}


def routed_by(said: CardDecided, finding: dict[str, Scalar]) -> dict[str, Scalar]:
    """Return what follows from another way on: another referral, an answer in writing, another clinic."""
    if said.answer == "take_up":
        others = (reason.params["other"] for reason in said.decision.because if "other" in reason.params)
        return {"asked": None, "focus": str(next(others)).partition("@")[0]}
    if said.answer == "econsult":
        return {**finding, referrals.BY: referrals.ECONSULT}
    other = referrals.redirected_to(said.decision)
    return {referrals.CLINIC: other, referrals.FROM: True} if other else {"asked": None}


@journey.on_any(REQUEST, needs=FACTS, goes=AHEAD, asks=(*DESK, *NURSE, *MISSING))
@journey.on_any(PERSON, needs=FACTS, goes=AHEAD, asks=(*DESK, *NURSE, *MISSING))
@journey.on_any(COVERAGE, needs=FACTS, goes=AHEAD, asks=(*DESK, *NURSE, *MISSING))
def changed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Look again at what changed; once the sender is being told, only a withdrawal counts."""
    if case.state in ENDS:
        return stay()
    if case.state != "acknowledging":
        return look(case, facts, policy, event, now)
    standing = referrals.decide_standing(facts[referrals.REFERRAL], policy=policy[referrals.STANDING])
    if standing.answer == referrals.WITHDRAWN:
        return to("received", because=standing, now=True, voids=(referrals.ACKNOWLEDGE,))
    return stay()


@journey.state(
    "acknowledging", owner=Team.INTEGRATION, clock="integration.deliver_acknowledgement",
    awaits="senders_receipt", needs=(referrals.REFERRAL,), asks=("referrals.acknowledgement",),
)  # fmt: skip
def acknowledging(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Tell the sender once; if there is no way to tell them, the desk does it by telephone."""
    referral, wording = facts[referrals.REFERRAL], policy[referrals.ACKNOWLEDGEMENT]
    outcome = str(case.data["outcome"])
    told = referrals.decide_acknowledgement(referral, outcome=outcome, policy=wording)
    if told.answer != outcome:
        return ask("referrals.acknowledgement", because=told, team=Team.ACCESS)
    acknowledgement = referrals.acknowledge(
        referral, told, policy=wording, now=now, why=str(case.data.get("why", "")),
        clinic=str(case.data[referrals.CLINIC]) if outcome == referrals.REDIRECTED else "",
    )  # fmt: skip
    return stay(because=told, effects=(acknowledgement,))


@journey.on("acknowledging", EffectDelivered, goes=("acknowledged", "declined"))
def delivered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The sender has it."""
    return to(told_of(case))


@journey.on("acknowledging", EffectFailed, needs=(referrals.REFERRAL,), asks=("referrals.delivery",))
def undelivered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """It will not arrive by itself: somebody mends the connection, or tells the sender."""
    why = event.why if isinstance(event, EffectFailed) else ""
    failed = referrals.decide_undelivered(
        facts[referrals.REFERRAL], why=why, policy=policy[referrals.ACKNOWLEDGEMENT]
    )
    return ask("referrals.delivery", because=failed)


@journey.on("acknowledging", CardDecided, goes=("acknowledging", "acknowledged", "declined"))
def told_by_a_person(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Either the sender was told, or it is to be sent once more."""
    return to(told_of(case)) if card(event).answer == "told" else to("acknowledging", now=True)


@journey.on_any(EffectDelivered)
@journey.on_any(EffectFailed)
def too_late(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The outcome of an acknowledgement that no longer matters here."""
    return stay()


def told_of(case: Case) -> str:
    """Return the end that the sender was told of."""
    return "declined" if case.data["outcome"] == referrals.DECLINED else "acknowledged"


def card(event: Event | None) -> CardDecided:
    """Return the event as the card that was answered."""
    assert isinstance(event, CardDecided)  # noqa: S101  the engine calls these handlers with no other event
    return event


journey.end("acknowledged", outcome="sender told: accepted", reached_goal=True, status="3.0")
journey.end("declined", outcome="sender told: declined by a person", reached_goal=True, status="4.0")
journey.end("joined", outcome="the same referral is already on its way", reached_goal=True)
journey.end("withdrawn", outcome="withdrawn by the sender", reached_goal=False, status="6.0")
journey.end("not_a_referral", outcome="a request that is somebody else's work", reached_goal=False)
