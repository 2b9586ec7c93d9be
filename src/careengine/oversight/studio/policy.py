"""Which differences of a draft are looked at first, and by what cases are told apart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from careengine.engine.replay import Direction
from careengine.kernel.policy import PolicyName, PolicyRef
from careengine.oversight.insight.shares import hidden_groups, share_of
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicySchema, PolicyValues

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Place = Annotated[str, Field(pattern=r"^(data [a-z][a-z0-9_]*|fact [a-z][a-z0-9_.]* [a-z][a-z0-9_]*)$")]
"""``data clinic``, or ``fact scheduling.openings group``: a fact's name and a field of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPolicy:
    """How replays are summed up."""

    ref: PolicyRef
    harm: Mapping[str, float]
    urgent_counts: float
    calm: tuple[str, ...]
    confidence: float
    smallest_group: int
    dimensions: Mapping[str, str]
    """By name, where a case's value stands: ``data clinic``, ``fact scheduling.openings group``."""

    def harm_of(self, direction: str, urgency: str) -> float:
        """Return how soon a difference should be looked at; larger comes first."""
        return self.harm[direction] * (1.0 if urgency in {"", *self.calm} else self.urgent_counts)


REPLAY = PolicyName("oversight.replay", ReplayPolicy)


class ReplayValues(PolicyValues):
    """What stands in ``oversight/replay.yaml``."""

    harm: dict[Word, float]
    urgent_counts: float = Field(ge=1, le=100)
    calm: tuple[Word, ...]
    confidence: float = Field(ge=0.5, lt=1.0)
    smallest_group: int = Field(ge=2, le=100)
    dimensions: dict[Word, Place] = Field(min_length=1)


def _build(values: ReplayValues, ref: PolicyRef) -> ReplayPolicy:
    return ReplayPolicy(
        ref=ref, harm=values.harm, urgent_counts=values.urgent_counts, calm=values.calm,
        confidence=values.confidence, smallest_group=values.smallest_group,
        dimensions=values.dimensions,
    )  # fmt: skip


def _answer(policy: ReplayPolicy, given: Given) -> Answer:
    if "direction" in given:
        return {"harm": policy.harm_of(given["direction"], given["urgency"])}
    if "groups" in given:
        return {"hidden": sorted(hidden_groups(given["groups"], policy.smallest_group))}
    if "changed" in given:
        found = share_of(given["changed"], given["of"], policy.confidence)
        return {"low": round(found.low or 0.0, 3), "high": round(found.high or 0.0, 3)} if found else {}
    return {"dimensions": dict(policy.dimensions)}


def _lint(values: ReplayValues) -> Iterator[tuple[str | Path, str, str]]:
    missing = sorted({*Direction} - {*values.harm})
    if missing:
        yield "harm", f"There is no weight for {', '.join(missing)}.", "Give each direction one."


POLICY_SCHEMAS = (PolicySchema("oversight.replay", ReplayValues, _build, _answer, _lint),)
