"""Values as JSON can hold them: dataclasses as objects, moments as ISO 8601, bytes as hexadecimal."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

_SAFE = 1 << 53
"""Past it, readers that hold numbers as doubles (RFC 8259 section 6) get another number."""


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; bytes become hexadecimal."""
    if isinstance(value, str | int | float) or value is None:
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Iterable):
        return [plain(inner) for inner in value]
    return str(value)


def safe(value: Any) -> Any:
    """Return a plain value in which every number too large for a double is text: our ids are."""
    if isinstance(value, bool) or not isinstance(value, int | list | dict):
        return value
    if isinstance(value, int):
        return value if -_SAFE < value < _SAFE else str(value)
    if isinstance(value, list):
        return [safe(one) for one in value]
    return {name: safe(one) for name, one in value.items()}
