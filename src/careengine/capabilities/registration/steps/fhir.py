"""The parts of FHIR resources that registration reads: only what is named here is decoded."""

from datetime import UTC, date, datetime
from typing import Any, TypeVar

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
    """Codes that mean the same, and words."""

    coding: tuple[Coding, ...] = ()
    text: str = ""


class Identifier(msgspec.Struct, frozen=True):
    """Somebody's number for something."""

    system: str = ""
    value: str = ""
    type: Concept = Concept()


class Reference(msgspec.Struct, frozen=True):
    """A pointer to another resource."""

    reference: str = ""
    display: str = ""
    identifier: Identifier = Identifier()


class Period(msgspec.Struct, frozen=True):
    """From when until when."""

    start: str = ""
    end: str = ""


class Extension(msgspec.Struct, frozen=True, rename="camel"):
    """What FHIR has no element for."""

    url: str = ""
    value_code: str = ""


class HumanName(msgspec.Struct, frozen=True):
    """A name."""

    use: str = ""
    family: str = ""
    given: tuple[str, ...] = ()


class Link(msgspec.Struct, frozen=True):
    """How one record of a person stands to another."""

    type: str = ""


class Patient(msgspec.Struct, frozen=True, rename="camel"):
    """Who somebody is, as far as a payer asks."""

    active: bool = True
    identifier: tuple[Identifier, ...] = ()
    name: tuple[HumanName, ...] = ()
    gender: str = ""
    birth_date: str = ""
    link: tuple[Link, ...] = ()

    @property
    def called(self) -> HumanName:
        """Return the official name, or the first one."""
        official = [one for one in self.name if one.use == "official"]
        return (*official, *self.name, HumanName())[0]


class Coverage(msgspec.Struct, frozen=True, rename="camel"):
    """An insurance."""

    status: str = ""
    identifier: tuple[Identifier, ...] = ()
    subscriber_id: str = ""
    beneficiary: Reference = Reference()
    relationship: Concept = Concept()
    period: Period = Period()
    payor: tuple[Reference, ...] = ()
    order: int | None = None

    @property
    def member(self) -> str:
        """Return the member's number: the subscriber's, or the number of the insurance itself."""
        numbers = [one.value for one in self.identifier if any(c.code == "MB" for c in one.type.coding)]
        known = [self.subscriber_id, *numbers, *(one.value for one in self.identifier)]
        return next((one for one in known if one), "")

    @property
    def is_own(self) -> bool:
        """Say whether the patient is the subscriber: so it is unless a relationship says otherwise."""
        codes = {one.code for one in self.relationship.coding}
        return not codes or "self" in codes


class Organization(msgspec.Struct, frozen=True):
    """What an organisation is called."""

    name: str = ""
    identifier: tuple[Identifier, ...] = ()


class Insurance(msgspec.Struct, frozen=True, rename="camel"):
    """Which insurance an eligibility answer is about."""

    coverage: Reference = Reference()
    inforce: bool | None = None
    benefit_period: Period = Period()


class EligibilityError(msgspec.Struct, frozen=True):
    """Why a payer could not answer."""

    extension: tuple[Extension, ...] = ()
    code: Concept = Concept()


class EligibilityResponse(msgspec.Struct, frozen=True, rename="camel"):
    """What a payer answered."""

    extension: tuple[Extension, ...] = ()
    created: str = ""
    serviced_date: str = ""
    insurance: tuple[Insurance, ...] = ()
    error: tuple[EligibilityError, ...] = ()


class QuestionnaireResponse(msgspec.Struct, frozen=True):
    """What a patient answered: kept open, since items hang in items."""

    status: str = ""
    subject: Reference = Reference()
    item: tuple[dict[str, Any], ...] = ()


def decode(raw: bytes, kind: type[Resource], ref: Ref) -> Resource:
    """Return the named parts of a resource; raise :class:`ResourceUnreadable` when it has no such shape."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError:
        raise ResourceUnreadable(
            f"{ref} cannot be read as a {ref.type}. Validate it and have its sender send it again."
        ) from None


def read(said: object, kind: type[Resource]) -> Resource:
    """Return the named parts of something that is decoded already."""
    return msgspec.convert(said, kind)


def day_of(text: str) -> date | None:
    """Return the day of a FHIR date or dateTime; of one that names only a year or a month, nothing."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def instant_of(text: str) -> datetime | None:
    """Return the moment of a FHIR dateTime; nothing for a mere day."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else None


def ref_of(reference: Reference) -> Ref | None:
    """Return the resource of this record that a reference names; nothing for any other reference."""
    text, _, version = reference.reference.partition("/_history/")
    kind, slash, id_ = text.partition("/")
    if not slash or not kind.isalpha() or "/" in id_ or not id_:
        return None
    return Ref(kind, id_, int(version) if version.isdecimal() else 0)
