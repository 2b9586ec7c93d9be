"""Read whole columns out of PostgreSQL as arrays of numbers: one row a page, nothing made for each value."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from careengine.engine.composition import Engine
from careengine.oversight.insight.arrays import Bools, Ints
from careengine.runtime.codes import NOTHING, UnknownCode
from careengine.runtime.database import Connection

PAGE = 20_000
"""Cases read in one short transaction."""
ROWS_A_PAGE = 100_000
"""Rows of another table read in one."""
_HEADER = 20
"""Bytes before the first element of an array of one dimension in PostgreSQL's binary form."""


def columns(conn: Connection, names: Sequence[str], query: str, values: Mapping[str, Any]) -> list[Ints]:
    """Return each named column of ``query`` as an array of integers, in the query's order.

    Columns are whole numbers or moments, never null; moments become microseconds since
    2000-01-01 UTC.
    """
    taken = ", ".join(f"array_send(array_agg({name}))" for name in names)
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(f"select {taken} from ({query}) q", values).fetchone()  # noqa: S608  our words
    return [_numbers(found) for found in row or ()]


def _numbers(found: bytes | None) -> Ints:
    if found is None:
        return np.empty(0, dtype=np.int64)
    size = int.from_bytes(found[_HEADER : _HEADER + 4], "big")
    pairs = np.frombuffer(found, offset=_HEADER, dtype=[("size", ">i4"), ("value", f">i{size}")])
    return pairs["value"].astype(np.int64)


def joined(parts: Sequence[Sequence[Ints]], width: int) -> list[Ints]:
    """Return the pages of each column put together."""
    if not parts:
        return [np.empty(0, dtype=np.int64) for _ in range(width)]
    return [np.concatenate(pages) for pages in zip(*parts, strict=True)]


def places_in(cases: Ints, ids: Ints) -> tuple[Ints, Bools]:
    """Return where each id stands among ``cases``, which ascend, and whether it does."""
    if not len(cases):
        return np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.bool_)
    found = np.minimum(np.searchsorted(cases, ids), len(cases) - 1)
    return found, cases[found] == ids


def known_codes(engine: Engine, kind: str, names: Iterable[str]) -> list[int]:
    """Return the codes of those words that were ever used here."""
    return [code for name in names if (code := known_code(engine, kind, name)) != NOTHING]


def known_code(engine: Engine, kind: str, name: str) -> int:
    """Return the code of a word, 0 when nothing here was ever called so."""
    try:
        return engine.codes.id(kind, name)
    except UnknownCode:
        return NOTHING
