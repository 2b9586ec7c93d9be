"""What registration knows of insurance and intake, and what policy tells each of its rules. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from careengine.kernel.effect import Json
from careengine.kernel.need import Need
from careengine.kernel.policy import PolicyName, PolicyRef

Reply = Mapping[str, Json]
"""What came of an eligibility question, codes only: ``result``, ``aaa``, ``plan_begin``, ``trace``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An insurance on the patient's record: whose, from when until when, and what its payer is called."""

    ref: str
    """``Coverage/id@version``."""
    status: str
    start: date | None = None
    """First day."""
    end: date | None = None
    """Last day, as FHIR periods have it: the day itself still counts."""
    order: int | None = None
    """Which is asked first when there are several (``Coverage.order``)."""
    called: tuple[str, ...] = ()
    """What it calls its payer: the partner name or number of the organisation, its name."""
    member: bool = False
    """Whether a member's number stands there."""

    @property
    def id(self) -> str:
        """Return ``Coverage/id``, whatever its version."""
        return self.ref.partition("@")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Every insurance on the patient's record, and who the patient is there."""

    held: tuple[Held, ...] = ()
    patient: str = ""
    """``Patient/id``; empty when not exactly one record stands for the person."""
    has: tuple[str, ...] = ()
    """Which of ``family_name``, ``birth_date`` a payer can recognise the patient by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One eligibility answer that the record keeps (CoverageEligibilityResponse)."""

    ref: str
    coverage: str
    """``Coverage/id@version`` that was asked about."""
    at: datetime
    result: str
    aaa: tuple[str, ...] = ()
    day: date | None = None
    """The day of service that was asked about."""


@dataclass(frozen=True, slots=True)
class Checks:
    """Every eligibility answer about the patient, newest first."""

    found: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Where the patient's questionnaire stands."""

    ref: str = ""
    """``QuestionnaireResponse/id@version``; empty before anything was saved."""
    status: str = "none"
    """``none``, ``partial`` or ``complete``."""
    answered: int = 0
    of: int = 0
    """How many questions apply, given the answers so far."""
    saved_at: datetime | None = None
    asked: tuple[datetime, ...] = ()
    """When the patient was sent the questionnaire and reminded of it, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One answer of a patient: yes or no, a code that was offered, or the patient's own words."""

    question: str
    """Link of the question."""
    yes: bool | None = None
    system: str = ""
    code: str = ""
    display: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answers to a questionnaire as it was last saved."""

    ref: str = ""
    """``QuestionnaireResponse/id@version``; empty when nothing was saved."""
    patient: str = ""
    complete: bool = False
    given: tuple[Given, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """A payer that is asked electronically."""

    partner: str
    """Under which name ``organisation.yaml`` knows where it is asked."""
    id: str
    """Its number in the 270 (NM109 of loop 2100A)."""
    name: str
    """Its name in the 270."""
    called: frozenset[str] = frozenset()
    """What insurances on the record call it, folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverPolicy:
    """Which insurances count, which payers can be asked, and what they need to recognise a patient."""

    ref: PolicyRef
    statuses: frozenset[str]
    needs: tuple[str, ...]
    payers: Mapping[str, Payer]
    """Every payer that can be asked, by the name it has here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityPolicy:
    """When a payer is asked before a visit, and how often again when it does not answer."""

    ref: PolicyRef
    days_before: tuple[int, ...]
    hour: time
    """At what time of the site's day a planned check is made."""
    month_turn: bool
    """Ask again when a month begins before the visit: plans change then."""
    again_after: tuple[int, ...]
    """Minutes before a payer that did not answer is asked again, one after the other."""
    valid_hours: int
    """How long one question may be on its way."""
    services: tuple[str, ...]
    """Service type codes (X12 1365) asked about."""
    receiver_name: str
    receiver_npi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """What a payer's rejection code means for us."""

    answer: str
    act: str
    """What can be done about it, as a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersPolicy:
    """What each eligibility answer means, and what can be done about it."""

    ref: PolicyRef
    rejections: Mapping[str, Rejection]
    """By AAA03 code (X12 901)."""
    later: frozenset[str]
    """Answers that are no answer: the payer is asked again."""
    most_tries: int
    """After so many of them in a row a person telephones."""
    options: tuple[str, ...]
    """What can be offered to a patient whose plan is not in force: never that the visit is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakePolicy:
    """When the questionnaire is sent, when the patient is reminded, and when a person helps."""

    ref: PolicyRef
    send_within_days: int
    """Sent at once when the visit is no further away; else so many days before it."""
    chase_after_days: tuple[int, ...]
    """Days after the first message on which the patient is reminded."""
    unfinished_days_before: int
    """From this day before the visit a person takes it up."""
    grace_hours: int
    """Hours a patient has from the last message, however near the visit is."""
    hour: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What a provider asks us as a payer: about whom, for which day."""

    ref: str
    """``Binary/id@version`` of the question as it came."""
    fault: str = ""
    """Why the question could not be read; empty when it could."""
    payer: str = ""
    """The payer's number in the question."""
    number: str = ""
    """The member's number, letters and digits only."""
    last: str = ""
    first: str = ""
    born: date | None = None
    dependent: bool = False
    """The patient is not the subscriber."""
    day: date | None = None
    """The day asked about; nothing means the day of asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One coverage of a member: ours, or that of another payer we know of."""

    ref: str
    status: str
    start: date | None = None
    end: date | None = None
    called: tuple[str, ...] = ()
    """What the coverage calls its payer."""
    payer_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who carries the number that was asked about."""

    ref: str
    subject: UUID
    last: str = ""
    first: str = ""
    born: date | None = None
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class Members:
    """Everybody who carries the number that was asked about."""

    found: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code901:
    """How a finding is told to the provider: reject reason, level, and what may follow."""

    code: str
    level: str
    follow_up: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersPolicy:
    """How we recognise our members, which days may be asked about, and how a no is told."""

    ref: PolicyRef
    us: frozenset[str]
    """What our own coverages, and those who ask us, call us; folded."""
    statuses: frozenset[str]
    titles: frozenset[str]
    """Words that are no part of a last name."""
    first_letters: int
    """How many letters of the first name must agree, when both are known."""
    back_days: int
    ahead_days: int
    rejections: Mapping[str, Code901]
    """By what was found."""
    clause: str
    law: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InTimePolicy:
    """What leaders compare a payer's answers with."""

    ref: PolicyRef
    share: float
    within_seconds: int


COVER = Need("registration.cover", Cover, steady=True)
ELIGIBILITY = Need("registration.eligibility", Checks, steady=True)
INTAKE = Need("registration.intake", Intake)
ANSWERED = Need("registration.answered", Answered)
INQUIRY = Need("registration.inquiry", Inquiry, steady=True)
MEMBERS = Need("registration.members", Members, steady=True)
OUR_MEMBERS = PolicyName("registration.members", MembersPolicy)
COVERS = PolicyName("registration.cover", CoverPolicy)
CHECKING = PolicyName("registration.eligibility", EligibilityPolicy)
ANSWERS = PolicyName("registration.answers", AnswersPolicy)
INTAKES = PolicyName("registration.intake", IntakePolicy)
