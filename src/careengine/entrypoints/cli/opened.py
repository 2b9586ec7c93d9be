"""An installation opened for one command: connection and engine, closed again afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from careengine.engine.composition import Engine
    from careengine.entrypoints.compose import Installation
    from careengine.runtime.database import Connection
    from careengine.trust.access import Access


@contextmanager
def opened() -> "Iterator[tuple[Installation, Connection, Engine, Access]]":
    """Yield the installation with a connection and the composed engine; refuse before ``careengine init``."""
    from careengine.entrypoints.compose import build, installation
    from careengine.runtime.database import connect

    here = installation()
    with connect(here.url) as conn:
        refuse_unprepared(conn)
        engine, access = build(conn, here)
        conn.commit()
        yield here, conn, engine, access


def refuse_unprepared(conn: "Connection") -> None:
    """Refuse a database that ``careengine init`` has not prepared."""
    from careengine.entrypoints.examining import is_prepared
    from careengine.kernel.errors import Refused

    if not is_prepared(conn):
        raise Refused("This database holds no CareEngine yet. Run `careengine init` first.")
