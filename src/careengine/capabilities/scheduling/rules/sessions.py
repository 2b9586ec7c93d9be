"""Does a clinic's day take place, and is it over? Pure."""

from datetime import datetime, timedelta

from careengine.capabilities.scheduling.model import Session, VisitsPolicy
from careengine.kernel.decision import Decision, Evidence, Flip, Route, because

CLOSED = "closed"
OPEN = "open"
ENDED = "ended"
UNKNOWN = "unknown"


def decide_session(session: Session, *, now: datetime, policy: VisitsPolicy) -> Decision:
    """Say whether a day of a clinic is ahead, was closed, or is over, so that its visits have an outcome.

    ``open`` names ``at``, when to look again. Of a schedule that the record does not hold, or that
    has no time, a person says what is meant.
    """
    over = session.end + timedelta(hours=policy.grace_hours) if session.end else now
    if not session.schedule or session.end is None:
        answer, why = UNKNOWN, because("scheduling.session_unknown")
    elif not session.active:
        answer, why = CLOSED, because("scheduling.session_closed", booked=len(session.focuses))
    elif now >= over:
        answer, why = ENDED, because("scheduling.session_ended", booked=len(session.focuses))
    else:
        until = session.end.isoformat()
        answer, why = OPEN, because("scheduling.session_open", until=until, at=over.isoformat())
    return Decision(
        question="scheduling.session",
        route=Route.ASK if answer == UNKNOWN else Route.PROCEED,
        answer=answer,
        because=why,
        policy=policy.ref,
        evidence=(Evidence(source=f"{session.schedule}#active"),) if session.schedule else (),
        flips=(Flip("session.active", becomes=False, answer=CLOSED),) if answer == OPEN else (),
    )
