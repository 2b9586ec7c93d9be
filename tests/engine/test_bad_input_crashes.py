"""What is half done when a worker or the database dies is undone, and done by whoever comes next."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from sending_desk import NOON, engine_with, setting
from waiting import until

from careengine.engine.batch import Counts
from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.engine.worker import Worker
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection, connect
from careengine.runtime.embedded import EmbeddedServer
from careengine.runtime.ids import SystemIds
from careengine.runtime.migrating import migrate
from careengine.trust.access import Access
from careengine.trust.verify import verify

SUPPORT = Path(__file__).parents[1] / "support"
HALF_DONE = "select count(*) from case_event where version > 1"


def test_what_a_killed_worker_wrote_and_did_not_commit_is_done_by_another_at_once(
    toy: Any, database_url: str
) -> None:
    case = toy.walking()
    toy.happen(case, "toy.send", {"n": 1})
    command = [sys.executable, str(SUPPORT / "dying_worker.py"), database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:  # noqa: S603  our own program
        assert worker.stdout is not None
        assert worker.stdout.readline() == "written\n"
        passed_over = toy.hand.advance()
        worker.kill()

    toy.conn.execute("set lock_timeout = '20s'")
    toy.conn.execute("select from engine_case where id = %s for no key update", (case,))
    toy.conn.rollback()
    assert passed_over == 0
    assert toy.one(HALF_DONE) == 0
    assert toy.hand.advance() == 1
    assert toy.one(HALF_DONE) == 1
    assert toy.one("select count(*) from effect") == 1
    assert toy.one("select count(*) from consumed where case_id = %s", case) == 2


@contextmanager
def server_in(home: Path, **settings: str) -> Iterator[EmbeddedServer]:
    """A PostgreSQL that a test may kill or starve, migrated."""
    server = EmbeddedServer(home / "pg", {"shared_buffers": "32MB", **settings})
    try:
        migrate(server.start())
        yield server
    finally:
        server.stop()


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    with tempfile.TemporaryDirectory(prefix="ce-") as home:
        Path(home).chmod(0o711)
        with server_in(Path(home)) as server:
            yield server


@contextmanager
def at_work(url: str) -> Iterator[Worker]:
    """A worker in a thread of its own; it must still be there when the block ends."""

    def build(conn: Connection) -> tuple[Engine, Access]:
        engine = engine_on(conn)
        return engine, Access.load(engine.book)

    worker = Worker(url=url, build=build, send=lambda: 0)
    ended: list[Counts] = []
    thread = threading.Thread(target=lambda: ended.append(worker.run()), name="worker")
    thread.start()
    try:
        yield worker
        assert thread.is_alive(), "the worker gave up"
    finally:
        worker.stop.set()
        with connect(url, autocommit=True) as conn:
            conn.execute("notify careengine_work")
        thread.join(20)
    assert len(ended) == 1


def engine_on(conn: Connection) -> Engine:
    return engine_with(conn, SystemIds.of(conn), FixedClock(NOON), {"shop": setting("http://127.0.0.1:9/")})


def arrive(url: str, names: range) -> None:
    """Let one thing arrive for each name, each the start of a case."""
    with connect(url) as conn:
        engine = engine_on(conn)
        events = [
            NewEvent(
                kind="toy.arrived", at=NOON, key=key_of("arrived", n),
                body=pack(orjson.dumps({"key": str(n), "word": "go"})),
            )
            for n in names
        ]  # fmt: skip
        post(conn, engine, events, recorded_at=real_now())
        conn.commit()


def count(url: str, query: str) -> int:
    with connect(url) as conn:
        row = conn.execute(query).fetchone()
    return int(row[0]) if row else 0


def is_done(url: str, cases: int) -> bool:
    """Say whether nothing waits, and so many cases have advanced exactly once."""
    waiting = count(url, "select (select count(*) from inbox) + (select count(*) from unrouted)")
    return waiting == 0 and count(url, "select count(*) from engine_case where version = 1") == cases


def killed(server: EmbeddedServer) -> None:
    pid = int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how", [killed, EmbeddedServer.stop])
def test_a_worker_outlives_its_database_and_goes_on_when_it_is_back(
    own_server: EmbeddedServer, how: Any
) -> None:
    url = own_server.url()
    with at_work(url):
        arrive(url, range(20))
        until(lambda: is_done(url, 20))
        how(own_server)
        own_server.start()
        arrive(url, range(20, 40))
        until(lambda: is_done(url, 40))
    with connect(url) as conn:
        assert verify(conn).ok


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 320 MB, where we may mount one."""
    with tempfile.TemporaryDirectory(prefix="ce-") as folder:
        mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=320m,mode=0711", "tmpfs", folder]
        if not Path(mount[0]).exists() or subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603  a program of the system
            pytest.skip("A disk that can be filled has to be mounted, which only root may do.")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["/bin/umount", "-l", folder], check=True)  # noqa: S603  the one we mounted


def fill(disk: Path) -> Path:
    """Leave 200 kB free."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    with filler.open("wb") as file:
        for _ in range(max(free.f_bavail * free.f_frsize // 1024 - 200, 0)):
            file.write(bytes(1024))
    return filler


def test_a_full_disk_is_waited_for_and_nothing_is_lost(small_disk: Path) -> None:
    with server_in(small_disk, max_wal_size="32MB", min_wal_size="32MB") as server:
        url = server.url()
        assert server.data.is_relative_to(small_disk)
        arrive(url, range(3000))
        filler = fill(small_disk)
        with at_work(url) as worker:
            until(lambda: worker._failures > 0, what="a refusal for want of room")
            filler.unlink()
            server.start()
            until(lambda: is_done(url, 3000), within_s=60)
            assert worker.counts.cards == 0
        with connect(url) as conn:
            assert verify(conn).ok
        assert count(url, "select count(*) from case_event") == 3000
