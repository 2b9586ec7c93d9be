"""What arrives at the people of the town: texts, mails and letters, in order, with the town's time."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """How something arrives."""

    TEXT = "text"
    MAIL = "mail"
    LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One thing that somebody finds on their phone, in their mail or behind their door."""

    kind: Kind
    at: datetime
    """When, in the town's time."""
    to: str
    """The number in E.164, the address of a mail in lower case, or the lines of a letter's address."""
    body: str
    meta: Mapping[str, str] = field(default_factory=dict)
    """``sid`` and ``from`` of a text, ``subject`` and ``message_id`` of a mail, ``key`` of a letter."""


class Mailbox:
    """Keeps what arrived until the people look; any thread may put and take."""

    def __init__(self) -> None:
        self._waiting: list[Arrived] = []
        self._lock = threading.Condition()
        self._counts: Counter[Kind] = Counter()

    def put(self, arrived: Arrived) -> None:
        """Leave one thing for the people."""
        with self._lock:
            self._waiting.append(arrived)
            self._counts[arrived.kind] += 1
            self._lock.notify_all()

    def take(self) -> list[Arrived]:
        """Return what arrived since the last look, in order."""
        with self._lock:
            taken, self._waiting = self._waiting, []
            return taken

    def wait(self, timeout_s: float) -> list[Arrived]:
        """As :meth:`take`, but waits in real time for something to arrive."""
        with self._lock:
            self._lock.wait_for(lambda: bool(self._waiting), timeout_s)
        return self.take()

    def counts(self) -> dict[str, int]:
        """Return how many of each kind have ever arrived."""
        with self._lock:
            return {kind.value: self._counts[kind] for kind in Kind}
