"""Try a change on the facts: what would the answer be if this were otherwise? Pure."""

import re
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, TypeVar, get_args

from careengine.kernel.errors import Refused
from careengine.kernel.policy import Scalar

Facts = TypeVar("Facts")
_STEP = re.compile(r"(?P<name>[a-z_]+)(?:\[(?P<index>\d+)\])?(?:/(?P<start>\d+):(?P<end>\d+))?")


def what_if(facts: Facts, fact: str, becomes: Scalar) -> Facts:
    """Return the facts with one of them changed, as a flip names it.

    The first word of ``fact`` names the need: ``referral.people[0].deceased`` sets a
    field, ``referral.words[1].text/12:18`` replaces a part of a text, and giving a text
    to a tuple (``referral.people[0].has``) adds it. A date is given as ISO text.

    Raises:
        Refused: the facts hold nothing of that name.
    """
    _, _, path = fact.partition(".")
    changed: Facts = _changed(facts, path.split("."), becomes)
    return changed


def _changed(value: Any, path: list[str], becomes: Scalar) -> Any:
    found = _STEP.fullmatch(path[0])
    if found is None or not is_dataclass(value) or found["name"] not in {f.name for f in fields(value)}:
        raise Refused(f"The facts hold nothing called {path[0]}.")
    name, rest = found["name"], path[1:]
    old: Any = getattr(value, name)
    if found["index"] is not None:
        index = int(found["index"])
        if index >= len(old):
            raise Refused(f"The facts hold nothing called {path[0]}.")
        item = _changed(old[index], rest, becomes) if rest else becomes
        new: Any = (*old[:index], item, *old[index + 1 :])
    elif found["start"] is not None:
        new = old[: int(found["start"])] + str(becomes) + old[int(found["end"]) :]
    else:
        dated = any(f.name == name and date in get_args(f.type) for f in fields(value))
        new = _changed(old, rest, becomes) if rest else _as(old, becomes, dated=dated)
    changed: Any = replace(value, **{name: new})  # type: ignore[type-var]  # is_dataclass was asked above
    return changed


def _as(old: Any, becomes: Scalar, *, dated: bool) -> Any:
    """Return the new value in the kind of the old one."""
    if isinstance(old, tuple):
        return (*old, becomes)
    if dated and isinstance(becomes, str):
        return date.fromisoformat(becomes)
    return becomes
