"""Put events down: once each, to the cases they are for, or to be routed if nobody knows yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from careengine.engine.composition import Engine
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection

WORK = "careengine_work"
"""The channel a worker listens on; one notification a batch."""
NOTHING = pack(b"", compress=False)

_KEYS = """
    insert into event_key (key, event_id) select * from unnest(%b::uuid[], %b::bigint[])
    on conflict (key) do nothing returning key
"""
_EVENTS = """
    insert into event (id, recorded_at, happened_at, subject, kind, actor, ref, body)
    select id, %b, at, subject, kind, actor, ref, body from unnest(
        %b::bigint[], %b::timestamptz[], %b::uuid[], %b::smallint[], %b::text[], %b::text[], %b::bytea[]
    ) u(id, at, subject, kind, actor, ref, body)
"""
_INBOX = """
    insert into inbox (case_id, event_id, recorded_at, not_before)
    select case_id, event_id, %b, not_before
    from unnest(%b::bigint[], %b::bigint[], %b::timestamptz[]) u(case_id, event_id, not_before)
    on conflict do nothing
"""
_UNROUTED = "insert into unrouted (event_id, recorded_at) select e, %b from unnest(%b::bigint[]) u(e)"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to be put down. ``key`` makes a repetition of it harmless."""

    kind: str
    at: datetime
    key: UUID
    actor: str = "system"
    ref: str = ""
    subject: UUID | None = None
    body: bytes = NOTHING
    """The JSON body as stored, codec byte first; references and codes, no chart text."""
    cases: tuple[int, ...] = ()
    """The cases it is for; empty means it must be routed."""
    not_before: datetime | None = None
    """Real time before which it is not consumed, so that it can be undone."""


def post(
    conn: Connection, engine: Engine, events: Sequence[NewEvent], *, recorded_at: datetime
) -> dict[UUID, int]:
    """Put the events down and return the id of each one that is new, by key; the caller commits."""
    wanted = {event.key: event for event in events}
    ids = {key: engine.ids.next() for key in wanted}
    # Sorted, so that two senders of the same events wait for each other instead of for ever.
    keys = sorted(ids)
    with conn.cursor(binary=True) as cursor:
        fresh = {r[0] for r in cursor.execute(_KEYS, (keys, [ids[key] for key in keys])).fetchall()}
    new = {ids[key]: event for key, event in wanted.items() if key in fresh}
    if new:
        _put_down(conn, engine, new, recorded_at)
    return {event.key: id_ for id_, event in new.items()}


def _put_down(conn: Connection, engine: Engine, new: dict[int, NewEvent], recorded_at: datetime) -> None:
    events = list(new.values())
    codes = [engine.codes.id("event", e.kind) for e in events]
    values = (
        recorded_at, list(new), [e.at for e in events], [e.subject for e in events], codes,
        [e.actor for e in events], [e.ref for e in events], [e.body for e in events],
    )  # fmt: skip
    inbox = [(case, id_, e.not_before) for id_, e in new.items() for case in e.cases]
    lost = [id_ for id_, e in new.items() if not e.cases]
    with conn.cursor(binary=True) as cursor:
        cursor.execute(_EVENTS, values)
        if inbox:
            cursor.execute(_INBOX, (recorded_at, *map(list, zip(*inbox, strict=True))))
        if lost:
            cursor.execute(_UNROUTED, (recorded_at, lost))
        cursor.execute(f"notify {WORK}")
