"""Which values of a policy its cases really read: a value no case touches is a value nobody has looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from careengine.kernel.policy import Row, Scalar


class Seen:
    """Remembers what there was to read, and what was read."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.read: set[str] = set()

    @property
    def unread(self) -> tuple[str, ...]:
        """What nobody read, sorted."""
        return tuple(sorted(self.there - self.read))


def watched(value: Any, seen: Seen, path: str = "") -> Any:
    """Return a value that behaves as ``value`` does and notes in ``seen`` which of its parts are read.

    Fields of dataclasses, keys of mappings and rows of tables are noted; a list of plain
    values counts as one. The field ``ref`` is no value.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return _watched_dataclass(value, seen, path)
    if isinstance(value, Mapping) and value:
        return _WatchedMapping(value, seen, path)
    if isinstance(value, tuple) and any(_has_parts(part) for part in value):
        return tuple(watched(part, seen, _join(path, str(index))) for index, part in enumerate(value))
    if hasattr(value, "first") and hasattr(value, "rows"):
        return _WatchedTable(value, seen, path)
    seen.there.add(path)
    return value


def _has_parts(value: Any) -> bool:
    return is_dataclass(value) or isinstance(value, Mapping) or hasattr(value, "rows")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _watched_dataclass(value: Any, seen: Seen, path: str) -> Any:
    names = {field.name for field in fields(value)} - {"ref"}

    def read(self: Any, name: str) -> Any:
        if name in names:
            seen.read.add(_join(path, name))
        return object.__getattribute__(self, name)

    watching = type(type(value).__name__, (type(value),), {"__slots__": (), "__getattribute__": read})
    copy: Any = object.__new__(watching)
    for field in fields(value):
        inner = getattr(value, field.name)
        kept = inner if field.name == "ref" else watched(inner, seen, _join(path, field.name))
        object.__setattr__(copy, field.name, kept)
    return copy


class _WatchedMapping(Mapping[Any, Any]):
    def __init__(self, values: Mapping[Any, Any], seen: Seen, path: str) -> None:
        self._values = {key: watched(value, seen, _join(path, str(key))) for key, value in values.items()}
        self._seen = seen
        self._path = path

    def __getitem__(self, key: Any) -> Any:
        value = self._values[key]
        self._seen.read.add(_join(self._path, str(key)))
        return value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _WatchedTable:
    def __init__(self, table: Any, seen: Seen, path: str) -> None:
        self._table = table
        self._seen = seen
        self._path = path
        self.rows: tuple[str, ...] = table.rows
        seen.there.update(_join(path, f"row {row}") for row in self.rows)

    def first(self, row: Mapping[str, Scalar]) -> Row | None:
        found: Row | None = self._table.first(row)
        if found is not None:
            self._seen.read.add(_join(self._path, f"row {found.id}"))
        return found


def leaves(values: Any, path: str = "") -> Iterator[str]:
    """Yield the way to each plain value; a list of plain values counts as one."""
    if isinstance(values, Mapping) and values:
        for key, value in values.items():
            yield from leaves(value, _join(path, str(key)))
    elif isinstance(values, list) and any(isinstance(value, Mapping) for value in values):
        for index, value in enumerate(values):
            yield from leaves(value, _join(path, str(index)))
    else:
        yield path
