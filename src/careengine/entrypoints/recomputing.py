"""Decide one recorded decision again, under the policies it was made with, and prove it was sealed."""

from collections.abc import Mapping
from dataclasses import dataclass

from careengine.engine.composition import Engine
from careengine.engine.recompute import recompute
from careengine.entrypoints.compose import BY_VERSION, pinned
from careengine.policy.book import PolicyBook
from careengine.runtime.database import Connection
from careengine.trust.proof import holds, prove


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What came of deciding again."""

    agrees: bool
    why: str
    """In what it differs; empty when it agrees to the bit."""
    other_code: bool
    """It was made by another version of the code."""
    sealed: bool
    """Its leaf leads to its block's root, and the root to the block's hash."""
    block: int


def recomputed(conn: Connection, engine: Engine, decision: int) -> Again:
    """Recompute one decision and check its place in the chain; raises ``NotInLedger``."""
    proof = prove(conn, decision)
    books: dict[tuple[tuple[str, int], ...], PolicyBook] = {}

    def book(pins: Mapping[str, int]) -> PolicyBook:
        key = tuple(sorted(pins.items()))
        if key not in books:
            books[key] = pinned(conn, engine.book, pins)
        return books[key]

    found = recompute(conn, BY_VERSION, book, code_version=engine.code_version, only=decision)
    return Again(
        agrees=found.differ == 0 and found.agree == found.decisions,
        why=found.differences[0].why if found.differences else "",
        other_code=found.other_code_version > 0,
        sealed=holds(proof),
        block=proof.seq,
    )
