"""Ids: 64-bit numbers that rise with time and are unique over all processes of one database."""

import os
import secrets
import threading
import time
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from careengine.kernel.errors import CareError

if TYPE_CHECKING:
    from careengine.runtime.database import Connection

_EPOCH_MS = 1_735_689_600_000
"""2025-01-01T00:00Z; 41 bits of milliseconds from there last until 2094."""
_PROCESS_BITS = 14
_COUNT_BITS = 8
_COUNT_MASK = (1 << _COUNT_BITS) - 1


class Ids(Protocol):
    """Makes ids; tests and replays hand in a maker whose ids are known beforehand."""

    def next(self) -> int:
        """Return a new id, larger than every earlier one of this maker."""
        ...

    def uuid(self) -> UUID:
        """Return a new uuid."""
        ...


class SystemIds:
    """The maker for running processes: 41 bits of time, 14 of process number, 8 of count.

    Two makers with different process numbers never give the same id. Within one, ids
    rise even when the machine's clock is set back; past 256 in a millisecond it
    borrows from the next. After a fork the child must make its own.
    """

    def __init__(self, process: int) -> None:
        if not 0 <= process < 1 << _PROCESS_BITS:
            raise CareError(f"A process number lies from 0 to {(1 << _PROCESS_BITS) - 1}; this one does not.")
        self._process = process << _COUNT_BITS
        self._pid = os.getpid()
        self._last = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, conn: "Connection") -> "SystemIds":
        """Take the next process number from the database, which keeps all its processes' ids apart."""
        row = conn.execute("select nextval('process_number')").fetchone()
        if row is None:
            raise CareError("The database gave no process number; run the migrations (careengine init).")
        return cls(int(row[0]))

    def next(self) -> int:
        """Return a new id, larger than every earlier one of this maker."""
        if os.getpid() != self._pid:
            raise CareError("A forked process must make its own SystemIds.of(conn), or ids would repeat.")
        with self._lock:
            tick = (time.time_ns() // 1_000_000 - _EPOCH_MS) << _COUNT_BITS
            self._last = tick = max(tick, self._last + 1)
        return (tick >> _COUNT_BITS) << (_PROCESS_BITS + _COUNT_BITS) | self._process | (tick & _COUNT_MASK)

    def uuid(self) -> UUID:
        """Return a version 7 uuid: rises by the millisecond, 74 random bits."""
        stamp = (time.time_ns() // 1_000_000) << 80
        noise = secrets.randbits(74)
        return UUID(int=stamp | 7 << 76 | (noise >> 62) << 64 | 2 << 62 | noise & ((1 << 62) - 1))


class SequentialIds:
    """The maker for tests and replays: the same start gives the same ids."""

    def __init__(self, start: int = 1) -> None:
        self._next = start

    def next(self) -> int:
        """Return the next whole number."""
        self._next += 1
        return self._next - 1

    def uuid(self) -> UUID:
        """Return a uuid that holds the next whole number (version 8: of our own making)."""
        return UUID(int=self.next() | 8 << 76 | 2 << 62)


def trace_id(case_id: int) -> str:
    """Return the OpenTelemetry trace id of a case: its id padded to 128 bits, as 32 hex digits."""
    return f"{case_id:032x}"
