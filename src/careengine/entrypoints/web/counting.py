"""How much waits for whom, for the rail and the tabs: counted at most once a second for each person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from careengine.entrypoints.staff import Person
from careengine.entrypoints.web.house import house
from careengine.runtime.database import Connection
from careengine.worklist.listing import Filter, count_cards

_FRESH_S = 1.0
_DAY = timedelta(days=1)
_ALONE = """
    select count(*) from engine_case k where k.closed_at > %(since)s and not exists (
        select from decision d where d.case_id = k.id and d.actor_kind <> 0)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open cards by where a person looks for them."""

    inbox: int
    mine: int
    snoozed: int
    teams: tuple[tuple[str, int], ...]
    alone: int
    """Cases that ended in the last day without anybody deciding anything."""


_counted: dict[str, tuple[float, Waiting]] = {}


def waiting(person: Person) -> Waiting:
    """Return what waits for a person and each of their teams."""
    known = _counted.get(person.login)
    if known is not None and monotonic() - known[0] < _FRESH_S:
        return known[1]
    found = house().desk.do(lambda conn: _count(conn, person))
    _counted[person.login] = (monotonic(), found)
    return found


def forget() -> None:
    """Count anew at the next look: something was decided."""
    _counted.clear()


def _count(conn: Connection, person: Person) -> Waiting:
    engine = house().engine
    now = engine.clock.now()

    def cards(**wanted: object) -> int:
        return count_cards(conn, engine, Filter(**wanted), now=now)  # type: ignore[arg-type]  # its fields

    names = teams_of(person)
    teams = tuple((name, cards(teams=(name,))) for name in names)
    return Waiting(
        inbox=sum(count for _, count in teams), mine=cards(teams=names, assignee=person.login),
        snoozed=cards(teams=names, only_snoozed=True), teams=teams, alone=_alone(conn, now),
    )  # fmt: skip


def _alone(conn: Connection, now: datetime) -> int:
    row = conn.execute(_ALONE, {"since": now - _DAY}).fetchone()
    return int(row[0]) if row else 0


def teams_of(person: Person) -> tuple[str, ...]:
    """Return the teams somebody sits in, in the order in which they are shown."""
    return tuple(sorted(team.value for team in person.teams))
