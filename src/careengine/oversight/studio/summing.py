"""Sum up a replay: which way cases would have gone, among which, and how sure that share is. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from sys import intern
from typing import Any

import msgspec

from careengine.engine.inputs import SeenRaw
from careengine.engine.replay import Changed
from careengine.oversight.insight.shares import Interval, hidden_groups, share_of
from careengine.oversight.studio.policy import ReplayPolicy

SITE, UNKNOWN = "site", "unknown"
_URGENCY = "urgency"
_DATA = "data"


class Sums(msgspec.Struct):
    """Which cases were looked at, as what, and which way they would have gone; a case counts once."""

    names: tuple[str, ...]
    """The dimensions, in the order in which ``told`` holds their values."""
    told: dict[int, list[str]] = {}
    """By case: what each dimension was when the case was last seen to be something."""
    directions: dict[str, int] = {}

    def look(self, seen: SeenRaw, policy: ReplayPolicy) -> None:
        """Keep what is known of a case by now."""
        known = self.told.setdefault(seen.case.id, [UNKNOWN] * len(self.names))
        known[0] = intern(seen.case.site)
        for n, name in enumerate(self.names[1:], start=1):
            where = policy.dimensions[name]
            if where.startswith(_DATA) or known[n] == UNKNOWN:  # a fact is long: read once
                value = _value(seen, where)
                if value != UNKNOWN:
                    known[n] = intern(value)

    def change(self, found: Changed) -> None:
        """Count a case's first difference."""
        way = found.direction.value
        self.directions[way] = self.directions.get(way, 0) + 1

    def shares(self, changed: Iterable[int], policy: ReplayPolicy) -> "list[Share]":
        """Return for each value of each dimension which share of its cases changed; small groups hidden."""
        gone, shares = [self.told[case] for case in changed if case in self.told], []
        for n, name in enumerate(self.names):
            of, part = Counter(one[n] for one in self.told.values()), Counter(one[n] for one in gone)
            hidden = hidden_groups(of, policy.smallest_group)
            shares += [
                Share(name, value, 0, 0, None, hidden=True)
                if value in hidden
                else Share(name, value, part[value], size, share_of(part[value], size, policy.confidence))
                for value, size in sorted(of.items(), key=lambda one: (-one[1], one[0]))
            ]
        return shares


def sums_for(policy: ReplayPolicy) -> Sums:
    """Return sums in which nothing is counted yet."""
    return Sums(names=(SITE, *sorted(policy.dimensions)))


@dataclass(frozen=True, slots=True)
class Share:
    """Of the cases whose ``dimension`` is ``value``, how many changed; nothing of a hidden group."""

    dimension: str
    value: str
    changed: int
    cases: int
    share: Interval | None
    hidden: bool = False


def harm_of(found: Changed, policy: ReplayPolicy) -> float:
    """Return how soon a changed case should be looked at."""
    return policy.harm_of(found.direction.value, str(found.seen.case.data.get(_URGENCY) or ""))


def _value(seen: SeenRaw, where: str) -> str:
    kind, name, *field = where.split()
    if kind == _DATA:
        return _word(seen.case.data.get(name))
    fact = seen.facts.get(name)
    return UNKNOWN if fact is None else _word(_only(field[0]).decode(fact).value)


@cache
def _only(field: str) -> "msgspec.json.Decoder[Any]":
    """Return what reads one field of a fact and passes over the rest."""
    shape = msgspec.defstruct("OneField", [("value", Any, None)], rename={"value": field})
    return msgspec.json.Decoder(shape)


def _word(value: object) -> str:
    return str(value)[:60] if isinstance(value, str | int | bool) and value != "" else UNKNOWN
