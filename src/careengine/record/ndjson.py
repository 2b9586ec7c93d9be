"""Take in resources one by one, in groups of bounded size: a wrong one keeps no other back.

One may refer to another further down or in a later file. Such resources wait on disk until the rest is there.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from careengine.record.bundle import EntryResult, Taking, take_each
from careengine.record.incoming import Entry, head_of
from careengine.record.planned import plan
from careengine.record.refusal import EntryProblem
from careengine.record.write import Outcome
from careengine.runtime.database import Connection

GROUP = 500
"""Resources stored by one transaction."""
_TOGETHER = 64 * 1024 * 1024
"""Bytes of resources that may be looked at together when they refer to each other in a circle."""
_TOO_LONG = "longer than a line may be"
_NO_ID = "has no id, by which it could be known again when it comes a second time"


@dataclass(frozen=True, slots=True)
class Line:
    """One resource of one file."""

    file: str
    n: int
    """Its place in the file, from 0."""
    raw: bytes | None
    """None when it was too long to be read."""


@dataclass(slots=True)
class Tally:
    """What became of what was read so far."""

    read: int = 0
    stored: int = 0
    unchanged: int = 0
    refusals: list[tuple[str, EntryProblem]] = field(default_factory=list)
    """The file with the first problem of each resource that was not stored."""

    def count(self, line: Line, result: EntryResult) -> None:
        """Add one result."""
        if result.problems:
            self.refuse(line, result.problems[0])
        elif result.outcome is Outcome.UNCHANGED:
            self.unchanged += 1
        else:
            self.stored += 1

    def refuse(self, line: Line, problem: EntryProblem) -> None:
        """Add one that was not stored."""
        self.refusals.append((line.file, problem._replace(entry=line.n)))


class Waiting:
    """Resources that lean on something not stored yet, kept on disk."""

    def __init__(self) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self.lines = 0
        self.bytes = 0

    def add(self, line: Line) -> None:
        """Put one aside."""
        raw = line.raw or b""
        self._file.write(f"{line.n} {len(raw)} {line.file}\n".encode("utf-8", "surrogateescape") + raw)
        self.lines += 1
        self.bytes += len(raw)

    def again(self) -> Iterator[Line]:
        """Give them back, in order."""
        self._file.seek(0)
        while head := self._file.readline():
            n, size, file = head[:-1].split(b" ", 2)
            yield Line(file.decode("utf-8", "surrogateescape"), int(n), self._file.read(int(size)))

    def close(self) -> None:
        """Let the disk space go."""
        self._file.close()


def take_lines(
    conn: Connection, lines: Iterable[Line], taking: Taking, tally: Tally, waiting: Waiting
) -> Iterator[int]:
    """Store what can be stored, a group a transaction, and yield how many were read after each.

    What leans on something unknown goes to ``waiting``.
    """
    group: list[Line] = []
    for line in lines:
        group.append(line)
        if len(group) == GROUP:
            _take_group(conn, group, taking, tally, waiting)
            yield len(group)
            group = []
    if group:
        _take_group(conn, group, taking, tally, waiting)
        yield len(group)


def take_waiting(conn: Connection, waiting: Waiting, taking: Taking, tally: Tally) -> None:
    """Store what waited, in turns while a turn gets further; the rest is in a circle, or leads nowhere."""
    stuck = False
    while waiting.lines and not stuck:
        still = Waiting()
        for _ in take_lines(conn, waiting.again(), taking, tally, still):
            pass
        stuck = still.lines == waiting.lines
        waiting.close()
        waiting = still
    size = waiting.lines if waiting.bytes <= _TOGETHER else GROUP
    lines = list(waiting.again()) if size == waiting.lines else []
    if lines:
        _take_group(conn, lines, taking, tally, None)
    else:
        for group in _groups(waiting.again()):
            _take_group(conn, group, taking, tally, None)
    waiting.close()


def _groups(lines: Iterator[Line]) -> Iterator[list[Line]]:
    group: list[Line] = []
    for line in lines:
        group.append(line)
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group


def _take_group(
    conn: Connection, group: Sequence[Line], taking: Taking, tally: Tally, waiting: Waiting | None
) -> None:
    """Store a group in a transaction of its own."""
    lines = []
    for line in group:
        problem = _unfit(line, taking)
        if problem:
            tally.refuse(line, EntryProblem(line.n, "", problem))
        else:
            lines.append(line)
    entries = [plan(n, _as_put(line.raw or b""), taking.ids, keep_ids=True) for n, line in enumerate(lines)]
    results = take_each(conn, entries, taking)
    conn.commit()
    for line, result in zip(lines, results, strict=True):
        if result.leans and waiting is not None:
            waiting.add(line)
        else:
            tally.count(line, result)


def _unfit(line: Line, taking: Taking) -> str:
    if line.raw is None or len(line.raw) > taking.limits.line:
        return f"{_TOO_LONG} ({taking.limits.line} bytes)"
    head = head_of(line.raw)
    return _NO_ID if head.resource_type and not head.id else ""


def _as_put(raw: bytes) -> Entry:
    head = head_of(raw)
    return Entry("", raw, head, "PUT", f"{head.resource_type}/{head.id}")
