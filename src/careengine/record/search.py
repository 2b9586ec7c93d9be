"""Search one type of resource: exact answers from indexes, page by page, in an order that does not shift."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.kernel.refs import Ref
from careengine.record.clauses import Clause, clauses, look_up, type_clause
from careengine.record.columns import CATEGORY, CODE, PATIENT_PARAMS, STATUS, columns_of
from careengine.record.query import Query, SearchRefused
from careengine.runtime.database import Connection


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the resources found, and how to get the next ones."""

    found: list[Ref]
    """With their versions. Whoever shows them reads them through ``trust``."""
    cursor: str = ""
    """What to ask on with; empty on the last page."""
    total: int | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    by: str
    """SQL of the sorted value; the row's number breaks ties."""
    descending: bool
    nullable: bool = False

    def sql(self) -> str:
        """Write it as the indexes have it: without date, a resource is older than any other."""
        if self.descending:
            return f"order by {self.by} desc nulls last, r.rid desc"
        return f"order by {self.by}{' nulls first' if self.nullable else ''}, r.rid"

    def after(self, value: Any, rid: int) -> Clause:
        """Return the condition for what comes behind a row of the page before."""
        sign = "<" if self.descending else ">"
        if value is None:
            rest = "" if self.descending else f" or {self.by} is not null"
            return Clause(f"({self.by} is null and r.rid {sign} %b{rest})", (rid,))
        nulls = f" or {self.by} is null" if self.descending and self.nullable else ""
        return Clause(f"(({self.by}, r.rid) {sign} (%b, %b){nulls})", (value, rid))


# S608 below: what varies in the text is written in this package; every value is bound.
_DATE = "r.date_lo"
_SORTS = {
    "date": _Order(_DATE, descending=False, nullable=True),
    "-date": _Order(_DATE, descending=True, nullable=True),
    "_lastUpdated": _Order("r.updated", descending=False),
    "-_lastUpdated": _Order("r.updated", descending=True),
    "_id": _Order("r.id", descending=False),
    "-_id": _Order("r.id", descending=True),
    "rid": _Order("r.rid", descending=False),
}


_HIDDEN = "not exists (select from sp where sp.rid = r.rid and sp.key = any(%b::uuid[]))"


def search(
    conn: Connection, query: Query, *, hidden: Sequence[UUID] = (), also: Sequence[Clause] = ()
) -> Page:
    """Answer a search; raises :class:`SearchRefused` for one that cannot be answered exactly.

    What carries a label of ``hidden`` (keys of the search index) is neither found nor counted.
    ``also`` are further conditions on ``resource r``, from those who keep tables beside the record.
    """
    conditions = [type_clause(query), *clauses(query, look_up(conn, query)), *also]
    if hidden:
        conditions.append(Clause(_HIDDEN, (list(hidden),)))
    total = _count(conn, conditions) if query.total or query.only_total else None
    if query.only_total:
        return Page([], total=total)
    order = _SORTS[query.sort or _fastest(query)]
    if query.cursor:
        conditions.append(order.after(*_cursor_read(query.cursor)))
    # A plan that was kept would not know how much the tables beside the record have grown since.
    rows = _rows(conn, conditions, order, query.count + 1, prepare=False if also else None)
    more = len(rows) > query.count
    found = [Ref(query.type, id_, version) for id_, version, _, _ in rows[: query.count]]
    return Page(found, _cursor(*rows[query.count - 1][2:]) if more else "", total)


def matching(conn: Connection, query: Query, limit: int = 2) -> list[str]:
    """Return the ids of resources that match, at most ``limit``: enough to know whether it is one."""
    conditions = [type_clause(query), *clauses(query, look_up(conn, query))]
    sql, values = _where(conditions)
    rows = conn.execute(f"select r.id from resource r {sql} limit %b", (*values, limit))  # noqa: S608
    return [row[0] for row in rows]


def _fastest(query: Query) -> str:
    """Return the order in which the index that answers holds its rows already."""
    if not query.criteria:
        return "_id"
    busy = [name for name, column in columns_of(query.type).items() if column in {CODE, STATUS, CATEGORY}]
    return "-date" if query.has(*busy, *PATIENT_PARAMS) else "rid"


def _where(conditions: Sequence[Clause]) -> tuple[str, tuple[Any, ...]]:
    sql = " and ".join(condition.sql for condition in conditions)
    return f"where {sql}", tuple(value for condition in conditions for value in condition.values)


def _rows(
    conn: Connection, conditions: Sequence[Clause], order: _Order, limit: int, *, prepare: bool | None
) -> list[tuple[Any, ...]]:
    where, values = _where(conditions)
    sql = (
        f"select r.id, r.version, {order.by}, r.rid"  # noqa: S608
        f" from resource r {where} {order.sql()} limit %b"
    )
    return conn.execute(sql, (*values, limit), prepare=prepare, binary=True).fetchall()


def _count(conn: Connection, conditions: Sequence[Clause]) -> int:
    where, values = _where(conditions)
    row = conn.execute(f"select count(*) from resource r {where}", values).fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def _cursor(value: Any, rid: int) -> str:
    told = value.isoformat() if isinstance(value, datetime) else value
    kind = "t" if isinstance(value, datetime) else ""
    return base64.urlsafe_b64encode(orjson.dumps([kind, told, rid])).decode().rstrip("=")


def _cursor_read(text: str) -> tuple[Any, int]:
    try:
        kind, told, rid = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return (datetime.fromisoformat(told) if kind == "t" else told), int(rid)
    except (binascii.Error, ValueError, TypeError) as error:
        raise SearchRefused(
            "The page asked for is not one that was offered; start the search again."
        ) from error
