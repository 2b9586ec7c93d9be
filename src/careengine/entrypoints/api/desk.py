"""What every request needs: a database connection, who asks, and a trace of what is read."""

import asyncio
import hmac
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg

from careengine.engine.composition import Engine
from careengine.engine.held import HeldNow
from careengine.kernel.errors import CareError
from careengine.record.limits import LIMITS, Limits
from careengine.record.write import WrittenMeanwhile
from careengine.runtime.clock import Clock, SystemClock, real_now
from careengine.runtime.database import Connection, DatabaseUnreachable, connect
from careengine.runtime.ids import SystemIds
from careengine.trust.access import Access
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.charts import Charts
from careengine.trust.ledger import Pen

Answer = TypeVar("Answer")

_ATTEMPTS = 4
_LOCAL = "local"
"""Who asks where no tokens are given out: allowed for trying out only."""


class NotKnown(CareError):
    """A request without a token, or with one that is not ours."""

    status = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What this process serves, and to whom."""

    url: str
    """The database."""
    tokens: Mapping[str, str]
    """Partner → the token it shows; empty lets everybody in, for trying out."""
    access: Access
    clock: Clock = field(default_factory=SystemClock)
    limits: Limits = LIMITS
    ready: Callable[[Connection], Mapping[str, Any]] | None = None
    """Tells how the engine is, for ``/readyz``."""
    engine: Engine | None = None
    """Journeys that messages from outside go to; without one only the record is served."""
    links: str = field(default="", repr=False)
    """The secret that signs the links we send to patients; without one no link opens anything."""
    threads: int = 4
    """Requests worked on at once, each with a connection of its own."""


class Desk:
    """Works on requests in threads; each thread keeps its connection and makes a new one when it breaks."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._threads = ThreadPoolExecutor(served.threads, thread_name_prefix="fhir")
        self._mine = threading.local()
        self._open: list[Connection] = []

    def partner(self, authorization: str) -> str:
        """Return the partner whose token a request shows; raises :class:`NotKnown`."""
        if not self.served.tokens:
            return _LOCAL
        shown = authorization.removeprefix("Bearer ").encode()
        for name, token in self.served.tokens.items():
            if hmac.compare_digest(shown, token.encode()):
                return name
        raise NotKnown("Show a partner's token: Authorization: Bearer …")

    async def work(self, work: Callable[[Connection], Answer]) -> Answer:
        """Do ``work`` in a transaction of its own and commit it before answering."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._work, work)

    def do(self, work: Callable[[Connection], Answer]) -> Answer:
        """Do ``work`` as :meth:`work` does, for a caller that is itself a thread."""
        return self._threads.submit(self._work, work).result()

    def _work(self, work: Callable[[Connection], Answer]) -> Answer:
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                answer = work(self._connection())
            except (WrittenMeanwhile, psycopg.errors.DeadlockDetected):
                self._roll_back()
                if last:
                    raise
            except psycopg.OperationalError as error:
                if not self._roll_back() or last:
                    raise DatabaseUnreachable(
                        "The database does not take the request now; nothing was stored. Send it again."
                    ) from error
            except BaseException:
                self._roll_back()
                raise
            else:
                self._commit()
                return answer
        raise AssertionError

    def _commit(self) -> None:
        try:
            self._connection().commit()
        except psycopg.OperationalError as error:
            self._roll_back()
            raise DatabaseUnreachable(
                "The database went away at the last moment; whether this was stored is not known."
                " Look, or send it again with ids or conditions of your own."
            ) from error

    def _connection(self) -> Connection:
        conn: Connection | None = getattr(self._mine, "conn", None)
        if conn is None or conn.closed:
            conn = self._mine.conn = connect(self.served.url)
            # Arrays as parameters make the planner start over at every execution: half a reading's time.
            conn.execute("set plan_cache_mode = force_generic_plan")
            conn.commit()
            self._open.append(conn)
        return conn

    def _roll_back(self) -> bool:
        """Undo what is under way; True when the connection was lost, so that a new one may do better."""
        conn: Connection | None = getattr(self._mine, "conn", None)
        if conn is not None and not conn.closed:
            try:
                conn.rollback()
            except psycopg.Error:
                conn.close()
        return conn is not None and conn.closed

    @contextmanager
    def reading(self, conn: Connection, partner: str) -> Iterator[Charts]:
        """Open charts for a partner; what was read, or refused, is sealed into the ledger."""
        reader = Reader(
            actor=f"partner:{partner}", actor_kind=ActorKind.AGENT, purpose=Purpose.TREATMENT,
            roles=frozenset({"partners"}),
        )  # fmt: skip
        with self.reading_as(conn, reader) as charts:
            yield charts

    @contextmanager
    def reading_as(self, conn: Connection, reader: Reader) -> Iterator[Charts]:
        """Open charts for ``reader``; what was read, or refused, is sealed into the ledger."""
        charts = self.charts(conn, reader)
        try:
            yield charts
        except CareError:
            conn.rollback()  # what was written for nothing goes; what was read stays on the trail
            self.seal(conn, charts)
            conn.commit()
            raise
        self.seal(conn, charts)

    def charts(self, conn: Connection, reader: Reader) -> Charts:
        """Return charts for a reader; whoever reads in them seals the trace as the transaction's last act."""
        now = self.served.clock.now()
        return Charts(conn, reader=reader, access=self.served.access, at=now, held=HeldNow(conn, now))

    def seal(self, conn: Connection, charts: Charts) -> None:
        """Seal what was read into the ledger."""
        if not charts.audits:
            return
        pen, ids = self._pen(conn)
        batch, recorded_at = ids.next(), real_now()
        leaves = pen.write(
            conn, batch=batch, recorded_at=recorded_at, entries=(), inputs={}, audits=charts.audits
        )
        pen.seal(conn, batch=batch, leaves=leaves, recorded_at=recorded_at)

    def _pen(self, conn: Connection) -> tuple[Pen, SystemIds]:
        held: tuple[Pen, SystemIds] | None = getattr(self._mine, "pen", None)
        if held is None:
            ids = SystemIds.of(conn)
            held = self._mine.pen = (Pen(ids), ids)
        return held

    def close(self) -> None:
        """Let what is under way end, and close the connections."""
        self._threads.shutdown()
        for conn in self._open:
            conn.close()
