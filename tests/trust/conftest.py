"""A ledger to write to and seal."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from ledger_values import RECORDED, Sealer, entry_of, input_of

from careengine.runtime.database import Connection
from careengine.runtime.ids import SequentialIds
from careengine.trust.ledger import Pen


@pytest.fixture
def seal_batch(conn: Connection, ids: SequentialIds) -> Sealer:
    """Write and commit one sealed batch of ``n`` decisions and the given audits; return the batch's id."""
    pen = Pen(ids)

    def seal(n: int = 3, *, audits: Any = (), entries: Any = None, recorded_at: datetime = RECORDED) -> int:
        batch = ids.next()
        written = [entry_of(ids.next()) for _ in range(n)] if entries is None else entries
        inputs = {sha256(input_of(e.id)).digest(): input_of(e.id) for e in written}
        with conn.transaction():
            leaves = pen.write(
                conn, batch=batch, recorded_at=recorded_at, entries=written, inputs=inputs, audits=audits
            )
            pen.seal(conn, batch=batch, leaves=leaves, recorded_at=recorded_at)
        return batch

    return seal
