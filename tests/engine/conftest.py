"""A toy organisation around the toy journeys, on a fresh database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest
import toy_journeys as toys

from careengine.engine import asking_policy, clock_policy, delivery_policy
from careengine.engine.card_events import card_decided_body
from careengine.engine.case import CARD_DECIDED
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine, compose
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.intake import NewEvent, post
from careengine.engine.journey import Journey
from careengine.engine.keys import key_of
from careengine.engine.outgoing import Delivered
from careengine.engine.routing import route_arrived
from careengine.kernel.decision import Decision
from careengine.policy.book import book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import pack, unpack
from careengine.runtime.codes import Codes
from careengine.runtime.database import Connection
from careengine.runtime.ids import SystemIds
from careengine.runtime.organisation import Organisation
from careengine.trust import policies as trust_policies
from careengine.trust.access import Access
from careengine.trust.actor import ActorKind

SCHEMAS = Schemas.of(
    (
        *asking_policy.POLICY_SCHEMAS,
        *clock_policy.POLICY_SCHEMAS,
        *delivery_policy.POLICY_SCHEMAS,
        *trust_policies.POLICY_SCHEMAS,
    )
)
TOY = Organisation.model_validate_json(
    orjson.dumps(
        {
            "name": "Toy",
            "side": "provider",
            "sites": {"main": {"zone": "America/Chicago", "calendar": "calendars.us_federal"}},
            "teams": {
                "access": {
                    "people": ["ann"],
                    "backup": "bob",
                    "supervisor": "sue",
                    "director": "dan",
                    "executive": "eva",
                }
            },
            "journeys": ["errand"],
            "partners": {"shop": {"url": "http://127.0.0.1:9/"}},
        }
    )
)


@dataclass
class Toy:
    """One dispatcher on one connection, and ways to make things happen to it."""

    conn: Connection
    engine: Engine
    clock: FixedClock
    hand: Dispatcher

    def arrive(self, key: str, word: str = "go", *, times: int = 1) -> None:
        """Let something arrive from the world that a router must place."""
        body = pack(orjson.dumps({"key": key, "word": word}))
        for _ in range(times):
            self.post(NewEvent(kind="toy.arrived", at=self.clock.now(), key=key_of(key, word), body=body))

    def happen(self, case: int, kind: str, said: dict[str, Any] | None = None, *, key: object = None) -> None:
        """Let something happen to a case."""
        body = pack(orjson.dumps(said or {}))
        name = key_of(case, kind, key if key is not None else self.engine.ids.next())
        self.post(NewEvent(kind=kind, at=self.clock.now(), key=name, cases=(case,), body=body))

    def answer(self, card: int, decision: Decision, *, person: bool = True) -> None:
        """Let somebody answer a card, as the worklist does."""
        row = self.conn.execute("select case_id, kind from card where id = %s", (card,)).fetchone()
        assert row is not None
        body = card_decided_body(
            card=card, card_kind=self.engine.codes.name("card", row[1]), decision=decision, reason="seen",
            actor="ann", actor_kind=ActorKind.PERSON if person else ActorKind.AGENT,
        )  # fmt: skip
        self.post(
            NewEvent(
                kind=CARD_DECIDED, at=self.clock.now(), key=key_of("answer", card), actor="ann",
                cases=(row[0],), body=pack(body),
            )
        )  # fmt: skip

    def post(self, event: NewEvent) -> None:
        """Put one event down and commit."""
        post(self.conn, self.engine, [event], recorded_at=real_now())
        self.conn.commit()

    def drain(self) -> None:
        """Route and advance until nothing is left to do now."""
        while self.route() + self.hand.advance():
            pass

    def route(self) -> int:
        """Route what has arrived."""
        return route_arrived(
            self.conn, self.engine, ClockDesk(self.engine.book, coded_sites(self.engine), self.clock.now())
        )

    def one(self, query: str, *values: object) -> Any:
        """Return the first column of the first row."""
        row = self.conn.execute(query, values).fetchone()
        self.conn.rollback()
        return None if row is None else row[0]

    def all(self, query: str, *values: object) -> list[Any]:
        """Return all rows."""
        rows = self.conn.execute(query, values).fetchall()
        self.conn.rollback()
        return rows

    def cases(self) -> list[tuple[int, str, dict[str, Any]]]:
        """Return id, state and data of every case, in order."""
        rows = self.all("select id, state, data from engine_case order by id")
        return [(id_, self.engine.codes.name("state", s), orjson.loads(unpack(d))) for id_, s, d in rows]

    def cards(self) -> list[tuple[int, str, int]]:
        """Return id, kind and case of every open card."""
        rows = self.all("select id, kind, case_id from card where status < 2 order by id")
        return [(id_, self.engine.codes.name("card", kind), case) for id_, kind, case in rows]

    def walking(self, key: str = "a") -> int:
        """Return a new case that is walking."""
        self.arrive(key)
        self.drain()
        return int(self.one("select max(id) from engine_case"))

    def later(self, **delta: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**delta))
        self.conn.execute("update inbox set not_before = not_before - %s", (timedelta(**delta),))
        self.conn.commit()


def engine_on(conn: Connection, clock: FixedClock, *journeys: Journey) -> Engine:
    """Return the engine of the toy organisation."""
    areas = {"engine", "access", "calendars", "integration"}
    sources = {name: text for name, text in all_sources().items() if name.partition(".")[0] in areas}
    sources = {name: text for name, text in sources.items() if _fits(text)}
    book = book_of(sources, SCHEMAS)
    engine = Engine(
        journeys=journeys, loaders={"toy.word": toys.load_words},
        runners={"toy.deliver": lambda _outgoing, _partner: Delivered({})}, organisation=TOY,
        book=book, codes=Codes.load(conn), ids=SystemIds.of(conn), clock=clock,
        code_version="toy", access=Access.load(book),
    )  # fmt: skip
    engine.codes.ensure(conn, "event", toys.KINDS)
    composed = compose(conn, engine)
    conn.commit()
    return composed


def _fits(source: Any) -> bool:
    from careengine.policy.file import read_policy

    return read_policy(source).schema in SCHEMAS


@pytest.fixture
def open_toy(conn: Connection, clock: FixedClock) -> Callable[..., Toy]:
    """Open the toy organisation with other journeys than the usual."""

    def opened(*journeys: Journey, on: Connection | None = None, batch_size: int = 300) -> Toy:
        where = on or conn
        engine = engine_on(where, clock, *journeys)
        hand = Dispatcher(where, engine, access=Access.load(engine.book), batch_size=batch_size)
        return Toy(where, engine, clock, hand)

    return opened


@pytest.fixture
def toy(open_toy: Callable[..., Toy]) -> Toy:
    """The toy organisation with its usual journeys."""
    return open_toy(toys.errand, toys.placing)
