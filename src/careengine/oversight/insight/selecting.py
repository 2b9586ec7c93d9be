"""Which cases a report is about: one journey's, of a site, of a clinic, opened in a span of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from careengine.engine.composition import Engine
from careengine.oversight.insight.arrays import Ints
from careengine.oversight.insight.pages import PAGE, columns
from careengine.runtime.database import Connection

_CASES = ("id", "opened_at", "site", "until", "open")
# A case's data is plain JSON after its codec byte.
_PAGE = """
    select k.id, k.opened_at, k.site, coalesce(k.clock_until, 'infinity') as until,
        (k.closed_at is null)::int as open
    from engine_case k
    where k.journey = %(journey)s and k.id > %(after)s
      and (%(site)s::smallint is null or k.site = %(site)s)
      and (%(since)s::timestamptz is null or k.opened_at >= %(since)s)
      and (%(until)s::timestamptz is null or k.opened_at < %(until)s)
      and (%(clinic)s::text is null or %(clinic)s = coalesce(
        convert_from(substring(k.data from 2), 'utf8')::json ->> 'clinic',
        (select d.answer from decision d join decision_rule r on r.key = d.rule
         where d.case_id = k.id and r.question = 'referrals.clinic' and d.route = 0
         order by d.case_version desc, d.ordinal desc limit 1)))
    order by k.id limit %(page)s
"""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
HOUR = 3_600_000_000
"""Microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to look at; what is empty does not narrow it."""

    journey: str
    site: str = ""
    clinic: str = ""
    since: datetime | None = None
    """Cases opened then or later."""
    until: datetime | None = None
    """Cases opened before."""


def micros(moment: datetime) -> int:
    """Return a moment as microseconds since 2000-01-01 UTC."""
    return (moment - _EPOCH) // MICROSECOND


def case_pages(conn: Connection, engine: Engine, selection: Selection) -> Iterator[list[Ints]]:
    """Yield ids, openings, sites, deadlines and whether open, a page of cases at a time, each committed."""
    values = {
        "journey": engine.codes.id("journey", selection.journey), "after": 0, "page": PAGE,
        "site": engine.codes.id("site", selection.site) if selection.site else None,
        "since": selection.since, "until": selection.until, "clinic": selection.clinic or None,
    }  # fmt: skip
    while True:
        page = columns(conn, _CASES, _PAGE, values)
        conn.commit()
        if not len(page[0]):
            return
        yield page
        values["after"] = int(page[0][-1])
