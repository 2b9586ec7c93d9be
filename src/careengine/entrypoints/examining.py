"""What ``careengine doctor`` looks at beyond the machine: is it prepared, does it fit, is anything stuck?"""

from collections.abc import Iterator

from careengine.engine.composition import Engine
from careengine.engine.health import read_health
from careengine.engine.in_flight import strays
from careengine.entrypoints.compose import build, installation
from careengine.entrypoints.fitting import broken
from careengine.kernel.errors import CareError
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.runtime.doctor import Check


def is_prepared(conn: Connection) -> bool:
    """Say whether ``careengine init`` has made the tables and published the policies."""
    tables = conn.execute("select to_regclass('policy_live')").fetchone()
    if tables is None or tables[0] is None:
        return False
    return conn.execute("select from policy_live limit 1").fetchone() is not None


def engine_checks(conn: Connection) -> Iterator[Check]:
    """Look at the engine; a check that cannot be made has failed."""
    if not is_prepared(conn):
        yield Check("prepared", ok=False, say="This database holds no CareEngine yet. Run `careengine init`.")
        return
    yield Check("prepared", ok=True, say="tables, codes and policies are there")
    try:
        engine, _ = build(conn, installation())
    except CareError as error:
        yield Check("engine", ok=False, say=str(error))
        return
    finally:
        conn.rollback()
    yield Check("engine", ok=True, say=f"{len(engine.journeys)} journeys fit organisation and policies")
    yield from _policies(engine)
    yield from _open_work(conn, engine)


def _policies(engine: Engine) -> Iterator[Check]:
    faults = list(broken(engine.book, today=engine.clock.now().date()))
    say = "; ".join(faults) if faults else f"{len(engine.book)} are live and can be read"
    yield Check("policies", ok=not faults, say=say)


def _open_work(conn: Connection, engine: Engine) -> Iterator[Check]:
    lost = strays(conn, engine)
    named = ", ".join(f"{s.cases} in {s.journey} version {s.version} state {s.state}" for s in lost)
    say = f"open cases nobody can carry: {named}. Run `careengine migrate-cases`." if lost else "all known"
    yield Check("open cases", ok=not lost, say=say)
    health = read_health(conn, engine, now=engine.clock.now(), real=real_now())
    dead = health.dead_letters
    say = f"{dead} were refused by partners; their cards say what to do" if dead else "none were refused"
    yield Check("sent to partners", ok=True, say=say)
    stops = f"{health.stopped} switches are off: people do that work" if health.stopped else "none"
    yield Check("stopped lanes", ok=True, say=stops)
