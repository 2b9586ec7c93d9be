"""A worker that sleeps until it is woken, for the time from an event to its advance."""

import sys

import trivial

from careengine.engine.composition import Engine
from careengine.engine.worker import Worker
from careengine.runtime.database import Connection
from careengine.trust.access import Access


def main() -> None:
    """Say ready when the first look is done, then work until ended."""
    said = False

    def build(conn: Connection) -> tuple[Engine, Access]:
        engine = trivial.engine_on(conn, moving=True)
        return engine, Access.load(engine.book)

    def send() -> int:
        nonlocal said
        if not said:
            print("ready", flush=True)
            said = True
        return 0

    Worker(url=sys.argv[1], build=build, send=send).run()


if __name__ == "__main__":
    main()
