"""From a resource to what it is found by in the database: columns, keys, strings, numbers, dates."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from careengine.record.columns import DATE, ENCOUNTER, PATIENT_PARAMS, columns_of
from careengine.record.index_value import IndexValue, Kind
from careengine.record.keys import LONGEST_WORD, folded, key, number


@dataclass(slots=True)
class Extracted:
    """What one version of a resource is found by."""

    patient: str = ""
    """The patient it is about, as ``Patient/id``; empty for none."""
    columns: dict[str, bytes] = field(default_factory=dict)
    low: datetime | None = None
    high: datetime | None = None
    """From the beginning of the earliest date to the end of the latest; several are also among ``dates``."""
    span: tuple[int, datetime, datetime] | None = None
    keys: set[bytes] = field(default_factory=set)
    terms: set[tuple[str, str]] = field(default_factory=set)
    """Value and system of each token."""
    strings: set[tuple[int, str]] = field(default_factory=set)
    dates: set[tuple[int, datetime, datetime]] = field(default_factory=set)
    numbers: set[tuple[int, float, float, bytes | None]] = field(default_factory=set)
    identifiers: set[tuple[str, str]] = field(default_factory=set)
    """System and value of each identifier."""


_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


def extract(type_: str, values: Iterable[IndexValue]) -> Extracted:
    """Sort a resource's search values into the column, table and form each is found in."""
    found = Extracted()
    columns = columns_of(type_)
    for value in values:
        _PLACE[value.kind](found, columns.get(value.param), value)
    return found


def _token(found: Extracted, column: str | None, value: IndexValue) -> None:
    _keep_word(found, value)
    if value.param == "identifier" and len(value.value) + len(value.system) <= LONGEST_WORD:
        found.identifiers.add((value.system, value.value))
    _keep_key(found, column, key(value.param, value.system, value.value))


def _keep_word(found: Extracted, value: IndexValue) -> None:
    if len(value.value) + len(value.system) <= LONGEST_WORD:
        found.terms.add((value.value, value.system))


def _reference(found: Extracted, column: str | None, value: IndexValue) -> None:
    if value.param in PATIENT_PARAMS and value.value.startswith("Patient/"):
        if not found.patient:
            found.patient = value.value
        if found.patient == value.value:
            return
    _keep_key(found, column if column == ENCOUNTER else None, key(value.param, "", value.value))


def _uri(found: Extracted, column: str | None, value: IndexValue) -> None:
    del column
    found.keys.add(key(value.param, "", value.value))


def _keep_key(found: Extracted, column: str | None, digest: bytes) -> None:
    """Put a key in its column if that is free, else among the keys."""
    if column is None or column == DATE or found.columns.setdefault(column, digest) != digest:
        found.keys.add(digest)


def _string(found: Extracted, column: str | None, value: IndexValue) -> None:
    del column
    found.strings.add((number(value.param), folded(value.value)))


def _date(found: Extracted, column: str | None, value: IndexValue) -> None:
    low = value.low if isinstance(value.low, datetime) else _EARLIEST
    high = value.high if isinstance(value.high, datetime) else _LATEST
    span = number(value.param), low, high
    if column != DATE:
        found.dates.add(span)
    elif found.low is None or found.high is None:
        found.low, found.high, found.span = low, high, span
    elif found.span != span:
        found.dates |= {found.span or span, span}
        found.low, found.high = min(found.low, low), max(found.high, high)


def _number(found: Extracted, column: str | None, value: IndexValue) -> None:
    del column
    low = value.low if isinstance(value.low, float) else -math.inf
    high = value.high if isinstance(value.high, float) else math.inf
    unit = None
    if value.value:
        unit = key("", value.system, value.value)
        _keep_word(found, value)
    found.numbers.add((number(value.param), low, high, unit))


_PLACE = {
    Kind.TOKEN: _token,
    Kind.STRING: _string,
    Kind.REFERENCE: _reference,
    Kind.DATE: _date,
    Kind.NUMBER: _number,
    Kind.QUANTITY: _number,
    Kind.URI: _uri,
}
