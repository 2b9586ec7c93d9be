"""Who may read which kinds, open whose chart, do what with whose work: Cedar policies, denied by default."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

import cedarpy

from careengine.kernel.errors import CareError
from careengine.policy.book import PolicyBook
from careengine.trust.actor import ActorKind, Reader
from careengine.trust.policies import installed_book

_SCHEMA = "access.cedarschema"
_KINDS = "kinds.json"
_AREA = "access"


class NotAllowed(CareError):
    """The reader may not read this; the message names reader, purpose and kinds, never a patient."""

    status = 403


class BrokenAccessPolicy(CareError):
    """An access policy does not fit its schema, or names a kind or a rule twice."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What opening one person's chart depends on."""

    restricted: bool
    own: bool
    glass: bool


class Act(StrEnum):
    """What somebody does that not everybody may."""

    WORK = "work"
    LEAD = "lead"
    SEE = "see"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Somebody as far as what they may do hangs on it."""

    kind: ActorKind
    teams: frozenset[str]
    leads: frozenset[str] = frozenset()
    """The teams they answer for."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What an act is about: a team with those who stand in for it, or a page."""

    type: Literal["Team", "Page"]
    name: str
    stand_ins: frozenset[str] = frozenset()


class Access:
    """The access policies of one installation. Answers are kept: the policies do not change under it."""

    def __init__(
        self, *, policies: str, schema: str, kinds: Mapping[str, Sequence[str]], book: PolicyBook
    ) -> None:
        found = cedarpy.validate_policies(policies, schema)
        if not found.validation_passed:
            said = "; ".join(str(error) for error in found.errors)
            raise BrokenAccessPolicy(f"The access policies do not fit {_SCHEMA}: {said}. Correct them.")
        self.book = book
        self._names = _names(policies)
        self._policies = cedarpy.PolicySet.from_str(policies)
        self._schema = cedarpy.Schema.from_str(schema)
        self._kinds = _kind_entities(kinds)
        self._read = cache(self._ask_read)
        self._open = cache(self._ask_open)
        self._act = cache(self._ask_act)

    @classmethod
    def from_package(cls) -> "Access":
        """Read what comes with the package, trust's own values included: for trying out and for tests."""
        return cls.load(installed_book())

    @classmethod
    def load(cls, book: PolicyBook, packs: Iterable[Path] = ()) -> "Access":
        """Read the package's access policies; a pack's files replace those of the same name, or are added.

        ``book`` holds the policies in force.
        """
        texts = _texts(files("careengine").joinpath("policies", _AREA))
        for pack in packs:
            texts.update(_texts(pack / _AREA))
        cedar = "\n".join(text for name, text in sorted(texts.items()) if name.endswith(".cedar"))
        kinds = json.loads(texts[_KINDS])
        return cls(policies=cedar, schema=texts[_SCHEMA], kinds=kinds, book=book)

    def allows(self, reader: Reader, kinds: Iterable[str]) -> bool:
        """Say whether the reader may read all these kinds for their purpose."""
        return all(self._rules(reader, kind) for kind in kinds)

    def grant(self, reader: Reader, kinds: Iterable[str]) -> tuple[str, ...]:
        """Return the names of the rules that let the reader read all these kinds, or raise NotAllowed."""
        asked = {kind: self._rules(reader, kind) for kind in kinds}
        refused = sorted(kind for kind, rules in asked.items() if not rules)
        if refused or not asked:
            raise NotAllowed(
                f"{reader.actor} may not read {', '.join(refused) or 'without naming kinds'} "
                f"for {reader.purpose}. "
                "A privacy officer can grant it in policies/access."
            )
        return tuple(sorted({rule for rules in asked.values() for rule in rules}))

    def opens(self, reader: Reader, chart: Chart) -> bool:
        """Say whether the reader may open a chart; a journey is bound by its kinds instead."""
        if reader.journey is not None:
            return True
        return self._open(reader.actor_kind, reader.roles, str(reader.purpose), chart)

    def may(self, who: Worker, act: Act, thing: Thing) -> bool:
        """Say whether somebody may do something with a team's work, or open a page."""
        return bool(self._act(who, act, thing))

    def _rules(self, reader: Reader, kind: str) -> tuple[str, ...]:
        return self._read(reader.actor_kind, reader.journey, reader.roles, str(reader.purpose), kind)

    def _ask_read(
        self, actor_kind: ActorKind, journey: str | None, roles: frozenset[str], purpose: str, kind: str
    ) -> tuple[str, ...]:
        principal, entities = _principal(actor_kind, journey, roles)
        return self._authorize(
            principal, "read", _uid("Kind", kind), {"purpose": purpose}, [*entities, *self._kinds]
        )

    def _ask_open(self, actor_kind: ActorKind, roles: frozenset[str], purpose: str, chart: Chart) -> bool:
        principal, entities = _principal(actor_kind, None, roles)
        context = {
            "purpose": purpose, "restricted": chart.restricted, "own": chart.own, "glass": chart.glass,
        }  # fmt: skip
        return bool(self._authorize(principal, "open", _uid("Chart", "any"), context, entities))

    def _ask_act(self, who: Worker, act: Act, thing: Thing) -> tuple[str, ...]:
        principal, entities = _principal(who.kind, None, who.teams, leads=who.leads)
        if thing.type == "Team":
            entities = [*entities, _team(thing)]
        return self._authorize(principal, act.value, _uid(thing.type, thing.name), {}, entities)

    def _authorize(
        self,
        principal: dict[str, str],
        action: str,
        resource: dict[str, str],
        context: dict[str, Any],
        entities: list[dict[str, Any]],
    ) -> tuple[str, ...]:
        """Ask Cedar, the one place where anything is allowed; return the rules that allow it."""
        asked = {"principal": principal, "action": _uid("Action", action), "resource": resource}
        answer = cedarpy.is_authorized(
            {**asked, "context": context}, self._policies, entities, schema=self._schema
        )
        return tuple(self._names[one] for one in answer.diagnostics.reasons) if answer.allowed else ()


