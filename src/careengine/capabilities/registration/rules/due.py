"""When is the patient's insurance checked before the visit? Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from careengine.capabilities.registration.model import Check, Checks, EligibilityPolicy, Held
from careengine.capabilities.registration.rules.local_time import days_before, month_turns
from careengine.kernel.decision import Decision, Evidence, Reason, Route

DUE = "due"
LATER = "later"
ENOUGH = "enough"
TECHNICAL = frozenset({"unavailable", "unreadable"})
"""Results that are no answer: a payer that was silent, or spoke nonsense."""


def decide_check_due(
    visit_start: datetime, checks: Checks, *, held: Held, now: datetime, zone: str, policy: EligibilityPolicy
) -> Decision:
    """Say whether the payer is asked now, at which later moment, or not again before the visit.

    Planned: when the visit is booked, so many days before it, and when a month begins
    before it. Besides: when the insurance on the record changed, and after a silence.
    """
    mine = [one for one in checks.found if one.coverage.partition("@")[0] == held.id]
    answered = next((one for one in mine if one.result not in TECHNICAL), None)
    if now >= visit_start:
        return _decision(policy, ENOUGH, Reason("registration.visit_is_here", {}), mine)
    why = _why_now(answered, held, visit_start, now, zone, policy)
    if why:
        return _after_silence(mine, why, now, policy)
    planned = sorted(at for at in _planned(visit_start, now, zone, policy) if now < at < visit_start)
    if not planned:
        return _decision(policy, ENOUGH, Reason("registration.no_more_checks", {}), mine)
    return _later(policy, planned[0], "planned", mine)


def due_at(decision: Decision) -> datetime | None:
    """Return the moment of the next check that a decision names; nothing when none is planned."""
    at = decision.because[0].params.get("at")
    return datetime.fromisoformat(str(at)) if at else None


def silences(checks: Checks, held: Held) -> int:
    """Return how often the payer was asked in vain since it last answered."""
    count = 0
    for one in checks.found:
        if one.coverage.partition("@")[0] != held.id:
            continue
        if one.result not in TECHNICAL:
            break
        count += 1
    return count


def _why_now(
    answered: Check | None,
    held: Held,
    visit: datetime,
    now: datetime,
    zone: str,
    policy: EligibilityPolicy,
) -> str:
    if answered is None:
        return "never_checked"
    if answered.coverage != held.ref:
        return "cover_changed"
    passed = [at for at in _planned(visit, answered.at, zone, policy) if answered.at < at <= now]
    return "planned" if passed else ""


def _planned(visit: datetime, since: datetime, zone: str, policy: EligibilityPolicy) -> Iterator[datetime]:
    for days in policy.days_before:
        yield days_before(visit, days, policy.hour, zone)
    if policy.month_turn:
        yield from month_turns(since, visit, policy.hour, zone)


def _after_silence(mine: Sequence[Check], why: str, now: datetime, policy: EligibilityPolicy) -> Decision:
    """Ask now, unless the payer was asked in vain a moment ago; then wait longer each time."""
    silent = 0
    for one in mine:
        if one.result not in TECHNICAL:
            break
        silent += 1
    if silent:
        pause = policy.again_after[min(silent, len(policy.again_after)) - 1]
        again = mine[0].at + timedelta(minutes=pause)
        if now < again:
            return _later(policy, again, "payer_was_silent", mine)
    return _decision(policy, DUE, Reason("registration.check_now", {"why": why, "silent": silent}), mine)


def _later(policy: EligibilityPolicy, at: datetime, why: str, seen: Sequence[Check]) -> Decision:
    return _decision(policy, LATER, Reason("registration.check_at", {"at": at.isoformat(), "why": why}), seen)


def _decision(policy: EligibilityPolicy, answer: str, reason: Reason, seen: Sequence[Check]) -> Decision:
    return Decision(
        question="registration.check_due",
        route=Route.PROCEED,
        answer=answer,
        because=(reason,),
        policy=policy.ref,
        evidence=tuple(Evidence(source=one.ref) for one in seen[:1]),
    )
