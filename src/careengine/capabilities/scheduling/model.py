"""What scheduling knows of openings, visits, wishes and waiters, and what policy tells its rules. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from careengine.kernel.need import Need
from careengine.kernel.policy import PolicyName, PolicyRef

UNKNOWN_GROUP = "unknown"
"""Of somebody who did not say to which group they belong, or of whom nobody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A free slot of a clinic, as one patient may be offered it."""

    slot: str
    """``Slot/id``."""
    version: int = 0
    schedule: str = ""
    start: datetime
    end: datetime
    clinic: str = ""
    practitioner: str = ""
    place: str = ""
    virtual: bool = False
    distance_km: float | None = None
    """From the patient's home, in a straight line; ``None`` where either place is not known."""
    known: bool = False
    """The patient has been seen by this practitioner before."""

    def at(self, element: str) -> str:
        """Return where an element of the slot stands, for evidence."""
        return f"{self.slot}@{self.version}#{element}" if self.version else f"{self.slot}#{element}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """Free slots that nobody else holds, soonest first: enough to choose from, not all there are."""

    found: tuple[Opening, ...] = ()
    until: datetime | None = None
    """How far ahead the clinic's schedules go; ``None`` when it has none."""
    patient: str = ""
    """``Patient/id`` of the record that is in use for the case's subject."""
    group: str = UNKNOWN_GROUP
    """For reports on fairness only; no rule that ranks reads it."""
    seen: str = ""
    """For a waitlist: up to which change (real time) the clinic's slots were looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An appointment as the clinic's own system tells it; without ``ref`` there is none."""

    ref: str = ""
    """``Appointment/id@version``."""
    status: str = ""
    start: datetime | None = None
    end: datetime | None = None
    slot: str = ""
    schedule: str = ""
    clinic: str = ""
    practitioner: str = ""
    place: str = ""
    reason: str = ""
    """Why it was cancelled, in the code of the clinic's system."""

    @property
    def name(self) -> str:
        """Return ``Appointment/id`` without a version."""
        return self.ref.partition("@")[0]

    def at(self, element: str) -> str:
        """Return where an element of the appointment stands, for evidence."""
        return f"{self.ref}#{element}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """When somebody can come, in local time at the clinic; what is empty is no condition."""

    days: tuple[str, ...] = ()
    """``mon`` to ``sun``."""
    after: time | None = None
    """It begins then or later."""
    before: time | None = None
    """It is over by then."""
    first: date | None = None
    """The first day that suits."""
    until: date | None = None
    """The last day that suits, itself included, as people say it."""
    part: str = ""
    """A part of the day that policy names: ``morning``."""
    unknown: tuple[str, ...] = ()
    """What was said and could not be read; a person must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """Somebody who has a visit, or none yet, and would come sooner."""

    case: int
    patient: str
    since: datetime
    urgency: str
    wish: str = ""
    current_start: datetime | None = None
    distance_km: float | None = None
    offers: int = 0
    """How many earlier visits they were offered so far."""
    group: str = UNKNOWN_GROUP


