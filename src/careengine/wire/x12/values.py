"""What a 270 asks and a 271 answers, as frozen values: only what eligibility needs."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subscriber or dependent as the question or the answer names them."""

    last: str = ""
    first: str = ""
    member: str = ""
    """The member's number (NM109 with MI)."""
    born: date | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """One real-time question: is this person covered by this payer on this day?"""

    sender: str
    """Who asks (ISA06)."""
    receiver: str
    """Who is asked (ISA08)."""
    control: int
    """Number of the interchange (ISA13)."""
    created: datetime
    trace: str
    """Under which number the answer is to come back (TRN02)."""
    origin: str
    """Who gave the number (TRN03): ten characters."""
    payer_id: str
    payer_name: str
    asker_id: str
    """The provider's NPI (NM109 of loop 2100B)."""
    asker_name: str
    subscriber: Person
    dependent: Person | None = None
    """The patient, when it is not the subscriber."""
    day: date | None = None
    services: tuple[str, ...] = ()
    """Service type codes (EQ01)."""

    @property
    def patient(self) -> Person:
        """Return whom the question is about."""
        return self.dependent or self.subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The payer says that the question cannot be answered (AAA), and at which level of it."""

    level: str
    """``2000A``, ``2100A``, ``2100B``, ``2100C``, ``2100D``, ``2110C`` or ``2110D``."""
    code: str
    """Reject reason (AAA03)."""
    follow_up: str = ""
    """What may be done (AAA04)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """One EB segment with what hangs on it."""

    info: str
    """EB01: ``1`` active, ``6`` inactive, ``R`` another payer, ``U`` contact, ``V`` cannot process."""
    services: tuple[str, ...] = ()
    begin: date | None = None
    end: date | None = None
    related: tuple[tuple[str, str], ...] = ()
    """Entities of loop 2120: (NM101, NM109), no names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a 271 says."""

    traces: tuple[str, ...] = ()
    """Numbers given back (TRN02 with TRN01 2)."""
    subscriber: Person = Person()
    dependent: Person | None = None
    rejected: tuple[Rejected, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    begin: date | None = None
    end: date | None = None
    """First and last day of the plan, as told for the person (loop 2100)."""
    conforms: bool = True
    """Whether the guide's own grammar accepts it; payers deviate, and are read all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What we answer as a payer."""

    status: str = ""
    """EB01; empty when the question is rejected."""
    begin: date | None = None
    end: date | None = None
    other: str = ""
    """Number of another payer."""
    rejected: tuple[Rejected, ...] = ()
    at: datetime
