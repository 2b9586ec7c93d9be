"""The ranges that dates and numbers of a search stand for, by the precision they are written with."""

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from careengine.record.query import SearchRefused

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_LAST_YEAR = 9998
_DATE_FORM = (
    "A date must be written like 2026, 2026-03, 2026-03-02 or 2026-03-02T09:30:00Z, with one of"
    f" {', '.join(PREFIXES)} before it or nothing."
)


def prefixed(value: str) -> tuple[str, str]:
    """Return the comparison and the rest of a value; ``ap`` is not offered, since it says nothing exact."""
    prefix = value[:2]
    if prefix in PREFIXES:
        return prefix, value[2:]
    return "eq", value


def dates(value: str) -> tuple[datetime, datetime]:
    """Return the half-open range of a date, in UTC; one without zone is read as UTC."""
    found = _DATE.fullmatch(value.replace(" ", "+"))
    if found is None or not 1 <= int(found[1]) <= _LAST_YEAR:
        raise SearchRefused(_DATE_FORM)
    try:
        return _range(found)
    except ValueError:
        raise SearchRefused(_DATE_FORM) from None


def _range(found: re.Match[str]) -> tuple[datetime, datetime]:
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    low = datetime(year, month, day, tzinfo=UTC)
    if found[2] is None:
        return low, low.replace(year=year + 1)
    if found[3] is None:
        return low, low.replace(year=year + month // 12, month=month % 12 + 1)
    if found[4] is None:
        return low, low + timedelta(days=1)
    zone = datetime.fromisoformat(f"2000-01-01T00:00:00{(found[8] or 'Z').replace('Z', '+00:00')}").tzinfo
    low = low.replace(hour=int(found[4]), minute=int(found[5]), tzinfo=zone).astimezone(UTC)
    if found[6] is None:
        return low, low + timedelta(minutes=1)
    low += timedelta(seconds=int(found[6]))
    if found[7] is None:
        return low, low + timedelta(seconds=1)
    low += timedelta(microseconds=int(found[7].ljust(6, "0")))
    return low, low + timedelta(microseconds=10 ** (6 - len(found[7])))


def numbers(value: str) -> tuple[float, float]:
    """Return the range a number stands for: 5.4 is from 5.35 to 5.45, itself excluded."""
    try:
        number = Decimal(value)
        exponent = number.as_tuple().exponent
    except InvalidOperation:
        exponent = None
    if not isinstance(exponent, int) or not number.is_finite():
        raise SearchRefused(
            "A number must be written like 5, 5.40 or 1e3, with a comparison before it or not."
        )
    half = Decimal((0, (5,), exponent - 1))
    return float(number - half), max(float(number + half), math.nextafter(float(number), math.inf))
