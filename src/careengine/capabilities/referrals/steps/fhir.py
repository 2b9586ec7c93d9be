"""The parts of FHIR resources that referrals read: only what is named here is decoded."""

from datetime import date
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
    display: str = ""


class Concept(msgspec.Struct, frozen=True):
    """Codes that mean the same, and the sender's own words."""

    coding: tuple[Coding, ...] = ()
    text: str = ""


class Reference(msgspec.Struct, frozen=True):
    """A pointer to another resource."""

    reference: str = ""


class Identifier(msgspec.Struct, frozen=True):
    """Somebody's number for something."""

    system: str = ""
    value: str = ""
    type: Concept = Concept()


class Period(msgspec.Struct, frozen=True):
    """From when until when."""

    start: str = ""
    end: str = ""


class Annotation(msgspec.Struct, frozen=True):
    """A note."""

    text: str = ""


class ServiceRequest(msgspec.Struct, frozen=True, rename="camel"):
    """What was asked for."""

    status: str = ""
    intent: str = ""
    priority: str = ""
    identifier: tuple[Identifier, ...] = ()
    category: tuple[Concept, ...] = ()
    code: Concept = Concept()
    order_detail: tuple[Concept, ...] = ()
    performer_type: Concept = Concept()
    authored_on: str = ""
    requester: Reference = Reference()
    reason_code: tuple[Concept, ...] = ()
    reason_reference: tuple[Reference, ...] = ()
    replaces: tuple[Reference, ...] = ()
    insurance: tuple[Reference, ...] = ()
    supporting_info: tuple[Reference, ...] = ()
    note: tuple[Annotation, ...] = ()


class HumanName(msgspec.Struct, frozen=True):
    """Whether there is a family name."""

    family: str = ""


class ContactPoint(msgspec.Struct, frozen=True):
    """A way to reach somebody."""

    system: str = ""
    value: str = ""


class Link(msgspec.Struct, frozen=True):
    """How one record of a person stands to another."""

    type: str = ""


class Patient(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the facts that identify a person are there."""

    active: bool = True
    identifier: tuple[Identifier, ...] = ()
    name: tuple[HumanName, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    gender: str = ""
    birth_date: str = ""
    deceased_boolean: bool = False
    deceased_date_time: str = ""
    address: tuple[msgspec.Raw, ...] = ()
    link: tuple[Link, ...] = ()


class PractitionerRole(msgspec.Struct, frozen=True):
    """Who works where."""

    organization: Reference = Reference()


class Organization(msgspec.Struct, frozen=True):
    """The numbers of an organisation."""

    identifier: tuple[Identifier, ...] = ()


class Coverage(msgspec.Struct, frozen=True):
    """Whether an insurance holds."""

    status: str = ""
    period: Period = Period()


class Condition(msgspec.Struct, frozen=True):
    """What a patient has."""

    code: Concept = Concept()


class Document(msgspec.Struct, frozen=True, rename="camel"):
    """A document, result or report: what it is, of when, and whether it stands."""

    status: str = ""
    type: Concept = Concept()
    code: Concept = Concept()
    date: str = ""
    effective_date_time: str = ""
    effective_period: Period = Period()
    issued: str = ""


def decode(raw: bytes, kind: type[Resource], ref: Ref) -> Resource:
    """Return the named parts of a resource; raise :class:`ResourceUnreadable` when it has no such shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError:
        raise ResourceUnreadable(
            f"{ref} cannot be read as a {ref.type}. Validate it and have its sender send it again."
        ) from None


def day_of(text: str) -> date | None:
    """Return the day of a FHIR date or dateTime; of one that names only a year or a month, nothing."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def ref_of(reference: Reference) -> Ref | None:
    """Return the resource of this record that a reference names; nothing for any other reference."""
    text = reference.reference.partition("/_history/")[0]
    kind, slash, id_ = text.partition("/")
    if not slash or not kind.isalpha() or "/" in id_ or not id_:
        return None
    return Ref(kind, id_)
