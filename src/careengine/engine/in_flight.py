"""Cases under way when code changes: refuse to start on a state nobody knows, and move cases on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass

from careengine.engine.composition import Engine
from careengine.engine.journey import JourneyError
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection

_DECLARE = """
    insert into journey_state select * from unnest(%b::smallint[], %b::smallint[], %b::smallint[])
    on conflict do nothing
"""
_STRAY = """
    select k.journey, k.journey_version, k.state, count(*) from engine_case k
    join unnest(%b::smallint[], %b::smallint[], %b::smallint[]) u(j, v, s)
        on k.journey = u.j and k.journey_version = u.v and k.state = u.s
    where k.closed_at is null group by 1, 2, 3
"""
_MOVE = """
    with moving as (
        select id, state from engine_case
        where journey = %b and journey_version = %b and state = %b and closed_at is null
        order by id limit %b for no key update skip locked
    ), moved as (
        update engine_case k set version = k.version + 1, journey_version = %b, state = %b, owner = %b,
            awaiting = %b, due_at = %b, wake_at = %b
        from moving m where k.id = m.id
        returning k.id, k.version, k.due_at, m.state as was, k.state, k.owner
    )
    insert into case_event (case_id, version, recorded_at, at, due_at, what, from_state, to_state, owner)
    select id, version, %b, %b, due_at, %b, was, state, owner from moved
"""
PAGE = 5_000
"""Cases moved in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """Open cases in a state that this code does not declare."""

    journey: str
    version: int
    state: str
    cases: int


def declare_states(conn: Connection, engine: Engine) -> None:
    """Put down every state this code declares; the caller commits."""
    known = sorted(_declared(engine))
    conn.execute(_DECLARE, tuple(map(list, zip(*known, strict=True))), binary=True)


def strays(conn: Connection, engine: Engine) -> list[Stray]:
    """Return the open cases this code could not carry on; it must not start while there are any."""
    every = set(conn.execute("select journey, journey_version, state from journey_state").fetchall())
    lost = sorted(every - _declared(engine))
    if not lost:
        return []
    found = conn.execute(_STRAY, tuple(map(list, zip(*lost, strict=True))), binary=True).fetchall()
    names = engine.codes.name
    return [
        Stray(journey=names("journey", journey), version=version, state=names("state", state), cases=cases)
        for journey, version, state, cases in found
    ]


def refuse_strays(conn: Connection, engine: Engine) -> None:
    """Refuse to start while an open case has a journey, version or state this code does not know."""
    found = strays(conn, engine)
    if found:
        named = ", ".join(f"{s.cases} in {s.journey} version {s.version} state {s.state}" for s in found)
        raise JourneyError(
            f"Open cases are in states this release does not know: {named}. Run the release that knows them, "
            "or `careengine migrate-cases` with a map of old states to new ones."
        )


def migrate_cases(
    conn: Connection, engine: Engine, journey: str, *, version: int, states: Mapping[str, str]
) -> int:
    """Move the open cases of an old version to the newest; return how many.

    ``states`` maps each old state to one of the newest version. A moved case is due
    at once, so that its new state looks at it; every move is in its history.
    """
    newest = engine.newest(journey)
    unknown = sorted(set(states.values()) - set(newest.journey.states))
    if unknown:
        raise JourneyError(f"{journey} version {newest.journey.version} has no state {', '.join(unknown)}.")
    if version == newest.journey.version and set(states) & set(newest.journey.states):
        raise JourneyError(f"{journey} version {version} is the newest: its own states need no migration.")
    moved, now, real = 0, engine.clock.now(), real_now()
    for old, new in states.items():
        values = (
            newest.code, version, engine.codes.id("state", old), PAGE, newest.journey.version,
            newest.code_of[new], newest.owner_of[new], newest.awaits_of[new], now, now, real, now,
            engine.codes.id("what", "migrated"),
        )  # fmt: skip
        while done := conn.execute(_MOVE, values, binary=True).rowcount:
            conn.commit()
            moved += done
    return moved


def _declared(engine: Engine) -> set[tuple[int, int, int]]:
    return {
        (coded.code, coded.journey.version, state)
        for coded in engine.coded.values()
        for state in coded.states
    }
