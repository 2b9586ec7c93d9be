"""The way out: leases put into each partner's queue and sent as short durable jobs, or sent here and now."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from careengine.engine.composition import Engine
from careengine.engine.guards import Stops
from careengine.engine.intake import WORK
from careengine.engine.leasing import Lease, lease, partners_with_work
from careengine.engine.outgoing import Outgoing
from careengine.engine.sending_batch import Checks, Consent, Enclose, Enclosed, SendingBatch
from careengine.engine.waking import wait, wait_for_step
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection, connect
from careengine.runtime.jobs import Job, Jobs, enqueue
from careengine.runtime.telemetry import get_logger
from careengine.wire.partner import Partner

SEND = "engine.send_effects"
"""The job that sends one lease; its input is the partner's name, the lease and the effects' ids."""
_QUEUE = "send-"
_SOON_S = 0.02
_STEPPED_S = 1.0
_PACE_S = 0.05
"""How often a partner whose limit holds work back is looked at again."""
_LOOK_AGAIN_S = 2.0
"""A notification can be lost; after this long we look without one."""
_BACK_OFF_S = (0.1, 0.5, 2.0, 5.0)
_NEXT_TRY = """
    select min(e.next_try) from partner p cross join lateral (
        select next_try from effect where partner = p.id and status = 0 and not_before is null
        order by next_try limit 1) e
