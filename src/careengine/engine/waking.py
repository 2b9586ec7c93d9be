"""How a worker with nothing to do waits: until it is told of work, or somebody steps the domain clock."""

from datetime import datetime, timedelta

from careengine.runtime.clock import Clock, real_now
from careengine.runtime.database import Connection

STEP_SEEN_S = 0.02
"""How often a stepped clock is looked at: its file only, no question to the database."""
_LOOK_AGAIN_S = 1.0
"""A notification can be lost; whoever steps the clock waits for us, so we look soon without one."""


def wait(ear: Connection, *, at_most: float) -> None:
    """Wait for a notification on ``ear``, ``at_most`` so many seconds."""
    next(ear.notifies(timeout=at_most, stop_after=1), None)


def wait_for_step(ear: Connection, clock: Clock, *, seen: datetime, at_most: float = _LOOK_AGAIN_S) -> None:
    """As :func:`wait`, and end as well when the clock shows another instant than ``seen``."""
    until = real_now() + timedelta(seconds=at_most)
    while clock.now() == seen and (left := (until - real_now()).total_seconds()) > 0:
        if next(ear.notifies(timeout=min(STEP_SEEN_S, left), stop_after=1), None) is not None:
            return
