"""Carry one referral to its visit by hand, as the engine would: hops, texts, bookings. No database."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from messaging_examples import contact
from referral_examples import a_referral
from registration_examples import a_cover, a_held

from careengine.capabilities import messaging, referrals, registration, scheduling
from careengine.engine.case import CARD_DECIDED, EFFECT_DELIVERED, EFFECT_FAILED
from careengine.engine.case_policies import CasePolicies
from careengine.engine.deciding import event_call, refuse_undeclared, state_call
from careengine.engine.inputs import seen_event
from careengine.engine.journey import CardDecided, Case, EffectDelivered, EffectFailed, Event, Facts
from careengine.entrypoints.compose import SCHEMAS
from careengine.journeys.referral_to_visit import journey
from careengine.kernel.decision import Decision, Route
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, Tell
from careengine.policy.book import PolicyBook, book_of
from careengine.policy.sources import all_sources

NOW = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
"""A Thursday, ten in the morning in Boston."""
HALF_HOUR = timedelta(minutes=30)


@cache
def book() -> PolicyBook:
    """Return every published policy."""
    return book_of(all_sources(), SCHEMAS)


def openings(start: datetime = NOW, days: int = 20) -> scheduling.Openings:
    """Return two free half-hours on every weekday from the third day on."""
    found = []
    for day in range(3, days):
        for hour in (14, 19):
            at = start.replace(hour=hour, minute=0) + timedelta(days=day)
            if at.weekday() < 5:
                name = f"Slot/{at:%m%d-%H}"
                found.append(
                    scheduling.Opening(
                        slot=name, version=1, start=at, end=at + HALF_HOUR, clinic="cardiology"
                    )
                )
    return scheduling.Openings(found=tuple(found), patient="Patient/ann")


@dataclass
class VisitStory:
    """One case, and everything that came of it so far."""

    facts: dict[str, Any] = field(default_factory=dict)
    now: datetime = NOW
    case: Case = field(init=False)
    wake: datetime | None = None
    open_cards: list[str] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    tells: list[Tell] = field(default_factory=list)
    voids: list[str] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    last: Next = field(init=False)

    def __post_init__(self) -> None:
        standard = {
            referrals.REFERRAL: a_referral(), referrals.TWINS: referrals.Twins(),
            referrals.REPORT: referrals.Reports(), referrals.REVIEW: referrals.Review(),
            messaging.CONTACT: contact(), messaging.INBOX: messaging.Inbox(),
            scheduling.OPENINGS: openings(), scheduling.VISIT: scheduling.Visit(),
            registration.COVER: a_cover(a_held()), registration.ELIGIBILITY: registration.Checks(),
            registration.INTAKE: registration.Intake(),
        }  # fmt: skip
        self.facts = {**{need.name: value for need, value in standard.items()}, **self.facts}
        self.case = Case(
            id=1, journey=journey.name, journey_version=1, state=journey.start, version=0,
            subject=UUID(int=1), site="boston", zone="America/New_York", opened_at=NOW, entered_at=NOW,
            data={"focus": "ServiceRequest/one"}, calendar="calendars.us_federal",
        )  # fmt: skip
        self._take(
            Event(id=1, kind="record.ServiceRequest", at=NOW, ref="ServiceRequest/one@1"), opening=True
        )

    @property
    def state(self) -> str:
        return self.case.state

    @property
    def said(self) -> list[str]:
        """The wordings sent so far, in order."""
        kinds = messaging.KINDS
        return [str(effect.body["template"]) for effect in self.effects if effect.kind in kinds]

    def sent(self, kind: str) -> list[Effect]:
        """The effects of a kind so far."""
        return [effect for effect in self.effects if effect.kind == kind]

    def knows(self, need: Any, value: Any) -> None:
        """Let a fact be otherwise from now on."""
        self.facts[need.name] = value

    def happens(self, kind: str, ref: str = "", **body: Any) -> None:
        """Tell the case of something."""
        self._take(Event(id=2, kind=kind, at=self.now, ref=ref, body=body))

    def writes_back(self, text: str) -> None:
        """Let the patient answer by text."""
        ref = f"Communication/sms-{len(self.decisions)}@1"
        message = messaging.Message(ref=ref, at=self.now, text=text)
        self.knows(messaging.INBOX, messaging.Inbox((message,)))
        self.happens(messaging.RECEIVED, ref)

    def person_says(self, answer: str, kind: str = "") -> None:
        """Answer the newest card."""
        shown = kind or self.open_cards[-1]
        asked = next(d for d in reversed(self.decisions) if d.route is Route.ASK)
        decision = replace(asked, answer=answer, route=Route.PROCEED)
        self.open_cards.remove(shown)
        said = CardDecided(
            id=3, kind=CARD_DECIDED, at=self.now, actor="ana", card=1, card_kind=shown, answer=answer,
            reason="seen", decision=decision, person=True,
        )  # fmt: skip
        self._take(said)

    def delivers(self, kind: str, **reply: Any) -> None:
        """Let a partner take what was sent last of a kind."""
        self._take(
            EffectDelivered(id=4, kind=EFFECT_DELIVERED, at=self.now, effect=1, effect_kind=kind, reply=reply)
        )

    def fails(self, kind: str, why: str, ref: str = "") -> None:
        """Let what was sent come to nothing."""
        self._take(
            EffectFailed(id=5, kind=EFFECT_FAILED, at=self.now, effect=1, effect_kind=kind, why=why, ref=ref)
        )

    def clinic_confirms(self, appointment: str = "Appointment/a1") -> None:
        """Let the clinic's system take the booking, and tell of it as its feed does."""
        data = self.case.data
        start = datetime.fromisoformat(str(data["choice_start"]))
        self.delivers(scheduling.BOOK_APPOINTMENT, appointment=appointment)
        self.visit(f"{appointment}@1", start, slot=str(data["choice"]))
        self.passes_until(self.now)

    def visit(self, ref: str, start: datetime, status: str = "booked", **more: Any) -> None:
        """Let the record hold a visit."""
        known = scheduling.Visit(
            ref=ref, status=status, start=start, end=start + HALF_HOUR, clinic="cardiology", **more
        )
        self.knows(scheduling.VISIT, known)

    def passes_until(self, at: datetime) -> None:
        """Let time pass, waking the case whenever it asked to be."""
        for _ in range(60):
            if self.wake is None or self.wake > at or self.case.state in journey.ends:
                break
            self.now, self.wake = max(self.now, self.wake), None
            self._run(state_call(journey, self.state))
        self.now = max(self.now, at)

    def booked(self) -> "VisitStory":
        """Go on to a visit that is booked: the first of the times offered."""
        self.writes_back("1")
        self.clinic_confirms()
        return self

    def _take(self, event: Event, *, opening: bool = False) -> None:
        seen = seen_event(event, b"{}")
        if opening:
            self._run(state_call(journey, self.state, event=event))
        else:
            self._run(event_call(journey, self.state, event, seen))

    def _run(self, call: Any) -> None:
        for _ in range(9):
            asked = registration.asked_moments(self.case.data.get("intake"))
            self.facts[registration.INTAKE.name] = replace(self.facts[registration.INTAKE.name], asked=asked)
            given = Facts({need.name: self.facts[need.name] for need in call.needs})
            about = call.event.ref if call.event else ""
            policies = CasePolicies(book(), self.case, self.now)
            answer = call.handler(replace(self.case, about=about), given, policies, call.event, self.now)
            refuse_undeclared(journey, self.state, call, answer)
            self._apply(answer)
            if not answer.now:
                return
            call = state_call(journey, self.state)
        raise AssertionError("the case hops for ever")

    def _apply(self, answer: Next) -> None:
        self.last = answer
        self.decisions.extend(answer.because)
        if answer.state is not None:
            self.open_cards, self.wake = [], None
        if answer.asking is not None:
            self.cards.append(answer.asking.kind)
            self.open_cards = [*(c for c in self.open_cards if c != answer.asking.kind), answer.asking.kind]
        self.effects.extend(answer.effects)
        self.tells.extend(answer.tells)
        self.voids.extend(answer.voids)
        self.writes.extend(dict(write.resource) for write in answer.writes)
        self.wake = answer.wake if answer.wake is not None else self.wake
        kept = {k: v for k, v in {**self.case.data, **answer.data}.items() if v is not None}
        self.case = replace(
            self.case, state=answer.state or self.state, version=self.case.version + 1, data=kept,
            entered_at=self.now if answer.state else self.case.entered_at,
        )  # fmt: skip
