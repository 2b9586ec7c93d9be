"""The ledger's rows as PostgreSQL's binary COPY writes and reads them; a leaf seals these very bytes.

A field is its length (4 bytes, -1 for null) and its value in network order, so no two
different rows have the same bytes. Written by hand because it is four times as fast
as a general adapter, and because what is sealed is then exactly what is stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from struct import Struct
from uuid import UUID
from zlib import crc32

DECISION_SEALED = (
    "id", "recorded_at", "at", "batch", "case_id", "subject", "rule", "leaf", "case_version", "ordinal",
    "site", "journey", "route", "kind", "actor_kind", "event_id", "actor", "answer", "clause", "law", "basis",
)  # fmt: skip
DECISION_BODY = ("body_crc", "digest", "input", "salt", "body")
DECISION_COLUMNS = (*DECISION_SEALED, *DECISION_BODY)
AUDIT_COLUMNS = (
    "id", "recorded_at", "at", "batch", "leaf", "actor_kind", "act", "actor", "purpose", "journey", "why",
    "kinds", "subjects", "things", "salt",
)  # fmt: skip

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
COUNT = 2
"""Bytes before the first field of a row: how many fields it has."""
DECISION_NUMBERS = Struct("!h iq iq iq iq iq i16s i16s ii ii ih ih ih ih ih ih").pack
"""Count of fields, then length and value of each column of DECISION_SEALED from ``id`` to ``actor_kind``."""
AUDIT_NUMBERS = Struct("!h iq iq iq iq ii ih").pack
"""Count of fields, then length and value of each column of AUDIT_COLUMNS from ``id`` to ``actor_kind``."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_length = Struct("!i").pack
_int4 = Struct("!ii").pack
_int8 = Struct("!iq").pack
_crc = Struct("!iI").pack
_array = Struct("!iiIii").pack
_EMPTY_ARRAY = Struct("!iiI").pack
_TEXT, _UUID, _INT8 = 25, 2950, 20
"""PostgreSQL's own numbers of these types, fixed since they exist."""


def micros(at: datetime) -> int:
    """Return an instant as PostgreSQL keeps it: microseconds since 2000-01-01T00:00Z."""
    return (at - _EPOCH) // _MICROSECOND


def instant(since: int) -> datetime:
    """Return the instant of :func:`micros`."""
    return _EPOCH + since * _MICROSECOND


def binary(value: bytes | None) -> bytes:
    """Return a bytea field, or null."""
    return NULL if value is None else _length(len(value)) + value


def text(value: str | None) -> bytes:
    """Return a text field, or null."""
    return NULL if value is None else binary(value.encode())


def int8(value: int | None) -> bytes:
    """Return a bigint field, or null."""
    return NULL if value is None else _int8(8, value)


def crc_field(stored: bytes) -> bytes:
    """Return the checksum of a stored body as an int field."""
    return _crc(4, crc32(stored))


def crc_bytes(stored: bytes) -> bytes:
    """Return the checksum of a stored body as its int field's value."""
    return crc32(stored).to_bytes(4)


def signed_crc(stored: bytes) -> int:
    """Return the checksum of a stored body as PostgreSQL shows its 32 bits in an int: with a sign."""
    crc = crc32(stored)
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def month_of(recorded_at: datetime) -> date:
    """Return the month (in UTC) under which the inputs of a batch are kept."""
    return recorded_at.astimezone(UTC).date().replace(day=1)


def texts(values: Sequence[str]) -> bytes:
    """Return a text[] field."""
    return _array_of(_TEXT, [text(value) for value in values])


def uuids(values: Sequence[UUID]) -> bytes:
    """Return a uuid[] field."""
    return _array_of(_UUID, [binary(value.bytes) for value in values])


def int8s(values: Sequence[int]) -> bytes:
    """Return a bigint[] field."""
    return _array_of(_INT8, [int8(value) for value in values])


def _array_of(oid: int, fields: list[bytes]) -> bytes:
    if not fields:
        return binary(_EMPTY_ARRAY(0, 0, oid))
    return binary(_array(1, 0, oid, len(fields), 1) + b"".join(fields))


@dataclass(frozen=True, slots=True)
class Row:
    """One row as COPY gave it: its values, and its bytes with the place where each field begins."""

    values: list[bytes | None]
    data: bytes
    starts: list[int]

    def sealed(self, count: int) -> bytes:
        """Return the bytes of the first ``count`` fields."""
        return self.data[self.starts[0] : self.starts[count]]

    def number(self, place: int) -> int:
        """Return an integer field; a null reads as 0."""
        return int.from_bytes(self.values[place] or b"", signed=True)


def read_rows(data: bytes) -> Iterator[Row]:
    """Yield the rows of a whole binary COPY to us."""
    at = len(HEADER)
    while (count := int.from_bytes(data[at : at + COUNT], signed=True)) >= 0:
        at += COUNT
        values: list[bytes | None] = []
        starts = [at]
        for _ in range(count):
            size = int.from_bytes(data[at : at + 4], signed=True)
            at += 4
            values.append(None if size < 0 else data[at : at + size])
            at += max(size, 0)
            starts.append(at)
        yield Row(values, data, starts)
