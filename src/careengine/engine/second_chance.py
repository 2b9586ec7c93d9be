"""When a person says "go on" to one of the engine's own cards, the call that was stopped is made again."""

from dataclasses import replace

import orjson

from careengine.engine.case import CardDecided
from careengine.engine.composition import Coded, Engine
from careengine.engine.deciding import Call, event_call, find_call, state_call
from careengine.engine.events import event_from
from careengine.engine.inputs import seen_event
from careengine.engine.journey import JourneyError, State
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection

GO_ON = frozenset({"accept", "try_again"})
"""Answers that let software go on; any other leaves the case to people."""

_CARD = "select body from card where id = %b"
_EVENT = "select id, kind, happened_at, actor, ref, body from event where id = %b"


def call_again(conn: Connection, engine: Engine, coded: Coded, state: str, event: CardDecided) -> Call | None:
    """Return the call to make now, allowed by the person; ``None`` when they did not say go on.

    A call whose state the case has left meanwhile is not repeated: the state's own
    handler is called.
    """
    if event.answer not in GO_ON or state in coded.journey.ends:
        return None
    call, on = _stopped_call(conn, event)
    if on:
        again = _with_event(conn, engine, coded, state, on)
        if again is not None:
            return replace(again, by_person=True)
    if call:
        found = _still_fits(coded, state, call)
        if found is not None:
            return replace(found, by_person=True)
    return state_call(coded.journey, state, by_person=True)


def _stopped_call(conn: Connection, event: CardDecided) -> tuple[str, int]:
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(_CARD, (event.card,)).fetchone()
    if row is None:
        return "", 0
    call = orjson.loads(unpack(row[0]))["call"]
    return call["function"], call["event"]


def _with_event(conn: Connection, engine: Engine, coded: Coded, state: str, event_id: int) -> Call | None:
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(_EVENT, (event_id,)).fetchone()
    if row is None:
        return None
    body = unpack(row[5]) or b"{}"
    kind = engine.codes.name("event", row[1])
    event = event_from(id=row[0], kind=kind, at=row[2], actor=row[3], ref=row[4], body=body)
    if coded.journey.handles(state, kind) is None:
        return None
    # Consumed already: it is seen again, not consumed again.
    call = event_call(coded.journey, state, event, seen_event(event, body))
    return replace(call, consumes=False)


def _still_fits(coded: Coded, state: str, function: str) -> Call | None:
    journey = coded.journey
    try:
        call = find_call({(journey.name, journey.version): journey}, function)
    except JourneyError:
        return None
    declared = journey.states.get(state)
    fits = isinstance(declared, State) and call.handler is declared.handler
    return call if fits else None
