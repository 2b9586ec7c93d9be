"""A worker that writes a batch and hangs just before its commit, until it is killed.

Run as a program: ``dying_worker.py DATABASE_URL``; it prints ``written`` when everything is written.
"""

import sys

from sending_desk import NOON, engine_with, setting

from careengine.engine.dispatcher import Dispatcher
from careengine.runtime.clock import FixedClock
from careengine.runtime.database import connect
from careengine.runtime.ids import SystemIds
from careengine.trust.access import Access


def _main(url: str) -> None:
    with connect(url) as conn:
        partners = {"shop": setting("http://127.0.0.1:9/")}
        engine = engine_with(conn, SystemIds.of(conn), FixedClock(NOON), partners)
        hand = Dispatcher(conn, engine, access=Access.load(engine.book))

        def hang() -> None:
            sys.stdout.write("written\n")
            sys.stdout.flush()
            sys.stdin.read()

        conn.commit = hang  # type: ignore[method-assign]  the moment this is about
        hand.advance()


if __name__ == "__main__":
    _main(sys.argv[1])
