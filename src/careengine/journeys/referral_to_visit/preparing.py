"""What is due before a visit: insurance verified, form sent and chased, reminders; each as one step."""

from dataclasses import dataclass, field
from datetime import datetime

from careengine.capabilities import messaging, registration, scheduling
from careengine.engine.journey import Case, EffectDelivered, EffectFailed, Event, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.booking import freed
from careengine.journeys.referral_to_visit.offered import NO_EARLIER, OVER
from careengine.journeys.referral_to_visit.saying import REACH, note_of, say, text_failed
from careengine.journeys.referral_to_visit.story import RESPONSE, journey
from careengine.kernel.decision import Decision, Route
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, Write, ask, stay
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

COVER, VERIFIED, INTAKE = "registration.cover", "registration.verified", "registration.intake"
CARDS = (COVER, VERIFIED, INTAKE)
OPEN = "open"
"""What a case keeps under a card's kind once it was asked, so that it is asked once for a visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was due, or when it is; ``asking`` names the card on which a person does it."""

    because: tuple[Decision, ...] = ()
    effects: tuple[Effect, ...] = ()
    writes: tuple[Write, ...] = ()
    data: dict[str, Scalar] = field(default_factory=dict)
    asking: str = ""
    wake: datetime | None = None
    now: str = ""
    """When it was asked, as an instant."""


def asks(case: Case, kind: str, now: Instant, *because: Decision) -> Step:
    """Ask a person once for each visit."""
    if case.data.get(kind):
        return Step()
    return Step(because=because, asking=kind, data={kind: OPEN}, now=now.isoformat())


def start_of(case: Case) -> datetime:
    """Return when the visit begins."""
    return datetime.fromisoformat(str(case.data["start"]))


def verification(case: Case, facts: Facts, policy: Policies, now: Instant) -> Step:
    """Ask the payer when it is time; what cannot be asked is a person's."""
    start = start_of(case)
    if now >= start or case.data.get("checking"):
        return Step()
    cover = facts[registration.COVER]
    found = registration.decide_cover(cover, day=case.day(start), policy=policy[registration.COVERS])
    held = registration.chosen(found, cover)
    if held is None:
        return asks(case, COVER, now, found)
    due = registration.decide_check_due(
        start, facts[registration.ELIGIBILITY], held=held, now=now, zone=case.zone,
        policy=policy[registration.CHECKING],
    )  # fmt: skip
    if due.answer != registration.DUE:
        return Step(wake=registration.due_at(due))
    question = registration.ask_eligibility(
        cover, held, visit_day=case.day(start), covers=policy[registration.COVERS],
        policy=policy[registration.CHECKING], now=now,
    )  # fmt: skip
    return Step(because=(found, due), effects=(question,), data={"checking": now.isoformat()})


def prepared(case: Case, facts: Facts, policy: Policies, now: Instant) -> Step:
    """Send the form, remind of it, and let a person help before the visit."""
    todo = registration.decide_intake(
        facts[registration.INTAKE], visit_start=start_of(case), now=now, zone=case.zone,
        policy=policy[registration.INTAKES],
    )  # fmt: skip
    if todo.answer == registration.UNFINISHED:
        return asks(case, INTAKE, now, todo)
    if todo.answer not in {registration.SEND, registration.CHASE}:
        return Step(wake=registration.look_again_at(todo))
    template = "registration.intake" if todo.answer == registration.SEND else "registration.intake_again"
    said = say(case, facts, policy, now, note_of(case, template), ordinal=1)
    if said.unsaid:
        return asks(case, INTAKE, now, todo, said.decision)
    kept = registration.asked_now(case.data.get("intake"), now)
    because = (todo, said.decision)
    return Step(because=because, effects=said.effects, writes=said.writes, data={"intake": kept}, wake=now)


