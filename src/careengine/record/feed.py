"""The change feed: what was written to the record, read so that no transaction that commits late is missed.

A reader that remembers the highest number it saw loses rows of transactions that began earlier and commit
later. So rows carry their transaction's id, and only those below the oldest one still running are handed out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from careengine.kernel.refs import Ref
from careengine.record.resource_types import type_code, type_name
from careengine.runtime.database import Connection

WORK = "careengine_work"
"""The channel on which workers are woken."""


class What(IntEnum):
    """What happened to a resource."""

    STORED = 0
    DELETED = 1
    MERGED = 2
    """Its patient was merged into another, or another into it."""
    UNMERGED = 3


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """How far a reader has read; the default is before everything."""

    xid: int = 0
    n: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened in the record."""

    ref: Ref
    """The resource with the version written."""
    what: What
    subject: UUID | None
    recorded_at: datetime


_READ = """
select xid::text::bigint, n, version, what, type, id, subject, recorded_at from (
    select *, lead(n) over (order by xid, n) is null as last from (
        select * from record_change
        where (xid, n) > (%b::text::xid8, %b) and xid < pg_snapshot_xmin(pg_current_snapshot())
        order by xid, n limit %b) page) page
where %b::smallint[] = '{}' or type = any(%b::smallint[]) or last
order by xid, n
"""


def changes(
    conn: Connection, after: Cursor, types: Sequence[str] = (), limit: int = 1000
) -> tuple[list[Change], Cursor]:
    """Return the changes of these types (none named: all) among the next ``limit``, and where to read on.

    An empty list with a cursor that moved means: only other types there; read on. One statement, since a
    second one would see commits that the first did not.
    """
    wanted = [type_code(name) for name in types]
    rows = conn.execute(_READ, (str(after.xid), after.n, limit, wanted, wanted)).fetchall()
    if not rows:
        return [], after
    read = [
        Change(Ref(type_name(type_), id_, version), What(what), subject, recorded_at)
        for _, _, version, what, type_, id_, subject, recorded_at in rows
        if not wanted or type_ in wanted
    ]
    return read, Cursor(*rows[-1][:2])


def announce(conn: Connection) -> None:
    """Wake whoever listens for work, once this transaction is committed."""
    conn.execute(f"notify {WORK}")


def unread(conn: Connection, after: Cursor, types: Sequence[str]) -> bool:
    """Say whether a change of these types lies ahead, also one that cannot be handed out yet.

    Any transaction of the whole server, in another database too, holds young changes back.
    """
    wanted = [type_code(name) for name in types]
    row = conn.execute(
        "select exists (select from record_change"
        " where (xid, n) > (%b::text::xid8, %b) and type = any(%b::smallint[]))",
        (str(after.xid), after.n, wanted),
    ).fetchone()
    return bool(row and row[0])


def forget(conn: Connection, before: Cursor, limit: int = 10_000) -> int:
    """Delete changes that every reader has passed, in order, at most ``limit``; return how many went."""
    return conn.execute(
        "delete from record_change where ctid in (select ctid from record_change"
        " where (xid, n) <= (%b::text::xid8, %b) order by xid, n limit %b)",
        (str(before.xid), before.n, limit),
    ).rowcount
