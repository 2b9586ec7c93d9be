"""Jobs run once, and again after a crash when the same executor comes back; DBOS learns ids only."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection, connect
from careengine.runtime.jobs import Job, Jobs, JobsUnavailable, enqueue, forget_finished

PATIENCE_S = 30

CRASHING_WORKER = """
import os, sys
from careengine.runtime.database import connect
from careengine.runtime.jobs import Jobs

def send(about, ids):
    with connect(sys.argv[1], autocommit=True) as conn:
        conn.execute("select pg_notify('ran', 'begun')")
    os.kill(os.getpid(), 9)

jobs = Jobs()
jobs.register("effects.send", send)
jobs.launch(*sys.argv[1:3])
jobs.open_queue("lab", at_once=2)
sys.stdin.read()
"""


@pytest.fixture
def ear(database_url: str) -> Iterator[psycopg.Connection[tuple[str]]]:
    """A connection that hears when a job ran."""
    with connect(database_url, autocommit=True) as conn:
        conn.execute("listen ran")
        yield conn


def heard(ear: Connection, count: int) -> list[str]:
    """Wait for ``count`` notices and return them; a failing test gives up after half a minute."""
    return [notice.payload for notice in ear.notifies(timeout=PATIENCE_S, stop_after=count)]


def tables(conn: Connection) -> list[str]:
    rows = conn.execute("select tablename from pg_tables where schemaname = 'dbos'").fetchall()
    return [name for (name,) in rows]


def stored(conn: Connection, *table: str) -> bytes:
    """Return all that a table holds."""
    asked = sql.SQL("copy {} to stdout").format(sql.Identifier(*table))
    with conn.cursor().copy(asked) as rows:
        return b"".join(bytes(row) for row in rows)


@pytest.fixture
def jobs(database_url: str) -> Iterator[Jobs]:
    def send(about: str, ids: list[int]) -> None:
        with connect(database_url, autocommit=True) as conn:
            conn.execute("select pg_notify('ran', %s)", (f"{about} {sum(ids)}",))

    def fail(about: str, ids: list[int]) -> None:
        with connect(database_url, autocommit=True) as conn:
            conn.execute("select pg_notify('ran', 'failing')")
        raise ValueError("Maria Gonzalez")

    made = Jobs()
    made.register("effects.send", send)
    made.register("effects.fail", fail)
    yield made
    made.stop()


def test_a_job_runs_once_however_often_its_id_is_enqueued(
    jobs: Jobs, database_url: str, ear: Connection
) -> None:
    jobs.launch(database_url, "worker-1")
    jobs.open_queue("lab", at_once=2)
    job = Job(id="lab-1", name="effects.send", about="lab", ids=[1, 2, 2**62])
    with connect(database_url) as conn:
        enqueue(conn, "lab", [job])
        enqueue(conn, "lab", [job, Job(id="lab-2", name="effects.send", about="lab", ids=[4])])
    assert sorted(heard(ear, 2)) == ["lab 4", f"lab {2**62 + 3}"]
    with connect(database_url) as conn:
        enqueue(conn, "lab", [job, Job(id="lab-3", name="effects.send", about="lab", ids=[5])])
    assert heard(ear, 1) == ["lab 5"]


def test_a_job_of_a_transaction_that_is_rolled_back_never_was(
    jobs: Jobs, database_url: str, ear: Connection
) -> None:
    jobs.launch(database_url, "worker-1")
    jobs.open_queue("lab", at_once=2)
    with connect(database_url) as conn:
        enqueue(conn, "lab", [Job(id="lab-1", name="effects.send", about="lab", ids=[1])])
        conn.rollback()
        enqueue(conn, "lab", [Job(id="lab-2", name="effects.send", about="lab", ids=[2])])
    assert heard(ear, 1) == ["lab 2"]


def test_a_job_whose_process_was_killed_runs_again_when_its_executor_comes_back(
    jobs: Jobs, database_url: str, ear: Connection
) -> None:
    jobs.launch(database_url, "elsewhere")
    jobs.stop()
    command = [sys.executable, "-c", CRASHING_WORKER, database_url, "worker-1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as worker:  # noqa: S603  ourselves
        with connect(database_url) as conn:
            enqueue(conn, "lab", [Job(id="lab-1", name="effects.send", about="lab", ids=[7])])
        assert heard(ear, 1) == ["begun"]
        assert worker.wait() == -9
    jobs.launch(database_url, "worker-1")
    assert heard(ear, 1) == ["lab 7"]


def test_what_a_job_raises_is_not_stored(jobs: Jobs, database_url: str, ear: Connection) -> None:
    jobs.launch(database_url, "worker-1")
    jobs.open_queue("lab", at_once=1)
    with connect(database_url) as conn:
        enqueue(conn, "lab", [
            Job(id="lab-1", name="effects.fail", about="lab", ids=[1]),
            Job(id="lab-2", name="effects.send", about="lab", ids=[2]),
        ])  # fmt: skip
    assert heard(ear, 2) == ["failing", "lab 2"]
    jobs.stop(wait_s=5)
    with connect(database_url, autocommit=True) as conn:
        status = conn.execute("select workflow_uuid, status from dbos.workflow_status order by 1").fetchall()
        everything = [stored(conn, "dbos", table) for table in tables(conn)]
    assert status == [("lab-1", "ERROR"), ("lab-2", "SUCCESS")]
    assert "lab-1" in str(everything)
    assert "Maria" not in str(everything)


def test_finished_jobs_can_be_forgotten(jobs: Jobs, database_url: str, ear: Connection) -> None:
    jobs.launch(database_url, "worker-1")
    jobs.open_queue("lab", at_once=1)
    with connect(database_url) as conn:
        enqueue(conn, "lab", [Job(id="lab-1", name="effects.send", about="lab", ids=[1])])
    heard(ear, 1)
    jobs.stop(wait_s=5)
    with connect(database_url) as conn:
        assert forget_finished(conn, real_now()) == 1
        assert conn.execute("select count(*) from dbos.workflow_status").fetchone() == (0,)


@pytest.mark.parametrize(
    ("id", "about"), [("Maria Gonzalez", "lab"), ("lab-1", "Maria Gonzalez"), ("", "lab")]
)
def test_a_job_about_more_than_a_code_is_refused(conn: Connection, id: str, about: str) -> None:  # noqa: A002  the field's name
    with pytest.raises(JobsUnavailable, match="ids and codes only"):
        enqueue(conn, "lab", [Job(id=id, name="effects.send", about=about, ids=[1])])


def test_registering_too_late_or_twice_and_launching_twice_are_refused(jobs: Jobs, database_url: str) -> None:
    with pytest.raises(JobsUnavailable, match="twice"):
        jobs.register("effects.send", lambda about, ids: None)  # noqa: ARG005  never called
    with pytest.raises(JobsUnavailable, match="launch first"):
        jobs.open_queue("lab", at_once=1)
    jobs.launch(database_url, "worker-1")
    with pytest.raises(JobsUnavailable, match="before launching"):
        jobs.register("late", lambda about, ids: None)  # noqa: ARG005  never called
    with pytest.raises(JobsUnavailable, match="runs jobs already"):
        Jobs().launch(database_url, "worker-2")


def test_jobs_of_killed_processes_do_not_hold_up_the_queue(
    jobs: Jobs, database_url: str, ear: Connection
) -> None:
    jobs.launch(database_url, "elsewhere")
    jobs.stop()
    for number in (1, 2):
        command = [sys.executable, "-c", CRASHING_WORKER, database_url, f"killed-{number}"]
        with connect(database_url) as conn:
            enqueue(conn, "lab", [Job(id=f"lost-{number}", name="effects.send", about="lab", ids=[0])])
        with subprocess.Popen(command, stdin=subprocess.PIPE) as worker:  # noqa: S603  ourselves
            assert heard(ear, 1) == ["begun"]
            assert worker.wait() == -9

    jobs.launch(database_url, "worker-2")
    jobs.open_queue("lab", at_once=2)
    with connect(database_url) as conn:
        enqueue(conn, "lab", [Job(id="lab-1", name="effects.send", about="lab", ids=[7])])

    assert heard(ear, 1) == ["lab 7"]
