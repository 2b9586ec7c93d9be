"""The policies as one case sees them: each on the day its ``applies_by`` names, and each use remembered."""

from datetime import date
from typing import TypeVar

from careengine.engine.case import Case, Instant
from careengine.kernel.errors import Refused
from careengine.kernel.policy import PolicyName
from careengine.policy.book import PolicyBook

T = TypeVar("T")


class CasePolicies:
    """What a handler gets as ``policy``; ``used`` says afterwards which versions it read."""

    __slots__ = ("_book", "_case", "_now", "_today", "used")

    def __init__(self, book: PolicyBook, case: Case, now: Instant) -> None:
        self._book = book
        self._case = case
        self._now = now
        self._today: date | None = None
        self.used: dict[str, int] = {}

    def __getitem__(self, name: PolicyName[T]) -> T:
        value = self._book.value(name, self._day(name.name))
        if name.name not in self.used:
            self.used[name.name] = self._book[name.name].version
        return value

    def _day(self, name: str) -> date:
        by = self._book.applies_by(name)
        if by == "received":
            return self._case.day(self._case.opened_at)
        if by == "service":
            return _service_day(self._case)
        if self._today is None:
            self._today = self._case.day(self._now)
        return self._today


def _service_day(case: Case) -> date:
    day = case.data.get("service_day")
    if not isinstance(day, str):
        raise Refused(
            "A policy that applies by the day of service was read before that day is known. "
            "Put it in the case's data as service_day first."
        )
    return date.fromisoformat(day)
