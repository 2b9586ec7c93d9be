"""By when a wait must end, what stops its clock, and who hears of it on the way there. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from careengine.engine.calendars import Calendar, OpenTime, instant, wall
from careengine.kernel.errors import CareError
from careengine.kernel.policy import PolicyRef


class ClockFault(CareError):
    """A clock was used in a way it cannot be: stopped twice, started while running, without a calendar."""


class Unit(StrEnum):
    """What a clock counts."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    BUSINESS_DAYS = "business_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPolicy:
    """How long one kind of wait may take, by whose rule, and whom it wakes on the way."""

    ref: PolicyRef
    amount: int
    unit: Unit
    calendar: str
    """The policy naming the open days; empty means the calendar of the case's site."""
    tolls: frozenset[str]
    """Codes of awaited things; while the case waits for one of them, the clock stands still."""
    citation: str
    """The law, contract or promise behind the number."""
    legal: bool
    """Whether law or contract stands behind it, not only our own promise."""
    ladder: str
    """The escalation policy."""
    predict_at: float
    """The share of the time left below which the clock is at risk."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Who hears when ``share`` of a clock's time has passed, and ``after`` on top of it."""

    role: str
    share: float
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The escalation ladder, lowest rung first; the last rung speaks again every ``repeat``."""

    ref: PolicyRef
    rungs: tuple[Rung, ...]
    repeat: timedelta

    def role(self, rung: int) -> str:
        """Return who is told on ``rung``; the top one for anything above."""
        return self.rungs[min(rung, len(self.rungs) - 1)].role


@dataclass(frozen=True, slots=True)
class Running:
    """One case's clock: since when, until when, and since when it stands still, if it does."""

    since: datetime
    until: datetime
    paused_at: datetime | None = None


def deadline(start: datetime, clock: ClockPolicy, calendar: Calendar | None, zone: str) -> datetime:
    """Return the first instant that is too late, in UTC, for a clock starting at ``start``.

    Minutes and hours are elapsed time. Days keep the local time of day in ``zone``.
    Business days keep it too, and count open days only; a start while closed counts
    from the next opening, and the deadline is never on a closed day.
    """
    start = start.astimezone(UTC)
    if clock.unit is Unit.MINUTES:
        return start + timedelta(minutes=clock.amount)
    if clock.unit is Unit.HOURS:
        return start + timedelta(hours=clock.amount)
    day, at = wall(start, zone)
    if clock.unit is Unit.DAYS:
        return instant(day + timedelta(days=clock.amount), at, zone)
    calendar = _needed(calendar, clock)
    day, at = _counts_from(day, at, calendar)
    return instant(calendar.add_open_days(day, clock.amount), at, zone)


def begin(start: datetime, clock: ClockPolicy, calendar: Calendar | None, zone: str) -> Running:
    """Start a clock."""
    return Running(start, deadline(start, clock, calendar, zone))


def pause(running: Running, at: datetime) -> Running:
    """Stop a clock: what is awaited is nobody's delay here."""
    if running.paused_at is not None:
        raise ClockFault("A clock that already stands still cannot be stopped again.")
    return Running(running.since, running.until, at)


def resume(
    running: Running, at: datetime, clock: ClockPolicy, calendar: Calendar | None, zone: str
) -> Running:
    """Let a stopped clock run on; start and deadline move by the time it stood still.

    The start moves too, so that the share of time used is what it was at the pause.
    A business-day deadline that would fall on a closed day moves to the next open one.
    """
    if running.paused_at is None:
        raise ClockFault("A clock that runs cannot be started again.")
    stood = max(at - running.paused_at, timedelta())
    until = running.until + stood
    if clock.unit is Unit.BUSINESS_DAYS:
        day, local = wall(until, zone)
        open_day = _needed(calendar, clock).open_day(day)
        until = until if open_day == day else instant(open_day, local, zone)
    return Running(running.since + stood, until)


def rung_due(since: datetime, until: datetime, rung: Rung, open_time: OpenTime | None = None) -> datetime:
    """Return when ``rung`` hears of a clock; with ``open_time`` shares are of the open time only."""
    if rung.share <= 0:
        return since + rung.after
    if rung.share >= 1:
        return until + rung.after
    if open_time is not None:
        return open_time.at_share(since, until, rung.share) + rung.after
    return since + (until - since) * rung.share + rung.after


def next_rung(
    clock_from: datetime,
    clock_until: datetime,
    rung: int,
    ladder: Ladder,
    now: datetime,
    open_time: OpenTime | None = None,
) -> tuple[int, datetime]:
    """Return the rung reached by ``now`` (never lower than ``rung``) and when to look again.

    After the top rung the time to look again repeats by policy, so that an open case
    always has a due time.
    """
    reached = rung
    for index in range(rung + 1, len(ladder.rungs)):
        due = rung_due(clock_from, clock_until, ladder.rungs[index], open_time)
        if due > now:
            return reached, due
        reached = index
    top = rung_due(clock_from, clock_until, ladder.rungs[-1], open_time)
    missed = max((now - top) // ladder.repeat, -1) + 1
    return reached, top + missed * ladder.repeat


def at_risk(running: Running, clock: ClockPolicy, now: datetime, usual: timedelta | None = None) -> bool:
    """Predict a breach: too small a share is left, or less than the step ``usual``ly takes.

    A clock that stands still is judged as it was when it stopped.
    """
    now = running.paused_at or now
    left = running.until - now
    if left <= timedelta():
        return True
    if usual is not None and left < usual:
        return True
    return left < (running.until - running.since) * clock.predict_at


def _needed(calendar: Calendar | None, clock: ClockPolicy) -> Calendar:
    if calendar is None:
        raise ClockFault(f"The clock {clock.ref.name} counts business days and was given no calendar.")
    return calendar


def _counts_from(day: date, at: time, calendar: Calendar) -> tuple[date, time]:
    if not calendar.is_open(day):
        return calendar.open_day(day), calendar.opens
    if calendar.closes is not None and at >= calendar.closes:
        return calendar.open_day(day + timedelta(days=1)), calendar.opens
    return day, max(at, calendar.opens)
