"""Prove to somebody who sees nothing else that a decision stands in the ledger; show the head outside."""

from dataclasses import dataclass
from datetime import datetime

from careengine.kernel.errors import NotFound
from careengine.runtime.database import Connection
from careengine.trust import chain, rows
from careengine.trust.chain import Step


class NotInLedger(NotFound):
    """The ledger holds no such decision."""


@dataclass(frozen=True, slots=True)
class Head:
    """A block by number and hash: published outside, it fixes everything up to it."""

    seq: int
    hash: bytes
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """From a decision's leaf to its block's hash. Check it with :func:`holds`."""

    decision: int
    leaf: bytes
    path: tuple[Step, ...]
    seq: int
    batch: int
    n: int
    prev: bytes
    root: bytes
    hash: bytes
    recorded_at: datetime


def head(conn: Connection) -> Head | None:
    """Return the newest block, to be kept outside; ``None`` before the first."""
    row = conn.execute(
        "select b.seq, b.hash, b.recorded_at from block_head h join block b on b.seq = h.seq where h.id = 1"
    ).fetchone()
    return None if row is None else Head(*row)


def prove(conn: Connection, decision: int) -> Proof:
    """Return the proof that a decision was sealed; raises :class:`NotInLedger`."""
    row = conn.execute(
        "select d.leaf, b.seq, b.batch, b.n, b.prev, b.root, b.hash, b.recorded_at, b.leaves"
        " from decision d join block b on b.batch = d.batch where d.id = %b",
        (decision,),
        binary=True,
    ).fetchone()
    if row is None:
        raise NotInLedger(f"The ledger holds no decision {decision}. Look at the case's decisions.")
    index, seq, batch, n, prev, root, hash_, recorded_at, leaves = row
    start = index * chain.SIZE
    return Proof(
        decision=decision, leaf=leaves[start : start + chain.SIZE], path=chain.merkle_path(leaves, index),
        seq=seq, batch=batch, n=n, prev=prev, root=root, hash=hash_, recorded_at=recorded_at,
    )  # fmt: skip


def holds(proof: Proof) -> bool:
    """Say whether the leaf leads to the root and the root to the block's hash. Pure."""
    again = chain.block_hash(
        prev=proof.prev, seq=proof.seq, batch=proof.batch, root=proof.root, n=proof.n,
        recorded=rows.micros(proof.recorded_at),
    )  # fmt: skip
    return chain.climb(proof.leaf, proof.path) == proof.root and again == proof.hash
