"""The rows of a batch of drafts: what is replaced moves to history, the rest is added by COPY."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from careengine.record.copying import (
    NULL,
    bigint,
    boolean,
    copy_rows,
    data,
    double,
    instant,
    integer,
    row,
    smallint,
    text,
)
from careengine.record.draft import Draft, Outcome
from careengine.record.resource_types import PATIENT
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection

_COLUMNS = (
    "rid", "updated", "date_lo", "date_hi", "subject", "code", "status", "category", "encounter",
    "version", "type", "deleted", "id", "body",
)  # fmt: skip
_CHANGE = ("rid", "recorded_at", "subject", "version", "type", "what", "id")
_STORED, _DELETED = 0, 1


def write(conn: Connection, drafts: Sequence[Draft], recorded_at: datetime) -> None:
    """Write every row of the drafts that change something."""
    changed = [draft for draft in drafts if draft.outcome is not Outcome.UNCHANGED]
    replacing = [draft for draft in changed if draft.before is not None]
    if replacing:
        _replace(conn, replacing)
    # In one order everywhere: two transactions that create the same resources wait, and do not deadlock.
    new = sorted((draft for draft in changed if draft.before is None), key=lambda d: (d.type, d.asked.id))
    copy_rows(conn, "resource", _COLUMNS, map(_resource, new))
    _write_search(conn, changed)
    _write_patients(conn, [draft for draft in changed if draft.type == PATIENT])
    when = instant(recorded_at)
    copy_rows(conn, "record_change", _CHANGE, (_change(draft, when) for draft in changed))


_UPDATE = """
update resource r
set updated = w.updated, date_lo = w.date_lo, date_hi = w.date_hi, subject = w.subject, code = w.code,
    status = w.status, category = w.category, encounter = w.encounter, version = w.version,
    deleted = w.deleted, body = w.body
from unnest(%b::bigint[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[], %b::uuid[], %b::uuid[],
            %b::uuid[], %b::uuid[], %b::uuid[], %b::int[], %b::boolean[], %b::bytea[])
    w(rid, updated, date_lo, date_hi, subject, code, status, category, encounter, version, deleted, body)
where r.rid = w.rid
"""


def _replace(conn: Connection, drafts: Sequence[Draft]) -> None:
    """Keep the newest versions as earlier ones, put these in their place, and take away their search rows."""
    rids = [draft.rid for draft in drafts]
    with conn.pipeline():
        conn.execute(
            "insert into resource_version (rid, version, recorded_at, deleted, body)"
            " select rid, version, updated, deleted, body from resource where rid = any(%b)",
            (rids,),
        )
        conn.execute(_UPDATE, tuple(map(list, zip(*map(_values, drafts), strict=True))))
        for table in ("sp", "sp_string", "sp_date", "sp_number"):
            conn.execute(f"delete from {table} where rid = any(%b)", (rids,))  # noqa: S608  the names stand here


def _values(draft: Draft) -> tuple[object, ...]:
    found = draft.found
    keys = [found.columns.get(name) for name in ("code", "status", "category", "encounter")]
    uuids = [None if key is None else UUID(bytes=key) for key in keys]
    body = pack(draft.asked.raw)
    return (
        draft.rid, draft.recorded_at, found.low, found.high, draft.subject, *uuids,
        draft.version, draft.asked.deleted, body,
    )  # fmt: skip


def _resource(draft: Draft) -> bytes:
    found, columns = draft.found, draft.found.columns
    return row(
        bigint(draft.rid),
        instant(draft.recorded_at),
        instant(found.low),
        instant(found.high),
        NULL if draft.subject is None else data(draft.subject.bytes),
        data(columns.get("code")),
        data(columns.get("status")),
        data(columns.get("category")),
        data(columns.get("encounter")),
        integer(draft.version),
        smallint(draft.type),
        boolean(draft.asked.deleted),
        text(draft.asked.id),
        data(pack(draft.asked.raw)),
    )


def _change(draft: Draft, when: bytes) -> bytes:
    return row(
        bigint(draft.rid),
        when,
        NULL if draft.subject is None else data(draft.subject.bytes),
        integer(draft.version),
        smallint(draft.type),
        smallint(_DELETED if draft.asked.deleted else _STORED),
        text(draft.asked.id),
    )


def _write_search(conn: Connection, drafts: Sequence[Draft]) -> None:
    each = [(bigint(draft.rid), draft.found) for draft in drafts]
    copy_rows(conn, "sp", ("key", "rid"), (row(data(key), rid) for rid, found in each for key in found.keys))
    copy_rows(
        conn, "sp_string", ("rid", "param", "value"),
        (row(rid, integer(param), text(value)) for rid, found in each for param, value in found.strings),
    )  # fmt: skip
    copy_rows(
        conn, "sp_date", ("rid", "low", "high", "param"),
        (row(rid, instant(low), instant(high), integer(param))
         for rid, found in each for param, low, high in found.dates),
    )  # fmt: skip
    copy_rows(
        conn, "sp_number", ("rid", "low", "high", "unit", "param"),
        (row(rid, double(low), double(high), data(unit), integer(param))
         for rid, found in each for param, low, high, unit in found.numbers),
    )  # fmt: skip
    _add_terms(conn, sorted({term for _, found in each for term in found.terms}))


def _add_terms(conn: Connection, terms: Sequence[tuple[str, str]]) -> None:
    """Add words not in the dictionary yet; two transactions may add the same one, and neither waits."""
    if terms:
        conn.execute(
            "insert into term (value, system)"
            " select w.value, w.system from unnest(%b::text[], %b::text[]) w(value, system)"
            " where not exists (select from term t where t.value = w.value and t.system = w.system)",
            ([value for value, _ in terms], [system for _, system in terms]),
        )


def _write_patients(conn: Connection, drafts: Sequence[Draft]) -> None:
    """Make the subjects of new patients, and the names each is known by."""
    known = [
        (draft.subject, draft) for draft in drafts if draft.subject is not None and not draft.asked.deleted
    ]
    if not known:
        return
    subjects = [subject for subject, _ in known]
    aliases = [(subject, *alias) for subject, draft in known for alias in _aliases(draft)]
    with conn.pipeline():
        conn.execute(
            "insert into subject (id, kind, root) select id, 'Patient', id from unnest(%b::uuid[]) id"
            " on conflict do nothing",
            (subjects,),
        )
        conn.execute("delete from subject_alias where subject = any(%b) and system <> 'Patient'", (subjects,))
        conn.execute(
            "insert into subject_alias (subject, system, value)"
            " select * from unnest(%b::uuid[], %b::text[], %b::text[]) on conflict do nothing",
            tuple(map(list, zip(*aliases, strict=True))),
        )


def _aliases(draft: Draft) -> Iterable[tuple[str, str]]:
    yield "Patient", draft.asked.id
    yield from sorted(draft.found.identifiers)
