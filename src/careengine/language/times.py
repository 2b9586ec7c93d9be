"""Read days and times as people write them: "tues after 3", "the 10th", "10:30", "martes por la tarde"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from careengine.language.pieces import CLOCK, DAY, DIGITS

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as it was written; without minutes any time within the hour may be meant."""

    at: time
    minutes: bool = True


@dataclass(frozen=True, slots=True)
class Hours:
    """When a day of visits begins and ends: by it ``3`` means three in the afternoon."""

    start: time
    end: time


@dataclass(slots=True)
class When:
    """Everything a message says about days, times and the number of an option."""

    numbers: list[int] = field(default_factory=list)
    """Said to be the number of an option: ``#3``, ``the second one``."""
    bare: list[int] = field(default_factory=list)
    """Numbers that do not say what they count: an option, a day of the month, an hour."""
    ordinals: list[int] = field(default_factory=list)
    """``3rd``: an option or a day of the month."""
    days: list[str] = field(default_factory=list)
    dates: list[tuple[date, date]] = field(default_factory=list)
    """First and last day."""
    clocks: list[Clock] = field(default_factory=list)
    after: time | None = None
    before: time | None = None
    parts: list[str] = field(default_factory=list)
    extremes: list[str] = field(default_factory=list)
    """``earliest``, ``latest``, ``last``."""
    usual: bool = False
    """It speaks of such days in general: ``mornings``, ``Tuesdays``."""
    next_day: bool = False
    """``next Tuesday``: nobody agrees on which that is."""
    unclear: bool = False
    """Something could not be read, or was said twice."""

    def says_something(self) -> bool:
        """Say whether any day, time or number was mentioned."""
        return bool(self.counts() or self.says_time() or self.unclear)

    def counts(self) -> bool:
        """Say whether it points at an option: by number or place in the list."""
        return bool(self.numbers or self.bare or self.ordinals or self.extremes)

    def says_time(self) -> bool:
        """Say whether it names a day or a time."""
        said = (self.days, self.dates, self.clocks, self.parts)
        return any(said) or self.after is not None or self.before is not None


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of a message that may belong to a day or a time: what it means, and its text, folded."""

    meaning: str
    text: str

    @property
    def kind(self) -> str:
        """Return the meaning without its value: ``day`` of ``day:tue``."""
        return self.meaning.partition(":")[0] if self.meaning not in {CLOCK, DAY, DIGITS} else self.meaning

    @property
    def value(self) -> str:
        """Return the value: ``tue`` of ``day:tue``; of a number, the number."""
        return self.text if self.meaning in {CLOCK, DAY, DIGITS} else self.meaning.partition(":")[2]

    def number(self) -> int | None:
        """Return the number that is written here, in digits or in words."""
        digits = self.value if self.kind in {DIGITS, "number"} else ""
        return int(digits) if digits.isdecimal() and len(digits) <= 4 else None

    def ordinal(self) -> int | None:
        """Return the place that is written here: 2 of ``second``."""
        return int(self.value) if self.kind == "ordinal" else None


TIME_KINDS = frozenset({
    "day", "days", "month", "part", "parts", "relative", "after", "before", "at", "am", "pm", "oclock",
    "half", "half_past", "quarter", "quarter_past", "number", "ordinal", "clock", "option", "extreme",
    "next", "week_of", CLOCK, DAY, DIGITS,
})  # fmt: skip


def read_when(said: Sequence[Said], *, today: date, hours: Hours) -> When:
    """Return what the pieces say about days and times; ``today`` is the day where the patient is."""
    reader = _Reader(said, today, hours)
    while reader.at < len(said):
        reader.step()
    return reader.when


class _Reader:
    """Reads from left to right, one expression a step."""

    def __init__(self, said: Sequence[Said], today: date, hours: Hours) -> None:
        self.said, self.today, self.hours = said, today, hours
        self.at = 0
        self.when = When()

    def step(self) -> None:
        here = self.said[self.at]
        reads = {
            "day": self._day, "days": self._day, "month": self._month, "part": self._part,
            "parts": self._part,
            "relative": self._relative, "after": self._after, "before": self._before, "at": self._at,
            "option": self._option, "ordinal": self._ordinal, "week_of": self._week_of, "next": self._next,
            "extreme": self._extreme, "am": self._half_day, "pm": self._half_day, DAY: self._slashed,
        }  # fmt: skip
        read = reads.get(here.kind)
        if read is not None:
            read(here)
        elif not self._clock_here() and not self._number(here):
            self.when.unclear = True
            self.at += 1

    def _kind(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.said[place].kind if place < len(self.said) else ""

    def _day(self, here: Said) -> None:
        self.when.days.append(here.value)
        self.when.usual = self.when.usual or here.kind == "days"
        self.at += 1

    def _part(self, here: Said) -> None:
        self.when.parts.append(here.value)
        self.when.usual = self.when.usual or here.kind == "parts"
        self.at += 1

    def _half_day(self, here: Said) -> None:
        self.when.parts.append("morning" if here.kind == "am" else "afternoon")
        self.at += 1

    def _extreme(self, here: Said) -> None:
        self.when.extremes.append(here.value)
        self.at += 1

    def _next(self, here: Said) -> None:  # noqa: ARG002  every reader takes its piece
        self.at += 1
        if self._kind() == "day":
            self.when.next_day = True
        else:
            self.when.unclear = True

    def _option(self, here: Said) -> None:  # noqa: ARG002
        self.at += 1
        number = self.said[self.at].number() if self.at < len(self.said) else None
        if number is None and self._kind() == "ordinal":
            number = self.said[self.at].ordinal()
        if number is None:
            return  # "that option works" says no number
        self.when.numbers.append(number)
        self.at += 1

    def _at(self, here: Said) -> None:  # noqa: ARG002
        self.at += 1
        clock = self._clock(sure=True)
        if clock is None:
            self.when.unclear = True
        else:
            self.when.clocks.append(clock)

    def _after(self, here: Said) -> None:  # noqa: ARG002
        self.at += 1 + (self._kind(1) == "at")
        clock = self._clock(sure=True)
        if clock is None or self.when.after is not None:
            self.when.unclear = True
        else:
            self.when.after = clock.at

    def _before(self, here: Said) -> None:  # noqa: ARG002
        self.at += 1 + (self._kind(1) == "at")
        clock = self._clock(sure=True)
        if clock is None or self.when.before is not None:
            self.when.unclear = True
        else:
            self.when.before = clock.at

    def _clock_here(self) -> bool:
        clock = self._clock(sure=False)
        if clock is not None:
            self.when.clocks.append(clock)
        return clock is not None

    def _number(self, here: Said) -> bool:
        number = here.number()
        if number is None:
            return False
        self.at += 1
        if self._kind() == "month":
            self._dated(int(self.said[self.at].value), number)
            self.at += 1
        else:
            self.when.bare.append(number)
        return True

    def _ordinal(self, here: Said) -> None:
        self.at += 1
        place = here.ordinal() or 0
        if self._kind() == "month":
            self._dated(int(self.said[self.at].value), place)
            self.at += 1
        elif self._kind() == "option":
            self.when.numbers.append(place)
            self.at += 1
        else:
            self.when.ordinals.append(place)

    def _month(self, here: Said) -> None:
        self.at += 1
        month = int(here.value)
        day = None
        if self.at < len(self.said):
            day = self.said[self.at].number() or self.said[self.at].ordinal()
        if day is None:
            self._whole_month(month)
        else:
            self._dated(month, day)
            self.at += 1

    def _whole_month(self, month: int) -> None:
        year = self.today.year + (month < self.today.month)
        first = date(year, month, 1)
        self.when.dates.append((first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)))

    def _slashed(self, here: Said) -> None:
        self.at += 1
        month, day = (int(part) for part in here.value.split("/")[:2])
        self._dated(month, day)

    def _dated(self, month: int, day: int) -> None:
        for year in (self.today.year, self.today.year + 1):
            try:
                meant = date(year, month, day)
            except ValueError:
                continue
            if meant >= self.today:
                self.when.dates.append((meant, meant))
                return
        self.when.unclear = True

    def _relative(self, here: Said) -> None:
        self.at += 1
        monday = self.today - timedelta(days=self.today.weekday())
        spans = {
            "today": (self.today, self.today),
            "tomorrow": (self.today + timedelta(days=1),) * 2,
            "day_after": (self.today + timedelta(days=2),) * 2,
            "this_week": (self.today, monday + timedelta(days=6)),
            "next_week": (monday + timedelta(days=7), monday + timedelta(days=13)),
            "week_after": (monday + timedelta(days=14), monday + timedelta(days=20)),
        }
        if here.value == "next_month":
            self._whole_month(self.today.month % 12 + 1)
        elif here.value in spans:
            self.when.dates.append(spans[here.value])
            self.when.usual = self.when.usual or here.value.endswith("week") or here.value == "week_after"
        else:
            self.when.unclear = True

    def _week_of(self, here: Said) -> None:  # noqa: ARG002
        self.at += 1
        before = len(self.when.dates)
        if self.at < len(self.said) and (day := self.said[self.at].ordinal() or self.said[self.at].number()):
            self.at += 1
            self._dated(self.today.month if day >= self.today.day else self.today.month % 12 + 1, day)
        elif self.at < len(self.said) and self._kind() in {"month", DAY}:
            self.step()
        if len(self.when.dates) == before:
            self.when.unclear = True
            return
        first, _ = self.when.dates.pop()
        self.when.dates.append((first, first + timedelta(days=6)))
        self.when.usual = True

    def _clock(self, *, sure: bool) -> Clock | None:
        """Read a time of day here; ``sure`` says that a lone number is one."""
        if self.at >= len(self.said):
            return None
        here = self.said[self.at]
        if here.kind == "clock":
            self.at += 1
            return Clock(time.fromisoformat(here.value))
        if here.kind in {"half_past", "quarter_past"}:
            self.at += 1
            number = self.said[self.at].number() if self.at < len(self.said) else None
            self.at += number is not None
            return self._on_the_clock(number, 30 if here.kind == "half_past" else 15, minutes=True)
        if here.kind == CLOCK:
            hour, minute = (int(part) for part in re.split(r"[:.h]", here.value))
            self.at += 1
            return self._on_the_clock(hour, minute, minutes=True)
        return self._lone_hour(here, sure=sure)

    def _lone_hour(self, here: Said, *, sure: bool) -> Clock | None:
        number = here.number()
        if number is None:
            return None
        if number >= 100:
            self.at += 1
            return self._on_the_clock(number // 100, number % 100, minutes=True)
        after = self._kind(1)
        minute = {"half": 30, "quarter": 15}.get(after)
        follows = self.said[self.at + 1].number() if self.at + 1 < len(self.said) else None
        if here.kind == "number" and follows in {15, 30, 45} and self._kind(1) == "number":
            minute = follows
        if minute is None and after not in {"am", "pm", "oclock"} and not sure:
            return None
        self.at += 1 + (minute is not None)
        return self._on_the_clock(number, minute or 0, minutes=minute is not None)

    def _on_the_clock(self, hour: int | None, minute: int, *, minutes: bool) -> Clock | None:
        """Return the time, in the half of the day that is said or in which visits are."""
        half = self._kind()
        if half == "oclock":
            self.at += 1
            half = self._kind()
        if half in {"am", "pm"}:
            self.at += 1
        if hour is None or not 0 <= hour <= 23 or not 0 <= minute <= 59:
            self.when.unclear = True
            return Clock(time(0, 0), minutes)
        if half in {"am", "pm"} and 1 <= hour <= 12:
            return Clock(time(hour % 12 + 12 * (half == "pm"), minute), minutes)
        if hour <= 12:
            both = (time(hour % 12, minute), time(hour % 12 + 12, minute))
            within = [one for one in both if self.hours.start <= one < self.hours.end]
            if len(within) != 1:
                self.when.unclear = True
            return Clock(within[0] if within else both[1], minutes)
        meant = time(hour, minute)
        self.when.unclear = self.when.unclear or not self.hours.start <= meant < self.hours.end
        return Clock(meant, minutes)
