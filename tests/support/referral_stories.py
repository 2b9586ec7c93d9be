"""Carry one referral case by hand, as the engine would: hops, answers, deliveries. No database."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from referral_examples import NOW, InForce

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Referral, Twin, Twins
from careengine.engine.case import CARD_DECIDED, EFFECT_DELIVERED, EFFECT_FAILED
from careengine.engine.deciding import event_call, refuse_undeclared, state_call
from careengine.engine.inputs import seen_event
from careengine.engine.journey import CardDecided, Case, EffectDelivered, EffectFailed, Event, Facts
from careengine.journeys.referral_acknowledged import journey
from careengine.kernel.decision import Decision, Route
from careengine.kernel.next import Next


@dataclass
class Story:
    """One case, and everything that came of it so far."""

    referral: Referral
    twins: tuple[Twin, ...] = ()
    case: Case = field(init=False)
    cards: list[str] = field(default_factory=list)
    effects: list[Any] = field(default_factory=list)
    voids: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    last: Next = field(init=False)

    def __post_init__(self) -> None:
        self.case = Case(
            id=1, journey=journey.name, journey_version=1, state=journey.start, version=0,
            subject=UUID(int=1), site="boston", zone="America/New_York", opened_at=NOW, entered_at=NOW,
            data={"focus": self.referral.ref.partition("@")[0]},
        )  # fmt: skip
        self.arrives("record.ServiceRequest", opening=True)

    @property
    def state(self) -> str:
        return self.case.state

    def arrives(self, kind: str, *, opening: bool = False) -> None:
        """Tell the case of a change of the record."""
        self._take(Event(id=1, kind=kind, at=NOW, ref=self.referral.ref), opening=opening)

    def changes(self, **changes: Any) -> None:
        """Bring a new version of the request."""
        version = int(self.referral.ref.partition("@")[2]) + 1
        ref = f"{self.referral.ref.partition('@')[0]}@{version}"
        self.referral = replace(self.referral, ref=ref, **changes)
        self.arrives("record.ServiceRequest")

    def person_says(self, answer: str, kind: str = "") -> None:
        """Answer the newest card, or the newest of a kind."""
        shown = kind or self.cards[-1]
        asked = next(d for d in reversed(self.decisions) if d.route is Route.ASK)
        decision = replace(asked, answer=answer, route=Route.PROCEED)
        said = CardDecided(
            id=2, kind=CARD_DECIDED, at=NOW, actor="ana", card=1, card_kind=shown, answer=answer,
            reason="seen", decision=decision, person=True,
        )  # fmt: skip
        self._take(said)

    def partner_takes_it(self) -> None:
        """Deliver the acknowledgement."""
        kind = referrals.ACKNOWLEDGE
        self._take(EffectDelivered(id=3, kind=EFFECT_DELIVERED, at=NOW, effect=1, effect_kind=kind))

    def partner_fails(self, why: str = "exhausted:partner.timeout") -> None:
        """Give the acknowledgement up."""
        kind = referrals.ACKNOWLEDGE
        self._take(EffectFailed(id=4, kind=EFFECT_FAILED, at=NOW, effect=1, effect_kind=kind, why=why))

    def _take(self, event: Event, *, opening: bool = False) -> None:
        seen = seen_event(event, b"{}")
        call = (
            state_call(journey, self.state, event=event)
            if opening
            else event_call(journey, self.state, event, seen)
        )
        for _ in range(9):
            facts = {referrals.REFERRAL.name: self.referral, referrals.TWINS.name: Twins(self.twins)}
            given = Facts({need.name: facts[need.name] for need in call.needs})
            answer = call.handler(self.case, given, InForce(), call.event, NOW)
            refuse_undeclared(journey, self.state, call, answer)
            self._apply(answer)
            if not answer.now:
                return
            call = state_call(journey, self.state)
        raise AssertionError("the case hops for ever")

    def _apply(self, answer: Next) -> None:
        self.last = answer
        self.decisions.extend(answer.because)
        if answer.asking is not None:
            self.cards.append(answer.asking.kind)
        self.effects.extend(answer.effects)
        self.voids.extend(answer.voids)
        kept = {k: v for k, v in {**self.case.data, **answer.data}.items() if v is not None}
        self.case = replace(
            self.case, state=answer.state or self.state, version=self.case.version + 1, data=kept
        )
