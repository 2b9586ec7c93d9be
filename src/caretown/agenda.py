"""What will happen in the town and when, in the town's own time: nothing here waits in real time."""

import heapq
from collections.abc import Callable, Coroutine
from datetime import datetime
from itertools import count
from typing import Any

Act = Callable[[], Coroutine[Any, Any, Any] | None]
"""Something that happens: done at once, or a coroutine that ends when all it sent was answered."""


class Agenda:
    """Acts in order of their time; of two at one time the one that was planned first."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Act]] = []
        self._number = count()
        self.time: datetime | None = None
        """When the act that is being done was planned for: what the clock shows may be later."""

    def at(self, when: datetime, act: Act) -> None:
        """Plan one act."""
        heapq.heappush(self._heap, (when, next(self._number), act))

    def next_due(self) -> datetime | None:
        """Return when the next act is due."""
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> Act | None:
        """Return the first act that is due by now, and take it off; ``done`` must follow."""
        if not self._heap or self._heap[0][0] > now:
            return None
        self.time, _, act = heapq.heappop(self._heap)
        return act

    def done(self) -> None:
        """Say that the act taken last was begun."""
        self.time = None

    def __len__(self) -> int:
        return len(self._heap)
