"""How often somebody may try: a bucket for each, filled again as time passes, in this process only."""

from collections import OrderedDict
from time import monotonic

from careengine.kernel.errors import CareError

_MOST_KEPT = 10_000


class TooOften(CareError):
    """Somebody tries more often than a person would."""

    status = 429


class Rates:
    """``most`` tries at once, and then one more every ``every_s`` seconds, for each of many."""

    def __init__(self, most: int, every_s: float) -> None:
        self._most = float(most)
        self._every_s = every_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> None:
        """Count one try of ``who``; raises :class:`TooOften`."""
        now = monotonic()
        left, seen = self._left.pop(who, (self._most, now))
        left = min(self._most, left + (now - seen) / self._every_s)
        self._left[who] = (max(left - 1.0, 0.0), now)
        if len(self._left) > _MOST_KEPT:
            self._left.popitem(last=False)
        if left < 1.0:
            raise TooOften("That was too often. Wait a moment, and try again.")