"""


def nobody_objects(_conn: Connection, _leaving: Sequence[Outgoing], _now: datetime) -> Mapping[int, str]:
    """Let everything leave: for partners to whom nothing about a patient goes."""
    return {}


def nothing_enclosed(
    conn: Connection,  # noqa: ARG001  the shape of what reads enclosures
    leaving: Sequence[Outgoing],
    now: datetime,  # noqa: ARG001  as above
) -> tuple[Mapping[int, Enclosed], Mapping[int, str]]:
    """Keep here whatever should take something along: nobody was named who may read it."""
    return {}, {one.id: "enclosure.not_allowed" for one in leaving if one.body.get("enclose")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One process's hand on the partners. ``hold`` keeps everything back, as after a restore."""

    url: str
    engine: Engine
    partners: Mapping[str, Partner]
    consent: Consent
    enclose: Enclose = nothing_enclosed
    hold: bool = False
    _idle: deque[Connection] = field(default_factory=deque, repr=False)

    def pump(self) -> int:
        """Take out what may leave and put it into the partners' queues; return how many effects."""
        return sum(len(taken.effects) for taken in self._leases(enqueued=True))

    def drain(self) -> int:
        """Send what may leave here and now, batch after batch; return how many outcomes counted."""
        return sum(self.send(taken) for taken in self._leases(enqueued=False))

    def keep_sending_here(self, stop: threading.Event, *, at_once: int = 8) -> None:
        """Send in threads of this process until told to stop, for an installation whose clock is stepped.

        Whoever steps the clock waits for every effect; the polling of durable jobs, which many
        effects share elsewhere, would be most of that waiting. Leases make sure of the rest.
        """
        with ThreadPoolExecutor(at_once, thread_name_prefix="sending") as pool:

            def out() -> int:
                taken = list(self._leases(enqueued=False))
                for one in taken:
                    pool.submit(self._send_or_tell, one)
                return sum(len(one.effects) for one in taken)

            self.keep_sending(stop, stepped=True, out=out)

    def _send_or_tell(self, taken: Lease) -> None:
        try:
            self.send(taken)
        except Exception as error:  # noqa: BLE001  the lease runs out and its effects leave again
            get_logger().warning("sending failed", partner=taken.partner, exc_info=error)

    def keep_sending(
        self, stop: threading.Event, *, stepped: bool = False, out: Callable[[], int] | None = None
    ) -> None:
        """Pump until told to stop: woken by new work, paced by partners' limits and by what is to be retried.

        ``stepped`` says that somebody else moves the domain clock, of which no notification tells.
        ``out`` takes out what may leave; without it, it goes into the partners' queues.
        """
        failures = 0
        while not stop.is_set():
            try:
                with connect(self.url, autocommit=True) as ear:
                    ear.execute(f"listen {WORK}")
                    while not stop.is_set():
                        seen = self.engine.clock.now()
                        (out or self.pump)()
                        failures = 0
                        seconds = self._pause(ear)
                        if stepped:
                            wait_for_step(ear, self.engine.clock, seen=seen, at_most=min(seconds, _STEPPED_S))
                        else:
                            wait(ear, at_most=seconds)
            except Exception as error:  # noqa: BLE001  whatever it is, nobody else sends for this process
                get_logger().warning("sending paused", exc_info=error)
                stop.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1

    def keep_sending_through(self, jobs: Jobs, stop: threading.Event, *, executor: str) -> None:
        """Launch the durable jobs, open a queue for each partner and pump until told to stop.

        A database that is away while they are launched is waited for, as later on.
        """
        self.register(jobs)
        failures = 0
        while not stop.is_set():
            try:
                jobs.launch(self.url, executor)
                self.open_queues(jobs)
                break
            except Exception as error:  # noqa: BLE001  DBOS raises its driver's errors; without jobs nothing is sent
                jobs.stop()
                get_logger().warning("jobs not launched", exc_info=error)
                stop.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1
        try:
            self.keep_sending(stop)
        finally:
            jobs.stop(wait_s=5)

    def _pause(self, conn: Connection) -> float:
        """Return how long to wait unless woken: short while a partner's limit holds work back."""
        now, real = self.engine.clock.now(), real_now()
        if not self.hold and partners_with_work(conn, self.engine.codes, now=now, real=real):
            return _PACE_S
        row = conn.execute(_NEXT_TRY).fetchone()
        if row is None or row[0] is None:
            return _LOOK_AGAIN_S
        return float(min(max((row[0] - real).total_seconds(), _SOON_S), _LOOK_AGAIN_S))

    def send(self, taken: Lease) -> int:
        """Send one lease over a connection of its own; return how many outcomes counted."""
        with self._connection() as conn:
            partner = self.partners[taken.partner]
            checks = Checks(consent=self.consent, enclose=self.enclose)
            return SendingBatch(conn, self.engine, partner, checks, taken).run()

    def register(self, jobs: Jobs) -> None:
        """Say what the job :data:`SEND` does; before the jobs are launched."""
        jobs.register(SEND, self._job)

    def open_queues(self, jobs: Jobs) -> None:
        """Open a queue for each partner, so that a slow one holds up nobody else."""
        partners = self.engine.organisation.partners
        for name, setting in partners.items():
            jobs.open_queue(_QUEUE + name, at_once=setting.concurrency, of=len(partners))

    def close(self) -> None:
        """Close the connections to the database and to the partners."""
        while self._idle:
            self._idle.pop().close()
        for partner in self.partners.values():
            partner.close()

    def _job(self, about: str, ids: list[int]) -> None:
        partner, _, token = about.rpartition(":")
        self.send(Lease(int(token), partner, tuple(ids)))

    def _leases(self, *, enqueued: bool) -> Iterator[Lease]:
        """Take out batches until nothing may leave; each is committed before it is sent."""
        if self.hold:
            return
        with self._connection() as conn:
            with conn.transaction():
                stops = Stops.read(conn)
                waiting = partners_with_work(
                    conn, self.engine.codes, now=self.engine.clock.now(), real=real_now()
                )
            for partner in waiting:
                if partner in self.partners:
                    while (taken := self._lease(conn, partner, stops, enqueued=enqueued)) is not None:
                        yield taken

    def _lease(self, conn: Connection, partner: str, stops: Stops, *, enqueued: bool) -> Lease | None:
        now, real = self.engine.clock.now(), real_now()
        with conn.transaction():
            taken = lease(conn, self.engine, partner, now=now, real=real, stops=stops)
            if taken is not None and enqueued:
                about = f"{partner}:{taken.token}"
                job = Job(id=f"{SEND}:{taken.token}", name=SEND, about=about, ids=taken.effects)
                enqueue(conn, _QUEUE + partner, [job])
        return taken

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Lend a connection that answers; one that was used without a fault is kept for the next."""
        conn = self._answering() or connect(self.url)
        try:
            yield conn
        except BaseException:
            conn.close()
            raise
        self._idle.append(conn)

    def _answering(self) -> Connection | None:
        """Return a kept connection that still answers; a restarted database has closed them all."""
        while self._idle:
            conn = self._idle.pop()
            try:
                conn.execute("select 1")
                conn.rollback()
            except psycopg.OperationalError:
                conn.close()
            else:
                return conn
        return None
