"""Whatever is changed in the ledger by hand is found, and the fault names the row."""
# ruff: noqa: S608  the names of tables and columns are constants of this file

import pytest
from ledger_values import READING, Sealer
from psycopg import sql

from careengine.runtime.database import Connection
from careengine.trust.proof import head
from careengine.trust.verify import verify

COLUMNS = {
    "decision": (
        "id", "recorded_at", "at", "batch", "case_id", "event_id", "subject", "rule", "leaf", "case_version",
        "ordinal", "site", "journey", "route", "kind", "actor_kind", "actor", "answer", "clause", "law",
        "basis", "body_crc", "digest", "input", "salt", "body",
    ),
    "audit": (
        "id", "recorded_at", "at", "batch", "leaf", "actor_kind", "act", "actor", "purpose", "journey", "why",
        "kinds", "subjects", "things", "salt",
    ),
    "block": ("seq", "batch", "recorded_at", "n", "prev", "root", "hash", "leaves"),
    "block_head": ("seq", "hash"),
    "decision_input": ("digest", "month", "body_crc", "body"),
    "decision_rule": ("key", "question", "function", "policy", "policy_version", "code_version"),
}  # fmt: skip
CHANGED = {
    "bytea": "set_byte({c}, length({c}) / 2, get_byte({c}, length({c}) / 2) # 1)",
    "text": "coalesce({c}, '') || 'x'",
    "text[]": "array_append({c}, 'Observation')",
    "uuid[]": "{c} || gen_random_uuid()",
    "bigint[]": "{c} || 7::bigint",
    "bigint": "coalesce({c}, 0) + 1000",
    "integer": "{c} + 1",
    "smallint": "({c} + 1) % 2",
    "uuid": "gen_random_uuid()",
    "date": "({c} + interval '1 month')::date",
    "timestamp with time zone": "{c} + interval '1 microsecond'",
}


@pytest.fixture
def sealed(conn: Connection, seal_batch: Sealer) -> Connection:
    """Two sealed batches with readings; constraints that would stop a clumsy hand are gone."""
    seal_batch(3, audits=(READING,))
    seal_batch(2, audits=(READING,))
    for name, table in conn.execute(
        "select conname, conrelid::regclass::text from pg_constraint where contype = 'c'"
        " and coninhcount = 0 and conrelid in ('decision'::regclass, 'block_head'::regclass)"
    ).fetchall():
        conn.execute(sql.SQL("alter table {} drop constraint {}").format(*map(sql.Identifier, (table, name))))
    conn.commit()
    return conn


def change(conn: Connection, table: str, column: str) -> None:
    """Change one value of one row, as somebody with rights to the database can."""
    found = conn.execute(
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = %s::regclass and attname = %s",
        (table, column),
    ).fetchone()
    assert found is not None
    changed = CHANGED[found[0]].format(c=column)
    if (table, column) == ("decision", "digest"):
        changed = "decode(repeat('ab', 32), 'hex')"
    done = conn.execute(
        f"update {table} set {column} = {changed} where ctid = (select min(ctid) from {table})"
    )
    assert done.rowcount == 1


@pytest.mark.parametrize("table", COLUMNS)
def test_a_changed_value_of_any_column_is_found(sealed: Connection, table: str) -> None:
    for column in COLUMNS[table]:
        with sealed.transaction(force_rollback=True):
            change(sealed, table, column)
            assert not verify(sealed).ok, f"a changed {table}.{column} went unseen"
    assert verify(sealed).ok


def test_the_columns_above_are_all_there_are(conn: Connection) -> None:
    for table, columns in COLUMNS.items():
        found = conn.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0", (table,)
        ).fetchall()
        assert {name for (name,) in found} - {"id"} == set(columns) - {"id"}


@pytest.mark.parametrize(("table", "places"), [("decision", 600), ("decision_input", 120)])
def test_any_flipped_bit_of_a_stored_body_is_found(sealed: Connection, table: str, places: int) -> None:
    for bit in range(0, places, 7):
        with sealed.transaction(force_rollback=True):
            sealed.execute(
                f"update {table} set body = set_bit(body, %s, 1 - get_bit(body, %s))"
                f" where ctid = (select min(ctid) from {table})",
                (bit, bit),
            )
            assert not verify(sealed).ok


@pytest.mark.parametrize("table", ["decision", "audit", "decision_input", "block", "block_head"])
def test_a_removed_row_is_found(sealed: Connection, table: str) -> None:
    sealed.execute(f"delete from {table} where ctid = (select min(ctid) from {table})")
    assert not verify(sealed).ok


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("decision", {"id": 999}),
        ("audit", {"id": 999}),
        ("decision_input", {"digest": bytes(32)}),
        ("block", {"seq": 3, "batch": 999}),
    ],
)
def test_an_added_row_is_found(sealed: Connection, table: str, changes: dict[str, object]) -> None:
    columns = COLUMNS[table]
    taken = ", ".join(f"%({name})s" if name in changes else name for name in columns)
    sealed.execute(
        f"insert into {table} ({', '.join(columns)}) select {taken} from {table}"
        f" where ctid = (select min(ctid) from {table})",
        changes,
    )
    assert not verify(sealed).ok


def test_the_fault_names_the_row(sealed: Connection) -> None:
    sealed.execute("update decision set answer = 'urgent' where id = 2")
    assert [str(fault) for fault in verify(sealed).faults] == [
        "decision 2 is not what block 1 sealed",
        "block 1 the row of its leaf 0 is missing or altered",
    ]


def test_two_decisions_that_change_places_are_found(sealed: Connection) -> None:
    sealed.execute("update decision set leaf = 1 - leaf where batch = 1 and leaf < 2")
    assert not verify(sealed).ok


def test_a_chain_written_anew_does_not_match_the_head_published_before(
    sealed: Connection, seal_batch: Sealer
) -> None:
    published = head(sealed)
    assert published is not None
    sealed.execute("truncate block, decision, decision_input, audit")
    sealed.execute("update block_head set seq = 0, hash = decode(repeat('00', 32), 'hex')")
    sealed.commit()
    seal_batch(3)
    seal_batch(2)
    assert verify(sealed).ok
    assert [str(fault) for fault in verify(sealed, published=[published]).faults] == [
        "block 2 is not the block whose hash was published"
    ]


def test_an_untouched_ledger_verifies(sealed: Connection) -> None:
    report = verify(sealed)
    assert (report.blocks, report.decisions, report.audits, report.faults) == (2, 5, 2, [])
    assert report.head == head(sealed)
