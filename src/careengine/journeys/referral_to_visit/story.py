"""From a referral that arrives to a visit kept and its report read: states, ends, and where events belong."""

from collections.abc import Sequence
from datetime import datetime

from careengine.capabilities import referrals
from careengine.engine.journey import Candidate, CardDecided, Case, Event, Join, Journey, Open
from careengine.kernel.policy import Scalar

REQUEST = "record.ServiceRequest"
PERSON, COVERAGE = "record.Patient", "record.Coverage"
APPOINTMENT, TASK, RESPONSE = "record.Appointment", "record.Task", "record.QuestionnaireResponse"
REPORTS = ("record.DiagnosticReport", "record.DocumentReference")
SLOT_OFFERED, SESSION_CLOSED, SESSION_ENDED = "slot.offered", "session.closed", "session.ended"

INTAKE = ("received", "urgent_triage", "information_missing")
SEEKING = ("offering", "rebooking", "recovering_cancellation", "recovering_no_show")
"""States in which a time is looked for; in ``rebooking`` the patient keeps the visit they have."""
AFTER = ("awaiting_report", "returning_report", "awaiting_review")
ENDS = (
    "joined", "withdrawn", "not_a_referral", "declined", "cancelled", "unreachable", "completed",
)  # fmt: skip
WAITING_PLACE = "Appointment/wait-"
"""Our own places on waitlists are appointments too; they concern no case's visit."""

journey = Journey(
    "referral_to_visit", version=1, subject="ServiceRequest",
    outcome="the visit was kept and the sender has read its report", target="referrals.acknowledged_in_time",
    start="received",
    listens=(REQUEST, PERSON, COVERAGE, APPOINTMENT, TASK, RESPONSE, *REPORTS),
)  # fmt: skip


@journey.route
def route(event: Event, candidates: Sequence[Candidate]) -> Join | Open | None:
    """A request belongs to its own case or opens it; what else changes concerns the person's cases."""
    named = event.ref.partition("@")[0]
    if event.kind == REQUEST:
        mine = tuple(c.case for c in candidates if c.data.get("focus") == named)
        return Join(mine) if mine else Open(key=named, data={"focus": named})
    concerned = tuple(c.case for c in candidates if concerns(event.kind, named, c))
    return Join(concerned) if concerned else None


def concerns(kind: str, named: str, candidate: Candidate) -> bool:
    """Say whether a change of the record may matter to a case of the same person."""
    if kind == TASK:
        return named == f"Task/{referrals.review_id(candidate.case)}"
    if kind == APPOINTMENT:
        # A visit booked in the clinic's own system names no case; each looks whether it is theirs.
        own = candidate.data.get("appointment")
        unknown = own is None and candidate.state in SEEKING
        return named == own or (unknown and not named.startswith(WAITING_PLACE))
    if kind == RESPONSE:
        return named == f"QuestionnaireResponse/intake-{candidate.case}"
    return candidate.state in AFTER if kind in REPORTS else True


def card(event: Event | None) -> CardDecided:
    """Return the event as the card that was answered."""
    assert isinstance(event, CardDecided)  # noqa: S101  the engine calls these handlers with no other event
    return event


def clinic_of(case: Case) -> str:
    """Return the clinic that was accepted for this referral."""
    return str(case.data.get(referrals.CLINIC) or "")


def urgency_of(case: Case) -> str:
    """Return how urgent the referral was found to be."""
    return str(case.data.get("urgency") or "routine")


def begins(case: Case, start: datetime | None) -> dict[str, Scalar]:
    """Return how a case keeps when its visit begins; policies of the day of service go by that day."""
    day = case.day(start).isoformat() if start else None
    return {"start": start.isoformat() if start else None, "service_day": day}


def number(case: Case, name: str) -> int:
    """Return a count that the case keeps; nothing counted yet is 0."""
    return int(case.data.get(name) or 0)


journey.end("completed", outcome="visit kept, report read by the sender", reached_goal=True, status="7.0")
journey.end("declined", outcome="sender told: declined by a person", reached_goal=False, status="4.0")
journey.end("withdrawn", outcome="withdrawn by the sender", reached_goal=False, status="6.0")
journey.end("cancelled", outcome="closed by a person: no visit is wanted", reached_goal=False, status="6.0")
journey.end("unreachable", outcome="closed by a person: not reached", reached_goal=False, status="6.0")
journey.end("joined", outcome="the same referral is already on its way", reached_goal=True)
journey.end("not_a_referral", outcome="a request that is somebody else's work", reached_goal=False)
