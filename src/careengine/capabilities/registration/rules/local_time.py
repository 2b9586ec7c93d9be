"""Planned moments as people name them: so many days before a visit, at an hour of their day. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def moment(day: date, hour: time, zone: str) -> datetime:
    """Return an hour of a day at a place, in UTC; an hour that the clock skips is the next one there is."""
    return datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)


def day_at(at: datetime, zone: str) -> date:
    """Return the calendar day of a moment at a place."""
    return at.astimezone(ZoneInfo(zone)).date()


def days_before(visit: datetime, days: int, hour: time, zone: str) -> datetime:
    """Return the planned hour so many days before a visit, counted on the visit's own calendar."""
    return moment(day_at(visit, zone) - timedelta(days=days), hour, zone)


def month_turns(after: datetime, visit: datetime, hour: time, zone: str) -> tuple[datetime, ...]:
    """Return the planned hour on the first day of every month that begins between a moment and a visit."""
    found, last = [], day_at(visit, zone)
    day = (day_at(after, zone).replace(day=1) + timedelta(days=32)).replace(day=1)
    while day <= last:
        found.append(moment(day, hour, zone))
        day = (day + timedelta(days=32)).replace(day=1)
    return tuple(found)
