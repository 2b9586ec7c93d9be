"""A change to a resource as it comes in a PATCH: JSON Patch (RFC 6902) or JSON Merge Patch (RFC 7396)."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any


class PatchUnreadable(Exception):
    """The change is none, or does not fit what it changes."""


def patched(resource: Mapping[str, Any], change: object) -> dict[str, Any]:
    """Return the resource with the change.

    Raises:
        PatchUnreadable: The change cannot be made.
    """
    changed = deepcopy(dict(resource))
    if isinstance(change, Mapping):
        return _merged(changed, change)
    if not isinstance(change, list):
        raise PatchUnreadable("a change is a list of operations or an object")
    try:
        for one in change:
            _operate(changed, one)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise PatchUnreadable("an operation does not fit the resource") from error
    return changed


def _operate(resource: dict[str, Any], one: Mapping[str, Any]) -> None:
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in one["path"].split("/")[1:]]
    within: Any = resource
    for part in way:
        within = within[int(part)] if isinstance(within, list) else within[part]
    key: Any = last
    if isinstance(within, list):
        key = len(within) if last == "-" else int(last)
    match one["op"]:
        case "add" if isinstance(within, list):
            within.insert(key, one["value"])
        case "add":
            within[key] = one["value"]
        case "replace":
            within[key] = one["value"] if within[key] is not None else None
        case "remove":
            del within[key]
        case "test" if within[key] == one["value"]:
            return
        case _:
            raise ValueError(one["op"])


def _merged(resource: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in change.items():
        if value is None:
            resource.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(resource.get(name), dict):
            _merged(resource[name], value)
        else:
            resource[name] = value
    return resource
