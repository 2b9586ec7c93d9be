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

    def at(self, when: datetime, act: Act) -> None:
        """Plan one act."""
        heapq.heappush(self._heap, (when, next(self._number), act))

    def next_due(self) -> datetime | None:
        """Return when the next act is due."""
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> Act | None:
        """Return the first act that is due by now, and take it off the agenda."""
        if not self._heap or self._heap[0][0] > now:
            return None
        return heapq.heappop(self._heap)[2]

    def __len__(self) -> int:
        return len(self._heap)
