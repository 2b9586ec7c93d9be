"""One value that a search parameter finds a resource by."""

from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple


class Kind(IntEnum):
    """The kinds of search parameter that have values of their own."""

    TOKEN = 0
    STRING = 1
    REFERENCE = 2
    DATE = 3
    NUMBER = 4
    QUANTITY = 5
    URI = 6


class IndexValue(NamedTuple):
    """A parameter's name with one value taken from a resource."""

    param: str
    kind: Kind
    system: str = ""
    """The code system or identifier system; empty for none."""
    value: str = ""
    """Code, identifier, ``Type/id``, url, or the string as written."""
    low: Any = None
    """Where a date's or number's range begins (aware UTC, or float); None when open."""
    high: datetime | float | None = None
    """Where it ends, itself excluded for dates; None when open."""
