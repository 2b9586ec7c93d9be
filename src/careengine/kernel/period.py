"""A half-open span of days: the first day counts, the last one does not."""

from dataclasses import dataclass
from datetime import date

from careengine.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``start`` up to, not including, ``end``; ``None`` means it has no end yet."""

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise Refused(f"A period must end after it starts; this one is {self.start} to {self.end}.")

    def __contains__(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)

    def overlaps(self, other: "Period") -> bool:
        """Say whether any day lies in both."""
        mine_ends_first = self.end is not None and self.end <= other.start
        theirs_ends_first = other.end is not None and other.end <= self.start
        return not (mine_ends_first or theirs_ends_first)
