"""The volume guard: counts what leaves each lane, and stops one that suddenly does much more than usual."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import orjson

from careengine.engine.case import LANE_STOPPED
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.delivery import VOLUME, VolumePolicy, too_much
from careengine.engine.guards import Scope, Stop, stop
from careengine.engine.intake import NewEvent, post
from careengine.engine.journey import Open
from careengine.engine.keys import key_of
from careengine.engine.opening import NOBODY, new_row, open_rows
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection

GUARD = "system:volume-guard"
Lane = tuple[int, int]
"""A journey and a kind of effect, by their codes."""

_ADD = """
    insert into volume as v (journey, kind, starts, sent)
    select journey, kind, %b, n from unnest(%b::smallint[], %b::smallint[], %b::int[]) u(journey, kind, n)
    on conflict (journey, kind, starts) do update set sent = v.sent + excluded.sent
    returning journey, kind, sent
"""
_USUAL = """
    select v.journey, v.kind, sum(v.sent), min(v.starts) from volume v
    join unnest(%b::smallint[], %b::smallint[]) u(journey, kind) using (journey, kind)
    where v.starts >= %b and v.starts < %b group by v.journey, v.kind
"""
_FORGET = "delete from volume where starts < %s"


def admit(
    conn: Connection, engine: Engine, leaving: Mapping[Lane, int], *, now: datetime, real: datetime
) -> frozenset[Lane]:
    """Count what is about to leave; return the lanes that may not, each stopped with a card opened.

    ``now`` is domain time, by which windows are counted. The caller commits.
    """
    if not leaving:
        return frozenset()
    policy = engine.book.value(VOLUME, now.date())
    starts = window_start(now, policy.window)
    sent = _add(conn, leaving, starts)
    usual = _usual(conn, list(leaving), starts, policy)
    tripped = {}
    for lane, total in sent.items():
        why = _judge(engine, lane, total, usual.get(lane, (0, 0)), policy)
        if why:
            tripped[lane] = why
    if tripped:
        _add(conn, {lane: -leaving[lane] for lane in tripped}, starts)
    for lane, why in sorted(tripped.items()):
        _stop(conn, engine, lane, why, now=now, real=real)
    return frozenset(tripped)


def window_start(now: datetime, window: timedelta) -> datetime:
    """Return when the window that holds ``now`` began."""
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    return epoch + (now - epoch) // window * window


def forget(conn: Connection, engine: Engine, now: datetime) -> int:
    """Remove windows too old for the usual; return how many. The caller commits."""
    policy = engine.book.value(VOLUME, now.date())
    oldest = window_start(now, policy.window) - policy.usual_windows * policy.window
    return conn.execute(_FORGET, (oldest,)).rowcount


def _add(conn: Connection, counts: Mapping[Lane, int], starts: datetime) -> dict[Lane, int]:
    lanes = sorted(counts)
    values = (starts, [j for j, _ in lanes], [k for _, k in lanes], [counts[lane] for lane in lanes])
    with conn.cursor(binary=True) as cursor:
        return {(j, k): sent for j, k, sent in cursor.execute(_ADD, values).fetchall()}


def _usual(
    conn: Connection, lanes: list[Lane], starts: datetime, policy: VolumePolicy
) -> dict[Lane, tuple[int, int]]:
    """Return what each lane sent before this window, and over how many windows."""
    oldest = starts - policy.usual_windows * policy.window
    values = ([j for j, _ in lanes], [k for _, k in lanes], oldest, starts)
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(_USUAL, values).fetchall()
    return {(j, k): (int(total), (starts - first) // policy.window) for j, k, total, first in rows}


def _judge(engine: Engine, lane: Lane, sent: int, usual: tuple[int, int], policy: VolumePolicy) -> str:
    limit = policy.limit(engine.codes.name("journey", lane[0]), engine.codes.name("effect", lane[1]))
    return "" if limit is None else too_much(sent, usual[0], usual[1], limit, policy)


def _stop(conn: Connection, engine: Engine, lane: Lane, why: str, *, now: datetime, real: datetime) -> None:
    name = engine.codes.name("journey", lane[0])
    switch = Stop(scope=Scope.LANE, name=name, by=GUARD, reason=why, at=now)
    if not stop(conn, engine.ids, switch):
        return
    kind = engine.codes.name("effect", lane[1])
    body = {"scope": Scope.LANE, "name": name, "why": why, "effect_kind": kind}
    key = key_of(LANE_STOPPED, name, real.isoformat())
    case = _case_for(conn, engine, str(key), {**body, "event_kind": LANE_STOPPED}, now)
    event = NewEvent(
        kind=LANE_STOPPED, at=now, key=key, actor=GUARD, cases=(case,), body=pack(orjson.dumps(body))
    )
    post(conn, engine, [event], recorded_at=real)


def _case_for(conn: Connection, engine: Engine, key: str, data: dict[str, str], now: datetime) -> int:
    """Open the case through which a person hears of the stop."""
    sites = {engine.codes.id("site", name): site for name, site in engine.organisation.sites.items()}
    asked = Open(key=key, data={**data, "journey": data["name"], "ref": ""}, priority=1)
    coded = engine.newest(engine.placing)
    row = new_row(engine, ClockDesk(engine.book, sites, now), coded, asked, subject=NOBODY)
    goal = key_of(coded.journey.name, key)
    return open_rows(conn, {goal: row})[goal]