def _texts(folder: Traversable) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    wanted = (".cedar", _SCHEMA, _KINDS)
    return {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(wanted)}


def _names(policies: str) -> dict[str, str]:
    """Return each rule's own name (its ``@id``) by Cedar's number for it."""
    parsed = json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"]
    names = {number: rule.get("annotations", {}).get("id", "") for number, rule in parsed.items()}
    if "" in names.values() or len(set(names.values())) < len(names):
        raise BrokenAccessPolicy("An access rule has no @id of its own, or shares it. Give each a name.")
    return names


def _kind_entities(groups: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    parents: dict[str, list[dict[str, str]]] = {}
    for group, kinds in groups.items():
        for kind in kinds:
            parents.setdefault(kind, []).append(_uid("Kind", group))
    if parents.keys() & groups.keys():
        raise BrokenAccessPolicy(f"In {_KINDS} a group is named like a kind; rename it.")
    return [{"uid": _uid("Kind", kind), "attrs": {}, "parents": found} for kind, found in parents.items()]


def _principal(
    actor_kind: ActorKind,
    journey: str | None,
    roles: frozenset[str],
    *,
    leads: frozenset[str] = frozenset(),
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the reader as Cedar sees it: what it may do hangs on journey or roles, never on who it is."""
    if journey is not None:
        return _uid("Journey", journey), []
    uid = _uid("Person" if actor_kind is ActorKind.PERSON else "Agent", "someone")
    attrs = {"teams": _teams(roles), "leads": _teams(leads)}
    return uid, [{"uid": uid, "attrs": attrs, "parents": [_uid("Role", role) for role in sorted(roles)]}]


def _team(thing: Thing) -> dict[str, Any]:
    return {"uid": _uid("Team", thing.name), "attrs": {"stand_ins": _teams(thing.stand_ins)}, "parents": []}


def _teams(names: frozenset[str]) -> list[dict[str, Any]]:
    return [{"__entity": _uid("Team", name)} for name in sorted(names)]


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}
