"""Months are made ahead, and what fell into a default partition moves where it belongs."""

from datetime import UTC, datetime

from careengine.runtime.database import Connection
from careengine.runtime.partitions import ensure_partitions, missing_partitions, rows_in_default

DECEMBER = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
EVENT = (
    "insert into event (id, recorded_at, happened_at, kind, actor, ref, body)"
    " values (%s, %s, %s, 1, 'system', '', '')"
)


def add_event(conn: Connection, number: int, at: datetime) -> str:
    conn.execute(EVENT, (number, at, at))
    row = conn.execute("select tableoid::regclass::text from event where id = %s", (number,)).fetchone()
    assert row is not None
    return str(row[0])


def test_this_month_and_the_next_ones_are_made_for_every_table_and_the_default_stays_empty(
    conn: Connection,
) -> None:
    made = ensure_partitions(conn, DECEMBER, months_ahead=2)
    assert {"event_2026_12", "event_2027_01", "event_2027_02", "case_event_2027_01", "effect_2026_12"} <= set(
        made
    )
    assert add_event(conn, 1, DECEMBER) == "event_2026_12"
    assert add_event(conn, 2, datetime(2027, 1, 1, tzinfo=UTC)) == "event_2027_01"
    assert rows_in_default(conn) == {}


def test_making_them_again_makes_nothing(conn: Connection) -> None:
    ensure_partitions(conn, DECEMBER)
    assert missing_partitions(conn, DECEMBER) == []
    assert ensure_partitions(conn, DECEMBER) == []


def test_a_row_outside_the_made_months_lands_in_the_default_and_moves_when_its_month_is_made(
    conn: Connection,
) -> None:
    ensure_partitions(conn, DECEMBER, months_ahead=0)
    may = datetime(2027, 5, 5, tzinfo=UTC)
    assert add_event(conn, 1, may) == "event_default"
    assert add_event(conn, 2, datetime(2028, 1, 1, tzinfo=UTC)) == "event_default"
    assert rows_in_default(conn) == {"event_default": 2}
    ensure_partitions(conn, may, months_ahead=0)
    found = conn.execute("select id, tableoid::regclass::text from event order by id").fetchall()
    assert found == [(1, "event_2027_05"), (2, "event_default")]


def test_a_new_month_has_the_indexes_of_its_table(conn: Connection) -> None:
    ensure_partitions(conn, DECEMBER, months_ahead=0)
    row = conn.execute("select count(*) from pg_indexes where tablename = 'effect_2026_12'").fetchone()
    parent = conn.execute("select count(*) from pg_indexes where tablename = 'effect'").fetchone()
    assert row == parent
