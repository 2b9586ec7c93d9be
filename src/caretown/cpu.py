"""How much processor time a process and all it started has used, as Linux counts it."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor seconds of these processes and of all below them, ended ones included."""
    below = _children()
    waiting, seen, ticks = list(pids), set[int](), 0
    while waiting:
        pid = waiting.pop()
        if pid not in seen:
            seen.add(pid)
            ticks += _ticks(pid)
            waiting.extend(below.get(pid, ()))
    return round(ticks / _TICKS, 2)


def postmaster(home: Path) -> list[int]:
    """Return the first process of each embedded PostgreSQL below ``home``."""
    found = home.rglob("postmaster.pid")
    return [int(path.read_text(encoding="ascii").splitlines()[0]) for path in found]


def _children() -> dict[int, list[int]]:
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _fields(stat)
        if fields:
            below.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    return below


def _ticks(pid: int) -> int:
    """Return user and system time of a process and of those of its children that have ended."""
    fields = _fields(Path(f"/proc/{pid}/stat"))
    return sum(int(one) for one in fields[11:15]) if fields else 0


def _fields(stat: Path) -> list[str]:
    """Return what stands behind the name of the process: state, parent, and so on."""
    try:
        return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
