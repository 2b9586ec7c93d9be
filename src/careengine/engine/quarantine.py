"""A case the database or a loader refuses, alone: its first event is put by, and a person is asked."""

from datetime import datetime, timedelta

from careengine.engine.applying import Desk
from careengine.engine.batch import Batch
from careengine.engine.case_clock import ClockDesk
from careengine.engine.case_of import case_of
from careengine.engine.composition import Engine
from careengine.engine.deciding import decide, engine_call
from careengine.engine.engine_needs import FAULT_FOUND, Fault
from careengine.engine.rows import CaseRow, inbox_of
from careengine.engine.writing import open_cards_of, seal_and_commit, write
from careengine.runtime.database import Connection
from careengine.trust.ledger import Pen

REST = timedelta(minutes=10)
"""How long a case rests for which not even a card can be opened."""
_REST = """
    update engine_case set due_at = %b, wake_at = null where id = %b and closed_at is null
"""
_WAIT = "update inbox set not_before = %b where case_id = %b"


def set_apart(
    conn: Connection,
    engine: Engine,
    row: CaseRow,
    *,
    error: Exception,
    clocks: ClockDesk,
    real: datetime,
) -> None:
    """Open a card that names the kind of error, take the first waiting event out, date the case, commit.

    The event stays in the log, and a person who says "try again" gives it back to the
    case. The error's own message is left out: it may hold a value of the patient.
    """
    coded = engine.coded_journey(row.journey, row.journey_version)
    waiting = inbox_of(conn, [row.id], real=real).get(row.id, [])[:1]
    found = Fault(function="engine/write", error=type(error).__name__, event=waiting[0].id if waiting else 0)
    call = engine_call("engine/fault", given={FAULT_FOUND.name: found})
    facts = {FAULT_FOUND.name: found}
    answer = decide(call, case=case_of(engine, row), facts=facts, book=engine.book, now=clocks.now)
    batch = Batch(id=engine.ids.next(), now=clocks.now, recorded_at=real)
    row.wake_at = None
    Desk(engine, clocks, batch).apply(answer, row, coded, open_cards_of(conn, [row.id]).get(row.id, []))
    batch.consumed.extend((event.id, row.id) for event in waiting)
    pen = Pen(engine.ids)
    seal_and_commit(conn, batch, pen, write(conn, engine, batch, pen, (), clocks))


def let_rest(conn: Connection, case: int, *, now: datetime, real: datetime) -> None:
    """Let a case and its events wait, so that a fault in it holds nobody else up; nothing is taken away."""
    conn.execute(_REST, (now + REST, case), binary=True)
    conn.execute(_WAIT, (real + REST, case), binary=True)