def reminded(case: Case, facts: Facts, policy: Policies, now: Instant) -> Step:
    """Remind of the visit by policy; who cannot be written to is rung up once."""
    done = str(case.data.get("reminded") or "").split()
    booked = datetime.fromisoformat(str(case.data.get("booked") or case.entered_at.isoformat()))
    due = scheduling.decide_reminder(
        start_of(case), reminded=done, confirmed=bool(case.data.get("confirmed")), booked=booked,
        now=now, zone=case.zone, policy=policy[scheduling.REMINDERS],
    )  # fmt: skip
    name = scheduling.reminder_of(due)
    if due.answer != scheduling.SEND:
        return Step(wake=scheduling.moment_of(due))
    failed = str(case.data.get("failed") or "").split()
    note = note_of(case, f"scheduling.reminder_{name}")
    said = say(case, facts, policy, now, note, without=failed, ordinal=2)
    over = NO_EARLIER if case.data.get(OVER) else {}
    data: dict[str, Scalar] = {**over, "reminded": " ".join((*done, name))}
    if said.unsaid:
        step = asks(case, REACH, now, due, said.decision)
        return Step(because=step.because, asking=step.asking, data={**data, **step.data}, now=step.now)
    return Step(because=(due, said.decision), effects=said.effects, writes=said.writes, data=data, wake=now)


NEEDS = (messaging.CONTACT, registration.COVER, registration.ELIGIBILITY)


@journey.on("scheduled", EffectDelivered, needs=NEEDS, asks=(*CARDS, REACH))
@journey.on("scheduled", EffectFailed, needs=NEEDS, asks=(*CARDS, REACH))
def came_back(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """An answer of the payer, a slot let go, a message that left or did not."""
    assert isinstance(event, EffectDelivered | EffectFailed)  # noqa: S101  these are the only ones it is called with
    if event.effect_kind == registration.ASK_ELIGIBILITY:
        return payer_said(case, facts, policy, event, now)
    if event.effect_kind == scheduling.CANCEL_APPOINTMENT and isinstance(event, EffectDelivered):
        return stay(tells=freed(case), data={"freeing": None})
    failed = isinstance(event, EffectFailed) and event.effect_kind in messaging.KINDS
    return text_failed(case, facts, policy, event, now) if failed else stay()


def payer_said(
    case: Case, facts: Facts, policy: Policies, event: EffectDelivered | EffectFailed, now: Instant
) -> Next:
    """Keep what the payer answered; what it leaves open is a person's, and the visit stays."""
    day = case.day(start_of(case))
    cover, checks = facts[registration.COVER], facts[registration.ELIGIBILITY]
    found = registration.decide_cover(cover, day=day, policy=policy[registration.COVERS])
    held = registration.chosen(found, cover)
    if held is None:
        return stay(data={"checking": None}, wake=now)
    reply = registration.heard(event, held, visit_day=day)
    silent = registration.silences(checks, held)
    answer = registration.decide_verified(reply, policy=policy[registration.ANSWERS], silent=silent)
    data: dict[str, Scalar] = {
        "checking": None,
        "verified": registration.told(answer.answer, day=case.day(now)),
    }
    written = (registration.verified(case, cover, reply, now=now),)
    if answer.route is Route.ASK and not case.data.get(VERIFIED):
        card = ask(VERIFIED, because=answer, team=Team.ACCESS, data={**data, VERIFIED: OPEN})
        return Next(because=card.because, asking=card.asking, data=card.data, writes=written, wake=now)
    return stay(because=answer, writes=written, data=data, wake=now)


@journey.on("scheduled", RESPONSE, needs=(registration.ANSWERED,), asks=CARDS)
def form_came(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Put a finished form into the chart; another insurance than the record's is taken in by a person."""
    answered = facts[registration.ANSWERED]
    written = registration.chart_answers(case, answered, now=now)
    if not (answered.complete and registration.insurance_changed(answered)):
        return stay(writes=written, wake=now)
    change = registration.decide_change(answered, policy=policy[registration.COVERS])
    card = ask(COVER, because=change, team=Team.ACCESS, data={COVER: OPEN, "verified": None})
    return Next(because=card.because, asking=card.asking, data=card.data, writes=written, wake=now)
