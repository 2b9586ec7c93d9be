"""What every benchmark stands on: its own PostgreSQL with fsync on, fresh databases, worker processes."""

import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from careengine.runtime.database import connect
from careengine.runtime.embedded import EmbeddedServer
from careengine.runtime.migrating import migrate

HERE = Path(__file__).parent


@contextlib.contextmanager
def server() -> Iterator[EmbeddedServer]:
    """Run a PostgreSQL with the settings of an installation, in a directory that goes away afterwards."""
    home = Path(tempfile.mkdtemp(prefix="ce-bench-"))
    home.chmod(0o711)
    running = EmbeddedServer(home / "pg")
    running.start()
    try:
        with connect(running.url("postgres"), autocommit=True) as conn:
            row = conn.execute(
                "select current_setting('fsync'), current_setting('synchronous_commit')"
            ).fetchone()
        if row != ("on", "on"):
            raise SystemExit(f"The benchmark needs fsync and synchronous_commit on; they are {row}.")
        yield running
    finally:
        running.stop()
        shutil.rmtree(home, ignore_errors=True)


def database(running: EmbeddedServer, name: str) -> str:
    """Make a fresh migrated database and return its URL."""
    with connect(running.url("postgres"), autocommit=True) as conn:
        conn.execute(f"drop database if exists {name} with (force)")
        conn.execute(f"create database {name}")
    migrate(running.url(name))
    return running.url(name)


def postmaster(running: EmbeddedServer) -> int:
    """Return the number of the server's first process."""
    return int((running.data / "postmaster.pid").read_text().splitlines()[0])


def kill(running: EmbeddedServer) -> None:
    """Kill the server and all its processes at once, as a power cut would."""
    pid = postmaster(running)
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)


def spawn(script: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start one of our scripts as a process of its own."""
    return subprocess.Popen(  # noqa: S603  our own script, our own arguments
        [sys.executable, str(HERE / script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def when_ready(processes: "Sequence[subprocess.Popen[str]]") -> None:
    """Wait until each process has said it is ready."""
    for process in processes:
        line = process.stdout.readline() if process.stdout else ""
        if line.strip() != "ready":
            raise SystemExit(f"A benchmark process did not come up; it said {line!r}.")


def release(processes: "Sequence[subprocess.Popen[str]]") -> None:
    """Let the ready processes begin."""
    for process in processes:
        if process.stdin:
            process.stdin.write("go\n")
            process.stdin.flush()


def fsync_us(where: Path | None = None, times: int = 300) -> float:
    """Return the median microseconds of writing 8 kB and forcing it to disk."""
    with tempfile.NamedTemporaryFile(dir=where) as file:
        taken = []
        for _ in range(times):
            file.seek(0)
            file.write(b"x" * 8192)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1e6)
    return round(statistics.median(taken), 1)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
