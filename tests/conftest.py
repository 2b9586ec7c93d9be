"""What every test may ask for: a fresh migrated database, and ids and a clock that are known beforehand.

One embedded PostgreSQL serves a whole test run, all its xdist workers included. Its
databases are copies of a template that is migrated once.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from careengine.runtime.clock import FixedClock
from careengine.runtime.database import Connection, connect
from careengine.runtime.embedded import EmbeddedServer
from careengine.runtime.ids import SequentialIds
from careengine.runtime.migrating import migrate

_PREFIX = "ce-tests-"
_RUN = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
"""The process that all workers of a run share."""
_TEMPLATE = f"template_{_RUN}"
_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday."""


def _sweep() -> None:
    """Stop the servers of earlier runs that were killed: a directory is named after its run's process."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        alive = Path(f"/proc/{left.name.removeprefix(_PREFIX)}").exists()
        if not alive and left.stat().st_uid == os.geteuid():
            EmbeddedServer(left / "pg").stop()
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "tests.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_home() -> Path:
    """The run's own directory: named after the process that all workers of the run share."""
    home = Path(tempfile.gettempdir()) / f"{_PREFIX}{_RUN}"
    home.mkdir(mode=0o711, exist_ok=True)
    return home


class OtherServer:
    """A PostgreSQL of another version, on which the same tests must hold: ``TEST_POSTGRES_URL`` names it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str) -> str:
        """Return the URL of a database of this server."""
        return urlsplit(self._url)._replace(path=f"/{database}").geturl()


Server = EmbeddedServer | OtherServer


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The run's PostgreSQL; the last worker to leave stops it."""
    home = _run_home()
    mine = home / f"user-{os.getpid()}"
    with _alone(home):
        _sweep()
        mine.touch()
        running = _start(home)
        _make_template(running)
    yield running
    with _alone(home):
        mine.unlink()
        if not list(home.glob("user-*")):
            _stop(running)
            shutil.rmtree(home)


def _start(home: Path) -> Server:
    if "TEST_POSTGRES_URL" in os.environ:
        return OtherServer(os.environ["TEST_POSTGRES_URL"])
    running = EmbeddedServer(home / "pg", {"shared_buffers": "64MB"})
    running.start()
    return running


def _stop(running: Server) -> None:
    if isinstance(running, EmbeddedServer):
        running.stop()
        return
    with connect(running.url("postgres"), autocommit=True) as conn:
        conn.execute(f"drop database {_TEMPLATE}")


def _make_template(running: Server) -> None:
    """Migrate one database for the whole run."""
    with connect(running.url("postgres"), autocommit=True) as conn:
        if conn.execute("select 1 from pg_database where datname = %s", (_TEMPLATE,)).fetchone():
            return
        conn.execute(f"create database unfinished_{_TEMPLATE}")
        migrate(running.url(f"unfinished_{_TEMPLATE}"))
        conn.execute(f"alter database unfinished_{_TEMPLATE} rename to {_TEMPLATE}")


@pytest.fixture
def database_url(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh, migrated database, gone after the test."""
    name = f"test_{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**9}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        conn.execute(f"create database {name} template {_TEMPLATE} strategy wal_log")
        yield server.url(name)
        conn.execute(f"drop database {name} with (force)")


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    """A connection to the test's own database; nothing is committed unless the test does."""
    with connect(database_url) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def ids() -> SequentialIds:
    """Ids from 1 on."""
    return SequentialIds()


@pytest.fixture
def clock() -> FixedClock:
    """Noon on Monday 2 March 2026, in UTC, until the test advances it."""
    return FixedClock(_NOON)
