"""What a referral is made of, and what policy tells each of its rules. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from careengine.capabilities.referrals.model.closing import Series
from careengine.kernel.need import Need
from careengine.kernel.policy import PolicyName, PolicyRef, Table
from careengine.language.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a published system, ``http://snomed.info/sct`` and the like."""

    system: str
    code: str
    display: str = ""

    @property
    def name(self) -> str:
        """Return ``system|code``, the way policies list codes."""
        return f"{self.system}|{self.code}"


class Role(StrEnum):
    """What free text in a referral is for."""

    REASON = "reason"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Words:
    """Free text the sender wrote, and where it stands: ``ServiceRequest/id@version#note[0].text``."""

    source: str
    text: str
    role: Role


@dataclass(frozen=True, slots=True)
class Indication:
    """A coded reason for the referral, and where it stands."""

    source: str
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One Patient resource the referral may be about: which facts are there, not what they say."""

    ref: str
    active: bool = True
    deceased: bool = False
    replaced: bool = False
    """Merged into another record: ``link.type`` is ``replaced-by``."""
    has: tuple[str, ...] = ()
    """Which of ``family_name``, ``birth_date``, ``gender``, ``phone``, ``address`` are filled."""
    identified_by: tuple[str, ...] = ()
    """Types (``MR``) and systems of the identifiers that hold a value."""


@dataclass(frozen=True, slots=True)
class Cover:
    """An insurance the referral names."""

    ref: str
    status: str
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A result, report or document that came with the referral."""

    ref: str
    codes: tuple[str, ...]
    """``system|code`` of what it is."""
    day: date | None = None
    usable: bool = True
    """False when it was superseded, entered in error or is not there."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asked, and the partner to whom an acknowledgement can be sent."""

    requester: str = ""
    organization: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Placer:
    """The sender's own number for the referral."""

    system: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """A ServiceRequest with what it points at: only what the rules ask about."""

    ref: str
    """``ServiceRequest/id@version``."""
    received: datetime
    """When this version was written into the record."""
    status: str
    intent: str
    categories: tuple[str, ...] = ()
    """``system|code`` of the kinds of request it says it is."""
    priority: str = ""
    """As coded; empty when the sender gave none."""
    authored: date | None = None
    placers: tuple[Placer, ...] = ()
    services: tuple[Code, ...] = ()
    specialties: tuple[Code, ...] = ()
    details: tuple[Code, ...] = ()
    """How the service is wanted: an eConsult, a visit by video."""
    people: tuple[Person, ...] = ()
    indications: tuple[Indication, ...] = ()
    words: tuple[Words, ...] = ()
    covers: tuple[Cover, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    sender: Sender = field(default_factory=Sender)
    replaces: tuple[str, ...] = ()
    """Earlier referrals it takes the place of, ``ServiceRequest/id``."""
    dangling: tuple[str, ...] = ()
    """References of the referral that name nothing in the record."""
    series: Series = field(default_factory=Series)
    """How many visits were ordered."""

    def at(self, element: str) -> str:
        """Return where an element of the referral stands, for evidence."""
        return f"{self.ref}#{element}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Another referral of the same patient."""

    ref: str
    received: datetime
    status: str
    authored: date | None = None
    placers: tuple[Placer, ...] = ()
    services: tuple[Code, ...] = ()
    reasons: tuple[str, ...] = ()
    """Coded reasons as ``system|code``, and worded ones folded to plain lower case."""
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Twins:
    """Every other referral of the same patient that the record holds."""

    others: tuple[Twin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPolicy:
    """Which requests are referrals, and which statuses and intents are work or withdraw one."""

    ref: PolicyRef
    work: frozenset[str]
    withdrawn: frozenset[str]
    intents: frozenset[str]
    referrals: frozenset[str]
    """Categories (``system|code``) of referrals."""
    others: frozenset[str]
    """Categories of requests that are somebody else's work: laboratory, imaging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPolicy:
    """What must be known before software acts on a person's record."""

    ref: PolicyRef
    identifiers: frozenset[str]
    """Identifier types or systems, one of which must hold a value."""
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatePolicy:
    """When a second referral is the same one, and when a person must look."""

    ref: PolicyRef
    same_within_days: int
    near_within_days: int
    ignored: frozenset[str]
    """Statuses of other referrals that no longer count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing a clinic needs: how its presence is recognised, and who is asked for it."""

    code: str
    ask_of: str
    any_of: frozenset[str] = frozenset()
    """For an attachment: ``system|code`` of what would do."""
    within_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A clinic that receives referrals: how senders name it and what it needs."""

    name: str
    services: frozenset[str]
    specialties: frozenset[str]
    needs: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicPolicy:
    """Every clinic that receives referrals here."""

    ref: PolicyRef
    clinics: tuple[Clinic, ...]
    by_service: Mapping[str, Clinic]
    by_specialty: Mapping[str, Clinic]
    econsults: frozenset[str] = frozenset()
    """``system|code`` by which a sender asks for written advice instead of a visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyPolicy:
    """What counts as urgent: coded priorities, coded reasons, and words."""

    ref: PolicyRef
    levels: tuple[str, ...]
    """From the least to the most urgent."""
    priorities: Mapping[str, str]
    """Coded priority → level; the empty key is a referral without one."""
    reasons: Mapping[str, str]
    """``system|code`` of a reason → level."""
    lexicon: Lexicon


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingPolicy:
    """Where a clinic's referrals go at each level of urgency."""

    ref: PolicyRef
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementPolicy:
    """What the sender is told for each outcome: the field's business status and its FHIR Task status."""

    ref: PolicyRef
    statuses: Mapping[str, str]
    task_statuses: Mapping[str, str]
    valid_days: int
    """After so many days an acknowledgement that could not be delivered is pointless."""
    reasons: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Outcome → the reasons a person may give the sender for it, as codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPolicy:
    """The share of referrals whose senders should hear from us, and within how many business days."""

    ref: PolicyRef
    share: float
    within_business_days: int


REFERRAL = Need("referrals.referral", Referral, steady=True)
TWINS = Need("referrals.twins", Twins, steady=True)

STANDING = PolicyName("referrals.standing", StandingPolicy)
IDENTITY = PolicyName("referrals.identity", IdentityPolicy)
DUPLICATES = PolicyName("referrals.duplicates", DuplicatePolicy)
CLINICS = PolicyName("referrals.clinics", ClinicPolicy)
URGENCY = PolicyName("referrals.urgency", UrgencyPolicy)
ROUTING = PolicyName("referrals.routing", RoutingPolicy)
ACKNOWLEDGEMENT = PolicyName("referrals.acknowledgement", AcknowledgementPolicy)
ACKNOWLEDGED_IN_TIME = PolicyName("referrals.acknowledged_in_time", TargetPolicy)
