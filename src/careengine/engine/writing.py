"""Write a batch: every row of every case in one transaction, in binary, a statement a table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.engine.batch import Batch, NewCard, OpenCard
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.intake import WORK, NewEvent, post
from careengine.engine.journey import Open
from careengine.engine.keys import key_of
from careengine.engine.opening import NOBODY, cases_called, existing, new_row, open_rows
from careengine.engine.rows import UNTIL_HOLD, CaseRow, write_back
from careengine.engine.tables import copy
from careengine.engine.voiding import void
from careengine.kernel.errors import Conflict, NotFound
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection, Cursor
from careengine.trust.audit import AuditEntry
from careengine.trust.ledger import Pen

_CASE_EVENT = """
    insert into case_event
        (case_id, version, recorded_at, at, due_at, event_id, what, from_state, to_state, owner)
    select * from unnest(%b::bigint[], %b::int[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[],
        %b::bigint[], %b::smallint[], %b::smallint[], %b::smallint[], %b::smallint[])
"""
_EFFECT = (
    "copy effect (id, recorded_at, case_id, subject, key, not_before, not_after, next_try, case_version, "
    "ordinal, kind, partner, site, journey, body) from stdin (format binary)"
)
_EFFECT_TYPES = (
    "int8", "timestamptz", "int8", "uuid", "uuid", "timestamptz", "timestamptz", "timestamptz", "int4",
    "int2", "int2", "int2", "int2", "int2", "bytea",
)  # fmt: skip
_CARD = (
    "copy card (id, case_id, subject, opened_at, due_at, decision_id, decision_at, journey, state, site, "
    "team, kind, priority, urgent, body) from stdin (format binary)"
)
_CARD_TYPES = (
    "int8", "int8", "uuid", "timestamptz", "timestamptz", "int8", "timestamptz", "int2", "int2", "int2",
    "int2", "int2", "int2", "bool", "bytea",
)  # fmt: skip
_CONSUME = """
    with gone as (
        delete from inbox i using unnest(%b::bigint[], %b::bigint[]) u(event_id, case_id)
        where i.case_id = u.case_id and i.event_id = u.event_id returning i.event_id, i.case_id
    ) insert into consumed (event_id, case_id) select event_id, case_id from gone
"""
_WAIT = "update inbox set not_before = greatest(not_before, %b) where case_id = any(%b::bigint[])"
_EFFECT_KEYS = """
    insert into effect_key (key, effect_id) select * from unnest(%b::uuid[], %b::bigint[])
    on conflict (key) do nothing returning key
"""
_HOLDS = """
    insert into hold (key, case_id, until) select * from unnest(%b::text[], %b::bigint[], %b::timestamptz[])
    on conflict (key) do update set case_id = excluded.case_id, until = excluded.until
    where hold.until <= %b or hold.case_id = excluded.case_id returning key, case_id
"""
OPEN_CARDS = "select id, case_id, kind, rung from card where case_id = any(%b::bigint[]) and status < 2"


def write(
    conn: Connection,
    engine: Engine,
    batch: Batch,
    pen: Pen,
    audits: Sequence[AuditEntry],
    clocks: ClockDesk,
) -> bytes:
    """Write the whole batch but its block; return the block's leaves for :func:`seal_and_commit`.

    Raises :class:`Conflict` when another worker was first.
    """
    rows = list(batch.changed.values())
    with conn.cursor(binary=True) as updating, conn.cursor(binary=True) as consuming:
        with conn.pipeline():
            write_back(updating, rows)
            consume(consuming, batch.consumed)
            if batch.history:
                conn.execute(
                    _CASE_EVENT, [list(column) for column in zip(*batch.history, strict=True)], binary=True
                )
        if updating.rowcount != len(rows):
            raise Conflict("A case of this batch was advanced meanwhile; the batch is decided again.")
        if batch.consumed and consuming.rowcount != len(batch.consumed):
            raise Conflict("An event of this batch was withdrawn or consumed meanwhile; decide again.")
    _let_wait(conn, batch)
    _write_effects(conn, batch)
    _write_cards(conn, batch)
    _write_record(conn, batch)
    _tell(conn, engine, batch, clocks)
    return pen.write(
        conn, batch=batch.id, recorded_at=batch.recorded_at, entries=batch.entries, inputs=batch.inputs,
        audits=audits,
    )  # fmt: skip


def seal_and_commit(conn: Connection, batch: Batch, pen: Pen, leaves: bytes) -> None:
    """Seal the batch as the transaction's last act, and commit, in one exchange with the database."""
    with conn.pipeline():
        if batch.effects:
            conn.execute(f"notify {WORK}")
        pen.seal(conn, batch=batch.id, leaves=leaves, recorded_at=batch.recorded_at)
        conn.commit()
    pen.committed()


def consume(cursor: Cursor, consumed: Sequence[tuple[int, int]]) -> None:
    """Take events out of the inbox and put down the proof that they advanced their cases once."""
    if consumed:
        events, cases = zip(*consumed, strict=True)
        cursor.execute(_CONSUME, (list(events), list(cases)))


def _let_wait(conn: Connection, batch: Batch) -> None:
    if batch.let_go:
        conn.execute(_WAIT, (batch.recorded_at + UNTIL_HOLD, batch.let_go), binary=True)


def take_holds(
    conn: Connection, wanted: Sequence[tuple[str, int, datetime]], *, now: datetime
) -> frozenset[tuple[str, int]]:
    """Try to hold each key for its case; return the (key, case) pairs that were won.

    A hold past its time counts as free. Of two cases wanting one key in one batch
    the first wins.
    """
    first: dict[str, tuple[int, datetime]] = {}
    for key, case, until in wanted:
        first.setdefault(key, (case, until))
    keys = sorted(first)
    values = (keys, [first[k][0] for k in keys], [first[k][1] for k in keys], now)
    with conn.cursor(binary=True) as cursor:
        return frozenset((key, case) for key, case in cursor.execute(_HOLDS, values).fetchall())


def release_holds(conn: Connection, keys: Sequence[tuple[str, int]]) -> None:
    """Let go of keys won by a case that did not win all it wanted."""
    if keys:
        names, cases = zip(*keys, strict=True)
        conn.execute(
            "delete from hold h using unnest(%s::text[], %s::bigint[]) u(key, case_id) "
            "where h.key = u.key and h.case_id = u.case_id",
            (list(names), list(cases)),
        )


def open_cards_of(conn: Connection, cases: Sequence[int]) -> dict[int, list[OpenCard]]:
    """Return the cards already open for these cases."""
    with conn.cursor(binary=True) as cursor:
        return cards_by_case(cursor.execute(OPEN_CARDS, (list(cases),)).fetchall())


def cards_by_case(rows: Iterable[Sequence[Any]]) -> dict[int, list[OpenCard]]:
    """Return what :data:`OPEN_CARDS` found, by case."""
    found: dict[int, list[OpenCard]] = {}
    for values in rows:
        found.setdefault(values[1], []).append(OpenCard(*values))
    return found


def _write_effects(conn: Connection, batch: Batch) -> None:
    void(conn, batch.voids)
    if not batch.effects:
        return
    with conn.cursor(binary=True) as cursor:
        keys = ([row[4] for row in batch.effects], [row[0] for row in batch.effects])
        fresh = {found[0] for found in cursor.execute(_EFFECT_KEYS, keys).fetchall()}
    copy(conn, _EFFECT, _EFFECT_TYPES, [row for row in batch.effects if row[4] in fresh])


def _write_cards(conn: Connection, batch: Batch) -> None:
    closed = set(batch.cards_closed)
    copy(conn, _CARD, _CARD_TYPES, [_card(card, batch) for card in batch.cards if card.id not in closed])
    if closed:
        conn.execute(
            "update card set status = 2, closed_at = %s, version = version + 1 "
            "where id = any(%s) and status < 2",
            (batch.now, sorted(closed)),
        )
    raised = {card: rung for card, rung in batch.cards_raised.items() if card not in closed}
    if raised:
        conn.execute(
            "update card c set rung = greatest(c.rung, u.rung) "
            "from unnest(%s::bigint[], %s::smallint[]) u(id, rung) where c.id = u.id",
            (list(raised), list(raised.values())),
        )


def _card(card: NewCard, batch: Batch) -> tuple[Any, ...]:
    row = card.row
    return (
        card.id, row.id, row.subject, batch.now, card.due_at, card.decision_id, batch.recorded_at,
        card.journey, row.state, row.site, card.team, card.kind, row.priority, card.urgent, card.body,
    )  # fmt: skip


def _write_record(conn: Connection, batch: Batch) -> None:
    if not batch.writes:
        return
    newest: dict[tuple[str, str], NewVersion] = {}
    for written in batch.writes:
        resource = dict(written.write.resource)
        kind, name = str(resource["resourceType"]), str(resource["id"])
        newest[kind, name] = NewVersion(
            type=kind, id=name, raw=orjson.dumps(resource), subject=written.write.subject, resource=resource
        )
    write_versions(conn, list(newest.values()), recorded_at=batch.recorded_at)


def _tell(conn: Connection, engine: Engine, batch: Batch, clocks: ClockDesk) -> None:
    if not batch.tells:
        return
    named = {key_of(t.tell.case) for t in batch.tells if isinstance(t.tell.case, str)}
    known = cases_called(conn, named)
    known |= _open_coordinators(conn, engine, batch, clocks, known)
    there = existing(conn, {t.tell.case for t in batch.tells if isinstance(t.tell.case, int)})
    there.update(known.values())
    events = []
    for told in batch.tells:
        case = told.tell.case if isinstance(told.tell.case, int) else known.get(key_of(told.tell.case))
        if case is None or case not in there:
            if told.tell.if_there:
                continue
            raise NotFound(f"Case {told.by.id} tells a case that does not exist; open it first.")
        dedupe = key_of("tell", told.by.id, told.by.version, told.ordinal)
        events.append(
            NewEvent(
                kind=told.tell.kind, at=batch.now, key=dedupe, actor=f"case:{told.by.id}", cases=(case,),
                ref=str(told.tell.body.get("ref") or ""), body=pack(orjson.dumps(told.tell.body)),
            )
        )  # fmt: skip
    post(conn, engine, events, recorded_at=batch.recorded_at)


def _open_coordinators(
    conn: Connection, engine: Engine, batch: Batch, clocks: ClockDesk, known: Mapping[UUID, int]
) -> dict[UUID, int]:
    """Open the coordinators that are told something for the first time; they concern no patient."""
    rows: dict[UUID, CaseRow] = {}
    for told in batch.tells:
        named = told.tell.case
        if told.tell.opens and isinstance(named, str) and key_of(named) not in known:
            journey, _, key = named.partition("\x1f")
            coded = engine.newest(journey)
            site = engine.codes.name("site", told.by.site)
            rows[key_of(named)] = new_row(
                engine, clocks, coded, Open(key=key, data={"key": key}, site=site), subject=NOBODY
            )
    return open_rows(conn, rows) if rows else {}
