"""Copy many rows into a table of the engine at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from careengine.runtime.database import Connection


def copy(conn: Connection, statement: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows in, in binary; nothing is sent when there are none."""
    rows = list(rows)
    if not rows:
        return
    with conn.cursor() as cursor, cursor.copy(statement) as into:
        into.set_types(types)
        for row in rows:
            into.write_row(row)
