"""Who may read which kinds for which purpose, and whose chart: Cedar policies, denied by default."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

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

    def _rules(self, reader: Reader, kind: str) -> tuple[str, ...]:
        return self._read(reader.actor_kind, reader.journey, reader.roles, str(reader.purpose), kind)

    def _ask_read(
        self, actor_kind: ActorKind, journey: str | None, roles: frozenset[str], purpose: str, kind: str
    ) -> tuple[str, ...]:
        principal, entities = _principal(actor_kind, journey, roles)
        answer = cedarpy.is_authorized(
            {
                "principal": principal, "action": _uid("Action", "read"), "resource": _uid("Kind", kind),
                "context": {"purpose": purpose},
            },
            self._policies, [*entities, *self._kinds], schema=self._schema,
        )  # fmt: skip
        if not answer.allowed:
            return ()
        return tuple(self._names[reason] for reason in answer.diagnostics.reasons)

    def _ask_open(self, actor_kind: ActorKind, roles: frozenset[str], purpose: str, chart: Chart) -> bool:
        principal, entities = _principal(actor_kind, None, roles)
        answer = cedarpy.is_authorized(
            {
                "principal": principal, "action": _uid("Action", "open"),
                "resource": _uid("Chart", "any"),
                "context": {
                    "purpose": purpose, "restricted": chart.restricted, "own": chart.own,
                    "glass": chart.glass,
                },
            },
            self._policies, entities, schema=self._schema,
        )  # fmt: skip
        return bool(answer.allowed)


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
    actor_kind: ActorKind, journey: str | None, roles: frozenset[str]
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the reader as Cedar sees it: what it may do hangs on journey or roles, never on who it is."""
    if journey is not None:
        return _uid("Journey", journey), []
    uid = _uid("Person" if actor_kind is ActorKind.PERSON else "Agent", "someone")
    return uid, [{"uid": uid, "attrs": {}, "parents": [_uid("Role", role) for role in sorted(roles)]}]


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}
