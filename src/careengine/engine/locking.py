"""Locks on shared things whose keys are known before deciding; always taken in sorted order."""

from collections.abc import Iterable

from careengine.engine.keys import key_of
from careengine.runtime.database import Connection

_LOCK = "select pg_advisory_xact_lock(k) from unnest(%b::bigint[]) k"


def lock(conn: Connection, keys: Iterable[str]) -> None:
    """Lock each key until the transaction ends; whoever wants the same key waits."""
    wanted = sorted({_number(key) for key in keys})
    if wanted:
        conn.execute(_LOCK, (wanted,), binary=True)


def _number(key: str) -> int:
    """Return the lock's number: the first 64 bits of the key's digest, signed as PostgreSQL wants it."""
    return int.from_bytes(key_of("lock", key).bytes[:8], "big", signed=True)
