"""The two clocks: domain time, which a demo may step and a test may fix, and real time, which nobody may."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from careengine.kernel.errors import CareError


class ClockUnreadable(CareError):
    """The file that holds the stepped time is missing or holds no instant."""


class Clock(Protocol):
    """Says what time it is in the domain: for deadlines, days and policies."""

    def now(self) -> datetime:
        """Return the present domain time, aware and in UTC."""
        ...


def real_now() -> datetime:
    """Return the real time in UTC: for leases, retries, sessions and ``recorded_at`` only."""
    return datetime.now(UTC)


class SystemClock:
    """Domain time is real time: every deployment that treats patients."""

    def now(self) -> datetime:
        """Return the real time in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """Time stands still until a test advances it."""

    def __init__(self, at: datetime) -> None:
        self._at = _aware(at)

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self._at

    def advance(self, delta: timedelta) -> datetime:
        """Move on by ``delta`` and return the new instant."""
        self._at += delta
        return self._at


class SteppedClock:
    """Time is what a file says: the town writes an ISO instant there, by renaming a new file over the old."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """Return the instant in the file; raises :class:`ClockUnreadable` if there is none."""
        try:
            text = self._path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise ClockUnreadable(
                f"The stepped clock's file {self._path} cannot be read. Start what steps it, "
                "or set CAREENGINE_CLOCK=system."
            ) from error
        try:
            return _aware(datetime.fromisoformat(text))
        except ValueError as error:
            raise ClockUnreadable(
                f"The stepped clock's file {self._path} holds no instant with an offset, like "
                "2026-03-02T08:00:00+00:00. Write one there."
            ) from error


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("An instant needs an offset from UTC; this one has none.")
    return at.astimezone(UTC)


def clock_from(said: str) -> Clock:
    """Return the clock that ``CAREENGINE_CLOCK`` names: ``system``, or ``stepped:PATH``."""
    if said == "system":
        return SystemClock()
    kind, _, path = said.partition(":")
    if kind != "stepped" or not path:
        raise ClockUnreadable("CAREENGINE_CLOCK must be 'system' or 'stepped:PATH'; set one of them.")
    return SteppedClock(Path(path))
