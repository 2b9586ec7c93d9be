"""The guilty case of a refused batch, alone: its events are put by, and a person is asked."""

from datetime import datetime

from careengine.engine.applying import Desk
from careengine.engine.batch import Batch
from careengine.engine.case_clock import ClockDesk
from careengine.engine.case_of import case_of
from careengine.engine.composition import Engine
from careengine.engine.deciding import decide, engine_call
from careengine.engine.engine_needs import FAULT_FOUND, Fault
from careengine.engine.rows import CaseRow, inbox_of
from careengine.engine.writing import open_cards_of, write
from careengine.runtime.database import Connection
from careengine.trust.ledger import Pen


def set_apart(  # noqa: PLR0913  everything one transaction needs, once
    conn: Connection,
    engine: Engine,
    pen: Pen,
    row: CaseRow,
    *,
    error: Exception,
    clocks: ClockDesk,
    now: datetime,
    real: datetime,
) -> None:
    """Open a card that names the kind of error, consume what was waiting, and date the case again.

    The error's own message is left out: it may hold a value of the patient.
    """
    coded = engine.coded_journey(row.journey, row.journey_version)
    waiting = inbox_of(conn, [row.id], real=real).get(row.id, [])
    found = Fault(function="engine/write", error=type(error).__name__)
    call = engine_call("engine/fault", given={FAULT_FOUND.name: found})
    answer = decide(
        call, case=case_of(engine, row), facts={FAULT_FOUND.name: found}, book=engine.book, now=now
    )
    batch = Batch(id=engine.ids.next(), now=now, recorded_at=real)
    row.wake_at = None
    Desk(engine, clocks, batch).apply(answer, row, coded, open_cards_of(conn, [row.id]).get(row.id, []))
    batch.consumed.extend((event.id, row.id) for event in waiting)
    write(conn, engine, batch, pen, ())
