"""Monthly partitions of the tables partitioned by range, made ahead: nothing lands in the default one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from psycopg import sql

from careengine.runtime.database import Connection

_LOCK = 0x50_61_72_74
"""The advisory lock under which one process at a time makes partitions."""
_ENOUGH = 1000
"""Rows in a default partition beyond which the exact number no longer matters."""

_TABLES = """
select c.relname, d.relname, a.attname
from pg_partitioned_table p
join pg_class c on c.oid = p.partrelid
join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
left join pg_class d on d.oid = nullif(p.partdefid, 0)
where p.partstrat = 'r' and c.relnamespace = current_schema()::regnamespace
order by c.relname
"""
_MOVE = """
with moved as (delete from {default} where {key} >= {start} and {key} < {end} returning *)
insert into {name} select * from moved
"""
_ATTACH = "alter table {table} attach partition {name} for values from ({start}) to ({end})"


def ensure_partitions(conn: Connection, now: datetime, months_ahead: int = 2) -> list[str]:
    """Make the partitions of this month (in UTC) and the next ones that are missing; return their names.

    Rows already in the default partition are moved into the new one. Writers are held
    up for as long as that takes, which with an empty default is a moment. The caller
    commits.
    """
    conn.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
    missing = list(_missing(conn, now, months_ahead))
    for month in missing:
        _make(conn, month)
    return [month.name for month in missing]


def missing_partitions(conn: Connection, now: datetime, months_ahead: int = 2) -> list[str]:
    """Return the names of the partitions that :func:`ensure_partitions` would make."""
    return [month.name for month in _missing(conn, now, months_ahead)]


def rows_in_default(conn: Connection) -> Mapping[str, int]:
    """Return, for each default partition that holds rows, how many (1,000 means that or more)."""
    found = {}
    for _, default, _ in conn.execute(_TABLES).fetchall():
        if default is None:
            continue
        counted = conn.execute(
            sql.SQL("select count(*) from (select from {} limit %s) as found").format(
                sql.Identifier(default)
            ),
            (_ENOUGH,),
        ).fetchone()
        if counted and counted[0]:
            found[default] = int(counted[0])
    return found


@dataclass(frozen=True, slots=True)
class _Month:
    table: str
    default: str | None
    key: str
    """The column it is partitioned by: ``recorded_at``, or the month itself."""
    first: date

    @property
    def name(self) -> str:
        return f"{self.table}_{self.first:%Y_%m}"


def _missing(conn: Connection, now: datetime, months_ahead: int) -> Iterator[_Month]:
    for table, default, key in conn.execute(_TABLES).fetchall():
        children = conn.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = %s::regclass", (table,)
        ).fetchall()
        there = {name for (name,) in children}
        for first in _months(now, months_ahead):
            month = _Month(table, default, key, first)
            if month.name not in there:
                yield month


def _months(now: datetime, ahead: int) -> list[date]:
    """Return the first days of this month and the ``ahead`` next ones."""
    this = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(this, this + ahead + 1)]


def _make(conn: Connection, month: _Month) -> None:
    """Make one month apart, move what the default holds of it, then attach: readers are not held up."""
    after = _months(datetime(month.first.year, month.first.month, 1, tzinfo=UTC), 1)[1]
    parts = {
        "table": sql.Identifier(month.table),
        "name": sql.Identifier(month.name),
        "default": sql.Identifier(month.default or ""),
        "key": sql.Identifier(month.key),
        "start": sql.Literal(f"{month.first} 00:00+00"),
        "end": sql.Literal(f"{after} 00:00+00"),
    }
    conn.execute(sql.SQL("create table {name} (like {table} including all)").format(**parts))
    if month.default is not None:
        conn.execute(sql.SQL("lock table {default} in access exclusive mode").format(**parts))
        conn.execute(sql.SQL(_MOVE).format(**parts))
    conn.execute(sql.SQL(_ATTACH).format(**parts))
