"""What a FHIR Reference leads to, read from its own text."""

import re
from collections.abc import Mapping
from typing import Any

_LITERAL = re.compile(
    r"(?:^|/)(?P<type>[A-Z][A-Za-z]{2,40})/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?$"
)
_CONDITIONAL = re.compile(r"(?:^|/)(?P<type>[A-Z][A-Za-z]{2,40})\?")


def type_named(reference: str) -> str:
    """Give the type named by ``Type/id``, ``http://…/Type/id`` or ``Type?query``; empty for others."""
    found = _LITERAL.search(reference) or _CONDITIONAL.search(reference)
    return found["type"] if found else ""


def reference_type(reference: Mapping[str, Any]) -> str:
    """Give the resource type a Reference names, by its address or its ``type``; empty when it does not."""
    return type_named(reference.get("reference", "")) or str(reference.get("type", ""))


def reference_path(reference: Mapping[str, Any]) -> str:
    """Give what a Reference leads to, without a version; empty for a contained resource or none."""
    path = str(reference.get("reference", ""))
    if "/_history/" in path:
        path = path.partition("/_history/")[0]
    return "" if path[:1] == "#" else path