@dataclass(frozen=True, slots=True)
class Waiters:
    """Everybody on a clinic's waitlist."""

    waiting: tuple[Waiter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One day of one clinic: whether it takes place, and whose visits are booked in it."""

    schedule: str = ""
    """``Schedule/id@version``; empty when the record holds none."""
    active: bool = True
    clinic: str = ""
    start: datetime | None = None
    end: datetime | None = None
    focuses: tuple[str, ...] = ()
    """``ServiceRequest/id`` of each booked visit, the keys of their cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicSetting:
    """How one clinic gives visits."""

    name: str
    service: str
    """``system|code`` of what is booked."""
    partner: str
    """The partner that owns the clinic's schedule."""
    address: str
    phone: str
    windows: Mapping[str, int]
    """Urgency → days from the start of the search within which the visit must be."""
    minutes: int
    offered: int
    """How many slots are offered at a time."""
    hold_minutes: int
    lead_hours: int
    """A visit offered begins at least so many hours from now."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day in local time, half-open."""

    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicsPolicy:
    """Every clinic that gives visits here, and how slots are chosen."""

    ref: PolicyRef
    clinics: Mapping[str, ClinicSetting]
    parts: Mapping[str, Part]
    apart_minutes: int
    """Two slots offered on one day lie at least so far apart, as long as there are others."""
    near_km: int
    """A place no further away than this is a reason of fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder: so many days before at a local time, or so many hours before."""

    name: str
    before: int
    """Days, when ``at`` names a local time; else hours."""
    at: time | None = None
    when_confirmed: bool = True
    """Whether somebody who confirmed still gets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindersPolicy:
    """When people are reminded of a visit."""

    ref: PolicyRef
    reminders: tuple[Reminder, ...]
    """From the earliest to the last."""
    earliest: time
    """A reminder by hours that would leave before this local time ..."""
    evening: time
    """... leaves at this local time on the evening before."""
    late_hours: int
    """A reminder later than this is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutreachPlan:
    """How often somebody is asked, and when it becomes a person's matter."""

    after: tuple[int, ...]
    """Business days from the first attempt to each attempt."""
    channels: int
    """In how many ways they are asked before we stop."""
    letter: int | None
    """Business days from the first attempt to the letter; ``None`` sends none."""
    person: int
    """Business days from the first attempt until a person decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutreachPolicy:
    """How people are asked who do not answer."""

    ref: PolicyRef
    plans: Mapping[str, OutreachPlan]
    """Urgency → plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPolicy:
    """How somebody whose visit fell through is brought back."""

    ref: PolicyRef
    most: Mapping[str, int]
    """Cause → how often software offers again by itself before a person talks to them."""
    person_when: frozenset[str]
    """``cause urgency``, joined by a space, that a person takes up at once."""
    rest_hours: Mapping[str, int]
    """Cause → hours to wait before the next offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsPolicy:
    """What an appointment's status means, and when silence about a visit becomes a question."""

    ref: PolicyRef
    statuses: Mapping[str, str]
    """FHIR status → ``kept``, ``no_show``, ``cancelled``, ``booked`` or ``void``."""
    by_clinic: frozenset[str]
    """Codes of cancellations that the clinic caused."""
    by_patient: frozenset[str]
    grace_hours: int
    """So long after its end the clinic's system may take to say what became of a visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What counts for being offered an earlier visit; each share is between 0 and 1."""

    urgency: Mapping[str, float]
    wait: float
    gain: float
    near: float
    wait_days: int
    """A wait this long counts fully."""
    gain_days: int
    """So many days earlier count fully."""
    far_km: int
    """From here on nearness counts nothing, and also where the distance is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPolicy:
    """How a slot that became free is offered to people who wait."""

    ref: PolicyRef
    batch: int
    """How many people are asked about one slot at a time."""
    answer_minutes: int
    notice_hours: int
    """A slot that begins sooner than this is not offered by text."""
    offers_most: int
    """Offers of earlier visits to one person, altogether."""
    asks_from_hour: int
    asks_until_hour: int
    """People are asked between these hours of the clinic's day; what became free at night waits for them."""
    look_minutes: int
    """How often the clinic's own book is looked through for what others gave back, while somebody waits."""
    greedy_up_to: int
    """Up to so many freed slots are given out one after the other; more are matched all at once."""
    weights: Weights


OPENINGS = Need("scheduling.openings", Openings)
FREED = Need("scheduling.freed", Openings)
VISIT = Need("scheduling.visit", Visit)
WAITERS = Need("scheduling.waiters", Waiters)
SESSION = Need("scheduling.session", Session)

CLINICS = PolicyName("scheduling.clinics", ClinicsPolicy)
REMINDERS = PolicyName("scheduling.reminders", RemindersPolicy)
OUTREACH = PolicyName("scheduling.outreach", OutreachPolicy)
RECOVERY = PolicyName("scheduling.recovery", RecoveryPolicy)
VISIT_RULES = PolicyName("scheduling.visits", VisitsPolicy)
BACKFILL = PolicyName("scheduling.backfill", BackfillPolicy)
