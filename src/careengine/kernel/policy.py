"""How rules name the policy they follow, without knowing how policies are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Value = TypeVar("Value")
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """Which policy spoke: its name, the published version, and the row of a table that matched."""

    name: str
    version: int
    row: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyName(Generic[Value]):
    """A typed name: ``policy[TRIAGE]`` gives a frozen value of type ``kind``.

    ``kind`` is a frozen dataclass that a capability declares in its ``model`` and
    whose field ``ref`` is the :class:`PolicyRef` that a decision then carries.
    """

    name: str
    kind: type[Value]


@dataclass(frozen=True, slots=True)
class Row:
    """The row of a decision table that matched: its answer, its id, where it comes from."""

    answer: Mapping[str, Scalar]
    id: str
    reference: str


class Table(Protocol):
    """A decision table, first matching row wins; built and frozen per policy version."""

    def first(self, row: Mapping[str, Scalar]) -> Row | None:
        """Return the first row that matches, or ``None``; values are str, int, float, bool or None."""
        ...
