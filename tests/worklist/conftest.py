"""A desk with cards on it: opened by a journey, answered by people, taken by the dispatcher."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sending_desk import engine_with

from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.engine.routing import route_arrived
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection
from careengine.runtime.ids import SystemIds
from careengine.trust.access import Access
from careengine.trust.actor import ActorKind
from careengine.worklist.acts import Doer
from careengine.worklist.listing import Card, Filter, card_called, list_cards


@dataclass
class Desk:
    """An engine whose errands ask people."""

    conn: Connection
    engine: Engine
    clock: FixedClock
    hand: Dispatcher

    def ask(self, key: str) -> int:
        """Let an errand arrive that only a person can decide; return its card."""
        body = pack(orjson.dumps({"key": key, "word": "ask"}))
        arrived = NewEvent(kind="toy.arrived", at=self.clock.now(), key=key_of(key), body=body)
        post(self.conn, self.engine, [arrived], recorded_at=real_now())
        self.conn.commit()
        self.advance()
        return int(self.one("select max(id) from card"))

    def advance(self) -> None:
        """Route and advance until nothing is left to do now."""
        clocks = ClockDesk(self.engine.book, coded_sites(self.engine), self.clock.now())
        while route_arrived(self.conn, self.engine, clocks) + self.hand.advance():
            pass

    def happen(self, case: int, kind: str) -> None:
        """Let something happen to a case, and the engine take it."""
        event = NewEvent(kind=kind, at=self.clock.now(), key=key_of(case, kind), cases=(case,))
        post(self.conn, self.engine, [event], recorded_at=real_now())
        self.conn.commit()
        self.advance()

    def undo_time_passes(self) -> None:
        """Let the seconds in which an answer can be taken back pass, and the engine take it."""
        self.conn.execute("update inbox set not_before = not_before - interval '1 minute'")
        self.conn.commit()
        self.advance()

    def by(self, actor: str = "ana", *, later: timedelta = timedelta()) -> Doer:
        return Doer(actor=actor, actor_kind=ActorKind.PERSON, at=self.clock.now(), real=real_now() + later)

    def cards(
        self, wanted: Filter | None = None, *, now: datetime | None = None, limit: int = 50
    ) -> list[int]:
        found = list_cards(
            self.conn, self.engine, wanted or Filter(), now=now or self.clock.now(), limit=limit
        )
        return [card.id for card in found]

    def card(self, card: int) -> Card:
        return card_called(self.conn, self.engine, card, now=self.clock.now())

    def one(self, query: str, *values: object) -> Any:
        row = self.conn.execute(query, values).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
def desk(conn: Connection, clock: FixedClock) -> Desk:
    """A desk without cards yet."""
    engine = engine_with(conn, SystemIds.of(conn), clock, {})
    engine.codes.ensure(conn, "event", ["toy.unknown"])
    conn.commit()
    return Desk(conn, engine, clock, Dispatcher(conn, engine, access=Access.load(engine.book)))
