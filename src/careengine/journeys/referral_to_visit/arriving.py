"""A referral arrives: it is checked, triaged and completed, and its sender is told what became of it."""

from dataclasses import replace

from careengine.capabilities import messaging, referrals
from careengine.engine.journey import CardDecided, Case, EffectDelivered, Event, Facts, Instant, Policies
from careengine.journeys import referral_acknowledged as acknowledged
from careengine.journeys.referral_to_visit.saying import say
from careengine.journeys.referral_to_visit.story import ENDS, INTAKE, PERSON, REQUEST, card, journey
from careengine.kernel.decision import Decision, Route
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, Write, ask, stay, to
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

FACTS = (referrals.REFERRAL, referrals.TWINS, messaging.CONTACT)
ASKING = "referrals.asking"
AHEAD = (*INTAKE, "acknowledging", "offering", *ENDS)
CHANGED = (*AHEAD, "cancelling")
DESK = acknowledged.DESK


@journey.state(
    "information_missing", owner=Team.ACCESS, clock="access.answer_missing_information",
    awaits="missing_information", status="2.0", needs=FACTS, goes=AHEAD, asks=(ASKING,),
)  # fmt: skip
@journey.state(
    "urgent_triage", owner=Team.NURSES, clock="nurses.triage_urgent",
    awaits="nurses_decision", status="2.0", needs=FACTS, goes=AHEAD, asks=acknowledged.NURSE,
)  # fmt: skip
@journey.state(
    "received", owner=Team.ACCESS, clock="access.acknowledge_referral",
    awaits="our_check", status="2.0", needs=FACTS, goes=AHEAD, asks=DESK,
)  # fmt: skip
def look(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Ask the referral's questions in order; go on alone, ask for what is missing, or stop for a person."""
    checked = referrals.check(
        facts[referrals.REFERRAL], facts[referrals.TWINS],
        rules=referrals.Rules.of(policy), settled=case.data, today=case.day(now),
    )  # fmt: skip
    stop = checked.stop
    if stop is None:
        return accepted(case, facts, policy, checked, now)
    if stop.answer in ENDS:
        return to(stop.answer, because=checked.decisions)
    place = acknowledged.place_of(stop)
    if place != case.state:
        return to(place, because=checked.decisions[:-1], now=True)
    if place == "information_missing":
        return missing(case, facts, policy, stop, now)
    shown = checked.decisions if place == "received" else (stop,)
    return ask(stop.question, because=shown, urgent=place == "urgent_triage", data={"asked": stop.answer})


def accepted(case: Case, facts: Facts, policy: Policies, checked: referrals.Checked, now: Instant) -> Next:
    """Tell the sender and look for a time at once; a sender nobody can write to is told by the desk first."""
    referral, wording = facts[referrals.REFERRAL], policy[referrals.ACKNOWLEDGEMENT]
    outcome = referrals.outcome_of(checked, case.data)
    answers = {one.question: one.answer for one in checked.decisions}
    data: dict[str, Scalar] = {
        "outcome": outcome,
        referrals.CLINIC: case.data.get(referrals.CLINIC) or answers["referrals.clinic"],
        "urgency": case.data.get(referrals.LEVEL) or answers["referrals.urgency"],
        "visits_planned": referrals.planned_visits(referral),
    }
    told = referrals.decide_acknowledgement(referral, outcome=outcome, policy=wording)
    if told.answer != outcome or outcome == referrals.ECONSULT_ACCEPTED:
        return to("acknowledging", because=checked.decisions, now=True, data=data)
    receipt = acknowledgement(replace(case, data={**case.data, **data}), facts, policy, told, now)
    return to("offering", because=(*checked.decisions, told), now=True, data=data, effects=(receipt,))


def acknowledgement(case: Case, facts: Facts, policy: Policies, told: Decision, now: Instant) -> Effect:
    """Return what the sender is told."""
    redirected = case.data.get("outcome") == referrals.REDIRECTED
    return referrals.acknowledge(
        facts[referrals.REFERRAL], told, policy=policy[referrals.ACKNOWLEDGEMENT], now=now,
        why=str(case.data.get("why") or ""),
        clinic=str(case.data[referrals.CLINIC]) if redirected else "",
    )  # fmt: skip


def missing(case: Case, facts: Facts, policy: Policies, stop: Decision, now: Instant) -> Next:
    """Ask each party once for what it owes, wait until it is due, then ask again or let a person decide."""
    referral = facts[referrals.REFERRAL]
    asking = referrals.decide_asking(
        stop, asked=referrals.asked_of(case.data.get("requested")),
        ways=referrals.ways_to(referral, writable=writable(case, facts, policy, now)),
        policy=policy[referrals.ASKING], now=now, zone=case.zone,
    )  # fmt: skip
    effects, writes, told = asked(case, facts, policy, asking, now)
    data: dict[str, Scalar] = {"asked": stop.answer, "requested": referrals.remembered(asking)}
    if asking.route is Route.ASK:
        stopped = ask(ASKING, because=(asking, stop, *told), data=data)
        return replace(stopped, effects=effects, writes=writes, wake=referrals.next_due(asking))
    wake = referrals.next_due(asking)
    return stay(because=(stop, asking, *told), effects=effects, writes=writes, wake=wake, data=data)


def asked(
    case: Case, facts: Facts, policy: Policies, asking: Decision, now: Instant
) -> tuple[tuple[Effect, ...], tuple[Write, ...], tuple[Decision, ...]]:
    """Return what leaves for the sender and the patient, and how the patient is written to."""
    effects = list(referrals.ask_sender(facts[referrals.REFERRAL], asking, now=now))
    writes: list[Write] = []
    told: list[Decision] = []
    for ordinal, one in enumerate(referrals.ask_patient(asking)):
        note = messaging.Note(template=one.template, params=one.params)
        channel = messaging.LETTER if one.letter else ""
        said = say(case, facts, policy, now, note, channel=channel, ordinal=ordinal)
        effects.extend(said.effects)
        writes.extend(said.writes)
        told.append(said.decision)
    return tuple(effects), tuple(writes), tuple(told)


def writable(case: Case, facts: Facts, policy: Policies, now: Instant) -> bool:
    """Say whether the patient can be written to in a message."""
    note = messaging.Note(template="referrals.missing_item", params={"item": "insurance"})
    told = messaging.decide_message(
        facts[messaging.CONTACT], note, rules=messaging.Rules.of(policy), now=now,
        without=(messaging.LETTER,),
    )  # fmt: skip
    return told.route is Route.PROCEED


@journey.on("information_missing", CardDecided, goes=AHEAD)
@journey.on("urgent_triage", CardDecided, goes=AHEAD)
@journey.on("received", CardDecided, goes=AHEAD)
def answered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Go by what the person said, and ask the remaining questions again on fresh facts."""
    said = card(event)
    if said.answer in {"told_by_phone", "handled"}:
        return stay()
    if said.answer == "decline":
        return to("acknowledging", now=True, data={"outcome": referrals.DECLINED, "why": said.reason})
    if said.answer == "ask_again":
        return to("received", now=True, data={"requested": None})
    if said.answer in ENDS:
        return to(said.answer)
    if said.card_kind == ASKING:
        said = replace(said, card_kind="referrals.completeness")
    return to("received", now=True, data=acknowledged.settled_by(said, case))


@journey.on_any(REQUEST, needs=FACTS, goes=CHANGED, asks=(*DESK, *acknowledged.NURSE, ASKING))
@journey.on_any(PERSON, needs=FACTS, goes=CHANGED, asks=(*DESK, *acknowledged.NURSE, ASKING))
def changed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Look again at what changed: a withdrawal ends the work, a death stops every message to the patient."""
    if case.state in ENDS:
        return stay()
    if case.state in INTAKE:
        return look(case, facts, policy, event, now)
    referral = facts[referrals.REFERRAL]
    standing = referrals.decide_standing(referral, policy=policy[referrals.STANDING])
    if standing.answer == referrals.WITHDRAWN:
        return withdrawn(case, standing)
    identity = referrals.decide_identity(referral, policy=policy[referrals.IDENTITY])
    if identity.answer == referrals.DECEASED:
        return ask("referrals.identity", because=identity, voids=messaging.KINDS, team=Team.ACCESS)
    return stay(wake=now if case.state == "scheduled" else None)


def withdrawn(case: Case, standing: Decision) -> Next:
    """End the work, and with it a visit that is booked."""
    if case.data.get("appointment"):
        return to("cancelling", because=standing, now=True, voids=messaging.KINDS, data={"then": "withdrawn"})
    return to("withdrawn", because=standing, voids=messaging.KINDS)


@journey.state(
    "acknowledging", owner=Team.INTEGRATION, clock="integration.deliver_acknowledgement",
    awaits="senders_receipt", needs=(referrals.REFERRAL,), asks=("referrals.acknowledgement",),
)  # fmt: skip
def acknowledging(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Tell the sender before anything else follows; if there is no way to tell them, the desk telephones."""
    outcome = str(case.data["outcome"])
    wording = policy[referrals.ACKNOWLEDGEMENT]
    told = referrals.decide_acknowledgement(facts[referrals.REFERRAL], outcome=outcome, policy=wording)
    if told.answer != outcome:
        return ask("referrals.acknowledgement", because=told, team=Team.ACCESS)
    return stay(because=told, effects=(acknowledgement(case, facts, policy, told, now),))


@journey.on("acknowledging", EffectDelivered, goes=("offering", "awaiting_report", "declined"))
def receipt(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The sender has it."""
    mine = isinstance(event, EffectDelivered) and event.effect_kind == referrals.ACKNOWLEDGE
    return after_telling(case) if mine else stay()


@journey.on("acknowledging", CardDecided, goes=("acknowledging", "offering", "awaiting_report", "declined"))
def told_by_a_person(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Either the sender was told, or it is to be sent once more."""
    return after_telling(case) if card(event).answer == "told" else to("acknowledging", now=True)


def after_telling(case: Case) -> Next:
    """Go where the outcome leads: an end, written advice, or a time for the visit."""
    outcome = case.data.get("outcome")
    if outcome == referrals.DECLINED:
        return to("declined")
    return to("awaiting_report" if outcome == referrals.ECONSULT_ACCEPTED else "offering", now=True)
