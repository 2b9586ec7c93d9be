"""Import files: bundles, NDJSON and single resources, plain or gzip, keeping the sender's ids.

The same files a second time store nothing: a resource is known again by its id, and the same bytes change
nothing.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from careengine.kernel.errors import NotFound
from careengine.record.bundle import EntryResult, Taking, take_transaction
from careengine.record.incoming import Incoming, head_of, take_apart
from careengine.record.limits import LIMITS, Limits
from careengine.record.ndjson import Line, Tally, Waiting, take_lines, take_waiting
from careengine.record.refusal import BundleRefused, EntryProblem, whole
from careengine.record.unpacking import UnpackingRefused, lines, whole_file
from careengine.record.write import Outcome, WrittenMeanwhile
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection, connect

Progress = Callable[[int], None]
"""Told after each group how many entries have been read so far."""

_SUFFIXES = (".json", ".ndjson", ".jsonl")
_ATTEMPTS = 5
_ANALYZED = 10_000
"""Resources stored from which on the database is told to look at its tables afresh."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One entry that was not stored."""

    file: str
    entry: int
    """From 0; -1 when the whole file is meant."""
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What an import came to: ``read`` is ``stored`` and ``unchanged`` and ``refused``, entry by entry."""

    read: int = 0
    stored: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    """Each guilty entry; a transaction refused whole counts all its entries and names the guilty ones."""


def files_in(paths: Sequence[Path]) -> list[Path]:
    """Return the files of paths and directories that may hold resources, in order."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(Path(folder) / name for folder, _, names in os.walk(path) for name in names)
            found += [file for file in inside if file.name.removesuffix(".gz").endswith(_SUFFIXES)]
        elif path.exists():
            found.append(path)
        else:
            raise NotFound(f"There is no file or directory {path}. Correct the path.")
    return found


def import_paths(
    database: str | Connection,
    paths: Sequence[Path | str],
    *,
    progress: Progress | None = None,
    limits: Limits = LIMITS,
) -> ImportReport:
    """Import every file of the paths; what is wrong is refused and named, and the rest goes on."""
    files = files_in([Path(path) for path in paths])
    if isinstance(database, str):
        with connect(database) as conn:
            return _Import(conn, limits, progress).run(files)
    return _Import(database, limits, progress).run(files)


class _Import:
    """One import under way."""

    def __init__(self, conn: Connection, limits: Limits, progress: Progress | None) -> None:
        self._conn = conn
        self._limits = limits
        self._progress = progress
        self._report = ImportReport()
        self._waiting = Waiting()
        self._tally = Tally()

    def run(self, files: Sequence[Path]) -> ImportReport:
        """Import the files, then what waited for others; return what came of it."""
        for file in files:
            try:
                self._file(file)
            except (UnpackingRefused, OSError) as error:
                self._conn.rollback()
                self._refuse(file, error)
            except BundleRefused as refused:
                self._conn.rollback()
                self._refuse_bundle(file, refused)
        take_waiting(self._conn, self._waiting, self._taking(), self._tally)
        self._add_tally()
        if self._report.stored >= _ANALYZED:
            self._conn.execute("analyze resource, sp, sp_string, sp_date, sp_number, term")
            self._conn.commit()
        return self._report

    def _file(self, file: Path) -> None:
        if file.name.removesuffix(".gz").endswith((".ndjson", ".jsonl")):
            self._lines(Line(str(file), n, line) for n, line in self._numbered(file))
            return
        raw = whole_file(file, self._limits.body)
        if head_of(raw).resource_type in {"Bundle", ""}:
            self._bundle(file, take_apart(raw, self._limits))
        else:
            self._lines(iter([Line(str(file), 0, raw)]))

    def _numbered(self, file: Path) -> Iterator[tuple[int, bytes | None]]:
        """Yield the lines that are not empty; when the rest cannot be read, those before it still count."""
        try:
            for n, line in enumerate(lines(file, self._limits.line)):
                if line != b"":
                    yield n, line
        except (UnpackingRefused, OSError) as error:
            self._refuse(file, error)

    def _bundle(self, file: Path, bundle: Incoming) -> None:
        """Store a transaction whole or not at all; of any other bundle the resources one by one."""
        if bundle.type != "transaction":
            self._lines(Line(str(file), n, entry.raw) for n, entry in enumerate(bundle.entries))
            return
        results = self._transaction(bundle)
        self._report.read += len(results)
        unchanged = sum(result.outcome is Outcome.UNCHANGED for result in results)
        self._report.unchanged += unchanged
        self._report.stored += len(results) - unchanged
        self._tell()

    def _transaction(self, bundle: Incoming) -> list[EntryResult]:
        for _ in range(_ATTEMPTS):
            try:
                results = take_transaction(self._conn, bundle, self._taking())
                self._conn.commit()
            except WrittenMeanwhile:
                self._conn.rollback()
            else:
                return results
        raise whole("Others wrote the same resources at every attempt; import the file again.", status=409)

    def _lines(self, found: Iterator[Line]) -> None:
        for read in take_lines(self._conn, found, self._taking(), self._tally, self._waiting):
            self._report.read += read
            self._tell()

    def _taking(self) -> Taking:
        return Taking(recorded_at=real_now(), keep_ids=True, limits=self._limits)

    def _refuse_bundle(self, file: Path, refused: BundleRefused) -> None:
        self._report.read += max(refused.entries, 1)
        self._report.refused += max(refused.entries, 1)
        self._report.refusals += [_refusal(str(file), problem) for problem in refused.problems]
        self._tell()

    def _refuse(self, file: Path, error: Exception) -> None:
        """Refuse a file that cannot be read: it counts as one entry, since nobody knows how many it has."""
        reason = str(error) if isinstance(error, UnpackingRefused) else "the file cannot be read"
        self._report.read += 1
        self._report.refused += 1
        self._report.refusals.append(Refusal(str(file), -1, reason))

    def _add_tally(self) -> None:
        self._report.stored += self._tally.stored
        self._report.unchanged += self._tally.unchanged
        self._report.refused += len(self._tally.refusals)
        self._report.refusals += [_refusal(file, problem) for file, problem in self._tally.refusals]

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._report.read)


def _refusal(file: str, problem: EntryProblem) -> Refusal:
    where = f"{problem.path}: " if problem.path else ""
    return Refusal(file, problem.entry, f"{where}{problem.what}")
