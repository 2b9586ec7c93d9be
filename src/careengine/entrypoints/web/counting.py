"""How much waits for whom, for the rail, the tabs and the lists: counted at most once a second."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from careengine.entrypoints.staff import Person
from careengine.entrypoints.web.house import house
from careengine.runtime.database import Connection
from careengine.worklist.listing import Filter, count_cards

_FRESH_S = 1.0
_FRESH_ALONE_S = 60.0
_KEPT = 2_000
"""Numbers kept; past them all are counted anew."""
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


_counted: dict[str, tuple[float, int]] = {}


def waiting(person: Person) -> Waiting:
    """Return what waits for a person and each of their teams."""
    now, names = house().engine.clock.now(), teams_of(person)
    teams = tuple((name, counted(Filter(teams=(name,)), now=now)) for name in names)
    return Waiting(
        inbox=sum(count for _, count in teams),
        mine=counted(Filter(teams=names, assignee=person.login), now=now),
        snoozed=counted(Filter(teams=names, only_snoozed=True), now=now),
        teams=teams,
        alone=_fresh(_ALONE, partial(_alone, now), _FRESH_ALONE_S),
    )


def counted(wanted: Filter, *, now: datetime) -> int:
    """Return how many cards a list holds; everybody with the same list is told the same number."""
    if len(wanted.teams or ()) > 1 and not wanted.subjects:
        return sum(counted(one, now=now) for one in wanted.by_team())
    return _fresh(repr(wanted), lambda conn: count_cards(conn, house().engine, wanted, now=now), _FRESH_S)


def forget() -> None:
    """Count anew at the next look: something was decided."""
    for key in [one for one in _counted if one != _ALONE]:
        _counted.pop(key, None)


def _fresh(key: str, count: Callable[[Connection], int], fresh_s: float) -> int:
    known = _counted.get(key)
    if known is not None and monotonic() - known[0] < fresh_s:
        return known[1]
    found = house().desk.do(count)
    if len(_counted) > _KEPT:
        _counted.clear()
    _counted[key] = (monotonic(), found)
    return found


def _alone(now: datetime, conn: Connection) -> int:
    row = conn.execute(_ALONE, {"since": now - _DAY}).fetchone()
    return int(row[0]) if row else 0


def teams_of(person: Person) -> tuple[str, ...]:
    """Return the teams somebody sits in, in the order in which they are shown."""
    return tuple(sorted(team.value for team in person.teams))
