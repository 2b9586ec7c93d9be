"""A worker: reads the feed, routes, advances and sends until nothing is left, then waits to be woken."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from careengine.engine.batch import Counts
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.feed_reading import feed_unread, read_feed
from careengine.engine.in_flight import refuse_strays
from careengine.engine.intake import WORK
from careengine.engine.routing import route_arrived
from careengine.engine.waking import wait, wait_for_step
from careengine.runtime.clock import real_now
from careengine.runtime.collector import calm
from careengine.runtime.database import Connection, DatabaseUnreachable, connect
from careengine.runtime.telemetry import get_logger
from careengine.trust.access import Access

UPKEEP_EVERY = timedelta(hours=6)
LOOK_AGAIN_S = 5.0
"""A notification can be lost; after this long a worker looks without one."""
SOON_S = 0.02
"""How often a worker looks that ends when nothing is left."""
BACK_OFF_S = (0.1, 0.5, 2.0, 5.0)
"""Waits between attempts to reach a database that is away or full."""

Send = Callable[[], int]
"""Sends what is due to partners here and now; returns how many outcomes there were."""


@dataclass(slots=True)
class Worker:
    """One worker process's loop. ``build`` composes the engine on a fresh connection."""

    url: str
    build: Callable[[Connection], tuple[Engine, Access]]
    send: Send
    upkeep: Callable[[Connection], None] = lambda _: None
    """What must be done from time to time: next month's partitions."""
    stop: threading.Event = field(default_factory=threading.Event)
    batch_size: int = 300
    stepped: bool = False
    """Somebody else steps the clock, of which no notification tells."""
    counts: Counts = field(default_factory=Counts)
    _failures: int = field(default=0, init=False)
    """Attempts since the database last answered a whole round."""

    def run(self, *, until_idle: bool = False) -> Counts:
        """Work until told to stop, with ``until_idle`` until nothing is left to do now; say what was done.

        A database that is away, restarting or full is waited for: what was not
        committed is still there.
        """
        self._failures = 0
        while not self.stop.is_set():
            try:
                with connect(self.url) as conn, connect(self.url, autocommit=True) as ear:
                    ear.execute(f"listen {WORK}")
                    self._work(conn, ear, until_idle=until_idle)
                break
            except (psycopg.OperationalError, DatabaseUnreachable) as error:
                get_logger().warning("database away", exc_info=error)
                self.stop.wait(BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)])
                self._failures += 1
        return self.counts

    def _work(self, conn: Connection, ear: Connection, *, until_idle: bool) -> None:
        engine, access = self.build(conn)
        refuse_strays(conn, engine)
        conn.commit()
        calm()
        hand = Dispatcher(conn, engine, access=access, batch_size=self.batch_size, counts=self.counts)
        due = real_now()
        while not self.stop.is_set():
            if real_now() >= due:
                self.upkeep(conn)
                due = real_now() + UPKEEP_EVERY
            seen = engine.clock.now()
            done = self._once(conn, engine, hand)
            self._failures = 0
            if done:
                continue
            if until_idle and not self._feed_waits(conn, engine):
                return
            if self.stepped and not until_idle:
                wait_for_step(ear, engine.clock, seen=seen)
            else:
                self._wait(conn, ear, engine, at_most=SOON_S if until_idle else LOOK_AGAIN_S)

    def _once(self, conn: Connection, engine: Engine, hand: Dispatcher) -> int:
        """Do one round of everything; return how much there was."""
        clocks = ClockDesk(engine.book, coded_sites(engine), engine.clock.now())
        done = hand.advance()  # first: somebody may be waiting for this very event
        done += read_feed(conn, engine)
        done += route_arrived(conn, engine, clocks)
        done += self.send()
        return done

    def _feed_waits(self, conn: Connection, engine: Engine) -> bool:
        """Say whether a change of the record cannot be read yet, because somebody's transaction is open."""
        waits = feed_unread(conn, engine)
        conn.rollback()
        return waits

    def _wait(self, conn: Connection, ear: Connection, engine: Engine, *, at_most: float) -> None:
        wait(ear, at_most=min(at_most, _until_due(conn, engine.clock.now())))


def _until_due(conn: Connection, now: datetime) -> float:
    """Return how long to sleep: until the next due case, but never longer than the poll behind it."""
    row = conn.execute("select min(due_at) from engine_case where due_at is not null").fetchone()
    conn.rollback()
    if row is None or row[0] is None:
        return LOOK_AGAIN_S
    return float(min(max((row[0] - now).total_seconds(), 0.001), LOOK_AGAIN_S))
