"""Run a worker with what it needs around it: partners, durable jobs, and policies kept fresh."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from careengine.engine.batch import Counts
from careengine.engine.composition import Engine
from careengine.engine.feed_reading import forget_read
from careengine.engine.sending import Sender
from careengine.engine.worker import Worker
from careengine.entrypoints.compose import Installation, build, sender
from careengine.entrypoints.fitting import refuse_broken
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.runtime.jobs import Jobs
from careengine.runtime.partitions import ensure_partitions
from careengine.trust.access import Access


@dataclass(slots=True)
class _Hands:
    """What one worker process holds besides its database connection."""

    here: Installation
    stop: threading.Event
    direct: bool
    """Send here and now instead of through durable jobs: for one run until idle."""
    sender: Sender | None = None
    jobs: Jobs = field(default_factory=Jobs)
    sending: threading.Thread | None = None

    def build(self, conn: Connection) -> tuple[Engine, Access]:
        engine, access = build(conn, self.here)
        refuse_broken(engine.book, today=engine.clock.now().date())
        conn.commit()
        if self.sender is None:
            self.sender = sender(self.here, engine, access)
            if not self.direct:
                # Launched beside the first cases, so that they wait for nothing.
                self.sending = threading.Thread(target=self._sending(self.sender), name="sending")
                self.sending.start()
        return engine, access

    def _sending(self, sender: Sender) -> Callable[[], None]:
        if self.here.settings.clock != "system":
            return lambda: sender.keep_sending_here(self.stop)
        executor = f"{socket.gethostname()}-{os.getpid()}"
        return lambda: sender.keep_sending_through(self.jobs, self.stop, executor=executor)

    def send(self) -> int:
        return self.sender.drain() if self.direct and self.sender is not None else 0

    def close(self) -> None:
        if self.sending is not None:
            self.sending.join()
        if self.sender is not None:
            self.sender.close()


def upkeep(conn: Connection) -> None:
    """Make the next months' partitions, and forget what the change feed no longer needs."""
    ensure_partitions(conn, real_now())
    conn.commit()
    forget_read(conn)


def working(here: Installation, *, stop: threading.Event, until_idle: bool, counts: Counts) -> Counts:
    """Work until told to stop, or until nothing is left to do now; ``counts`` tells what was done so far."""
    hands = _Hands(here, stop, direct=until_idle)
    worker = Worker(
        url=here.url, build=hands.build, send=hands.send, upkeep=upkeep, stop=stop,
        stepped=here.settings.clock != "system", counts=counts,
    )  # fmt: skip
    try:
        return worker.run(until_idle=until_idle)
    finally:
        stop.set()
        hands.close()
