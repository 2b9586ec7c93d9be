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
    stop: threading.Event
    direct: bool
    """Send here and now instead of through durable jobs: for one run until idle."""
    sender: Sender | None = None
    jobs: Jobs = field(default_factory=Jobs)
    sending: threading.Thread | None = None

    def build(self, conn: Connection) -> tuple[Engine, Access]:
        engine, access = build(conn, self.here)
        conn.commit()
        if self.sender is None:
            self.sender = sender(self.here, engine)
            if not self.direct:
                self.sending = threading.Thread(
                    target=self._keep_sending, args=(self.sender,), name="sending"
                )
                self.sending.start()
        return engine, access

    def send(self) -> int:
        return self.sender.drain() if self.direct and self.sender is not None else 0

    def close(self) -> None:
        if self.sending is not None:
            self.sending.join()
        if self.sender is not None:
            self.sender.close()

    def _keep_sending(self, way_out: Sender) -> None:
        """Launch the durable jobs beside the first cases, so that they wait for nothing, then send."""
        way_out.register(self.jobs)
        self.jobs.launch(self.here.url, f"{socket.gethostname()}-{os.getpid()}")
        way_out.open_queues(self.jobs)
        try:
            way_out.keep_sending(self.stop, stepped=self.here.settings.clock != "system")
        finally:
            self.jobs.stop(wait_s=5)


def working(here: Installation, *, stop: threading.Event, until_idle: bool) -> Counts:
    """Work until told to stop, or until nothing is left to do now; return what was done."""
    hands = _Hands(here, stop, direct=until_idle)
    worker = Worker(
        url=here.url, build=hands.build, send=hands.send, stop=stop,
        stepped=here.settings.clock != "system",
    )  # fmt: skip
    try:
        return worker.run(until_idle=until_idle)
    finally:
        stop.set()
        hands.close()
