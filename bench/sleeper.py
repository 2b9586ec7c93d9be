"""A worker that sleeps until it is woken, and tells when each of its commits was done."""

import signal
import sys
import threading
import time

import trivial

from careengine.engine.batch import Batch, Counts
from careengine.engine.composition import Engine
from careengine.engine.worker import Worker
from careengine.runtime.database import Connection
from careengine.trust.access import Access


class Noted(Counts):
    """Counts that note the moment at which each commit returned (one clock for all processes)."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[float] = []

    def add(self, batch: Batch) -> None:
        """Note the moment, then count."""
        self.moments.append(time.perf_counter())
        super().add(batch)


def main() -> None:
    """Say ready when the first look is done, work until ended, print the moments."""
    stop, noted, said = threading.Event(), Noted(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def build(conn: Connection) -> tuple[Engine, Access]:
        engine = trivial.engine_on(conn, moving=True)
        return engine, Access.load(engine.book)

    def send() -> int:
        if not said.is_set():
            print("ready", flush=True)
            said.set()
        return 0

    Worker(url=sys.argv[1], build=build, send=send, stop=stop, counts=noted).run()
    print(" ".join(map(repr, noted.moments)), flush=True)


if __name__ == "__main__":
    main()
