"""Bring each event that names no case to the cases it belongs to, to a new one, or to a person."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.engine.case import Event
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Coded, Engine
from careengine.engine.database_says_no import CONTENT
from careengine.engine.events import event_from
from careengine.engine.intake import WORK
from careengine.engine.journey import Candidate, Join, Journey, JourneyError, Open, Unplaced
from careengine.engine.keys import key_of
from careengine.engine.opening import NOBODY, existing, new_row, open_rows, project
from careengine.engine.rows import CaseRow
from careengine.kernel.policy import Scalar
from careengine.record.subjects import same_person
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection

_CLAIM = """
    select e.id, e.kind, e.happened_at, e.actor, e.ref, e.body, e.subject, e.recorded_at
    from unrouted u join event e on e.id = u.event_id and e.recorded_at = u.recorded_at
    order by u.event_id limit %b for update of u skip locked
"""
_CANDIDATES = """
    select id, state, subject, opened_at, data, journey, journey_version from engine_case
    where subject = any(%b::uuid[]) and journey = any(%b::smallint[]) and closed_at is null order by id
"""
_INBOX = """
    insert into inbox (case_id, event_id, recorded_at)
    select * from unnest(%b::bigint[], %b::bigint[], %b::timestamptz[]) on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event waiting to be routed."""

    event: Event
    subject: UUID | None
    recorded_at: datetime


@dataclass(slots=True)
class Placed:
    """What one transaction of routing will write."""

    joined: list[tuple[int, Arrived, Journey]] = field(default_factory=list)
    opened: dict[UUID, tuple[CaseRow, list[Arrived]]] = field(default_factory=dict)


def route_arrived(conn: Connection, engine: Engine, clocks: ClockDesk, *, limit: int = 500) -> int:
    """Route up to ``limit`` events in one transaction; return how many there were.

    When the database refuses what a batch would write, they are routed one by one,
    and the guilty one goes to a person.
    """
    for most, asked in ((limit, False), (1, False), (1, True)):
        try:
            return _route(conn, engine, clocks, most, ask=asked)
        except CONTENT:
            conn.rollback()
    return 0


def _route(conn: Connection, engine: Engine, clocks: ClockDesk, limit: int, *, ask: bool) -> int:
    """Route one batch; with ``ask`` no router is called, and a person places every event."""
    arrived = _claim(conn, engine, limit)
    if not arrived:
        conn.rollback()
        return 0
    candidates = _candidates(conn, engine, arrived)
    placed = Placed()
    for one in arrived:
        listening = [] if ask else _listening(engine, one.event.kind)
        for journey in listening:
            _place(engine, clocks, placed, one, journey, candidates[one.event.id, journey.name])
        if not listening:
            why = "refused_by_the_database" if ask else str(one.event.body.get("why") or "nobody_listens")
            _ask_a_person(engine, clocks, placed, one, "", Unplaced(why))
    _refuse_unknown_cases(conn, engine, clocks, placed)
    _write(conn, engine, placed)
    conn.execute("delete from unrouted where event_id = any(%s)", ([one.event.id for one in arrived],))
    conn.execute(f"notify {WORK}")
    conn.commit()
    return len(arrived)


def _claim(conn: Connection, engine: Engine, limit: int) -> list[Arrived]:
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(_CLAIM, (limit,)).fetchall()
    return [Arrived(_event(engine, row), row[6], row[7]) for row in rows]


def _event(engine: Engine, row: Sequence[Any]) -> Event:
    return event_from(
        id=row[0], kind=engine.codes.name("event", row[1]), at=row[2], actor=row[3], ref=row[4],
        body=unpack(row[5]),
    )  # fmt: skip


def _listening(engine: Engine, kind: str) -> list[Journey]:
    newest: dict[str, Journey] = {}
    for journey in engine.journeys:
        if kind in journey.listens and journey.version >= newest.get(journey.name, journey).version:
            newest[journey.name] = journey
    return list(newest.values())


def _candidates(
    conn: Connection, engine: Engine, arrived: Sequence[Arrived]
) -> dict[tuple[int, str], list[Candidate]]:
    """Return the open cases of each event's person, whatever chart they were opened on."""
    people = same_person(conn, {one.subject for one in arrived if one.subject is not None})
    everybody = sorted({other for others in people.values() for other in others})
    journeys = sorted({coded.code for coded in engine.coded.values()})
    by_subject: dict[UUID, list[tuple[str, Candidate]]] = defaultdict(list)
    with conn.cursor(binary=True) as cursor:
        for row in cursor.execute(_CANDIDATES, (everybody, journeys)):
            coded = engine.coded_journey(row[5], row[6])
            data = orjson.loads(unpack(row[4]))
            found = Candidate(row[0], coded.state(row[1]).name, row[2], row[3], data)
            by_subject[row[2]].append((coded.journey.name, found))
    candidates: dict[tuple[int, str], list[Candidate]] = defaultdict(list)
    for one in arrived:
        for subject in sorted(people.get(one.subject, ())) if one.subject is not None else ():
            for journey, candidate in by_subject[subject]:
                candidates[one.event.id, journey].append(candidate)
    return candidates


