"""Who acts and who reads, and for what: there is no anonymous reader and no reading without a purpose."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from uuid import UUID


class ActorKind(IntEnum):
    """What sort of actor did something; the numbers are those of the ledger's rows."""

    SOFTWARE = 0
    PERSON = 1
    AGENT = 2
    """A program that acts for a person, outside our own code."""


class Purpose(StrEnum):
    """Why a chart is opened (the words of 45 CFR 164.506, and what stands beside them)."""

    TREATMENT = "treatment"
    PAYMENT = "payment"
    OPERATIONS = "operations"
    EMERGENCY = "emergency"
    """Breaking the glass: a reason, an end and a review come with it."""
    OVERSIGHT = "oversight"
    """A privacy officer looking into who read what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads charts, and why. A journey reads as software; a person reads in the roles they hold."""

    actor: str
    actor_kind: ActorKind
    purpose: Purpose
    journey: str | None = None
    roles: frozenset[str] = frozenset()
    subject: UUID | None = None
    """The reader's own chart, if they are a patient here too."""

    @classmethod
    def for_journey(cls, journey: str, purpose: Purpose = Purpose.TREATMENT) -> "Reader":
        """Return a journey as a reader: software, in no role, for the purpose the journey serves."""
        return cls(
            actor=f"journey:{journey}", actor_kind=ActorKind.SOFTWARE, purpose=purpose, journey=journey
        )
