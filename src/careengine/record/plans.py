"""What to look at in each R4 type, compiled once from the tables into flat dictionaries."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import RLock
from typing import Any, NamedTuple, Protocol

from careengine.record.conditions import Test
from careengine.record.invariants import INVARIANTS
from careengine.record.moments import is_real
from careengine.record.narrative import problem_of as narrative_problem
from careengine.record.reference_target import type_named
from careengine.record.tables import Codes, elements

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_CODE_LIKE = re.compile(r"[a-z][a-z\-]{0,23}|[A-Z]{1,3}")
"""Neither a date nor a number nor a name as people write theirs."""


class Around(Protocol):
    """What a leaf may ask about the resource it stands in."""

    def type_of(self, reference: str) -> str | None:
        """Give the type a reference within the text leads to; empty when not known, None when to nothing."""


Leaf = Callable[[Any, Around], str | None]
"""Looks at one primitive; says what is wrong, or None."""


class Rule(NamedTuple):
    """One invariant of a node: true when kept."""

    what: str
    test: Test


@dataclass(slots=True)
class Plan:
    """What to look at in one type: by key a primitive's leaf or an element's plan; and its invariants."""

    steps: "dict[str, Plan | Leaf]" = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    may_be_empty: bool = False


RESOURCE = Plan()
"""Stands where a whole resource of any type may stand; its own type's plan is to be used there."""

_MADE: dict[tuple[str, str, tuple[str, ...]], Plan] = {}
_MAKING = RLock()


@cache
def plan_of(resource_type: str) -> Plan | None:
    """Give the plan of a resource type; None when R4 has no such type."""
    if not elements().is_resource(resource_type):
        return None
    with _MAKING:  # plans refer to each other in circles: nobody may see one half made
        plan = _plan(resource_type)
        plan.may_be_empty = True
        plan.steps["id"] = _id
        return plan


def _plan(name: str, binding: str = "", targets: tuple[str, ...] = ()) -> Plan:
    """Make the plan of a type (or nested element), bound to a value set or to target types."""
    key = (name, binding, targets)
    made = _MADE.get(key)
    if made is not None:
        return made
    plan = _MADE[key] = Plan()
    types = elements().types[name]
    for own, kind in types.items():
        _add(plan, f"{name}.{own}", own, kind)
    plan.steps["fhir_comments"] = _unknown  # of old drafts of FHIR; fhirkit lets it through
    plan.rules = tuple(Rule(f"{k}: {what}", make(_Keys(name))) for k, what, make in INVARIANTS.get(name, ()))
    if binding:
        plan.rules += (_bound(name, binding),)
    if name == "Reference":
        plan.steps["reference"] = _reference(frozenset(targets))
        plan.steps["type"] = _reference_type(frozenset(targets))
    return plan


def _add(plan: Plan, path: str, own: str, kind: str) -> None:
    tables = elements()
    if kind == "Resource":
        plan.steps[own] = RESOURCE
        return
    if kind in tables.types:
        plan.steps[own] = _plan(kind, tables.bindings.get(path, ""), tuple(tables.targets.get(path, ())))
        return
    leaf = _leaf(path, kind)
    if leaf is not None:
        plan.steps[own] = leaf
    if tables.kinds.get(kind) == "primitive-type" and path.rpartition(".")[2] != "id":
        plan.steps[f"_{own}"] = _plan("Element")


class _Keys:
    """The JSON keys that carry an element of a type, its primitive extensions included."""

    def __init__(self, name: str) -> None:
        self._types = elements().types[name]

    def __call__(self, element: str) -> frozenset[str]:
        if element in self._types:
            return frozenset((element, f"_{element}"))
        choices = [
            own
            for own, kind in self._types.items()
            if own.startswith(element) and own[len(element) :].lower() == kind.lower()
        ]
        if not choices:
            raise LookupError(f"No element {element} in this type; correct the invariant's table.")
        return frozenset(choices).union(f"_{own}" for own in choices)


def _leaf(path: str, kind: str) -> Leaf | None:
    tables = elements()
    if path in tables.bindings:
        return _code(tables.bindings[path])
    return {"id": _id, "date": _moment, "dateTime": _moment, "instant": _moment, "xhtml": _xhtml}.get(kind)


def _id(value: str, _around: Around) -> str | None:
    return None if _ID.fullmatch(value) else "an id has 1 to 64 of A-Z a-z 0-9 - ."


def _moment(value: str, _around: Around) -> str | None:
    return None if is_real(value) else "no such day in the calendar"


def _unknown(_value: object, _around: Around) -> str:
    return "unknown element"


def _xhtml(value: str, _around: Around) -> str | None:
    return narrative_problem(value)


def _code(url: str) -> Leaf:
    allowed = frozenset(code for codes in elements().sets[url].values() for code in codes)

    def leaf(value: str, _around: Around) -> str | None:
        if value in allowed:
            return None
        return f"{_named(value)} is not in the required value set {url}"

    return leaf


def _named(code: str) -> str:
    """Name a code only where it cannot be a patient's words."""
    return f"the code '{code}'" if _CODE_LIKE.fullmatch(code) else "this code"


def _bound(name: str, url: str) -> Rule:
    sets = elements().sets[url]
    what = f"no code of the required value set {url}"
    if name == "Coding":
        return Rule(what, lambda coding: _allowed(coding, sets))
    return Rule(
        what, lambda concept: any(_allowed(c, sets) for c in concept.get("coding", ())) or _excused(concept)
    )


def _allowed(coding: Mapping[str, Any], sets: Codes) -> bool:
    return coding.get("code") in sets.get(coding.get("system", ""), ())


def _excused(concept: Mapping[str, Any]) -> bool:
    return "extension" in concept and "coding" not in concept


@cache
def _resource_types() -> frozenset[str]:
    tables = elements()
    return frozenset(name for name in tables.kinds if tables.is_resource(name))


def _must_lead_to(targets: frozenset[str]) -> str:
    return f"the reference must lead to {', '.join(sorted(targets)) if targets else 'a type of R4'}"


def _reference_type(targets: frozenset[str]) -> Leaf:
    """Make the leaf of ``Reference.type``, which alone tells the type where only an identifier is given."""
    other = _resource_types() - targets if targets else frozenset()
    wrong = _must_lead_to(targets)
    return lambda value, _around: wrong if value in other else None


def _reference(targets: frozenset[str]) -> Leaf:
    known = _resource_types()
    wanted = targets or known
    wrong = _must_lead_to(targets)

    def leaf(value: str, around: Around) -> str | None:
        named = type_named(value)
        if ":" not in value and value[:1] != "#" and not (named and value.startswith(named)):
            return "a relative reference must read Type/id"
        if named and (named in known or "://" not in value):
            return None if named in wanted else wrong
        leads_to = around.type_of(value)
        if leads_to is None:
            return "ref-1: no contained resource has this id"
        return None if not leads_to or leads_to in wanted else wrong

    return leaf
