"""The processes of a demo: started and watched together, and only these are stopped."""

import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import urllib3

from caretown.errors import EngineSilent

_PATIENCE_S = 120.0
_GRACE_S = 15.0


def command(name: str) -> str:
    """Return the path of a command installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


def free_port() -> int:
    """Return a port on the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Processes:
    """``with Processes(environ, logs) as running:`` stops what it started when the block ends."""

    def __init__(self, environ: Mapping[str, str], logs: Path) -> None:
        self._environ = dict(environ)
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, *arguments: str) -> None:
        """Start a process whose output goes to a log named after it."""
        with (self._logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603  our own commands, no shell
                arguments, env=self._environ, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end and return what it printed."""
        return subprocess.run(  # noqa: S603  our own commands, no shell
            arguments, env=self._environ, capture_output=True, text=True, check=False
        )

    def wait_for(self, url: str) -> None:
        """Wait until something answers at ``url``; a process that ended meanwhile is named.

        Raises:
            EngineSilent: Nothing answers in time, or a process ended.
        """
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            self.check()
            try:
                urllib3.request("GET", url, retries=False, timeout=2)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise EngineSilent(
            f"Nothing answers at {url} after {_PATIENCE_S:.0f} s; the logs in {self._logs} may say why."
        )

    def check(self) -> None:
        """Say which process ended by itself, with its last words."""
        for name, process in self._running.items():
            if process.poll() is not None:
                words = (self._logs / f"{name}.log").read_text(errors="replace").strip()[-500:]
                raise EngineSilent(
                    f"The process '{name}' ended by itself with code {process.returncode}: {words}"
                )

    def pids(self) -> list[int]:
        """Return the numbers of those that run."""
        return [process.pid for process in self._running.values()]

    def stop(self) -> None:
        """Ask all to stop, the last started first; end those that do not."""
        for process in reversed(self._running.values()):
            if process.poll() is None:
                process.terminate()
        for process in self._running.values():
            try:
                process.wait(_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
