"""R4's search parameters: which each resource type has, and the values a resource has for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from careengine.record.expressions import Filter, Place, Step, places
from careengine.record.index_value import IndexValue, Kind
from careengine.record.indexing import emitter
from careengine.record.tables import SearchParameter, elements, search_parameters

__all__ = ["IndexValue", "Kind", "Parameter", "index_values", "parameters_of"]

_ANY = frozenset(("Resource", "DomainResource"))
_NOT_HERE = frozenset(("_id", "_lastUpdated", "phonetic"))
"""Two that are columns of the store, and one that would need a language's rules of sound."""
_DECEASED = "Patient.deceased.exists() and Patient.deceased != false"
"""The one expression that is computed from the resource instead of found in it."""

_Run = Callable[[Any, list[IndexValue]], None]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of a resource type."""

    name: str
    kind: Kind
    targets: frozenset[str]
    """Resource types a reference may lead to."""
    systems: frozenset[str]
    """Code systems the plain codes are implicitly of: their index values have no system."""


def parameters_of(resource_type: str) -> Mapping[str, Parameter]:
    """Give the parameters a type is indexed by; empty for no R4 type.

    Not among them: ``_id`` and ``_lastUpdated`` (columns of the store), ``phonetic``, composite
    parameters, ``near``, ``_text``, ``_content`` and ``_query``.
    """
    return _compiled(resource_type).parameters


def index_values(resource: Mapping[str, Any]) -> list[IndexValue]:
    """Give every search value of a valid resource, in the order of its own keys."""
    found: list[IndexValue] = []
    compiled = _compiled(resource["resourceType"])
    get = compiled.runs.get
    for key, value in resource.items():
        for run in get(key, ()):
            run(value, found)
    if compiled.computed is not None:
        found.append(compiled.computed(resource))
    return found


@dataclass(frozen=True, slots=True)
class _Compiled:
    parameters: Mapping[str, Parameter]
    runs: Mapping[str, tuple[_Run, ...]]
    """By the resource's own key: what to do with its value."""
    computed: Callable[[Mapping[str, Any]], IndexValue] | None


@cache
def _compiled(resource_type: str) -> _Compiled:
    defined = [row for row in search_parameters() if _is_indexed(row) and _has_base(row, resource_type)]
    readers: dict[tuple[Kind, Place], list[str]] = {}
    found: dict[str, Parameter] = {}
    for row in defined:
        kind = Kind[row.type.upper()]
        where = () if row.expression == _DECEASED else places(row.expression, resource_type, elements())
        for place in where:
            readers.setdefault((kind, place), []).append(row.code)
        found[row.code] = Parameter(row.code, kind, frozenset(row.target), _systems(resource_type, where))
    runs: dict[str, tuple[_Run, ...]] = {}
    for (kind, place), params in readers.items():
        key, *rest = place.steps
        run = _along(tuple(rest), emitter(tuple(params), kind, place.type))
        runs[str(key)] = (*runs.get(str(key), ()), run)
    computed = _deceased if any(row.expression == _DECEASED for row in defined) else None
    return _Compiled(found, runs, computed)


def _is_indexed(row: SearchParameter) -> bool:
    return bool(row.expression) and row.type.upper() in Kind.__members__ and row.code not in _NOT_HERE


def _has_base(row: SearchParameter, resource_type: str) -> bool:
    return elements().is_resource(resource_type) and (
        resource_type in row.base or not _ANY.isdisjoint(row.base)
    )


def _along(steps: tuple[Step, ...], emit: _Run) -> _Run:
    """Make the function that goes the steps from a value, which may be a list, and emits what it reaches."""
    if steps and isinstance(steps[0], int):
        return _at(steps[0], _along(steps[1:], emit))
    one = _one(steps, emit)

    def run(value: Any, into: list[IndexValue]) -> None:
        if type(value) is list:
            for item in value:
                if item is not None:
                    one(item, into)
        else:
            one(value, into)

    return run


def _one(steps: tuple[Step, ...], emit: _Run) -> _Run:
    if not steps:
        return emit
    step, rest = steps[0], steps[1:]
    if isinstance(step, Filter):
        return _where(step.holds, _one(rest, emit))
    return _under(str(step), _along(rest, emit))


def _under(key: str, then: _Run) -> _Run:
    def run(node: Mapping[str, Any], into: list[IndexValue]) -> None:
        value = node.get(key)
        if value is not None:
            then(value, into)

    return run


def _where(holds: Callable[[Any], bool], then: _Run) -> _Run:
    def run(node: Any, into: list[IndexValue]) -> None:
        if holds(node):
            then(node, into)

    return run


def _at(position: int, then: _Run) -> _Run:
    def run(value: list[Any], into: list[IndexValue]) -> None:
        if position < len(value):
            then(value[position], into)

    return run


def _systems(resource_type: str, where: tuple[Place, ...]) -> frozenset[str]:
    tables = elements()
    found: set[str] = set()
    for place in where:
        parent, url = resource_type, ""
        for key in (step for step in place.steps if isinstance(step, str)):
            url = tables.bindings.get(f"{parent}.{key}", "")
            parent = tables.types[parent][key]
        if place.type == "code" and url:
            found.update(tables.sets[url])
    return frozenset(found)


def _deceased(patient: Mapping[str, Any]) -> IndexValue:
    dead = "deceasedDateTime" in patient or patient.get("deceasedBoolean") is True
    return IndexValue("deceased", Kind.TOKEN, value="true" if dead else "false")
