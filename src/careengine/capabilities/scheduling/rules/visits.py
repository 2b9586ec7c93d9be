"""What became of a visit, by what the clinic's own system says? Pure."""

from datetime import datetime, timedelta

from careengine.capabilities.scheduling.model import Visit, VisitsPolicy
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route, because

AHEAD = "ahead"
KEPT = "kept"
NO_SHOW = "no_show"
CANCELLED_BY_CLINIC = "cancelled_by_clinic"
CANCELLED_BY_PATIENT = "cancelled_by_patient"
MOVED = "moved"
NOBODY_SAID = "nobody_said"
"""The visit's time is over and nobody recorded what became of it."""
UNCLEAR = "unclear"


def decide_visit(visit: Visit, *, expected: datetime | None, now: datetime, policy: VisitsPolicy) -> Decision:
    """Say what became of a visit that we expect at ``expected``; ask when nobody can tell."""
    meaning = policy.statuses.get(visit.status)
    status, start = visit.status, visit.start.isoformat() if visit.start else ""
    if meaning == "kept":
        return _decision(visit, KEPT, because("scheduling.visit_kept", start=start), policy)
    if meaning == "no_show":
        return _decision(visit, NO_SHOW, because("scheduling.visit_missed", start=start), policy)
    if meaning == "cancelled":
        return _cancelled(visit, policy)
    if meaning != "booked" or visit.start is None or visit.end is None:
        return _decision(visit, UNCLEAR, because("scheduling.visit_unclear", status=status), policy)
    return _to_come(visit, expected, now, policy)


def _to_come(visit: Visit, expected: datetime | None, now: datetime, policy: VisitsPolicy) -> Decision:
    start = visit.start.isoformat() if visit.start else ""
    if expected is not None and visit.start != expected:
        moved = because("scheduling.visit_moved", start=start, expected=expected.isoformat())
        return _decision(visit, MOVED, moved, policy)
    if now < look_again(visit, policy):
        return _decision(visit, AHEAD, because("scheduling.visit_ahead", start=start), policy)
    return _decision(visit, NOBODY_SAID, because("scheduling.visit_untold", start=start), policy)


def _cancelled(visit: Visit, policy: VisitsPolicy) -> Decision:
    if visit.reason in policy.by_clinic:
        why = because("scheduling.clinic_cancelled", reason=visit.reason)
        return _decision(visit, CANCELLED_BY_CLINIC, why, policy)
    if visit.reason in policy.by_patient:
        why = because("scheduling.patient_cancelled", reason=visit.reason)
        return _decision(visit, CANCELLED_BY_PATIENT, why, policy)
    return _decision(visit, UNCLEAR, because("scheduling.cancelled_unclear", reason=visit.reason), policy)


def _decision(visit: Visit, answer: str, why: tuple[Reason, ...], policy: VisitsPolicy) -> Decision:
    ask = answer in {NOBODY_SAID, UNCLEAR}
    bearing = Bearing.MISSING if ask else Bearing.SUPPORTS
    return Decision(
        question="scheduling.visit",
        route=Route.ASK if ask else Route.PROCEED,
        answer=answer,
        because=why,
        policy=policy.ref,
        evidence=(Evidence(source=visit.at("status"), words=visit.status, bearing=bearing),)
        if visit.ref
        else (),
        flips=(Flip("visit.status", "fulfilled", KEPT),) if ask or answer == AHEAD else (),
    )


def look_again(visit: Visit, policy: VisitsPolicy) -> datetime:
    """Return when silence about a visit becomes a question; the visit has an end."""
    assert visit.end is not None  # noqa: S101  a visit that is booked has one; decide_visit asks about others
    return visit.end + timedelta(hours=policy.grace_hours)
