"""Which reminder of a visit is due, and when is the next? Pure."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from careengine.capabilities.scheduling.model import Reminder, RemindersPolicy
from careengine.engine.calendars import instant, zone_of
from careengine.kernel.decision import Decision, Flip, Route, because

SEND = "send"
LATER = "later"
NONE = "none"
_DAY = timedelta(days=1)


def decide_reminder(  # noqa: PLR0913  what a reminder depends on, each named
    start: datetime,
    *,
    reminded: Collection[str],
    confirmed: bool,
    booked: datetime,
    now: datetime,
    zone: str,
    policy: RemindersPolicy,
) -> Decision:
    """Say which reminder to send now, when the next is due, or that none is left.

    A reminder whose time came before the visit was ``booked``, or long ago, is left out;
    of two that are due the later one is sent.
    """
    late = now - timedelta(hours=policy.late_hours)
    open_ = [
        (at, one)
        for at, one in _times(start, zone, policy)
        if one.name not in reminded
        and (one.when_confirmed or not confirmed)
        and max(booked, late) < at < start
    ]
    due = [(at, one) for at, one in open_ if at <= now < start]
    ahead = [(at, one) for at, one in open_ if at > now]
    if due:
        at, one = due[-1]
        return _decision(
            SEND, "scheduling.reminder_due", one.name, at, policy,
            (Flip("confirmed", becomes=True, answer=NONE),) if not one.when_confirmed else (),
        )  # fmt: skip
    if ahead:
        at, one = ahead[0]
        return _decision(LATER, "scheduling.reminder_ahead", one.name, at, policy)
    return Decision(
        question="scheduling.reminder", route=Route.PROCEED, answer=NONE,
        because=because("scheduling.no_reminder_left"), policy=policy.ref,
    )  # fmt: skip


def _decision(
    answer: str, code: str, name: str, at: datetime, policy: RemindersPolicy, flips: tuple[Flip, ...] = ()
) -> Decision:
    return Decision(
        question="scheduling.reminder",
        route=Route.PROCEED,
        answer=answer,
        because=because(code, name=name, at=at.isoformat()),
        policy=policy.ref,
        flips=flips,
    )


def _times(start: datetime, zone: str, policy: RemindersPolicy) -> Iterator[tuple[datetime, Reminder]]:
    """Yield each reminder with its moment, in the order of time."""
    moments = [(_moment(start, one, zone, policy), one) for one in policy.reminders]
    yield from sorted(moments, key=lambda moment: moment[0])


def _moment(start: datetime, one: Reminder, zone: str, policy: RemindersPolicy) -> datetime:
    local = start.astimezone(zone_of(zone))
    if one.at is not None:
        return instant(local.date() - one.before * _DAY, one.at, zone)
    at = start - timedelta(hours=one.before)
    there = at.astimezone(zone_of(zone))
    if there.time() < policy.earliest or there.date() < local.date():
        return instant(local.date() - _DAY, policy.evening, zone)
    return at


def reminder_of(decision: Decision) -> str:
    """Return the name of the reminder that is due or ahead; empty when none is left."""
    return str(decision.because[0].params.get("name", ""))
