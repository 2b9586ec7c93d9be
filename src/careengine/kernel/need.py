"""What a state must know before it decides: a typed name whose loader is wired elsewhere."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class Need(Generic[Fact]):
    """A fact a handler asks for by name; ``facts[NEED]`` gives a value of type ``kind``.

    ``kind`` is a frozen dataclass (or a plain scalar or tuple of them), because the
    value is stored with the decision and must be read back exactly.
    """

    name: str
    kind: type[Fact]
    steady: bool = False
    """Depends only on what a transaction does not change (the record, the case's subject and focus): read
    once per case and transaction, however many hops and events need it."""
