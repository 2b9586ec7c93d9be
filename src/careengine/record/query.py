"""What a FHIR search asks for: its parameters read and checked, nothing looked up yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qsl

from careengine.kernel.errors import Refused
from careengine.record.columns import DATE, columns_of
from careengine.record.index_value import Kind
from careengine.record.limits import LIMITS
from careengine.record.parameters import Parameter, parameters_of
from careengine.record.resource_types import type_code

COUNT = 50
"""Resources of a page unless the search says otherwise."""

_SHAPE = frozenset({"_format", "_pretty"})
"""Parameters that change how an answer is written, not what is in it."""
_OWN: Mapping[str, Parameter] = MappingProxyType({
    "_id": Parameter("_id", Kind.TOKEN, frozenset(), frozenset()),
    "_lastUpdated": Parameter("_lastUpdated", Kind.DATE, frozenset(), frozenset()),
})  # fmt: skip
MODIFIERS: Mapping[Kind, frozenset[str]] = MappingProxyType({
    Kind.TOKEN: frozenset({"", "not"}),
    Kind.STRING: frozenset({""}),
    Kind.REFERENCE: frozenset({""}),
    Kind.DATE: frozenset({""}),
    Kind.NUMBER: frozenset({""}),
    Kind.QUANTITY: frozenset({""}),
    Kind.URI: frozenset({""}),
})  # fmt: skip


class SearchRefused(Refused):
    """A search that cannot be answered exactly is not answered at all."""

    status = 400


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of a search: it holds when any of its values does."""

    parameter: Parameter
    modifier: str
    values: tuple[str, ...]


@dataclass(slots=True)
class Query:
    """A search of one resource type: every criterion must hold."""

    type: str
    criteria: list[Criterion] = field(default_factory=list)
    sort: str = ""
    """``date``, ``_lastUpdated``, ``_id``, with a minus for descending; empty: as it is fastest."""
    count: int = COUNT
    cursor: str = ""
    only_total: bool = False
    total: bool = False

    def has(self, *names: str) -> bool:
        """Say whether one of these parameters is asked about, positively."""
        return any(c.parameter.name in names and c.modifier != "not" for c in self.criteria)


def searchable(type_: str) -> Mapping[str, Parameter]:
    """Return every parameter a type can be searched by."""
    return {**_OWN, **parameters_of(type_)}


def read_query(type_: str, text: str) -> Query:
    """Read the part of an address after the question mark; raises :class:`SearchRefused`."""
    return query_of(type_, parse_qsl(text, keep_blank_values=True))


def query_of(type_: str, pairs: Iterable[tuple[str, str]]) -> Query:
    """Read names and values; an unknown parameter is an error: to ignore it answers another question."""
    type_code(type_)
    query = Query(type_)
    known = searchable(type_)
    for name, value in pairs:
        if name in _CONTROLS:
            _CONTROLS[name](query, value)
        elif name not in _SHAPE:
            query.criteria.append(_criterion(type_, known, name, value))
    return query


def _criterion(type_: str, known: Mapping[str, Parameter], name: str, value: str) -> Criterion:
    plain, _, modifier = name.partition(":")
    parameter = known.get(plain)
    if parameter is None:
        raise SearchRefused(f"{type_} has no search parameter {plain!r} here; see /fhir/metadata.")
    if modifier in parameter.targets and parameter.kind is Kind.REFERENCE:
        value, modifier = ",".join(f"{modifier}/{each}" for each in _split(value)), ""
    if modifier not in MODIFIERS[parameter.kind]:
        raise SearchRefused(
            f"The modifier {modifier!r} is not offered for {type_}.{plain}; see /fhir/metadata."
        )
    values = tuple(each for each in _split(value) if each)
    if not values:
        raise SearchRefused(f"The search parameter {plain!r} has no value; leave it out, or give one.")
    return Criterion(parameter, modifier, values)


def _split(value: str) -> list[str]:
    """Split at commas, but not at those a backslash keeps."""
    if "\\" not in value:
        return value.split(",")
    parts = [""]
    escaped = False
    for character in value:
        if escaped or character not in "\\,":
            parts[-1] += character if not escaped or character in "\\,$" else "\\" + character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            parts.append("")
    return parts


def _count(query: Query, value: str) -> None:
    if not value.isdecimal():
        raise SearchRefused("_count must be a whole number.")
    query.count = min(int(value), LIMITS.page)
    query.only_total = query.count == 0


def _sort(query: Query, value: str) -> None:
    dates = {name for name, column in columns_of(query.type).items() if column == DATE}
    name = value.removeprefix("-")
    if name in dates:
        query.sort = value.replace(name, "date")
    elif name in {"_lastUpdated", "_id"}:
        query.sort = value
    else:
        offered = ", ".join(sorted(dates | {"_lastUpdated", "_id"}))
        raise SearchRefused(f"{query.type} can be sorted by one of {offered}, with - for descending.")


def _summary(query: Query, value: str) -> None:
    if value not in {"count", "false"}:
        raise SearchRefused("Of _summary, only count and false are offered.")
    query.only_total = value == "count"


def _total(query: Query, value: str) -> None:
    if value not in {"accurate", "none"}:
        raise SearchRefused("Of _total, accurate and none are offered.")
    query.total = value == "accurate"


def _cursor(query: Query, value: str) -> None:
    query.cursor = value


_CONTROLS = {"_count": _count, "_sort": _sort, "_summary": _summary, "_total": _total, "_cursor": _cursor}
