"""How a capability says what its policies hold, and what frozen value its rules receive.

A capability's ``wiring`` registers its shapes; nothing else of it meets this package::

    # capabilities/access/model.py                 (pure)
    @dataclass(frozen=True, slots=True)
    class AcknowledgementPolicy:
        ref: PolicyRef                             # a decision carries it: which version spoke
        days: int

    ACKNOWLEDGEMENT = PolicyName("access.acknowledgement", AcknowledgementPolicy)

    # capabilities/access/wiring.py
    class AcknowledgementValues(PolicyValues):     # strict, unknown fields refused
        days: int = Field(ge=1)

    def _acknowledgement(values: AcknowledgementValues, ref: PolicyRef) -> AcknowledgementPolicy:
        return AcknowledgementPolicy(ref, values.days)

    def _late(policy: AcknowledgementPolicy, given: Given) -> Answer:
        return {"late": decide_late(given["waited_days"], policy=policy)}

    POLICY_SCHEMAS = (
        PolicySchema("access.acknowledgement", AcknowledgementValues, _acknowledgement, _late),
    )

With a decision table, ``model`` is a :class:`TableShape` and ``build`` receives the ``kernel.policy.Table``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from careengine.kernel.policy import PolicyRef
from careengine.policy.findings import MisfitPolicy
from careengine.policy.plain import Path

Given = Mapping[str, Any]
Answer = Mapping[str, Any]
Lint = Callable[[Any], Iterable[tuple[str | Path, str, str]]]
"""Receives the judged model; yields (the field, the problem, what to do).

The field is dotted, ``rungs.0.share``, or a tuple of keys where a key has dots itself."""
Column = type[str] | type[int] | type[float] | type[bool] | tuple[str, ...]
"""What a column of a table holds; a tuple of words is a closed list."""


class PolicyValues(BaseModel):
    """The base of what stands under ``values``: strict, frozen, unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class TableShape:
    """Which facts a decision table may ask for, and what its rows must answer."""

    inputs: Mapping[str, Column]
    answers: Mapping[str, Column]


class Covered(StrEnum):
    """What the cases of a policy must touch, each at least once."""

    VALUES = "values"
    """Every value, and every row of a table, in every dated version."""
    VERSIONS = "versions"
    """Every dated version; for long lists whose entries a lint judges, such as wording."""


@dataclass(frozen=True, slots=True)
class PolicySchema:
    """A registered shape: how values are judged, and how they become what a rule receives."""

    name: str
    model: type[BaseModel] | TableShape
    build: Callable[[Any, PolicyRef], object]
    """From the judged model (or the table) to a frozen dataclass whose field ``ref`` is the second."""
    decide: Callable[[Any, Given], Answer] | None = None
    """Answers a case's ``given`` with the built value, by the very function the rules use."""
    lint: Lint | None = None
    covered: Covered = Covered.VALUES
    fixed: frozenset[str] = frozenset()
    """Fields of the built value (dotted) that the lint allows one way only, so that no case can tell."""


@dataclass(frozen=True, slots=True)
class Schemas:
    """All registered shapes by name."""

    by_name: Mapping[str, PolicySchema] = field(default_factory=dict)

    @classmethod
    def of(cls, schemas: Iterable[PolicySchema]) -> "Schemas":
        """Return the shapes by name; the same name twice is a fault in code."""
        by_name: dict[str, PolicySchema] = {}
        for schema in schemas:
            if schema.name in by_name:
                raise MisfitPolicy(f"The policy schema {schema.name} is registered twice; rename one.")
            by_name[schema.name] = schema
        return cls(by_name)

    def __getitem__(self, name: str) -> PolicySchema:
        try:
            return self.by_name[name]
        except KeyError:
            known = ", ".join(sorted(self.by_name)) or "none"
            raise MisfitPolicy(
                f"No policy schema {name} is registered; known are: {known}. Correct the policy, "
                "or register it."
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self.by_name
