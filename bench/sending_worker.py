"""A process that only sends: effects leased from the table, through durable jobs, to a partner over HTTP."""

import sys
import threading

import trivial

from careengine.engine.leasing import register_partners
from careengine.engine.sending import Sender, nobody_objects
from careengine.runtime.clock import real_now
from careengine.runtime.collector import calm
from careengine.runtime.database import connect
from careengine.runtime.jobs import Jobs
from careengine.wire.http import HttpPartner


def main() -> None:
    """Say ready, wait for the word, send until ended."""
    url, partner_url, name = sys.argv[1:4]
    with connect(url) as conn:
        engine = trivial.engine_on(conn, partner_url)
        register_partners(conn, engine, real=real_now())
        conn.commit()
    way_out = Sender(
        url=url, engine=engine, partners={"shop": HttpPartner(partner_url)}, consent=nobody_objects
    )
    calm()
    print("ready", flush=True)
    sys.stdin.readline()
    way_out.keep_sending_through(Jobs(), threading.Event(), executor=name)


if __name__ == "__main__":
    main()