def _place(
    engine: Engine,
    clocks: ClockDesk,
    placed: Placed,
    one: Arrived,
    journey: Journey,
    candidates: Sequence[Candidate],
) -> None:
    """Do what the journey's router says; one that fails, or joins nobody, leaves the event to a person."""
    if journey.router is None:
        raise JourneyError(f"Journey {journey.name} listens to events but has no route.")
    try:
        routed = journey.router(one.event, candidates)
        if isinstance(routed, Open):
            _open(engine, clocks, placed, one, engine.newest(journey.name), routed)
    except Exception as error:  # noqa: BLE001  an event a router trips over must not stop the others
        routed = Unplaced(f"router_failed:{type(error).__name__}")
    if isinstance(routed, Join):
        placed.joined.extend((case, one, journey) for case in routed.cases)
        if not routed.cases:
            routed = Unplaced("router_joined_nobody")
    if isinstance(routed, Unplaced):
        _ask_a_person(engine, clocks, placed, one, journey.name, routed)


def _ask_a_person(
    engine: Engine, clocks: ClockDesk, placed: Placed, one: Arrived, journey: str, why: Unplaced
) -> None:
    """Open a case through which a person sees the event and says where it belongs."""
    data: dict[str, Scalar] = {
        "event": one.event.id,
        "event_kind": one.event.kind,
        "why": why.why,
        "ref": one.event.ref,
        "journey": journey,
    }
    asked = Open(key=f"event:{one.event.id}:{journey}", data=data)
    _open(engine, clocks, placed, one, engine.newest(engine.placing), asked)


def _refuse_unknown_cases(conn: Connection, engine: Engine, clocks: ClockDesk, placed: Placed) -> None:
    """Keep no event for a case that does not exist: nobody would ever look at it there."""
    known = existing(conn, {case for case, _, _ in placed.joined})
    for case, one, journey in placed.joined:
        if case not in known:
            _ask_a_person(engine, clocks, placed, one, journey.name, Unplaced("router_joined_no_case"))
    placed.joined = [joined for joined in placed.joined if joined[0] in known]


def _open(engine: Engine, clocks: ClockDesk, placed: Placed, one: Arrived, coded: Coded, asked: Open) -> None:
    key = key_of(coded.journey.name, asked.key)
    if key in placed.opened:
        placed.opened[key][1].append(one)
        return
    row = new_row(engine, clocks, coded, asked, subject=one.subject or NOBODY)
    placed.opened[key] = (row, [one])


def _write(conn: Connection, engine: Engine, placed: Placed) -> None:
    case_of_key = open_rows(conn, {key: row for key, (row, _) in placed.opened.items()})
    project(conn, engine, [row for key, (row, _) in placed.opened.items() if case_of_key[key] == row.id])
    inbox = [(case, one.event.id, one.recorded_at) for case, one, _ in placed.joined]
    for key, (_, events) in placed.opened.items():
        inbox.extend((case_of_key[key], one.event.id, one.recorded_at) for one in events)
    if inbox:
        with conn.cursor(binary=True) as cursor:
            cursor.execute(_INBOX, tuple(map(list, zip(*inbox, strict=True))))
