"""Deal a clinic's free slots to the cases that look for one at the same moment, so that they do not collide.

Everybody draws in turn, the most urgent and then the oldest first: the soonest slot that suits, then
slots on other days and at other times. Nobody is dealt what somebody else of this moment was dealt, as
long as there is enough; what was dealt and not offered is free again a moment later.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from careengine.capabilities.scheduling.model import Opening, Wish
from careengine.capabilities.scheduling.rules.own_time import Stretch, clashes
from careengine.capabilities.scheduling.rules.wish import suits_hours

HAND = 6
"""Slots from which an offer is chosen; technical: two offers' worth."""
_HAND_BY_HOUR = 24
"""The same where the part of the day matters, which only policy can read."""
_FALLBACK = 3
_NOON = 12
_ANY_TIME = Wish()


@dataclass(slots=True)
class Place:
    """A slot on the table, with its local time; whether somebody was dealt it."""

    one: Opening
    start: datetime
    end: datetime
    taken: bool = False


class Pool:
    """A clinic's free slots in the order of time, read only as far as somebody needs them."""

    def __init__(self, more: Callable[[], Sequence[Opening]], zone: ZoneInfo) -> None:
        self._more = more
        self._zone = zone
        self._ended = False
        self.places: list[Place] = []

    def reaches(self, index: int) -> bool:
        """Say whether there is a slot at a place, reading on if need be."""
        while index >= len(self.places) and not self._ended:
            found = self._more()
            self._ended = not found
            self.places += [
                Place(one, one.start.astimezone(self._zone), one.end.astimezone(self._zone)) for one in found
            ]
        return index < len(self.places)


@dataclass(slots=True)
class Seat:
    """One case at the table."""

    case: int
    wish: Wish
    known: frozenset[str] = frozenset()
    busy: tuple[Stretch, ...] = ()
    """When the patient is elsewhere."""
    hand: list[Opening] = field(default_factory=list)
    buckets: set[Hashable] = field(default_factory=set)
    next: int = 0

    @property
    def size(self) -> int:
        """How many slots it is dealt."""
        return _HAND_BY_HOUR if self.wish.part else HAND

    def suits(self, place: Place) -> bool:
        """Say whether a slot suits, as far as that can be said without policy."""
        if clashes(place.one, self.busy):
            return False
        return self.wish == _ANY_TIME or suits_hours(place.start, place.end, self.wish)

    def bucket(self, place: Place) -> Hashable:
        """Return what makes a slot different from those already in the hand."""
        hour = place.start.hour if self.wish.part else place.start.hour < _NOON
        return place.start.toordinal(), hour, place.one.practitioner in self.known


def deal(pool: Pool, seats: Sequence[Seat]) -> None:
    """Fill every hand, in turn; where nothing suits, with what is free nearest."""
    drawing = list(seats)
    while drawing:
        drawing = [seat for seat in drawing if _draws(seat, pool)]
    for seat in seats:
        if not seat.hand:
            seat.hand = _shared(seat, pool)


def _draws(seat: Seat, pool: Pool) -> bool:
    """Draw one slot; say whether the seat goes on drawing."""
    while pool.reaches(seat.next):
        place = pool.places[seat.next]
        seat.next += 1
        if not place.taken and seat.suits(place) and (bucket := seat.bucket(place)) not in seat.buckets:
            place.taken = True
            seat.buckets.add(bucket)
            seat.hand.append(place.one)
            return len(seat.hand) < seat.size
    return False


def _shared(seat: Seat, pool: Pool) -> list[Opening]:
    """Return the first slots that suit although somebody else was dealt them; if none does, the nearest."""
    suiting: list[Opening] = []
    index = 0
    while len(suiting) < _FALLBACK and pool.reaches(index):
        if seat.suits(pool.places[index]):
            suiting.append(pool.places[index].one)
        index += 1
    near = (place.one for place in pool.places if not clashes(place.one, seat.busy))
    return suiting or list(islice(near, _FALLBACK))
