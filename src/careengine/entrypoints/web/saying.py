"""Moments and spans as people say them: in their site's zone, as short as is exact enough. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def span(length: timedelta) -> str:
    """Return a length in its largest whole unit: ``38 min``, ``5 h``, ``3 d``."""
    if length < _HOUR:
        return _("%(n)d min") % {"n": max(length // _MINUTE, 0)}
    if length < 2 * _DAY:
        return _("%(n)d h") % {"n": length // _HOUR}
    return _("%(n)d d") % {"n": length // _DAY}


def until(at: datetime, now: datetime) -> str:
    """Return how long until a deadline, or by how much it is missed: ``2 h``, ``overdue 1 d``."""
    left = at - now
    return span(left) if left > timedelta() else _("overdue %(span)s") % {"span": span(-left)}


def since(at: datetime, now: datetime) -> str:
    """Return how long ago something was: ``12 min ago``."""
    return _("%(span)s ago") % {"span": span(now - at)}


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment on the clock of a site: ``Thu 26 Nov 2026, 14:05``."""
    local = at.astimezone(zone)
    day = _WEEKDAYS[local.weekday()]
    month = _MONTHS[local.month - 1]
    return f"{_(day)} {local.day} {_(month)} {local.year}, {local:%H:%M}"


def day(at: datetime, zone: ZoneInfo) -> str:
    """Return a day as one says it: ``Thursday, Nov 26``."""
    local = at.astimezone(zone)
    said = {"day": weekday(_DAYS[local.weekday()]), "month": _(_MONTHS[local.month - 1]), "n": local.day}
    return _("%(day)s, %(month)s %(n)d") % said


def hour(at: datetime, zone: ZoneInfo) -> str:
    """Return a time of day as people here say it: ``2:30 pm``."""
    local = at.astimezone(zone)
    half = "am" if local.hour < _NOON else "pm"
    return f"{(local.hour - 1) % _NOON + 1}:{local:%M} {half}"


def weekday(name: str) -> str:
    """Return a day of the week in the reader's language."""
    return _(name.capitalize())


def pressing(at: datetime, now: datetime) -> str:
    """Return how pressing a deadline is: ``late``, ``warn`` within four hours, else ``calm``."""
    left = at - now
    return "late" if left <= timedelta() else "warn" if left < 4 * _HOUR else "calm"


_NOON = 12
_DAYS = (
    gettext_noop("Monday"), gettext_noop("Tuesday"), gettext_noop("Wednesday"), gettext_noop("Thursday"),
    gettext_noop("Friday"), gettext_noop("Saturday"), gettext_noop("Sunday"),
)  # fmt: skip
_WEEKDAYS = (
    gettext_noop("Mon"), gettext_noop("Tue"), gettext_noop("Wed"), gettext_noop("Thu"), gettext_noop("Fri"),
    gettext_noop("Sat"), gettext_noop("Sun"),
)  # fmt: skip
_MONTHS = (
    gettext_noop("Jan"), gettext_noop("Feb"), gettext_noop("Mar"), gettext_noop("Apr"), gettext_noop("May"),
    gettext_noop("Jun"), gettext_noop("Jul"), gettext_noop("Aug"), gettext_noop("Sep"), gettext_noop("Oct"),
    gettext_noop("Nov"), gettext_noop("Dec"),
)  # fmt: skip
