"""What stays closed until the patient agrees, and which ways of writing need a yes first. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from careengine.kernel.policy import PolicyName, PolicyRef
from careengine.record.keys import key

Label = tuple[str, str]
"""A security label: code system and code."""
_PARAMETERS = ("_security", "security-label")
"""Where a label may stand: on any resource, and on a document reference by its own element."""


@dataclass(frozen=True)
class SharingPolicy:
    """The labels that close a resource, and the channels that need the patient's yes."""

    ref: PolicyRef
    part2_labels: frozenset[Label]
    """Substance use disorder records (42 CFR Part 2)."""
    restricted_labels: frozenset[Label]
    """On a Patient: the whole chart is closed to people who did not break the glass."""
    agree_first: frozenset[str]

    @cached_property
    def part2_keys(self) -> list[UUID]:
        """Return the Part 2 labels as keys of the search index."""
        return _keys(self.part2_labels)

    @cached_property
    def restricted_keys(self) -> list[UUID]:
        """Return the labels of closed charts as keys of the search index."""
        return _keys(self.restricted_labels)


SHARING = PolicyName("access.sharing", SharingPolicy)


def carries(resource: Mapping[str, Any], labels: frozenset[Label]) -> bool:
    """Say whether a resource, as it stands in some version, carries one of the labels."""
    meta = resource.get("meta") or {}
    codings = [*(meta.get("security") or ())]
    for concept in resource.get("securityLabel") or ():
        codings.extend(concept.get("coding") or ())
    codes = {code for _, code in labels}
    return any(
        (coding.get("system", ""), coding.get("code")) in labels
        or ("system" not in coding and coding.get("code") in codes)
        for coding in codings
    )


def _keys(labels: Iterable[Label]) -> list[UUID]:
    """Return the keys, with and without a system: a label whose sender forgot the system still closes."""
    systems = [(system, code) for system, code in labels]
    named = [*systems, *(("", code) for _, code in systems)]
    return [UUID(bytes=key(parameter, system, code)) for parameter in _PARAMETERS for system, code in named]
