"""The parts of FHIR resources that scheduling reads: only what is named here is decoded."""

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from careengine.kernel.errors import CareError
from careengine.kernel.refs import Ref

Resource = TypeVar("Resource", bound=msgspec.Struct)


class ResourceUnreadable(CareError):
    """A stored resource is not what its type says; it was damaged, or written past the checks."""


class Coding(msgspec.Struct, frozen=True):
    """A code of a published system."""

    system: str = ""
    code: str = ""


class Concept(msgspec.Struct, frozen=True):
    """Codes that mean the same."""

    coding: tuple[Coding, ...] = ()


class Reference(msgspec.Struct, frozen=True):
    """A pointer to another resource."""

    reference: str = ""


class Identifier(msgspec.Struct, frozen=True):
    """Somebody's number for something."""

    system: str = ""
    value: str = ""


class Period(msgspec.Struct, frozen=True):
    """From when until when."""

    start: str = ""
    end: str = ""


class Slot(msgspec.Struct, frozen=True):
    """A stretch of time of a schedule."""

    schedule: Reference = Reference()
    status: str = ""
    start: str = ""
    end: str = ""


class Schedule(msgspec.Struct, frozen=True, rename="camel"):
    """One day of a clinic: who and where, and whether it takes place."""

    active: bool = True
    actor: tuple[Reference, ...] = ()
    planning_horizon: Period = Period()


class HealthcareService(msgspec.Struct, frozen=True):
    """The names of a clinic."""

    identifier: tuple[Identifier, ...] = ()


class Position(msgspec.Struct, frozen=True):
    """Degrees."""

    latitude: float
    longitude: float


class Location(msgspec.Struct, frozen=True, rename="camel"):
    """Where a clinic is."""

    position: Position | None = None
    physical_type: Concept = Concept()


class Participant(msgspec.Struct, frozen=True):
    """Somebody, or some place, that takes part."""

    actor: Reference = Reference()


class Text(msgspec.Struct, frozen=True, rename={"value": "valueString"}):
    """An extension that holds a text."""

    url: str = ""
    value: str = ""


class Appointment(msgspec.Struct, frozen=True, rename="camel"):
    """A visit, or a place on a waitlist."""

    status: str = ""
    start: str = ""
    end: str = ""
    created: str = ""
    slot: tuple[Reference, ...] = ()
    based_on: tuple[Reference, ...] = ()
    participant: tuple[Participant, ...] = ()
    cancelation_reason: Concept = Concept()
    extension: tuple[Text, ...] = ()


class Inner(msgspec.Struct, frozen=True, rename="camel"):
    """An extension inside another: a code, or degrees."""

    url: str = ""
    value_coding: Coding = Coding()
    value_decimal: float | None = None


class Extension(msgspec.Struct, frozen=True):
    """An extension that has parts."""

    url: str = ""
    extension: tuple[Inner, ...] = ()


class Address(msgspec.Struct, frozen=True):
    """Where on the map an address is."""

    extension: tuple[Extension, ...] = ()


class Communication(msgspec.Struct, frozen=True):
    """A language."""

    language: Concept = Concept()
    preferred: bool = False


class Link(msgspec.Struct, frozen=True):
    """How one record of a person stands to another."""

    type: str = ""


class Patient(msgspec.Struct, frozen=True):
    """Where a patient lives, and to which group they say they belong."""

    active: bool = True
    address: tuple[Address, ...] = ()
    extension: tuple[Extension, ...] = ()
    communication: tuple[Communication, ...] = ()
    link: tuple[Link, ...] = ()


def decode(raw: bytes, kind: type[Resource], ref: Ref) -> Resource:
    """Return the named parts of a resource; raise :class:`ResourceUnreadable` when it has no such shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError:
        raise ResourceUnreadable(
            f"{ref} cannot be read as a {ref.type}. Validate it and have its sender send it again."
        ) from None


def instant_of(text: str) -> datetime | None:
    """Return a FHIR instant or dateTime with a time and an offset, in UTC; of anything else, nothing."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else at.astimezone(UTC)


def ref_of(reference: Reference) -> Ref | None:
    """Return the resource of this record that a reference names; nothing for any other reference."""
    text = reference.reference.partition("/_history/")[0]
    kind, slash, id_ = text.partition("/")
    if not slash or not kind.isalpha() or "/" in id_ or not id_:
        return None
    return Ref(kind, id_)
