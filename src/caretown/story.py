"""What one referrer wants to say about one patient, before it becomes FHIR."""

from dataclasses import dataclass
from datetime import datetime

from caretown.people import Person, Resource
from caretown.phrasebook import Ask, Clinic, Sender
from caretown.truth import Expect


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One referral to be written, with what is planted in it."""

    number: int
    at: datetime
    """When it is sent, in domain time."""
    person: Person
    clinic: Clinic
    ask: Ask
    sender: Sender
    practitioner: str | None
    condition: Resource | None = None
    plant: str
    expect: Expect
    urgent: bool = False
    priority: str = "routine"
    status: str = "active"
    intent: str = "order"
    service: tuple[str, str] | None = None
    """A code and its words, instead of the clinic's own."""
    specialty: str | None = None
    """A specialty's code, instead of the clinic's own."""
    lacks: tuple[str, ...] = ()
    """Of: reason, question, requester, insurance, phone, item, fresh_item."""
    placer: str
    """The sender's own number for it."""
    twin_of: "Story | None" = None
    revises: bool = False
    """It is a new version of ``twin_of``, not a new referral."""
    visits: int = 1
    """How many visits are ordered."""
