"""The ledger can be verified while workers write to it, in short statements and page by page."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

import pytest
from ledger_values import READING, RECORDED, entry_of, input_of

from careengine.runtime.database import Connection, connect
from careengine.runtime.ids import SystemIds
from careengine.trust import verify as verifying
from careengine.trust.ledger import Pen
from careengine.trust.verify import verify


def seal(conn: Connection, batches: int) -> None:
    """Seal batches of two decisions and a reading, a second of recorded time apart."""
    ids = SystemIds.of(conn)
    pen = Pen(ids)
    for n in range(batches):
        entries = [entry_of(ids.next()) for _ in range(2)]
        inputs = {sha256(input_of(e.id)).digest(): input_of(e.id) for e in entries}
        at, batch = RECORDED + timedelta(seconds=n), ids.next()
        with conn.transaction():
            leaves = pen.write(
                conn, batch=batch, recorded_at=at, entries=entries, inputs=inputs, audits=[READING]
            )
            pen.seal(conn, batch=batch, leaves=leaves, recorded_at=at)


def test_what_is_sealed_meanwhile_is_no_fault(conn: Connection, database_url: str) -> None:
    def work() -> None:
        with connect(database_url) as mine:
            seal(mine, 150)

    with ThreadPoolExecutor(1) as workers:
        writing = workers.submit(work)
        judged = [verify(conn)]
        while not writing.done():
            conn.commit()
            judged.append(verify(conn))
        writing.result()
    assert [fault for report in judged for fault in report.faults] == []


def test_many_pages_are_one_ledger(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "BLOCKS_A_PAGE", 3)
    seal(conn, 20)
    told: list[int] = []
    report = verify(conn, told.append)
    assert (report.blocks, report.decisions, report.audits, report.faults) == (20, 40, 20, [])
    assert told == sorted(told)
    assert told[-1] == 60


@pytest.mark.parametrize("moved", ["-1 year", "5 seconds", "1 year"])
def test_a_row_moved_in_time_is_found_on_any_page(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, moved: str
) -> None:
    monkeypatch.setattr(verifying, "BLOCKS_A_PAGE", 3)
    seal(conn, 10)
    conn.execute(
        "update decision set recorded_at = recorded_at + %s::interval"
        " where id = (select min(id) from decision)",
        (moved,),
    )
    assert not verify(conn).ok
