"""A worker process that ends with its first commit, for the time a start takes."""

import sys

import trivial

from careengine.engine.dispatcher import Dispatcher
from careengine.engine.in_flight import refuse_strays
from careengine.runtime.database import connect
from careengine.trust.access import Access


def main() -> None:
    """Start as a worker does, advance what is due, say so."""
    with connect(sys.argv[1]) as conn:
        engine = trivial.engine_on(conn)
        refuse_strays(conn, engine)
        hand = Dispatcher(conn, engine, access=Access.load(engine.book))
        while not hand.counts.advanced:
            hand.advance()
        print("ready", flush=True)


if __name__ == "__main__":
    main()
