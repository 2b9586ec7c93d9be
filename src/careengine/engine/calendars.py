"""Which days and hours count: holidays, weekends, opening hours, local time over both DST nights. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from careengine.kernel.errors import CareError
from careengine.kernel.policy import PolicyRef

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


class CalendarEnds(CareError):
    """A calendar was asked about a day for which nobody has entered its holidays yet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """The open days of an organisation, a payer or a court; equal only to itself, so that it can be a key."""

    ref: PolicyRef
    weekend: frozenset[int]
    """Weekdays that are closed, Monday 0 to Sunday 6."""
    holidays: Mapping[date, str]
    """Closed days and their names."""
    first_day: date
    """The first day for which the holidays are known."""
    end_day: date
    """The first day for which they are not known any more."""
    opens: time = _MIDNIGHT
    closes: time | None = None
    """Local closing time; ``None`` is midnight at the end of the day."""

    def is_open(self, day: date) -> bool:
        """Say whether ``day`` counts; raise :class:`CalendarEnds` outside the known years."""
        if not self.first_day <= day < self.end_day:
            raise CalendarEnds(
                f"The calendar {self.ref.name} knows holidays from {self.first_day} until {self.end_day}, "
                f"not on {day}. Publish a version that holds that year."
            )
        return day.weekday() not in self.weekend and day not in self.holidays

    def open_day(self, day: date) -> date:
        """Return ``day`` if it is open, else the first open day after it."""
        while not self.is_open(day):
            day += _DAY
        return day

    def add_open_days(self, day: date, count: int) -> date:
        """Return the ``count``-th open day after ``day``, which is open itself."""
        for _ in range(count):
            day = self.open_day(day + _DAY)
        return day


@lru_cache(maxsize=512)
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone called ``name``."""
    return ZoneInfo(name)


def instant(day: date, at: time, zone: str) -> datetime:
    """Return the UTC instant of a local time of day.

    In the night that has no such time (spring), it is the first moment after the gap;
    in the night that has it twice (autumn), it is the first of the two.
    """
    local = datetime.combine(day, at, tzinfo=zone_of(zone))
    there = local.astimezone(UTC)
    while there.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)  # inside the spring gap
        there = local.astimezone(UTC)
    return there


def wall(at: datetime, zone: str) -> tuple[date, time]:
    """Return the local day and time of an instant.

    A moment in the repeated hour of an autumn night is read as the end of that hour, so
    that whoever comes later never gets an earlier deadline than whoever came before.
    """
    local = at.astimezone(zone_of(zone))
    while local.fold:
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        local = at.astimezone(local.tzinfo)
    return local.date(), local.time()


@dataclass(frozen=True, slots=True, eq=False)
class OpenTime:
    """A calendar at a place: open time there, in real seconds."""

    calendar: Calendar
    zone: str
    _spans: dict[date, tuple[datetime, datetime] | None] = field(default_factory=dict, repr=False)
    """Days already worked out; it only saves time."""

    def span(self, day: date) -> tuple[datetime, datetime] | None:
        """Return from when until when ``day`` is open, in UTC and half-open; ``None`` if it is closed."""
        if day not in self._spans:
            self._spans[day] = self._span(day)
        return self._spans[day]

    def _span(self, day: date) -> tuple[datetime, datetime] | None:
        if not self.calendar.is_open(day):
            return None
        closes = self.calendar.closes
        last, at = (day + _DAY, _MIDNIGHT) if closes is None else (day, closes)
        return instant(day, self.calendar.opens, self.zone), instant(last, at, self.zone)

    def between(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the open stretches from ``since`` up to ``until``, in order."""
        day = since.astimezone(zone_of(self.zone)).date()
        last = until.astimezone(zone_of(self.zone)).date()
        while day <= last:
            span = self.span(day)
            if span is not None:
                start, end = max(span[0], since), min(span[1], until)
                if start < end:
                    yield start, end
            day += _DAY

    def at_share(self, since: datetime, until: datetime, share: float) -> datetime:
        """Return when ``share`` of the open time from ``since`` to ``until`` has passed.

        With no open time in between, the share of the plain time is meant.
        """
        stretches = list(self.between(since, until))
        total = sum((end - start for start, end in stretches), timedelta())
        left = total * share
        for start, end in stretches:
            if left <= end - start:
                return start + left
            left -= end - start
        return since + (until - since) * share if not stretches else stretches[-1][1]
