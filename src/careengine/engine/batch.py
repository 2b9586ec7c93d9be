"""What one transaction will write: filled in memory while deciding, written once, sealed, committed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from careengine.engine.rows import CaseRow
from careengine.kernel.next import Tell, Write
from careengine.trust.ledger import LedgerEntry


@dataclass(slots=True)
class NewCard:
    """A card to be opened, with the decision it shows."""

    id: int
    row: CaseRow
    journey: int
    team: int
    kind: int
    urgent: bool
    due_at: datetime
    decision_id: int
    body: bytes


@dataclass(slots=True)
class OpenCard:
    """A card already on a worklist."""

    id: int
    case: int
    kind: int
    rung: int


@dataclass(slots=True)
class Told:
    """A tell with the case that sent it, so that one nobody can take is shown there."""

    by: CaseRow
    ordinal: int
    tell: Tell


@dataclass(slots=True)
class Written:
    """A record write with the case that made it."""

    by: CaseRow
    write: Write


@dataclass(slots=True)
class Batch:
    """Rows waiting for their transaction. ``id`` names the block that will seal its decisions."""

    id: int
    now: datetime
    recorded_at: datetime
    changed: dict[int, CaseRow] = field(default_factory=dict)
    history: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)
    inputs: dict[bytes, bytes] = field(default_factory=dict)
    effects: list[tuple[Any, ...]] = field(default_factory=list)
    voids: list[tuple[int, int]] = field(default_factory=list)
    cards: list[NewCard] = field(default_factory=list)
    cards_closed: list[int] = field(default_factory=list)
    cards_raised: dict[int, int] = field(default_factory=dict)
    writes: list[Written] = field(default_factory=list)
    tells: list[Told] = field(default_factory=list)
    consumed: list[tuple[int, int]] = field(default_factory=list)
    let_go: list[int] = field(default_factory=list)
    """Cases that want what another holds: their events wait a little."""

    def is_empty(self) -> bool:
        """Say whether there is nothing to write."""
        return not (self.changed or self.consumed or self.let_go)


@dataclass(slots=True)
class Counts:
    """What a worker did, added up for its log and for ``careengine worker --json``."""

    advanced: int = 0
    decisions: int = 0
    cards: int = 0
    effects: int = 0
    batches: int = 0
    refused: int = 0

    def add(self, batch: Batch) -> None:
        """Count one committed batch."""
        self.advanced += len(batch.history)
        self.decisions += len(batch.entries)
        self.cards += len(batch.cards)
        self.effects += len(batch.effects)
        self.batches += 1
