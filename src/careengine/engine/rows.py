"""The case as a row: locked in a batch, changed in memory, written back once with a version check."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from careengine.runtime.database import Connection, Cursor

COLUMNS = (
    "id", "opened_at", "entered_at", "due_at", "wake_at", "clock_from", "clock_until",
    "closed_at", "subject", "version", "journey", "journey_version", "state", "owner", "awaiting", "site",
    "rung", "priority", "data",
)  # fmt: skip
_LIST = ", ".join(f"k.{name}" for name in COLUMNS)

# FOR NO KEY UPDATE: plain FOR UPDATE would block whoever inserts an event for the case.
# The join comes first and the limit last, so that two workers pass each other's locked rows.
CLAIM_WITH_EVENTS = f"""
    select {_LIST} from inbox i join engine_case k on k.id = i.case_id
    where i.not_before is null or i.not_before <= %b
    order by i.event_id limit %b for no key update of k skip locked
"""  # noqa: S608  column names are the constants above
CLAIM_DUE = f"""
    select {_LIST} from engine_case k where k.due_at <= %b
    order by k.due_at limit %b for no key update skip locked
"""  # noqa: S608  column names are the constants above
CLAIM_THESE = f"""
    select {_LIST} from engine_case k where k.id = any(%b::bigint[])
    order by k.id for no key update skip locked
"""  # noqa: S608  column names are the constants above
INBOX_OF = """
    select i.case_id, e.id, e.kind, e.happened_at, e.actor, e.ref, e.body
    from inbox i join event e on e.id = i.event_id and e.recorded_at = i.recorded_at
    where i.case_id = any(%b::bigint[]) and (i.not_before is null or i.not_before <= %b)
    order by i.event_id
"""
UPDATE = """
    update engine_case k set version = u.version, state = u.state, owner = u.owner, awaiting = u.awaiting,
        rung = u.rung, priority = u.priority, entered_at = u.entered_at, due_at = u.due_at,
        wake_at = u.wake_at, clock_from = u.clock_from, clock_until = u.clock_until,
        closed_at = u.closed_at, data = u.data
    from unnest(%b::bigint[], %b::int[], %b::int[], %b::smallint[], %b::smallint[], %b::smallint[],
                %b::smallint[], %b::smallint[], %b::timestamptz[], %b::timestamptz[],
                %b::timestamptz[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[], %b::bytea[])
        u(id, was, version, state, owner, awaiting, rung, priority, entered_at, due_at, wake_at, clock_from,
          clock_until, closed_at, data)
    where k.id = u.id and k.version = u.was
"""

UNTIL_HOLD = timedelta(seconds=1)
"""How long a case that lost a hold waits before it decides again."""
_HURRIED = """
    select count(*) from case_event
    where case_id = %b and version > %b and version <= %b and recorded_at > %b and due_at <= at
"""


class CaseRow:
    """One claimed row; ``was`` is the version it had, and the only one it may replace."""

    __slots__ = (*COLUMNS, "was")

    id: int
    opened_at: datetime
    entered_at: datetime
    due_at: datetime | None
    wake_at: datetime | None
    clock_from: datetime | None
    clock_until: datetime | None
    closed_at: datetime | None
    subject: UUID
    version: int
    journey: int
    journey_version: int
    state: int
    owner: int
    awaiting: int
    site: int
    rung: int
    priority: int
    data: bytes
    was: int

    def __init__(self, values: Sequence[Any]) -> None:
        (
            self.id, self.opened_at, self.entered_at, self.due_at, self.wake_at, self.clock_from,
            self.clock_until, self.closed_at, self.subject, self.version, self.journey,
            self.journey_version, self.state, self.owner, self.awaiting, self.site, self.rung, self.priority,
            self.data,
        ) = values  # fmt: skip
        self.was = self.version


class EventRow:
    """One event of a case's inbox, in id order."""

    __slots__ = ("actor", "body", "happened_at", "id", "kind", "ref")

    def __init__(self, values: Sequence[Any]) -> None:
        _, self.id, self.kind, self.happened_at, self.actor, self.ref, self.body = values


def claim(conn: Connection, *, now: datetime, real: datetime, size: int) -> list[CaseRow]:
    """Lock up to ``size`` cases that have events, and half as many that are due at ``now``.

    Cases that others hold are passed over.

    ``real`` is the real time, at which a person's decided card stops being undoable.
    """
    with conn.cursor(binary=True) as events, conn.cursor(binary=True) as due, conn.pipeline():
        events.execute(CLAIM_WITH_EVENTS, (real, size))
        due.execute(CLAIM_DUE, (now, size // 2))
        found = {r[0]: r for r in events.fetchall()}
        found.update((r[0], r) for r in due.fetchall() if r[0] not in found)
    if not found and size == 1:
        with conn.cursor(binary=True) as cursor:
            found = {r[0]: r for r in cursor.execute(CLAIM_DUE, (now, size)).fetchall()}
    return [CaseRow(values) for values in found.values()]


def claim_these(conn: Connection, ids: Iterable[int]) -> list[CaseRow]:
    """Lock these cases, or as many of them as nobody else holds."""
    with conn.cursor(binary=True) as cursor:
        return [CaseRow(values) for values in cursor.execute(CLAIM_THESE, (list(ids),)).fetchall()]


def inbox_of(conn: Connection, ids: Sequence[int], *, real: datetime) -> dict[int, list[EventRow]]:
    """Read the waiting events of claimed cases.

    A statement of its own: what the claim saw may have been consumed by another
    worker between its snapshot and its lock.
    """
    with conn.cursor(binary=True) as cursor:
        return events_by_case(cursor.execute(INBOX_OF, (list(ids), real)).fetchall())


def events_by_case(rows: Iterable[Sequence[Any]]) -> dict[int, list[EventRow]]:
    """Return what :data:`INBOX_OF` found, by case, in order."""
    inbox: dict[int, list[EventRow]] = {}
    for values in rows:
        inbox.setdefault(values[0], []).append(EventRow(values))
    return inbox


def write_back(cursor: Cursor, rows: Sequence[CaseRow]) -> None:
    """Write every changed case in one statement; it counts those that still had the version we read."""
    columns = (
        "id", "was", "version", "state", "owner", "awaiting", "rung", "priority", "entered_at", "due_at",
        "wake_at", "clock_from", "clock_until", "closed_at", "data",
    )  # fmt: skip
    cursor.execute(UPDATE, [[getattr(row, name) for row in rows] for name in columns])


def hurried(conn: Connection, case: int, version: int, most: int, *, since: datetime) -> int:
    """Return how many of a case's last ``most`` versions, up to ``version``, wanted to go on at once.

    ``since`` is a real time before which nothing counts.
    """
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(_HURRIED, (case, version - most, version, since)).fetchone()
    return 0 if row is None else int(row[0])
