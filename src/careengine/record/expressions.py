"""The part of FHIRPath that R4's search parameters use, worked out on the element table instead of on data.

An expression becomes places: the JSON keys that lead to an element, what must hold on the way, and the
element's type. ``(Observation.value as Quantity)`` is the place ``valueQuantity`` of type Quantity.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from careengine.record.reference_target import reference_type
from careengine.record.tables import Elements

Holds = Callable[[Any], bool]
"""A condition on the value reached so far."""


class Filter(NamedTuple):
    """A condition of a ``where``; named by its text, so that equal ones are equal."""

    text: str
    holds: Holds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and self.text == other.text

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.text)


Step = str | int | Filter
"""A JSON key, a position in a list, or a condition."""


class Place(NamedTuple):
    """Where an expression leads: the steps from the resource, and the type found there."""

    steps: tuple[Step, ...]
    type: str


class Unsupported(Exception):
    """The expression uses FHIRPath beyond this subset; the message says what."""


_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|'[^']*'|\d+|[().|=\[\]]|!=)")
_ANY = frozenset(("Resource", "DomainResource"))


def places(expression: str, resource_type: str, elements: Elements) -> tuple[Place, ...]:
    """Work out where an expression leads in a resource type; raise ``Unsupported`` when it cannot be."""
    reader = _Reader(expression, resource_type, elements)
    found = reader.union()
    reader.end()
    return tuple(dict.fromkeys(found))


@dataclass
class _Reader:
    """Reads an expression and works it out as it reads."""

    expression: str
    resource_type: str
    elements: Elements

    def __post_init__(self) -> None:
        self._tokens = list(_tokens(self.expression))
        self._at = 0

    def union(self) -> list[Place]:
        found = self._typed()
        while self._take("|"):
            found += self._typed()
        return found

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise Unsupported(f"{self._tokens[self._at]!r} is not understood here")

    def _typed(self) -> list[Place]:
        found = self._chain()
        if self._take("as"):
            return self._of_type(found, self._next())
        return found

    def _chain(self) -> list[Place]:
        found = self._first()
        while True:
            if self._take("."):
                found = self._step(found)
            elif self._take("["):
                position = int(self._next())
                self._expect("]")
                found = [Place((*place.steps, position), place.type) for place in found]
            else:
                return found

    def _first(self) -> list[Place]:
        if self._take("("):
            found = self.union()
            self._expect(")")
            return found
        name = self._next()
        root = Place((), self.resource_type)
        if name == self.resource_type or name in _ANY:
            return [root]
        if self.elements.is_resource(name):
            return []
        return self._child([root], name)

    def _step(self, found: list[Place]) -> list[Place]:
        name = self._next()
        if not self._take("("):
            return self._child(found, name)
        if name in {"as", "ofType"}:
            kept = self._of_type(found, self._next())
            self._expect(")")
            return kept
        if name == "where":
            condition = self._condition()
            self._expect(")")
            return [Place((*place.steps, condition), place.type) for place in found]
        raise Unsupported(f"the function {name}()")

    def _child(self, found: Iterable[Place], name: str) -> list[Place]:
        return [
            Place((*place.steps, key), kind) for place in found for key, kind in self._keys(place.type, name)
        ]

    def _keys(self, parent: str, name: str) -> Iterator[tuple[str, str]]:
        types = self.elements.types.get(parent, {})
        if name in types:
            yield name, types[name]
            return
        choices = [
            (key, kind)
            for key, kind in types.items()
            if key.startswith(name) and key[len(name) :].lower() == kind.lower()
        ]
        if not choices:
            raise Unsupported(f"{parent} has no element {name}")
        yield from choices

    def _of_type(self, found: Iterable[Place], name: str) -> list[Place]:
        return [place for place in found if place.type.lower() == name.lower()]

    def _condition(self) -> Filter:
        """Read ``resolve() is Type`` or ``element='value'``."""
        name = self._next()
        if name == "resolve":
            for expected in ("(", ")", "is"):
                self._expect(expected)
            return _leads_to(self._next())
        self._expect("=")
        return _equals(name, self._next().strip("'"))

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise Unsupported("the expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise Unsupported(f"{token!r} is missing")


def _tokens(expression: str) -> Iterator[str]:
    at = 0
    while expression[at:].strip():
        found = _TOKEN.match(expression, at)
        if found is None:
            raise Unsupported(f"the character {expression[at:].strip()[0]!r}")
        yield found[1]
        at = found.end()


def _leads_to(resource_type: str) -> Filter:
    return Filter(f"is {resource_type}", lambda reference: reference_type(reference) == resource_type)


def _equals(name: str, value: str) -> Filter:
    return Filter(f"{name}={value}", lambda node: node.get(name) == value)
