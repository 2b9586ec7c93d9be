"""The real ``careengine`` executable in a home of its own, and what it printed."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXECUTABLE = Path(sys.executable).with_name("careengine")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Every line of standard output, read as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> Any:
        """The result: the last line, read as JSON."""
        return self.lines[-1]


@dataclass(frozen=True, slots=True)
class CommandLine:
    """``careengine`` in one home."""

    home: Path
    environ: dict[str, str]

    def __call__(self, *arguments: object) -> Ran:
        done = subprocess.run(  # noqa: S603  our own program
            [EXECUTABLE, *map(str, arguments)], env=self.environ, cwd=self.home, capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Worklist:
    """The cards that lay open before any test answered one."""

    listed: Ran

    @property
    def cards(self) -> list[Any]:
        """Every card."""
        return self.listed.lines[:-1]

    def of(self, kind: str) -> Any:
        """Return the first card of a kind."""
        return next(card for card in self.cards if card["kind"] == kind)
