"""Is the questionnaire sent, is the patient reminded of it, or does a person help? Pure."""

from datetime import UTC, datetime, timedelta

from careengine.capabilities.registration.model import Intake, IntakePolicy
from careengine.capabilities.registration.rules.local_time import day_at, days_before, moment
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route

SEND = "send"
CHASE = "chase"
WAIT = "wait"
DONE = "done"
OVER = "over"
UNFINISHED = "unfinished"


def decide_intake(
    intake: Intake, *, visit_start: datetime, now: datetime, zone: str, policy: IntakePolicy
) -> Decision:
    """Say what the questionnaire needs now, or when to look again; near the visit a person helps."""
    if intake.status == "complete":
        return _decision(
            policy, intake, DONE, Reason("registration.intake_complete", {"answered": intake.answered})
        )
    if now >= visit_start:
        return _decision(policy, intake, OVER, Reason("registration.intake_over", {}))
    if not intake.asked:
        first = days_before(visit_start, policy.send_within_days, policy.hour, zone)
        return _wait(policy, intake, first) if now < first else _tell(policy, intake, SEND)
    person = days_before(visit_start, policy.unfinished_days_before, policy.hour, zone)
    person = max(person, intake.asked[-1] + timedelta(hours=policy.grace_hours))
    if now >= person:
        reason = Reason("registration.intake_unfinished", {"answered": intake.answered, "of": intake.of})
        flips = (Flip("intake.status", "complete", DONE),)
        return _decision(policy, intake, UNFINISHED, reason, flips)
    chase = _next_chase(intake, zone, policy)
    if chase is not None and chase <= now:
        return _tell(policy, intake, CHASE)
    return _wait(policy, intake, min(chase, person) if chase is not None else person)


def look_again_at(decision: Decision) -> datetime | None:
    """Return the moment at which the question is to be asked again; nothing when it is settled or due now."""
    at = decision.because[0].params.get("at")
    return datetime.fromisoformat(str(at)) if at else None


def asked_moments(kept: object) -> tuple[datetime, ...]:
    """Return when the patient was asked, from what the case keeps."""
    return tuple(datetime.fromisoformat(one) for one in str(kept or "").split())


def asked_now(kept: object, now: datetime) -> str:
    """Return what the case keeps once the patient was asked again."""
    return f"{kept or ''} {now.astimezone(UTC).isoformat(timespec='seconds')}".strip()


def _next_chase(intake: Intake, zone: str, policy: IntakePolicy) -> datetime | None:
    """Return when the next reminder is due, counted from the first message."""
    made = len(intake.asked) - 1
    if made >= len(policy.chase_after_days):
        return None
    day = day_at(intake.asked[0], zone) + timedelta(days=policy.chase_after_days[made])
    return moment(day, policy.hour, zone)


def _tell(policy: IntakePolicy, intake: Intake, answer: str) -> Decision:
    params = {"times": len(intake.asked), "answered": intake.answered}
    return _decision(policy, intake, answer, Reason("registration.intake_asked", params))


def _wait(policy: IntakePolicy, intake: Intake, at: datetime) -> Decision:
    return _decision(policy, intake, WAIT, Reason("registration.intake_again_at", {"at": at.isoformat()}))


def _decision(
    policy: IntakePolicy, intake: Intake, answer: str, reason: Reason, flips: tuple[Flip, ...] = ()
) -> Decision:
    bearing = Bearing.SUPPORTS if answer == DONE else Bearing.MISSING
    return Decision(
        question="registration.intake",
        route=Route.ASK if answer == UNFINISHED else Route.PROCEED,
        answer=answer,
        because=(reason,),
        policy=policy.ref,
        evidence=(Evidence(source=intake.ref, bearing=bearing),) if intake.ref else (),
        flips=flips,
    )
