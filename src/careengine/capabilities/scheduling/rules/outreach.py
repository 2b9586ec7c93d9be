"""Somebody does not answer: ask again, write a letter, or let a person decide? Pure."""

from collections.abc import Sequence
from datetime import datetime

from careengine.capabilities.scheduling.model import OutreachPlan, OutreachPolicy
from careengine.engine.calendars import Calendar, instant, wall
from careengine.kernel.decision import Decision, Flip, Reason, Route, because
from careengine.kernel.policy import Scalar

AGAIN = "again"
LETTER = "letter"
WAIT = "wait"
PERSON = "person"
_QUESTION = "scheduling.outreach"


def decide_outreach(  # noqa: PLR0913  what the answer depends on, each named
    tries: int,
    *,
    since: datetime,
    urgency: str,
    now: datetime,
    zone: str,
    calendar: Calendar,
    policy: OutreachPolicy,
    used: Sequence[str] = (),
) -> Decision:
    """Say what follows after ``tries`` attempts (a letter counts as one), the first of them at ``since``.

    ``again`` and ``letter`` carry ``at``, the earliest moment, and whether another of the
    channels than those ``used`` is due. ``person`` asks; before its time the answer is ``wait``.
    """
    plan = policy.plans.get(urgency)
    if plan is None:
        return _decision(PERSON, because("scheduling.urgency_not_listed", urgency=urgency), policy)
    if tries < len(plan.after):
        at = _at(plan.after[tries], since, zone, calendar)
        params: dict[str, Scalar] = {
            "at": at.isoformat(), "attempt": tries + 1, "of": len(plan.after),
            "another_channel": _another_channel(plan, tries, used),
        }  # fmt: skip
        return _decision(AGAIN, (Reason("scheduling.try_again", params),), policy)
    if plan.letter is not None and tries == len(plan.after):
        at = _at(plan.letter, since, zone, calendar)
        return _decision(
            LETTER, because("scheduling.time_for_a_letter", at=at.isoformat(), tries=tries), policy
        )
    return _person(plan, tries, urgency, _at(plan.person, since, zone, calendar), now, policy)


def _person(
    plan: OutreachPlan, tries: int, urgency: str, at: datetime, now: datetime, policy: OutreachPolicy
) -> Decision:
    if now < at:
        return _decision(WAIT, because("scheduling.wait_for_answer", at=at.isoformat()), policy)
    return _decision(
        PERSON,
        because("scheduling.nobody_answers", tries=tries, urgency=urgency, days=plan.person),
        policy,
        (Flip("tries", tries - 1, LETTER if plan.letter is not None else AGAIN),),
    )


def _another_channel(plan: OutreachPlan, tries: int, used: Sequence[str]) -> bool:
    """Say whether the attempts left are only just enough to use as many channels as asked for."""
    left = len(plan.after) - tries
    return bool(used) and plan.channels - len(set(used)) >= left


def _at(days: int, since: datetime, zone: str, calendar: Calendar) -> datetime:
    """Return the same local time so many business days later; for none, the moment itself."""
    if not days:
        return since
    day, at = wall(since, zone)
    return instant(calendar.add_open_days(calendar.open_day(day), days), at, zone)


def _decision(
    answer: str, why: tuple[Reason, ...], policy: OutreachPolicy, flips: tuple[Flip, ...] = ()
) -> Decision:
    route = Route.ASK if answer == PERSON else Route.PROCEED
    return Decision(
        question=_QUESTION, route=route, answer=answer, because=why, policy=policy.ref, flips=flips
    )


def moment_of(decision: Decision) -> datetime | None:
    """Return the moment that an answer names, if it names one."""
    for reason in decision.because:
        if "at" in reason.params:
            return datetime.fromisoformat(str(reason.params["at"]))
    return None
