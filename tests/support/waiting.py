"""Wait for what other threads and processes do, and for nothing else."""

import threading
from collections.abc import Callable


def until(happened: Callable[[], object], *, within_s: float = 30.0, what: str = "it") -> None:
    """Return as soon as ``happened`` says so; fail if it does not in time."""
    never = threading.Event()
    for _ in range(int(within_s / 0.02)):
        if happened():
            return
        never.wait(0.02)
    raise AssertionError(f"{what} did not happen within {within_s} s")
