"""Deal a clinic's free slots to the cases that look for one at the same moment, so that they do not collide.

Everybody draws in turn, the most urgent and then the oldest first: the soonest slot that suits, then
slots on other days and at other times. Nobody is dealt what somebody else of this moment was dealt, as
long as there is enough; what was dealt and not offered is free again a moment later.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from careengine.capabilities.scheduling.model import Opening, Wish
from careengine.capabilities.scheduling.rules.wish import suits_hours

HAND = 8
"""Slots from which an offer is chosen; technical: a few offers' worth."""
_HAND_BY_HOUR = 24
"""The same where the part of the day matters, which only policy can read."""
_FALLBACK = 3
_NOON = 12


class Pool:
    """A clinic's free slots in the order of time, read only as far as somebody needs them."""

    def __init__(self, more: Callable[[], Sequence[Opening]]) -> None:
        self._more = more
        self._read: list[Opening] = []
        self._ended = False

    def at(self, index: int) -> Opening | None:
        """Return the slot at a place, reading on if need be; ``None`` behind the last."""
        while index >= len(self._read) and not self._ended:
            found = self._more()
            self._ended = not found
            self._read.extend(found)
        return self._read[index] if index < len(self._read) else None

    def from_(self, index: int) -> Iterator[tuple[int, Opening]]:
        """Yield the slots from a place on."""
        while (one := self.at(index)) is not None:
            yield index, one
            index += 1


@dataclass(slots=True)
class Seat:
    """One case at the table."""

    case: int
    wish: Wish
    zone: ZoneInfo
    known: frozenset[str] = frozenset()
    hand: list[Opening] = field(default_factory=list)
    buckets: set[Hashable] = field(default_factory=set)
    next: int = 0

    @property
    def size(self) -> int:
        """How many slots it is dealt."""
        return _HAND_BY_HOUR if self.wish.part else HAND

    def suits(self, one: Opening) -> bool:
        """Say whether a slot suits, as far as that can be said without policy."""
        start, end = one.start.astimezone(self.zone), one.end.astimezone(self.zone)
        return suits_hours(start, end, self.wish)

    def bucket(self, one: Opening) -> Hashable:
        """Return what makes a slot different from those already in the hand."""
        local = one.start.astimezone(self.zone)
        return (
            local.date(),
            local.hour if self.wish.part else local.hour < _NOON,
            one.practitioner in self.known,
        )


def deal(pool: Pool, seats: Sequence[Seat]) -> None:
    """Fill every hand, in turn; where nothing suits, with what is free nearest."""
    taken: set[str] = set()
    drawing = list(seats)
    while drawing:
        drawing = [seat for seat in drawing if _draws(seat, pool, taken)]
    for seat in seats:
        if not seat.hand:
            seat.hand = _shared(seat, pool)


def _draws(seat: Seat, pool: Pool, taken: set[str]) -> bool:
    """Draw one slot; say whether the seat goes on drawing."""
    for index, one in pool.from_(seat.next):
        seat.next = index + 1
        if one.slot not in taken and seat.suits(one) and seat.bucket(one) not in seat.buckets:
            taken.add(one.slot)
            seat.buckets.add(seat.bucket(one))
            seat.hand.append(one)
            return len(seat.hand) < seat.size
    return False


def _shared(seat: Seat, pool: Pool) -> list[Opening]:
    """Return the first slots that suit although somebody else was dealt them; if none does, the nearest."""
    suiting, nearest = list[Opening](), list[Opening]()
    for _, one in pool.from_(0):
        if len(nearest) < _FALLBACK:
            nearest.append(one)
        if seat.suits(one):
            suiting.append(one)
        if len(suiting) == _FALLBACK:
            break
    return suiting or nearest


def order(urgent: bool, opened: datetime, case: int) -> tuple[bool, datetime, int]:  # noqa: FBT001  a sort key
    """Return what the seats are ordered by: urgent ones first, then whoever has waited longest."""
    return not urgent, opened, case
