"""Seeded damage to valid resources: what senders, interfaces and disks do to FHIR."""

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

Place = tuple[Any, Any]
"""A dict or list, and the key or index in it."""

STRINGS = (
    "", " ", "a\u0000b", "a\u0007b", "two  words", " x ", "not a date", "2021-02-30", "2021-13-01", "0000",
    "2021-02-03T25:00:00Z", "2021-02-03T10:00:00", "M", "finale", "http://a b", "a_b", "x" * 100,
    "é", "\u2028", "Practitioner/1", "#nobody", "Nonsense/1", "1", "-1", "true",
)  # fmt: skip
STRANGERS = ("colour", "status", "valueString", "valueBoolean", "_status", "id", "extension", "fhir_comments")
NUMBERS = (-1, 0, 1.5, 2**31, 10**30, 1e-30)


class Mutation(NamedTuple):
    """A damaged resource and what was done to it."""

    resource: dict[str, Any]
    what: str


def mutations(examples: tuple[dict[str, Any], ...], *, count: int, seed: int) -> Iterator[Mutation]:
    """Give ``count`` damaged copies, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        resource = deepcopy(chance.choice(examples))
        node, key = chance.choice([place for place in _places(resource) if place[1] != "resourceType"])
        how = chance.choice(_WAYS)
        what = f"{how.__name__} {resource['resourceType']} {key}"
        how(node, key, chance)
        yield Mutation(resource, what)


def _places(value: Any) -> Iterator[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from _places(item)


def _remove(node: Any, key: Any, _chance: random.Random) -> None:
    del node[key]


def _other_string(node: Any, key: Any, chance: random.Random) -> None:
    node[key] = chance.choice(STRINGS)


def _other_number(node: Any, key: Any, chance: random.Random) -> None:
    node[key] = chance.choice(NUMBERS)


def _wrap(node: Any, key: Any, _chance: random.Random) -> None:
    node[key] = [node[key]]


def _unwrap(node: Any, key: Any, _chance: random.Random) -> None:
    if isinstance(node[key], list) and node[key]:
        node[key] = node[key][0]


def _empty(node: Any, key: Any, chance: random.Random) -> None:
    node[key] = chance.choice(([], {}, None, True))


def _stranger(node: Any, key: Any, chance: random.Random) -> None:
    where = node if isinstance(node, dict) else node[key] if isinstance(node[key], dict) else None
    if where is not None:
        name = chance.choice(STRANGERS)
        where[name] = chance.choice(("x", 5, {}, [{"url": "http://x", "valueString": "y"}]))


def _twice(node: Any, key: Any, _chance: random.Random) -> None:
    if isinstance(node[key], list):
        node[key] = node[key] + deepcopy(node[key])


_WAYS = (_remove, _other_string, _other_string, _other_number, _wrap, _unwrap, _empty, _stranger, _twice)
