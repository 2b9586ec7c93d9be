"""Connections to PostgreSQL: in UTC, noticing a dead peer, never idle in a transaction for long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from careengine.kernel.errors import CareError

Connection = psycopg.Connection[Any]
"""A connection whose rows are tuples."""
Cursor = psycopg.Cursor[Any]

_OPTIONS = " ".join((
    "-c timezone=UTC",
    "-c idle_in_transaction_session_timeout=60s",
    "-c tcp_keepalives_idle=10",
    "-c tcp_keepalives_interval=5",
    "-c tcp_keepalives_count=3",
))  # fmt: skip


class DatabaseUnreachable(CareError):
    """PostgreSQL does not answer at the configured address."""

    status = 503


def connect(url: str, *, autocommit: bool = False) -> Connection:
    """Open a connection to ``url``; raises :class:`DatabaseUnreachable`, whose message holds no password.

    A machine that vanishes is noticed by both ends within half a minute, and a
    transaction left idle for a minute is ended by the server, which frees its locks.
    """
    try:
        wanted = conninfo_to_dict(url).get("options", "")
        return psycopg.connect(
            url, autocommit=autocommit, options=f"{_OPTIONS} {wanted}", application_name="careengine",
            connect_timeout=10,
            keepalives=1, keepalives_idle=10, keepalives_interval=5, keepalives_count=3, prepare_threshold=3,
        )  # fmt: skip
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(
            "PostgreSQL does not answer, or refuses the user, at the address in CAREENGINE_DATABASE_URL "
            "(or in the home's own server). Check the address, that it runs, and `careengine doctor`."
        ) from error


@contextmanager
def transaction(conn: Connection) -> Iterator[Connection]:
    """Commit what is done inside, or nothing of it."""
    with conn.transaction():
        yield conn
