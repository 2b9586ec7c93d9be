"""FHIR dates and times as ranges on the time line: ``2024-05`` is the whole of May."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
EARLIEST = datetime.min.replace(tzinfo=UTC)
"""Stands for a range without a known beginning."""
LATEST = datetime.max.replace(tzinfo=UTC)
"""Stands for one without a known end, and ends every range that would reach past the year 9999."""

Range = tuple[datetime, datetime]
"""From (inside) and to (outside), both aware and in UTC."""


def moment(text: str) -> Range | None:
    """Give the range a FHIR date, dateTime or instant covers; None when the text is none of them.

    A date without a zone is taken in UTC, as the record has no other zone to take it in. What reaches
    beyond the years 1 to 9999 is cut there.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    try:
        return _whole_second(text) if found[6] and found[7] is None and found[6] != "60" else _range(found)
    except (ValueError, OverflowError):  # no such day, hour or year
        return None


def _whole_second(text: str) -> Range:
    """Take what is by far the commonest the short way."""
    low = datetime.fromisoformat(text)
    low = low.astimezone(UTC) if low.tzinfo else low.replace(tzinfo=UTC)
    return low, _plus(low, _SECOND)


def _range(found: re.Match[str]) -> Range:
    year, month, day = (int(part or 0) for part in found.group(1, 2, 3))
    if found[2] is None:
        return datetime(year, 1, 1, tzinfo=UTC), _first(year, 13)
    if found[3] is None:
        return datetime(year, month, 1, tzinfo=UTC), _first(year, month + 1)
    if found[4] is None:
        low = datetime(year, month, day, tzinfo=UTC)
        return low, _plus(low, timedelta(days=1))
    return _instant(found)


def _first(year: int, month: int) -> datetime:
    if month > 12:
        return LATEST if year == 9999 else datetime(year + 1, 1, 1, tzinfo=UTC)
    return datetime(year, month, 1, tzinfo=UTC)


def _plus(low: datetime, width: timedelta) -> datetime:
    return low + width if low <= LATEST - width else LATEST


def _instant(found: re.Match[str]) -> Range:
    seconds, fraction = found[6], found[7]
    minute = f"{found[1]}-{found[2]}-{found[3]}T{found[4]}:{found[5]}{found[8] or 'Z'}"
    low = datetime.fromisoformat(minute).astimezone(UTC)
    if seconds is None:
        return low, _plus(low, timedelta(minutes=1))
    low += timedelta(seconds=int(seconds), microseconds=int((fraction or "0")[:6].ljust(6, "0")))
    width = _SECOND if fraction is None else _MICROSECOND * 10 ** max(0, 6 - len(fraction))
    return low, _plus(low, width)


def is_real(text: str) -> bool:
    """Tell whether a date that has the right form also stands in the calendar."""
    if text[:4] == "0000":
        return False
    return text[8:10] <= "28" or int(text[8:10]) <= monthrange(int(text[:4]), int(text[5:7]))[1]


def not_after(start: str, end: str) -> Callable[[Mapping[str, Any]], bool]:
    """Make the test that one element's moment does not lie after another's.

    Two zoned moments are compared as such; otherwise as far as both are given.
    """

    def test(node: Mapping[str, Any]) -> bool:
        first, last = node.get(start), node.get(end)
        if first is None or last is None:
            return True
        return _in_order(first, last)

    return test


def _in_order(first: str, last: str) -> bool:
    if len(first) == len(last) and first[19:] == last[19:]:
        return first <= last
    if "T" in first and "T" in last:
        one, two = moment(first), moment(last)
        return one is None or two is None or one[0] < two[1]
    known = min(len(first), len(last), 10)
    return first[:known] <= last[:known]
