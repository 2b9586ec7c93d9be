"""Whether a resource may enter the record: structure, codes, references and invariants of FHIR R4."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from careengine.record.plans import RESOURCE, Leaf, Plan, plan_of
from careengine.record.problem import Problem
from careengine.record.structure import structure

LARGEST = 16 * 1024 * 1024
"""Bytes of the largest resource examined unless the caller says otherwise."""
MOST_PROBLEMS = 100
"""How many problems of one resource are reported."""

_MAY_CONTROL = re.compile(rb"\\(?:u00[01]|[bf])")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NO_RESOURCES: Mapping[str, str] = MappingProxyType({})

Where = tuple[Any, str, int] | None
"""Where the walk is: the place above, the key, the position in a list (-1 when not in one)."""


class Examined(NamedTuple):
    """A resource as read, and what keeps it out of the record."""

    resource: dict[str, Any] | None
    """The parsed resource; None when it could not be read or its structure is wrong."""
    problems: tuple[Problem, ...]


def check(raw: bytes, *, largest: int = LARGEST) -> tuple[Problem, ...]:
    """Say everything that is wrong with a resource; empty when it may enter the record."""
    return examine(raw, largest=largest).problems


def examine(raw: bytes, *, largest: int = LARGEST, known: Mapping[str, str] = _NO_RESOURCES) -> Examined:
    """Read and check a resource of at most ``largest`` bytes.

    ``known`` tells the types behind ``urn:uuid:`` and other full urls of the bundle it came in, so that
    references to them can be checked too; what it does not name passes. Codes, references and
    invariants are looked at once the structure is right. Nothing raises: all is a Problem.
    """
    if len(raw) > largest:
        return Examined(None, (Problem("", f"larger than the {largest} bytes allowed"),))
    problems = structure(raw)
    if problems:
        return Examined(None, problems[:MOST_PROBLEMS])
    try:
        resource = orjson.loads(raw)
    except orjson.JSONDecodeError as broken:
        return Examined(None, (Problem("", f"not JSON: {broken.msg}"),))
    walk = _Walk(known)
    if _MAY_CONTROL.search(raw):
        walk.characters(resource, (None, resource["resourceType"], -1))
    walk.resource(resource, None)
    return Examined(resource, tuple(walk.problems[:MOST_PROBLEMS]))


class _Walk:
    """One pass over a parsed resource."""

    __slots__ = ("_contained", "_known", "_root", "problems")

    def __init__(self, known: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._known = known
        self._contained: dict[str, str] = {}
        self._root = ""

    def type_of(self, reference: str) -> str | None:
        """Give the type a reference within the text leads to (see ``plans.Around``)."""
        if reference[:1] == "#":
            return self._contained.get(reference[1:]) if len(reference) > 1 else self._root
        return self._known.get(reference, "")

    def resource(self, node: dict[str, Any], where: Where) -> None:
        """Look at a resource that stands by itself: the whole text, or an entry of a bundle."""
        outer = self._contained, self._root, self._known
        inside = node.get("contained", ())
        self._root = node["resourceType"]
        self._contained = {each["id"]: each["resourceType"] for each in inside if "id" in each}
        if self._root == "Bundle":
            self._known = {**self._known, **_full_urls(node)}
        if inside:
            self._keep_contained(node, inside, where)
        self._typed(node, where)
        self._contained, self._root, self._known = outer

    def _typed(self, node: dict[str, Any], where: Where) -> None:
        plan = plan_of(node["resourceType"])
        if plan is None:
            self._say(where, "this version of R4 has no such resource type")
        else:
            self._node(node, plan, where or (None, node["resourceType"], -1))

    def _node(self, node: dict[str, Any], plan: Plan, where: Where) -> None:
        get = plan.steps.get
        for key, value in node.items():
            step = get(key)
            if step is not None:
                self._step(step, key, value, where)
        for what, test in plan.rules:
            if not test(node):
                self._say(where, what)
        if len(node) < 2 and not plan.may_be_empty and (not node or "id" in node):
            self._say(where, "ele-1: an element must have a value or children")

    def _step(self, step: Plan | Leaf, key: str, value: Any, where: Where) -> None:
        many = type(value) is list
        for index, item in enumerate(value if many else (value,)):
            if item is None:
                continue  # holds the place of a primitive that has extensions only
            here = (where, key, index if many else -1)
            if step is RESOURCE:
                self._nested(item, here)
            elif isinstance(step, Plan):
                self._node(item, step, here)
            elif (what := step(item, self)) is not None:
                self._say(here, what)

    def _nested(self, node: dict[str, Any], where: tuple[Any, str, int]) -> None:
        """Look at a resource within another; a contained one shares its container's fragments."""
        if where[1] == "contained":
            self._typed(node, where)
        else:
            self.resource(node, where)

    def _keep_contained(self, node: dict[str, Any], inside: list[dict[str, Any]], where: Where) -> None:
        """Keep dom-2, dom-3, dom-4 and dom-5."""
        here = where or (None, node["resourceType"], -1)
        named = _fragments(node)
        for index, each in enumerate(inside):
            place = (here, "contained", index)
            meta = each.get("meta", {})
            if "contained" in each:
                self._say(place, "dom-2: a contained resource contains another")
            if f"#{each.get('id')}" not in named and "#" not in _fragments(each):
                self._say(place, "dom-3: nothing refers to this contained resource")
            if "versionId" in meta or "lastUpdated" in meta:
                self._say(place, "dom-4: a contained resource has no version of its own")
            if "security" in meta:
                self._say(place, "dom-5: a contained resource has no security label of its own")

    def characters(self, value: Any, where: Where) -> None:
        """Look for control characters in every string."""
        if isinstance(value, str):
            if _CONTROL.search(value):
                self._say(where, "a control character that FHIR strings may not hold")
        elif isinstance(value, dict):
            for key, item in value.items():
                self.characters(item, (where, key, -1))
        elif isinstance(value, list):
            above, key, _ = where or (None, "", -1)
            for index, item in enumerate(value):
                self.characters(item, (above, key, index))

    def _say(self, where: Where, what: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(_path(where), what))


def _path(where: Where) -> str:
    steps: list[str] = []
    while where is not None:
        where, key, index = where
        steps.append(key if index < 0 else f"{key}[{index}]")
    return ".".join(reversed(steps))


def _full_urls(bundle: Mapping[str, Any]) -> dict[str, str]:
    return {
        entry["fullUrl"]: entry["resource"]["resourceType"]
        for entry in bundle.get("entry", ())
        if "fullUrl" in entry and "resource" in entry
    }


def _fragments(value: Any) -> set[str]:
    """Give every ``#…`` named anywhere below."""
    if isinstance(value, str):
        return {value} if value[:1] == "#" else set()
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return set()
    return {name for item in value for name in _fragments(item)}
