"""Turn changes of the record into events, for the kinds of resources that some journey listens to."""

import orjson

from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.record.feed import Change, Cursor, What, changes, forget, unread
from careengine.runtime.clock import real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection

RECORD = "record."
"""Kinds of events that tell of a change of the record: ``record.ServiceRequest``."""

_LOCK = "select xid, n from feed_cursor where reader = 'engine' for no key update skip locked"
_READ_SO_FAR = "select xid, n from feed_cursor where reader = 'engine'"
_MOVE = "update feed_cursor set xid = %b, n = %b where reader = 'engine'"


def listened_types(engine: Engine) -> tuple[str, ...]:
    """Return the types of resources whose changes become events."""
    kinds = {kind for journey in engine.journeys for kind in journey.listens if kind.startswith(RECORD)}
    return tuple(sorted(kind.removeprefix(RECORD) for kind in kinds))


def read_feed(conn: Connection, engine: Engine, *, limit: int = 1000) -> int:
    """Post an event for each new change, and remember how far was read, in one transaction.

    Returns how many changes were read; 0 also when another worker is reading.
    """
    types = listened_types(engine)
    if not types:
        return 0
    row = conn.execute(_LOCK).fetchone()
    if row is None:
        conn.rollback()
        return 0
    before = Cursor(*row)
    read, after = changes(conn, before, types, limit)
    if after == before:
        conn.rollback()
        return 0
    post(conn, engine, [_event(engine, change) for change in read], recorded_at=real_now())
    conn.execute(_MOVE, (after.xid, after.n))
    conn.commit()
    return len(read)


def feed_unread(conn: Connection, engine: Engine) -> bool:
    """Say whether a change waits that some journey listens to, even if it may not be read yet."""
    types = listened_types(engine)
    row = conn.execute(_READ_SO_FAR).fetchone()
    return bool(types) and row is not None and unread(conn, Cursor(*row), types)


def forget_read(conn: Connection, *, limit: int = 10_000) -> int:
    """Delete changes that were read, a page a transaction; return how many. The events they became stay."""
    gone = 0
    while True:
        row = conn.execute(_READ_SO_FAR).fetchone()
        done = forget(conn, Cursor(*row), limit) if row is not None else 0
        conn.commit()
        gone += done
        if done < limit:
            return gone


def _event(engine: Engine, change: Change) -> NewEvent:
    return NewEvent(
        kind=RECORD + change.ref.type,
        at=engine.clock.now(),
        # Not the cursor's place: the same version told again after a restore is the same event.
        key=key_of("record", change.ref, change.what.name, change.recorded_at.isoformat()),
        actor="record",
        ref=str(change.ref),
        subject=change.subject,
        body=pack(orjson.dumps({"change": _word(change)})),
    )


def _word(change: Change) -> str:
    if change.what is What.STORED:
        return "created" if change.ref.version == 1 else "updated"
    return change.what.name.lower()
