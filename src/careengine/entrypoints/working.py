"""Run a worker with what it needs around it: partners, durable jobs, and policies kept fresh."""

import os
import socket
import threading
from dataclasses import dataclass, field

from careengine.engine.batch import Counts
from careengine.engine.composition import Engine
from careengine.engine.sending import Sender
from careengine.engine.worker import Worker
from careengine.entrypoints.compose import Installation, build, sender
from careengine.runtime.database import Connection
from careengine.runtime.jobs import Jobs
from careengine.trust.access import Access


@dataclass(slots=True)
class _Hands:
    """What one worker process holds besides its database connection."""

    here: Installation
    direct: bool
    """Send here and now instead of through durable jobs: for one run until idle."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Its own: the sending thread ends when the worker has, whatever the reason."""
    sender: Sender | None = None
    pump: threading.Thread | None = None
    jobs: Jobs = field(default_factory=Jobs)

    def build(self, conn: Connection) -> tuple[Engine, Access]:
        engine, access = build(conn, self.here)
        conn.commit()
        if self.sender is None:
            self.sender = sender(self.here, engine)
            if not self.direct:
                self._launch(self.sender)
        return engine, access

    def send(self, _conn: Connection, _engine: Engine) -> int:
        return self.sender.drain() if self.sender is not None and self.direct else 0

    def close(self) -> None:
        self.stop.set()
        if self.pump is not None:
            self.pump.join(10)
            self.jobs.stop(wait_s=5)
        if self.sender is not None:
            self.sender.close()

    def _launch(self, way_out: Sender) -> None:
        way_out.register(self.jobs)
        self.jobs.launch(self.here.url, f"{socket.gethostname()}-{os.getpid()}")
        way_out.open_queues(self.jobs)
        stepped = self.here.settings.clock != "system"
        self.pump = threading.Thread(
            target=way_out.keep_sending, args=(self.stop,), kwargs={"stepped": stepped}, name="sending"
        )
        self.pump.start()


def working(here: Installation, *, stop: threading.Event, until_idle: bool) -> Counts:
    """Work until told to stop, or until nothing is left to do now; return what was done."""
    hands = _Hands(here, direct=until_idle)
    worker = Worker(
        url=here.url, build=hands.build, send=hands.send, stop=stop,
        stepped=here.settings.clock != "system",
    )  # fmt: skip
    try:
        return worker.run(until_idle=until_idle)
    finally:
        hands.close()
