"""Rows in PostgreSQL's binary COPY format: the cheapest way to hand the database many rows at once."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from struct import Struct

from psycopg import sql

from careengine.runtime.database import Connection

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

NULL = b"\xff\xff\xff\xff"
_length = Struct("!i").pack
_columns = Struct("!h").pack
_bigint = Struct("!iq").pack
_int = Struct("!ii").pack
_smallint = Struct("!ih").pack
_double = Struct("!id").pack


def row(*fields: bytes) -> bytes:
    """Join the fields of one row, in the order of the statement's columns."""
    return _columns(len(fields)) + b"".join(fields)


def data(value: bytes | None) -> bytes:
    """Write a bytea, or the sixteen bytes of a uuid."""
    return NULL if value is None else _length(len(value)) + value


def text(value: str) -> bytes:
    """Write a text."""
    encoded = value.encode()
    return _length(len(encoded)) + encoded


def bigint(value: int) -> bytes:
    """Write a bigint."""
    return _bigint(8, value)


def integer(value: int) -> bytes:
    """Write an int."""
    return _int(4, value)


def smallint(value: int) -> bytes:
    """Write a smallint."""
    return _smallint(2, value)


def double(value: float) -> bytes:
    """Write a double precision."""
    return _double(8, value)


def boolean(value: bool) -> bytes:  # noqa: FBT001  it writes one
    """Write a boolean."""
    return b"\x00\x00\x00\x01\x01" if value else b"\x00\x00\x00\x01\x00"


def instant(value: datetime | None) -> bytes:
    """Write a timestamptz."""
    return NULL if value is None else _bigint(8, (value - _EPOCH) // _MICROSECOND)


def copy_rows(conn: Connection, table: str, columns: tuple[str, ...], rows: Iterable[bytes]) -> None:
    """Add rows, each made by :func:`row`, to ``table``; nothing is sent when there are none."""
    body = b"".join(rows)
    if not body:
        return
    into = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor().copy(into) as copy:
        copy.write(_HEADER + body + _TRAILER)
