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


class LogicalReference(msgspec.Struct, frozen=True):
    """A pointer to another resource, by address or by somebody's number for it."""

    reference: str = ""
    identifier: Identifier = Identifier()


class Period(msgspec.Struct, frozen=True):
    """From when until when."""

    start: str = ""
    end: str = ""


class Annotation(msgspec.Struct, frozen=True):
    """A note."""

    text: str = ""


class Quantity(msgspec.Struct, frozen=True):
    """A number of something."""

    value: float | None = None
    unit: str = ""
    code: str = ""


class Repeat(msgspec.Struct, frozen=True, rename="camel"):
    """How often something is to happen, and for how long."""

    bounds_period: Period = Period()
    bounds_duration: Quantity = Quantity()
    count: int | None = None
    frequency: int | None = None
    period: float | None = None
    period_unit: str = ""


class Timing(msgspec.Struct, frozen=True):
    """When something is to happen."""

    repeat: Repeat = Repeat()


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
    quantity_quantity: Quantity | None = None
    occurrence_timing: Timing | None = None


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


class DocumentContext(msgspec.Struct, frozen=True):
    """What a document is about."""

    encounter: tuple[Reference, ...] = ()
    related: tuple[LogicalReference, ...] = ()


class Attachment(msgspec.Struct, frozen=True):
    """Where the words of a document are."""

    url: str = ""


class Content(msgspec.Struct, frozen=True):
    """One form in which a document is there."""

    attachment: Attachment = Attachment()


class DiagnosticReport(msgspec.Struct, frozen=True, rename="camel"):
    """A report of an examination: what it is, whether it stands, to what it belongs."""

    status: str = ""
    code: Concept = Concept()
    based_on: tuple[LogicalReference, ...] = ()
    encounter: Reference = Reference()
    identifier: tuple[Identifier, ...] = ()
    presented_form: tuple[Attachment, ...] = ()


class DocumentReference(msgspec.Struct, frozen=True, rename="camel"):
    """A document: what it is, whether it stands, to what it belongs."""

    status: str = ""
    doc_status: str = ""
    type: Concept = Concept()
    context: DocumentContext = DocumentContext()
    identifier: tuple[Identifier, ...] = ()
    content: tuple[Content, ...] = ()


class Event(msgspec.Struct, frozen=True):
    """What a composition tells of."""

    detail: tuple[LogicalReference, ...] = ()


class Composition(msgspec.Struct, frozen=True):
    """A document in parts: what it is, whether it stands, to what it belongs."""

    status: str = ""
    type: Concept = Concept()
    encounter: Reference = Reference()
    event: tuple[Event, ...] = ()
    identifier: Identifier = Identifier()


class Encounter(msgspec.Struct, frozen=True, rename="camel"):
    """A visit: which request and which appointment led to it."""

    based_on: tuple[Reference, ...] = ()
    appointment: tuple[Reference, ...] = ()


class Restriction(msgspec.Struct, frozen=True):
    """By when a task is to be done."""

    period: Period = Period()


class Task(msgspec.Struct, frozen=True, rename="camel"):
    """What was asked of somebody, and how far they are."""

    status: str = ""
    business_status: Concept = Concept()
    restriction: Restriction = Restriction()


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
