"""Which offered visit fits the days and times that a text names, and which wish does it state? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from careengine.capabilities.messaging.model import Option
from careengine.language.times import DAYS, Hours, When


@dataclass(frozen=True, slots=True)
class Offered:
    """The offered visits where the patient is, and what a part of a day is."""

    options: tuple[Option, ...]
    zone: ZoneInfo
    parts: Mapping[str, Hours]
    today: date

    def fitting(self, when: When) -> tuple[Option, ...]:
        """Return the offered visits that everything said fits."""
        return tuple(one for i, one in enumerate(self.options) if self._fits(i, one, when))

    def dated(self, when: When) -> When:
        """Return it with "the 17th" as the next such day."""
        found = [self._next_such_day(place) for place in when.ordinals]
        unclear = when.unclear or None in found
        dates = [*when.dates, *((day, day) for day in found if day is not None)]
        return replace(when, dates=dates, ordinals=[], unclear=unclear)

    def _next_such_day(self, place: int) -> date | None:
        ahead = (self.today + timedelta(days=n) for n in range(62))
        return next((day for day in ahead if day.day == place), None)

    def _fits(self, index: int, option: Option, when: When) -> bool:
        start, end = (at.astimezone(self.zone) for at in (option.start, option.end))
        return (
            all(number == index + 1 for number in when.numbers)
            and all(self._bare(number, index, start, when) for number in when.bare)
            and all(self._ordinal(place, index, start, when) for place in when.ordinals)
            and all(self._extreme(which, option) for which in when.extremes)
            and self._on_day(start, when)
            and self._at_time(start, end, when)
        )

    def _bare(self, number: int, index: int, start: datetime, when: When) -> bool:
        """A lone number is the option of that number; otherwise an hour, unless a day could be meant."""
        if not when.says_time():
            if 1 <= number <= len(self.options):
                return number == index + 1
            days = {one.start.astimezone(self.zone).day for one in self.options}
            sharp = number == _twelve(start) and start.minute == 0
            return (sharp and number not in days) or number == start.day == _twelve(start)
        return number in {index + 1, start.day, _twelve(start)}

    def _ordinal(self, place: int, index: int, start: datetime, when: When) -> bool:
        if when.days or when.dates:
            return place == start.day
        if place <= len(self.options):
            # Both readings are possible: it fits only where they do not contradict each other.
            days = {one.start.astimezone(self.zone).day for one in self.options}
            return place == index + 1 if place not in days else place in {index + 1, start.day}
        return place == start.day

    def _extreme(self, which: str, option: Option) -> bool:
        by_time = sorted(self.options, key=lambda one: one.start)
        if which == "earliest":
            return option == by_time[0]
        # "last" is the last in the list and the last in time; when these differ, nothing fits.
        return option == by_time[-1] and (which != "last" or option == self.options[-1])

    def _on_day(self, start: datetime, when: When) -> bool:
        day = start.date()
        if when.next_day:
            monday = self.today - timedelta(days=self.today.weekday()) + timedelta(days=7)
            if not monday <= day <= monday + timedelta(days=6):
                return False
        return (not when.days or DAYS[day.weekday()] in when.days) and (
            not when.dates or any(first <= day <= last for first, last in when.dates)
        )

    def _at_time(self, start: datetime, end: datetime, when: When) -> bool:
        at = start.time()
        return (
            all(at == c.at or (not c.minutes and self._only_in_hour(start, c.at.hour)) for c in when.clocks)
            and (when.after is None or at >= when.after)
            and (when.before is None or (end.date() == start.date() and end.time() <= when.before))
            and (not when.parts or any(self._in_part(at, part) for part in when.parts))
        )

    def _only_in_hour(self, start: datetime, hour: int) -> bool:
        """By "the 10am" 10:30 is meant too, when no visit is offered at 10 sharp on that day."""
        on_the_day = [o.start.astimezone(self.zone) for o in self.options]
        sharp = any(one.date() == start.date() and (one.hour, one.minute) == (hour, 0) for one in on_the_day)
        return start.hour == hour and not sharp

    def _in_part(self, at: time, part: str) -> bool:
        hours = self.parts.get(part)
        return hours is not None and hours.start <= at < hours.end


def _twelve(at: datetime) -> int:
    return (at.hour - 1) % 12 + 1


def wish_text(when: When) -> str | None:
    """Return the wish as text, ``days=tue;after=15:00``, or nothing when it cannot be one wish."""
    clocks = {clock.at for clock in when.clocks}
    if when.unclear or when.next_day or len(when.dates) > 1 or len(when.parts) > 1 or len(clocks) > 1:
        return None
    if clocks and (when.after is not None or when.before is not None):
        return None
    if when.after is not None and when.before is not None and when.after >= when.before:
        return None
    after = next(iter(clocks), when.after)
    first, last = when.dates[0] if when.dates else (None, None)
    values = {
        "days": ",".join(day for day in DAYS if day in when.days),
        "after": after.isoformat("minutes") if after else "",
        "before": when.before.isoformat("minutes") if when.before else "",
        "from": first.isoformat() if first else "",
        "until": last.isoformat() if last else "",
        "part": when.parts[0] if when.parts else "",
    }
    return ";".join(f"{name}={value}" for name, value in values.items() if value)


def only_names(when: When) -> bool:
    """Say whether the days and times do no more than name one visit, as in "my Tuesday visit"."""
    one_day = all(first == last for first, last in when.dates)
    return one_day and not (when.after or when.before or when.usual or when.next_day)
