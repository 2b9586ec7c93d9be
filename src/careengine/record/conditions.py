"""The shapes HL7's invariants take: something must be there, something must not, one excludes another."""

from collections.abc import Callable, Mapping
from typing import Any

Node = Mapping[str, Any]
Test = Callable[[Node], bool]
"""True when the node keeps the invariant."""
Keys = Callable[[str], frozenset[str]]
"""Element's name → the JSON keys that carry it (``value`` → ``valueQuantity``, ``_valueString`` …)."""
Make = Callable[[Keys], Test]
"""An invariant before it is bound to the JSON keys of its type."""


def _all(keys: Keys, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(keys(name) for name in names))


def some(*names: str) -> Make:
    """Ask for at least one of the elements."""

    def make(keys: Keys) -> Test:
        wanted = _all(keys, names)
        return lambda node: not wanted.isdisjoint(node)

    return make


def needs(name: str, *others: str) -> Make:
    """Ask for at least one of ``others`` wherever ``name`` is present."""

    def make(keys: Keys) -> Test:
        own, wanted = keys(name), _all(keys, others)
        return lambda node: own.isdisjoint(node) or not wanted.isdisjoint(node)

    return make


def not_both(name: str, *others: str) -> Make:
    """Forbid each of ``others`` wherever ``name`` is present."""

    def make(keys: Keys) -> Test:
        own, unwanted = keys(name), _all(keys, others)
        return lambda node: own.isdisjoint(node) or unwanted.isdisjoint(node)

    return make


def either(name: str, *others: str) -> Make:
    """Ask for ``name`` or one of ``others``, never both and never neither."""

    def make(keys: Keys) -> Test:
        own, rest = keys(name), _all(keys, others)
        return lambda node: own.isdisjoint(node) != rest.isdisjoint(node)

    return make


def together(name: str, other: str) -> Make:
    """Ask for both elements or for neither."""

    def make(keys: Keys) -> Test:
        own, rest = keys(name), keys(other)
        return lambda node: own.isdisjoint(node) == rest.isdisjoint(node)

    return make


def only_when(name: str, condition: Test) -> Make:
    """Allow the element only in a node that meets ``condition``."""

    def make(keys: Keys) -> Test:
        own = keys(name)
        return lambda node: own.isdisjoint(node) or condition(node)

    return make


def needed_when(condition: Test, *names: str) -> Make:
    """Ask for at least one of the elements in a node that meets ``condition``."""

    def make(keys: Keys) -> Test:
        wanted = _all(keys, names)
        return lambda node: not condition(node) or not wanted.isdisjoint(node)

    return make


def holds(test: Test) -> Make:
    """Use a test that reads the JSON keys itself."""
    return lambda _keys: test


def is_in(key: str, *values: object) -> Test:
    """Meet nodes whose primitive under ``key`` is one of ``values``."""
    allowed = frozenset(values)
    return lambda node: node.get(key) in allowed


def is_not(key: str, *values: object) -> Test:
    """Meet nodes whose primitive under ``key`` is none of ``values``."""
    refused = frozenset(values)
    return lambda node: node.get(key) not in refused


def has_code(concept: object, system: str, *codes: str) -> bool:
    """Tell whether a CodeableConcept has one of the codes of a system."""
    codings = concept.get("coding", ()) if isinstance(concept, Mapping) else ()
    return any(coding.get("system") == system and coding.get("code") in codes for coding in codings)


def distinct(values: list[Any]) -> bool:
    """Tell whether no value stands twice."""
    return len(values) == len(set(values))
