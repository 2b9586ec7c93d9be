"""Open cases: the row of a new one, owned and dated, and the key under which it exists once."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Coded, Engine
from careengine.engine.journey import Open
from careengine.engine.rows import COLUMNS, CaseRow
from careengine.engine.tables import copy
from careengine.engine.task_projection import task_of
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection

_KEYS = """
    insert into engine_case_key (key, case_id) select * from unnest(%b::uuid[], %b::bigint[])
    on conflict (key) do nothing returning key
"""
_CASE = f"copy engine_case ({', '.join(COLUMNS)}) from stdin (format binary)"
_CASE_TYPES = (
    "int8", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz",
    "timestamptz", "timestamptz", "uuid", "int4", "int2", "int2", "int2", "int2", "int2", "int2", "int2",
    "int2", "bytea",
)  # fmt: skip
NOBODY = UUID(int=0)
"""The subject of a case about an event that names nobody."""


def new_row(engine: Engine, clocks: ClockDesk, coded: Coded, asked: Open, *, subject: UUID) -> CaseRow:
    """Return the row of a new case: owned, dated and due at once."""
    now = clocks.now
    state = coded.journey.states[coded.journey.start]
    values: dict[str, Any] = dict.fromkeys(COLUMNS)
    values.update(
        id=engine.ids.next(), opened_at=now, entered_at=now, due_at=now, wake_at=now, subject=subject,
        version=0, journey=coded.code, journey_version=coded.journey.version,
        state=coded.code_of[state.name], owner=coded.owner_of[state.name],
        awaiting=coded.awaits_of[state.name], rung=0, priority=asked.priority,
        site=engine.codes.id("site", asked.site or next(iter(engine.organisation.sites))),
        data=pack(orjson.dumps(dict(asked.data)), compress=False),
    )  # fmt: skip
    row = CaseRow([values[name] for name in COLUMNS])
    clocks.enter(row, state, None)
    return row


def open_rows(conn: Connection, keyed: dict[UUID, CaseRow]) -> dict[UUID, int]:
    """Insert each case whose key is new; return the case of every key, old or new."""
    with conn.cursor(binary=True) as cursor:
        keys = sorted(keyed)
        values = (keys, [keyed[key].id for key in keys])
        fresh = {row[0] for row in cursor.execute(_KEYS, values).fetchall()}
    copy(conn, _CASE, _CASE_TYPES, [_values(keyed[key]) for key in keys if key in fresh])
    known = cases_called(conn, [key for key in keyed if key not in fresh])
    return {key: row.id for key, row in keyed.items() if key in fresh} | known


def cases_called(conn: Connection, keys: Iterable[UUID]) -> dict[UUID, int]:
    """Return the case of each key that has one."""
    found = conn.execute(
        "select key, case_id from engine_case_key where key = any(%s)", (list(keys),)
    ).fetchall()
    return dict(found)


def existing(conn: Connection, cases: Collection[int]) -> set[int]:
    """Return those of the cases that exist."""
    if not cases:
        return set()
    found = conn.execute("select id from engine_case where id = any(%s)", (list(cases),)).fetchall()
    return {case for (case,) in found}


def project(conn: Connection, engine: Engine, opened: Sequence[CaseRow]) -> None:
    """Let other systems see the new cases whose first state has a business status."""
    tasks = []
    for row in opened:
        journey = engine.coded_journey(row.journey, row.journey_version).journey
        state = journey.states[journey.start]
        if state.status:
            task = task_of(row, journey, state, now=row.opened_at)
            tasks.append(
                NewVersion(
                    type="Task",
                    id=str(task["id"]),
                    raw=orjson.dumps(task),
                    subject=row.subject,
                    resource=task,
                )
            )
    if tasks:
        write_versions(conn, tasks, recorded_at=real_now())


def _values(row: CaseRow) -> list[Any]:
    return [getattr(row, name) for name in COLUMNS]
