"""When may a message arrive: within the hours of every zone it may land in, and below the caps. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from careengine.capabilities.messaging.model import (
    NOT_DONE,
    SMS,
    ChannelPolicy,
    Contact,
    Hours,
    Rules,
    SendingPolicy,
    Sent,
    ZonesPolicy,
)

_STEPS = 40
"""Moves before we say that there is no such moment; each goes to the next beginning of some zone's hours."""
_DAYS_AHEAD = 15
_WEEK = 7


def zones_of(contact: Contact, zones: ZonesPolicy) -> tuple[str, ...]:
    """Return every zone the person may be in: the chart's own, all of their states', or all there are."""
    if contact.zone:
        return (contact.zone,)
    found = {zone for state in contact.states for zone in zones.of_state.get(state, zones.unknown)}
    return tuple(sorted(found)) or zones.unknown


def hours_of(contact: Contact, sending: SendingPolicy) -> Hours:
    """Return the narrowest hours of the person's states."""
    each = [sending.hours, *(sending.hours_of[s] for s in contact.states if s in sending.hours_of)]
    return Hours(start=max(one.start for one in each), end=min(one.end for one in each))


def window(contact: Contact, *, rules: Rules, now: datetime) -> datetime | None:
    """Return the next moment at which a text may arrive, ``now`` itself if it may; nothing if none comes."""
    return _within(hours_of(contact, rules.sending), zones_of(contact, rules.zones), now)


def inside(contact: Contact, *, rules: Rules, now: datetime) -> bool:
    """Say whether a text may arrive at this moment."""
    return window(contact, rules=rules, now=now) == now


def closes(contact: Contact, *, rules: Rules, now: datetime) -> datetime:
    """Return the end of the hours in which ``now`` lies: after it nothing planned for today leaves."""
    end = hours_of(contact, rules.sending).end
    local = [now.astimezone(_zone(name)) for name in zones_of(contact, rules.zones)]
    return min(
        one.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0) for one in local
    ).astimezone(UTC)


def _within(hours: Hours, zones: Sequence[str], now: datetime) -> datetime | None:
    at = now
    for _ in range(_STEPS):
        later = [_opens(hours, zone, at) for zone in zones]
        if all(one == at for one in later):
            return at
        at = max(later)
    return None


def _opens(hours: Hours, zone: str, at: datetime) -> datetime:
    local = at.astimezone(_zone(zone))
    if hours.start <= local.time() < hours.end:
        return at
    day = local.date() + timedelta(days=local.time() >= hours.end)
    return datetime.combine(day, hours.start, _zone(zone)).astimezone(UTC)


@lru_cache(maxsize=100)  # zones are few and never change while we run
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def next_moment(
    contact: Contact, *, channel: ChannelPolicy, rules: Rules, now: datetime, prompted: bool
) -> datetime | None:
    """Return when the next message may leave by this channel: within its hours and below the caps."""
    at: datetime | None = window(contact, rules=rules, now=now) if channel.quiet else now
    if not channel.capped or (prompted and is_answer(contact, sending=rules.sending, now=now)):
        return at
    zones = zones_of(contact, rules.zones)
    counted = capped(contact.sent, rules.sending)
    for _ in range(_DAYS_AHEAD):
        if at is None or not any(_full(counted, zone, at, rules.sending) for zone in zones):
            return at
        at = _tomorrow(contact, zones, at, rules) if channel.quiet else at + timedelta(days=1)
    return None


def _tomorrow(contact: Contact, zones: Sequence[str], at: datetime, rules: Rules) -> datetime | None:
    """Return the first moment allowed on the day after, in the zone where that begins last."""
    days = [(at.astimezone(_zone(zone)).date() + timedelta(days=1), _zone(zone)) for zone in zones]
    start = hours_of(contact, rules.sending).start
    latest = max(datetime.combine(day, start, zone).astimezone(UTC) for day, zone in days)
    return window(contact, rules=rules, now=latest)


def is_answer(contact: Contact, *, sending: SendingPolicy, now: datetime) -> bool:
    """Say whether the patient wrote so lately that what we say now is an answer."""
    since = now - timedelta(hours=sending.answers_free_hours)
    return any(since < one.at <= now for one in contact.heard if one.channel == SMS)


def capped(sent: Iterable[Sent], sending: SendingPolicy) -> tuple[Sent, ...]:
    """Return what counts against the caps."""
    counting = {one.name for one in sending.channels if one.capped}
    return tuple(s for s in sent if s.channel in counting and not s.prompted and s.status != NOT_DONE)


def below_caps(sent: Sequence[Sent], *, at: datetime, zones: Sequence[str], sending: SendingPolicy) -> bool:
    """Say whether one more may leave at this moment, beside ``sent``, in every zone."""
    counted = capped(sent, sending)
    return not any(_full(counted, zone, at, sending) for zone in zones)


def _full(counted: Sequence[Sent], zone: str, at: datetime, sending: SendingPolicy) -> bool:
    """Say whether another one on this day would be too many for the day, or for any seven days around it."""
    days = Counter(one.at.astimezone(_zone(zone)).date() for one in counted)
    today = at.astimezone(_zone(zone)).date()
    if days[today] >= sending.per_day:
        return True
    return any(_week(days, today - timedelta(days=back)) >= sending.per_week for back in range(_WEEK))


def _week(days: Counter[date], first: date) -> int:
    return sum(days[first + timedelta(days=n)] for n in range(_WEEK))
