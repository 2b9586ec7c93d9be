"""Cases as people and programs read them: lists, one case with its history, and the sums of a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.engine.composition import Engine
from careengine.engine.outgoing import EffectStatus
from careengine.kernel.errors import NotFound
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection

_COLUMNS = """
    select id, journey, journey_version, state, owner, awaiting, site, priority, rung, opened_at, due_at,
           clock_until, closed_at, data from engine_case
"""
_ONE = f"{_COLUMNS} where id = %s"
_LIST = f"""
    {_COLUMNS}
    where (%(journey)s::smallint is null or journey = %(journey)s)
      and (%(state)s::smallint is null or state = %(state)s)
      and (%(closed)s::boolean is null or (closed_at is not null) = %(closed)s)
      and id > %(after)s
    order by id limit %(limit)s
"""
_HISTORY = """
    select version, at, recorded_at, what, from_state, to_state, owner, due_at, event_id
    from case_event where case_id = %s order by version
"""
_DECISIONS = """
    select d.id, d.case_version, d.at, r.question, d.answer, d.route, d.actor, r.policy, r.policy_version
    from decision d join decision_rule r on r.key = d.rule
    where d.case_id = %s order by d.case_version, d.ordinal
"""
_EFFECTS = "select id, kind, partner, status, attempts, why from effect where case_id = %s order by id"
_CARDS = "select id, kind, team, status, opened_at, due_at, rung from card where case_id = %s order by id"
_SUMS = """
    select count(*), count(*) filter (where closed_at is null),
        count(*) filter (where closed_at is null and due_at is null),
        count(*) filter (where owner not in (select id from code where kind = 'team')),
        count(*) filter (where closed_at is not null and not exists (
            select from decision d where d.case_id = k.id and d.actor_kind <> 0)),
        count(*) filter (where closed_at is null and exists (
            select from card c where c.case_id = k.id and c.status < 2))
    from engine_case k
"""
_DATA = "select id, data from engine_case where id = any(%s)"
_WAITING = "select team, count(*) from card where status = 0 group by team"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case in words."""

    id: int
    journey: str
    version: int
    state: str
    owner: str
    awaits: str
    site: str
    priority: int
    rung: int
    opened_at: datetime
    due_at: datetime | None
    deadline: datetime | None
    closed_at: datetime | None
    outcome: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Where all cases stand."""

    cases: int
    open: int
    finished_alone: int
    """Closed without a person deciding anything."""
    waiting_for_people: int
    without_owner: int
    without_due: int


def list_cases(  # noqa: PLR0913  each keyword narrows the list
    conn: Connection,
    engine: Engine,
    *,
    journey: str = "",
    state: str = "",
    closed: bool | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[CaseView]:
    """Return cases by id, a page at a time: ``after`` is the last id of the page before."""
    values = {
        "journey": engine.codes.id("journey", journey) if journey else None,
        "state": engine.codes.id("state", state) if state else None,
        "closed": closed, "after": after, "limit": limit,
    }  # fmt: skip
    return [_view(engine, row) for row in conn.execute(_LIST, values).fetchall()]


def case_called(conn: Connection, engine: Engine, case: int) -> CaseView:
    """Return one case; raises :class:`NotFound`."""
    row = conn.execute(_ONE, (case,)).fetchone()
    if row is None:
        raise NotFound(f"There is no case {case}. `careengine cases list` shows those there are.")
    return _view(engine, row)


def subject_of_open_case(conn: Connection, case: int) -> UUID:
    """Return whom an open case is about; raises :class:`NotFound` for one that is closed or was never."""
    row = conn.execute(
        "select subject from engine_case where id = %s and closed_at is null", (case,)
    ).fetchone()
    if row is None:
        raise NotFound("This is over, or was never begun.")
    subject: UUID = row[0]
    return subject


def subject_of(conn: Connection, case: int) -> UUID:
    """Return whom a case is about, open or closed; raises :class:`NotFound`."""
    row = conn.execute("select subject from engine_case where id = %s", (case,)).fetchone()
    if row is None:
        raise NotFound(f"There is no case {case}. `careengine cases list` shows those there are.")
    subject: UUID = row[0]
    return subject


def story_of(conn: Connection, engine: Engine, case: int) -> dict[str, list[dict[str, Any]]]:
    """Return everything that happened to a case: its steps, decisions, cards and effects."""
    name = engine.codes.name
    steps = [
        {"version": v, "at": at, "recorded_at": rec, "what": name("what", what), "from": name("state", was),
         "to": name("state", to), "owner": name("team", owner), "due_at": due, "event": event}
        for v, at, rec, what, was, to, owner, due, event in conn.execute(_HISTORY, (case,))
    ]  # fmt: skip
    decisions = [
        {"id": id_, "version": v, "at": at, "question": q, "answer": a,
         "route": "ask" if route else "proceed", "actor": actor, "policy": policy, "policy_version": version}
        for id_, v, at, q, a, route, actor, policy, version in conn.execute(_DECISIONS, (case,))
    ]  # fmt: skip
    cards = [
        {"id": id_, "kind": name("card", kind), "team": name("team", team), "status": _CARD_STATUS[status],
         "opened_at": opened, "due_at": due, "rung": rung}
        for id_, kind, team, status, opened, due, rung in conn.execute(_CARDS, (case,))
    ]  # fmt: skip
    effects = [
        {"id": id_, "kind": name("effect", kind), "partner": name("partner", partner),
         "status": EffectStatus(status).name.lower(),
         "attempts": attempts, "why": why}
        for id_, kind, partner, status, attempts, why in conn.execute(_EFFECTS, (case,))
    ]  # fmt: skip
    return {"steps": steps, "decisions": decisions, "cards": cards, "effects": effects}


def sums(conn: Connection) -> Sums:
    """Add up all cases."""
    row = conn.execute(_SUMS).fetchone()
    total, open_, dueless, ownerless, alone, waiting = row if row is not None else (0,) * 6
    return Sums(
        cases=total, open=open_, finished_alone=alone, waiting_for_people=waiting, without_owner=ownerless,
        without_due=dueless,
    )  # fmt: skip


def waiting_by_team(conn: Connection, engine: Engine) -> dict[str, int]:
    """Count the open cards of each team that has any."""
    return {engine.codes.name("team", team): cards for team, cards in conn.execute(_WAITING)}


def about(conn: Connection, cases: Sequence[int]) -> dict[int, str]:
    """Return the resource each case is about, ``Type/id``; empty where its journey does not say."""
    found = {}
    for case, data in conn.execute(_DATA, (list(cases),)):
        kept = orjson.loads(unpack(data))
        found[case] = str(kept.get("focus") or kept.get("ref") or "").partition("@")[0]
    return found


_CARD_STATUS = ("open", "decided", "closed")


def _view(engine: Engine, row: tuple[Any, ...]) -> CaseView:
    name = engine.codes.name
    state = name("state", row[3])
    journey = engine.coded_journey(row[1], row[2]).journey
    end = journey.ends.get(state)
    return CaseView(
        id=row[0], journey=journey.name, version=row[2], state=state, owner=name("team", row[4]),
        awaits=name("awaits", row[5]), site=name("site", row[6]), priority=row[7], rung=row[8],
        opened_at=row[9], due_at=row[10], deadline=row[11] if row[12] is None else None, closed_at=row[12],
        outcome=end.outcome if end else "", data=orjson.loads(unpack(row[13])),
    )  # fmt: skip
