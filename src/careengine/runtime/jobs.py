"""Short durable jobs over ids: effect batches, imports, replays. DBOS runs them, its tables beside ours.

A job is put into its queue in the transaction that makes its work, and runs at least
once; after a crash the process with the same executor id takes it up again. The open
core does not hand a dead process's jobs to another: leases in our own rows do that.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from careengine.kernel.errors import CareError
from careengine.runtime.database import Connection
from careengine.runtime.telemetry import get_logger

if TYPE_CHECKING:
    from dbos import DBOSConfig

Function = Callable[[str, list[int]], None]
"""What a job does: ``function(about, ids)``. Safe to run twice."""
_APPLICATION = "careengine"
_VERSION = "careengine-jobs-1"
"""Pinned: inputs are ids only, so any version of the code may take up any job."""
_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,120}")
_POLL_S = 0.05
"""DBOS polls a queue once in this time; its own second would cap a queue's throughput."""
_POLLED_TOGETHER_S = 0.0125
"""All queues of a process are polled once in so long each, so that a hundred partners cost what four do."""
_running = threading.Lock()
"""DBOS is one a process."""


class JobFailed(CareError):
    """A job raised; its message names the class alone, since DBOS stores it."""


class JobsUnavailable(CareError):
    """Jobs cannot be launched or asked for as they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job: its own id (the same id twice is one job), what runs, what it is about, and its ids."""

    id: str
    name: str
    about: str
    """A code: a partner, a file's digest. Never anything of a patient."""
    ids: Sequence[int]


class Jobs:
    """The jobs of one process: register the functions, launch, open the queues, stop."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._launched = False

    def register(self, name: str, function: Function) -> None:
        """Say what the job ``name`` does; before launching."""
        if self._launched:
            raise JobsUnavailable(f"Job {name} comes too late: register every job before launching.")
        if name in self._functions:
            raise JobsUnavailable(f"Job {name} is registered twice. Give one of them another name.")
        self._functions[name] = function

    def launch(self, url: str, executor_id: str) -> None:
        """Start running jobs; unfinished ones of the same ``executor_id`` are taken up again."""
        from dbos import DBOS

        if not _running.acquire(blocking=False):
            raise JobsUnavailable("This process runs jobs already. Stop those first, or use another process.")
        try:
            DBOS(config=_config(url, executor_id))
            for name, function in self._functions.items():
                DBOS.workflow(name=name)(_workflow(name, function))
            DBOS.launch()
        except BaseException:
            DBOS.destroy(destroy_registry=True)
            _running.release()
            raise
        self._launched = True
        get_logger().info("jobs launched", executor=executor_id, count=len(self._functions))

    def open_queue(self, name: str, *, at_once: int, of: int = 1) -> None:
        """Open one ``of`` so many queues, of which this process runs at most ``at_once`` jobs at a time.

        Together the queues are looked at no more often than a database and a core can bear.

        There is no limit over all processes here: DBOS counts a killed process's jobs as
        running for ever, and after that many losses the queue would stand still. What all
        processes share is counted where leases run out, beside the work itself.
        """
        if not self._launched:
            raise JobsUnavailable(f"Queue {name} comes too early: launch first.")
        from dbos import DBOS

        DBOS.register_queue(
            name,
            worker_concurrency=at_once,
            polling_interval_sec=max(_POLL_S, of * _POLLED_TOGETHER_S),
            on_conflict="always_update",
        )

    def stop(self, *, wait_s: int = 0) -> None:
        """Stop; jobs under way have ``wait_s`` seconds to end, and else run again at the next launch."""
        if not self._launched:
            return
        from dbos import DBOS

        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=wait_s)
        self._launched = False
        _running.release()


def enqueue(conn: Connection, queue: str, jobs: Sequence[Job]) -> None:
    """Put jobs into a queue in the caller's transaction: they exist if it commits. An id twice is one job."""
    for job in jobs:
        if not (_CODE.fullmatch(job.id) and _CODE.fullmatch(job.about)):
            raise JobsUnavailable(
                f"A job {job.name} has an id or subject that is no code. Give it ids and codes only."
            )
    if not jobs:
        return
    conn.execute(
        "select dbos.enqueue_workflow(workflow_name => j.name, queue_name => %s,"
        " positional_args => array[to_json(j.about), j.ids::json], workflow_id => j.id,"
        " application_name => %s)"
        " from unnest(%s::text[], %s::text[], %s::text[], %s::text[]) as j(name, about, ids, id)",
        (
            queue, _APPLICATION, [job.name for job in jobs], [job.about for job in jobs],
            [json.dumps([int(number) for number in job.ids]) for job in jobs], [job.id for job in jobs],
        ),
    )  # fmt: skip


def forget_finished(conn: Connection, before: datetime, limit: int = 10_000) -> int:
    """Remove up to ``limit`` jobs that ended before a real time, and return how many. The caller commits."""
    done = conn.execute(
        "delete from dbos.workflow_status where workflow_uuid in ("
        " select workflow_uuid from dbos.workflow_status"
        " where status in ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')"
        " and updated_at < %s order by updated_at limit %s)",
        (int(before.timestamp() * 1000), limit),
    )
    return done.rowcount


def _config(url: str, executor_id: str) -> "DBOSConfig":
    from dbos import DBOSConfig
    from dbos import DBOSPortableJSONSerializer as Portable

    logging.getLogger("dbos").setLevel(logging.ERROR)
    return DBOSConfig(
        name=_APPLICATION, system_database_url=url, dbos_system_schema="dbos", executor_id=executor_id,
        application_version=_VERSION, serializer=Portable(), log_level="ERROR", console_log_level="CRITICAL",
        enable_otlp=False, use_listen_notify=False, max_executor_threads=64, sys_db_pool_size=10,
    )  # fmt: skip


def _workflow(name: str, function: Function) -> Callable[[str, list[int]], None]:
    """Return the function as DBOS is to run it: whatever it raises is stored by class alone."""

    def run(about: str, ids: list[int]) -> None:
        failed = ""
        try:
            function(about, ids)
        except Exception as error:  # noqa: BLE001  nothing of it may reach DBOS's tables
            get_logger().error("job failed", job=name, count=len(ids), exc_info=error)
            failed = type(error).__name__
        if failed:
            raise JobFailed(f"Job {name} failed with {failed}; the log has where. Its work is leased again.")

    run.__qualname__ = run.__name__ = name.replace(".", "_")
    return run
