"""What is written to the patient, in the case's own facts, and what happens when it does not arrive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from careengine.capabilities import messaging
from careengine.engine.journey import Case, EffectDelivered, EffectFailed, Event, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.offered import instants_of
from careengine.journeys.referral_to_visit.story import journey, urgency_of
from careengine.kernel.decision import Decision, Route
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, Write, ask, stay
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

REACH = "messaging.message"
"""The card on which a person is asked to say something themselves."""
TEXTS = messaging.KINDS


@dataclass(frozen=True, slots=True)
class Said:
    """A message decided on: what it says in the ledger, in the chart and on the wire."""

    decision: Decision
    effects: tuple[Effect, ...] = ()
    writes: tuple[Write, ...] = ()

    @property
    def unsaid(self) -> bool:
        """Say whether only a person can say it."""
        return self.decision.route is Route.ASK


def note_of(case: Case, template: str, *, prompted: bool = False, **more: Scalar) -> messaging.Note:
    """Return what a wording says in this case, from what the case keeps."""
    params: Mapping[str, Scalar] = {
        "when": case.data.get("start"), "options": " ".join(instants_of(case)), **more,
    }  # fmt: skip
    kept = {name: value for name, value in params.items() if value}
    urgent = urgency_of(case) != "routine"
    link = "intake" if template.startswith("registration.intake") else ""
    return messaging.Note(template=template, params=kept, prompted=prompted, urgent=urgent, link=link)


def say(  # noqa: PLR0913  a message's parts, each by name
    case: Case,
    facts: Facts,
    policy: Policies,
    now: Instant,
    note: messaging.Note,
    *,
    channel: str = "",
    without: Iterable[str] = (),
    ordinal: int = 0,
) -> Said:
    """Decide how the note reaches the patient, and return it for the handler's answer."""
    contact, rules = facts[messaging.CONTACT], messaging.Rules.of(policy)
    told = messaging.decide_message(contact, note, rules=rules, now=now, channel=channel, without=without)
    if told.route is Route.ASK:
        return Said(told)
    out = messaging.outbound(case, told, note, contact, rules=rules, ordinal=ordinal)
    return Said(told, out.effects, out.writes)


def reach(case: Case, said: Said, *before: Decision) -> Next:
    """Ask a person to say what could not be written."""
    return ask(
        REACH, because=(said.decision, *before), urgent=urgency_of(case) != "routine", team=Team.ACCESS
    )


@journey.on_any(messaging.STATUS, needs=(messaging.CONTACT,), asks=(REACH,))
def carrier_said(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A carrier says what became of a text: one that did not arrive is said another way."""
    why = str(event.body.get("why") or "") if event else ""
    return not_arrived(case, facts, policy, event, now, why=why) if event and why else stay()


@journey.on_any(messaging.WRITTEN, needs=(messaging.CONTACT, messaging.INBOX), asks=(REACH,))
def person_wrote(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A person here writes to the patient: by the same ways, hours and caps as software."""
    assert event is not None  # noqa: S101  the engine calls it with an event
    draft = next((one for one in facts[messaging.INBOX].messages if one.ref == event.ref), None)
    words = draft.text if draft else ""
    note = note_of(case, messaging.FROM_STAFF, prompted=True, **{messaging.WORDS: words})
    said = say(case, facts, policy, now, note)
    if said.unsaid:
        return reach(case, said)
    return stay(because=said.decision, effects=said.effects, writes=said.writes)


@journey.on_any(EffectDelivered)
def delivered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """It left; nothing more follows from that here."""
    return stay()


def not_arrived(case: Case, facts: Facts, policy: Policies, event: Event, now: Instant, *, why: str) -> Next:
    """Say it again, another way, or let a person say it."""
    contact = facts[messaging.CONTACT]
    sent = next((one for one in contact.sent if one.ref.partition("@")[0] == named(event)), None)
    if sent is None or sent.case not in {0, case.id}:
        return stay()
    gone = messaging.unsent(case, event, contact, why=why)
    failed = tuple(dict.fromkeys((*str(case.data.get("failed") or "").split(), sent.channel)))
    note = note_of(case, sent.template)
    follows = messaging.decide_delivery(
        why, tried=failed, note=note, contact=contact, rules=messaging.Rules.of(policy), now=now
    )
    if follows.route is Route.ASK:
        return replace(reach(case, Said(follows)), writes=gone)
    again = follows.answer == messaging.AGAIN
    said = say(case, facts, policy, now, note, channel=sent.channel if again else follows.answer)
    kept: dict[str, Scalar] = {} if again else {"failed": " ".join(failed)}
    if said.unsaid:
        return replace(reach(case, said, follows), writes=gone, data=kept)
    return stay(
        because=(follows, said.decision), effects=said.effects, writes=(*gone, *said.writes), data=kept
    )


def named(event: Event) -> str:
    """Return the message an outcome is about, ``Communication/id``."""
    return event.ref.partition("@")[0]


def text_failed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A message that did not leave."""
    assert isinstance(event, EffectFailed)  # noqa: S101  the engine calls it with no other event
    return not_arrived(case, facts, policy, event, now, why=event.why)
