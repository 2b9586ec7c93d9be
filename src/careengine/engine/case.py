"""What a handler is given: case, facts, policies, event. All values, no connections."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from careengine.kernel.decision import Decision
from careengine.kernel.effect import Json
from careengine.kernel.need import Need
from careengine.kernel.policy import PolicyName, Scalar

T = TypeVar("T")
Instant = datetime
"""An aware UTC moment of domain time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One subject, one goal, one journey version, as it stands when its handler is called."""

    id: int
    journey: str
    journey_version: int
    state: str
    version: int
    """Counts every advance from 1; the optimistic lock."""
    subject: UUID
    """Whom it is about: our own id, stable over merges and over the sender's ids."""
    site: str
    zone: str
    """The site's IANA time zone: "today" is a day there."""
    opened_at: datetime
    entered_at: datetime
    """When it entered its state."""
    data: Mapping[str, Scalar] = field(default_factory=dict)
    """Small codes and references the journey keeps; never chart text."""
    calendar: str = ""
    """The policy that holds the site's working days."""
    about: str = ""
    """The resource that the event at hand refers to, ``Type/id@version``, so that a loader can read it."""

    def day(self, now: Instant) -> date:
        """Return the calendar day of ``now`` at the case's site."""
        return now.astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened and concerns the case: a message, a reply, a change of the record."""

    id: int
    kind: str
    at: datetime
    actor: str = "system"
    ref: str = ""
    """The resource it is about, ``Type/id@version``; its text stays in the record."""
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDecided(Event):
    """A person answered a card; ``decision`` is theirs, and only the engine writes it to the ledger."""

    card: int
    card_kind: str
    answer: str
    reason: str
    decision: Decision
    person: bool = False
    """Whether a human being did it, as the worklist recorded at the click; an agent is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectDelivered(Event):
    """A partner took what was sent; ``reply`` is what it answered."""

    effect: int
    effect_kind: str
    reply: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFailed(Event):
    """What was to be sent will not leave: attempts used up, refused by the partner, or too late."""

    effect: int
    effect_kind: str
    why: str


CARD_DECIDED = "card.decided"
EFFECT_DELIVERED = "effect.delivered"
EFFECT_FAILED = "effect.failed"
LANE_STOPPED = "lane.stopped"
ENGINE_KINDS = frozenset({CARD_DECIDED, EFFECT_DELIVERED, EFFECT_FAILED, LANE_STOPPED})
"""Kinds only the engine may write: no journey can tell another case that a person decided."""

KIND_OF: Mapping[type[Event], str] = {
    CardDecided: CARD_DECIDED,
    EffectDelivered: EFFECT_DELIVERED,
    EffectFailed: EFFECT_FAILED,
}


class Facts:
    """The answers to a state's needs for one case; asking for one not declared is a fault of the journey."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, need: Need[T]) -> T:
        value: T = self._values[need.name]
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def raw(self) -> Mapping[str, Any]:
        """Return the values by need name, to be recorded with the decision."""
        return self._values


class Policies(Protocol):
    """The policies in force for a case; ``policy[TRIAGE]`` is a frozen value carrying its own ``ref``."""

    def __getitem__(self, name: PolicyName[T]) -> T:
        """Return the value on the day that the policy's ``applies_by`` names; unknown is an error."""
        ...
