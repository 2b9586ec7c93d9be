"""How the ledger is sealed: salted digests, a Merkle root a block, each block holding the last one's hash.

Pure. Everything is SHA-256. A leaf covers a row's own columns and, for a decision, the
salted digest of its body and of its input's digest: once salt and body are purged
the leaf can still be checked, and what was purged cannot be guessed from it. Leaves
and inner nodes begin with different bytes (RFC 6962), so neither passes for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

SIZE = 32
"""Bytes of a digest."""
SALT = 16
"""Bytes of a salt."""
GENESIS = bytes(SIZE)
"""What stands before the first block."""
DECISION = b"\x00decision"
AUDIT = b"\x00audit"
_NODE = b"\x01"
_BLOCK = b"\x02block"
_BLOCK_NUMBERS = Struct("!qqiq")


@dataclass(frozen=True, slots=True)
class Step:
    """One neighbour on the way from a leaf to the root, and the side it stands on."""

    digest: bytes
    left: bool


def body_digest(salt: bytes, input_digest: bytes, body: bytes) -> bytes:
    """Return what a decision's leaf keeps of its body and its input; salt and digest have fixed lengths."""
    return sha256(b"".join((salt, input_digest, body))).digest()


def decision_leaf(columns: bytes, digest: bytes) -> bytes:
    """Return a decision's leaf: over its columns as binary COPY writes them and its body's digest."""
    return sha256(b"".join((DECISION, columns, digest))).digest()


def audit_leaf(columns: bytes) -> bytes:
    """Return the leaf of an audit row: all its columns, the salt among them."""
    return sha256(AUDIT + columns).digest()


def split(leaves: bytes) -> list[bytes]:
    """Return the single leaves of a block."""
    return [leaves[start : start + SIZE] for start in range(0, len(leaves), SIZE)]


def merkle_root(leaves: bytes) -> bytes:
    """Return the root over the leaves in order; a node without a neighbour goes up as it is."""
    level = split(leaves)
    if not level:
        raise ValueError("A block has at least one leaf.")
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def _parents(level: Sequence[bytes]) -> list[bytes]:
    paired = len(level) // 2 * 2
    above = [sha256(_NODE + level[n] + level[n + 1]).digest() for n in range(0, paired, 2)]
    return [*above, *level[paired:]]


def merkle_path(leaves: bytes, index: int) -> tuple[Step, ...]:
    """Return what one needs beside the leaf at ``index`` to come to the root."""
    level = split(leaves)
    if not 0 <= index < len(level):
        raise ValueError("There is no such leaf in the block.")
    steps = []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            steps.append(Step(level[beside], left=beside < index))
        level = _parents(level)
        index //= 2
    return tuple(steps)


def climb(leaf: bytes, path: Sequence[Step]) -> bytes:
    """Return the root one comes to from ``leaf`` along ``path``."""
    for step in path:
        pair = step.digest + leaf if step.left else leaf + step.digest
        leaf = sha256(_NODE + pair).digest()
    return leaf


def block_hash(*, prev: bytes, seq: int, batch: int, root: bytes, n: int, recorded: int) -> bytes:
    """Return a block's hash; ``recorded`` is its real time in microseconds since 2000-01-01T00:00Z."""
    return sha256(b"".join((_BLOCK, prev, root, _BLOCK_NUMBERS.pack(seq, batch, n, recorded)))).digest()
