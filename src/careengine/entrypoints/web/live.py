"""``/live``: what changes while somebody looks at a list, told once a second to every open page."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, LiteralString

import orjson
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, StreamingHttpResponse

from careengine.engine.composition import Engine
from careengine.entrypoints.web.counting import teams_of
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.looks import everybody, look
from careengine.entrypoints.web.who import person_of
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection

_EVERY_S = 1.0
_BEAT_S = 15.0
_WAITING = 20
"""Changes that may wait for a slow page; a page that falls further behind is told to look again."""
_OPEN = "select team, count(*) from card where status = 0 group by team"
_NEW = "select id, team from card where id > %s and status = 0 order by id limit 200"
_LAST = "select coalesce(max(id), 0) from card"
_ACTS = """
    select a.id, a.card_id, a.act, a.actor, a.what, c.team from card_act a join card c on c.id = a.card_id
    where a.id > %s order by a.id limit 200
"""
_LAST_ACT = "select coalesce(max(id), 0) from card_act"


@dataclass(slots=True)
class Seen:
    """How far the database was read."""

    card: int = 0
    act: int = 0
    told: dict[str, Any] = field(default_factory=dict)


Queue = asyncio.Queue[Mapping[str, Any]]
_pages: set[Queue] = set()
_watching: dict[str, asyncio.Task[None]] = {}


def somebody_looks(card: int, login: str) -> list[str]:
    """Mark that somebody is at a card; return who else is."""
    return house().desk.do(lambda conn: look(conn, card, login, real=real_now()))


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    """``GET /live``: server-sent events for the teams of whoever is signed in."""
    teams = frozenset(teams_of(person_of(request)))
    # The page stays open for hours; the connection that looked up who it is goes back now.
    await sync_to_async(connections.close_all)()
    answer = StreamingHttpResponse(_events(teams), content_type="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


async def _events(teams: frozenset[str]) -> AsyncIterator[bytes]:
    mine: Queue = asyncio.Queue(_WAITING)
    _pages.add(mine)
    if "watch" not in _watching or _watching["watch"].done():
        _watching["watch"] = asyncio.create_task(_watch())
    try:
        yield b"retry: 2000\n\n"
        while True:
            try:
                told = await asyncio.wait_for(mine.get(), _BEAT_S)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            yield b"event: change\ndata: " + orjson.dumps(_for(told, teams)) + b"\n\n"
    finally:
        _pages.discard(mine)


def _for(told: Mapping[str, Any], teams: frozenset[str]) -> dict[str, Any]:
    """Return a change as far as it concerns somebody's teams."""
    return {
        "open": {team: count for team, count in told["open"].items() if team in teams},
        "new": [str(card) for card, team in told["new"] if team in teams],
        "acts": [
            {"card": str(card), "act": act, "actor": actor, "what": what}
            for card, act, actor, what, team in told["acts"]
            if team in teams
        ],
        "looks": told["looks"],
    }


async def _watch() -> None:
    """Read what changed once a second while any page is open, and tell every page."""
    seen: Seen | None = None
    here = house()
    while _pages:
        seen, told = await here.desk.work(partial(_changes, here.engine, seen))
        if told:
            for page in list(_pages):
                if not page.full():
                    page.put_nowait(told)
        await asyncio.sleep(_EVERY_S)


def _changes(engine: Engine, seen: Seen | None, conn: Connection) -> tuple[Seen, dict[str, Any]]:
    """Return what changed since ``seen``, and how far was read; nothing changed is an empty dictionary."""
    if seen is None:
        seen = Seen(_one(conn, _LAST), _one(conn, _LAST_ACT))
    name = engine.codes.name
    new = [(card, name("team", team)) for card, team in conn.execute(_NEW, (seen.card,))]
    acts = conn.execute(_ACTS, (seen.act,)).fetchall()
    told = {
        "open": {name("team", team): count for team, count in conn.execute(_OPEN)},
        "looks": {str(card): who for card, who in everybody(conn, real=real_now()).items()},
    }
    changed = bool(new or acts) or told != seen.told
    after = Seen(max((card for card, _ in new), default=seen.card), acts[-1][0] if acts else seen.act, told)
    rows = [(card, act, actor, what, name("team", team)) for _, card, act, actor, what, team in acts]
    return after, {**told, "new": new, "acts": rows} if changed else {}


def _one(conn: Connection, statement: LiteralString) -> int:
    row = conn.execute(statement).fetchone()
    return int(row[0]) if row else 0
