from datetime import UTC, datetime

from ledger_values import Sealer

from careengine.runtime.database import Connection
from careengine.runtime.partitions import ensure_partitions, rows_in_default


def test_rows_written_before_their_month_was_made_move_into_it(conn: Connection, seal_batch: Sealer) -> None:
    seal_batch(2)
    ensure_partitions(conn, datetime(2026, 11, 22, tzinfo=UTC))
    seal_batch(3)
    assert rows_in_default(conn) == {}
    assert conn.execute("select count(*) from decision_input_2026_11").fetchone() == (5,)
    assert conn.execute("select count(*) from decision_2026_11").fetchone() == (5,)
