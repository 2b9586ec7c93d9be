"""A test's database is fresh, migrated and its own; a connection is in UTC."""

import pytest
from psycopg.errors import UniqueViolation

from careengine.runtime.database import Connection, DatabaseUnreachable, connect, transaction
from careengine.runtime.migrating import migrate


def test_a_database_is_migrated_and_migrating_again_changes_nothing(database_url: str) -> None:
    assert migrate(database_url) == []


def test_a_connection_is_in_utc_and_does_not_idle_in_a_transaction(conn: Connection) -> None:
    assert conn.execute("show timezone").fetchone() == ("UTC",)
    assert conn.execute("show idle_in_transaction_session_timeout").fetchone() == ("1min",)


def test_a_transaction_commits_all_or_nothing(database_url: str) -> None:
    with connect(database_url) as conn:
        with pytest.raises(UniqueViolation), transaction(conn):
            conn.execute("insert into code (kind, id, name) values ('team', 1, 'nurses'), ('team', 1, 'x')")
        assert conn.execute("select count(*) from code").fetchone() == (0,)
        conn.commit()
        with transaction(conn):
            conn.execute("insert into code (kind, id, name) values ('team', 1, 'nurses')")
        assert conn.execute("select count(*) from code").fetchone() == (1,)


def test_an_unreachable_database_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        connect("postgresql://somebody:hunter2@127.0.0.1:1/nothing")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(caught.value.__cause__)
