"""What closes the loop: the report of the visit, the sender's review of it, a series of visits. Pure."""

from dataclasses import dataclass
from datetime import date, datetime

from careengine.kernel.need import Need
from careengine.kernel.policy import PolicyName, PolicyRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A document about the patient since the referral came; ``named_by`` says how it belongs to it."""

    ref: str
    """``DiagnosticReport/id@version``."""
    status: str
    """As its kind words it; a DocumentReference's ``docStatus``, or ``current`` without one."""
    written: datetime
    """When this version came into the record."""
    codes: tuple[str, ...] = ()
    """``system|code`` of what it is."""
    named_by: tuple[str, ...] = ()
    """Which of ``basedOn``, ``context``, ``identifier``, ``encounter`` name this referral or its visit."""
    others: bool = False
    """It names another referral instead."""
    files: tuple[str, ...] = ()
    """The ``Binary/id`` its words are in."""


@dataclass(frozen=True, slots=True)
class Reports:
    """Every document of the patient that may be the report of this referral, newest first."""

    found: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The Task by which the sender says that they have read the report."""

    ref: str = ""
    """Empty when there is none."""
    status: str = ""
    said: str = ""
    """What they answered beside the status: the code of the Task's business status."""
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPolicy:
    """Which documents are consult reports, which statuses are final, and how long a review may take."""

    ref: PolicyRef
    reports: frozenset[str]
    """``system|code`` of documents that report a consultation."""
    others: frozenset[str]
    """``system|code`` of documents that never do: letters of referral, results alone."""
    final: frozenset[str]
    interim: frozenset[str]
    void: frozenset[str]
    """Statuses under which a document counts as not there."""
    review_days: int
    """How many days the sender has to say that they read it."""
    valid_days: int
    """After so many days a report that could not be delivered is a person's to bring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPolicy:
    """What a sender's answer to the report means."""

    ref: PolicyRef
    waiting: frozenset[str]
    """Task statuses under which the review is still owed."""
    done: frozenset[str]
    """Task statuses under which the report was read."""
    agrees: frozenset[str]
    """Business statuses beside it that ask for nothing more; the empty one is none."""
    follow_up: frozenset[str]
    """Business statuses beside it that ask for something more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """How many visits the sender ordered, as they said it."""

    quantity: float | None = None
    count: int | None = None
    frequency: int | None = None
    """So many visits in each ``period``."""
    period_days: float | None = None
    bound_days: float | None = None
    """How long the series lasts."""
    start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """How far a series has come."""

    done: int = 0
    last: datetime | None = None
    """The latest visit that was kept; without one, when the series was accepted."""
    booked: datetime | None = None
    """The next visit, if one is booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPolicy:
    """How long may pass between two visits of a series."""

    ref: PolicyRef
    usual_days: int
    """Between two visits, where the sender gave no rhythm."""
    text_after: float
    """After so many times the usual gap without a booked visit the patient is written to."""
    person_after: float
    """After so many times the usual gap a person looks."""
    most_visits: int
    """A series longer than this is looked at by a person first."""


REPORT = Need("referrals.report", Reports, steady=True)
REVIEW = Need("referrals.review", Review, steady=True)

REPORTING = PolicyName("referrals.reporting", ReportPolicy)
REVIEWING = PolicyName("referrals.reviewing", ReviewPolicy)
SERIES = PolicyName("referrals.series", SeriesPolicy)
