"""The parts of FHIR resources that messaging reads: only what is named here is decoded."""

from datetime import UTC, date, datetime
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
    """Codes that mean the same, and words for them."""

    coding: tuple[Coding, ...] = ()
    text: str = ""


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


class ContactPoint(msgspec.Struct, frozen=True):
    """A number or an e-mail address."""

    system: str = ""
    value: str = ""
    use: str = ""
    rank: int = 99
    period: Period = Period()


class Spoken(msgspec.Struct, frozen=True):
    """A language somebody speaks."""

    language: Concept = Concept()
    preferred: bool = False


class Address(msgspec.Struct, frozen=True, rename="camel"):
    """Where somebody lives."""

    use: str = ""
    line: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    period: Period = Period()


class Extension(msgspec.Struct, frozen=True, rename="camel"):
    """Something more about a resource; only codes are read."""

    url: str = ""
    value_code: str = ""


class Link(msgspec.Struct, frozen=True):
    """How one record of a person stands to another."""

    type: str = ""


class Patient(msgspec.Struct, frozen=True, rename="camel"):
    """How a person can be reached."""

    active: bool = True
    telecom: tuple[ContactPoint, ...] = ()
    communication: tuple[Spoken, ...] = ()
    address: tuple[Address, ...] = ()
    birth_date: str = ""
    deceased_boolean: bool = False
    deceased_date_time: str = ""
    extension: tuple[Extension, ...] = ()
    link: tuple[Link, ...] = ()


class Payload(msgspec.Struct, frozen=True, rename="camel"):
    """The words of a message."""

    content_string: str = ""


class Communication(msgspec.Struct, frozen=True, rename="camel"):
    """A message, ours or theirs."""

    status: str = ""
    identifier: tuple[Identifier, ...] = ()
    category: tuple[Concept, ...] = ()
    medium: tuple[Concept, ...] = ()
    about: tuple[Reference, ...] = ()
    sent: str = ""
    received: str = ""
    payload: tuple[Payload, ...] = ()


class Flag(msgspec.Struct, frozen=True):
    """A warning about a person."""

    status: str = ""
    identifier: tuple[Identifier, ...] = ()
    code: Concept = Concept()


def decode(raw: bytes, kind: type[Resource], ref: Ref) -> Resource:
    """Return the named parts of a resource; raise :class:`ResourceUnreadable` when it has no such shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError:
        raise ResourceUnreadable(
            f"{ref} cannot be read as a {ref.type}. Validate it and have its sender send it again."
        ) from None


def instant_of(text: str) -> datetime | None:
    """Return a FHIR dateTime or instant that names its offset; of any other, nothing."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def day_of(text: str) -> date | None:
    """Return the day of a FHIR date; of one that names only a year or a month, nothing."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def is_past(period: Period, today: date) -> bool:
    """Say whether a period ended before today."""
    end = day_of(period.end)
    return end is not None and end < today
