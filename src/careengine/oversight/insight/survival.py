"""How many have got there by which day, while some are on their way: Kaplan-Meier, Aalen-Johansen. Pure."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from careengine.oversight.insight.arrays import Bools, Floats, Ints
from careengine.oversight.insight.shares import Interval


@dataclass(frozen=True, slots=True)
class Curve:
    """The share that has got there, step by step; ``days`` are those on which somebody did."""

    days: Floats
    left: Floats
    """The share not there yet, from that day on."""
    spread: Floats
    """Greenwood's sum up to that day."""
    watching: Ints
    """How many were watched until that day."""
    last: Floats
    """For each person, the last day on which they were watched, ascending."""

    def by(self, day: float, confidence: float) -> Interval | None:
        """Return the share there by ``day``; ``None`` when nobody has been watched for so long."""
        step = int(np.searchsorted(self.days, day, side="right"))
        everybody_is_there = step > 0 and self.left[step - 1] == 0.0
        if self.watched(day) == 0 and not everybody_is_there:
            return None
        low, high = self._bounds(confidence)
        share = 1.0 - float(self.left[step - 1]) if step else 0.0
        return Interval(share, float(low[step]), float(high[step]))

    def watched(self, day: float) -> int:
        """Return how many have been watched until ``day``."""
        return len(self.last) - int(np.searchsorted(self.last, day, side="left"))

    def half(self, confidence: float) -> Interval | None:
        """Return the day by which half are there, and the days it lies between; ``None`` if it is not yet."""
        low, high = self._bounds(confidence)
        middle, soonest, latest = (self._first(share) for share in (1.0 - self.left, high[1:], low[1:]))
        return None if middle is None else Interval(middle, soonest, latest)

    def _first(self, share: Floats) -> float | None:
        found = np.flatnonzero(share >= 0.5)
        return float(self.days[found[0]]) if len(found) else None

    def _bounds(self, confidence: float) -> tuple[Floats, Floats]:
        """Return the interval's ends before the first day and from each day on.

        Greenwood's, on the log-log scale, which stays between 0 and 1. Where it says
        nothing (nobody there yet, or everybody) it is the exact one of that many people.
        """
        tail = (1.0 - confidence) / 2.0
        alone = tail ** (1.0 / max(len(self.last), 1))
        low, high = np.full(len(self.days) + 1, alone), np.ones(len(self.days) + 1)
        low[0], high[0] = 0.0, 1.0 - alone
        some = self.left > 0.0
        reach = NormalDist().inv_cdf(1.0 - tail) * np.sqrt(self.spread[some]) / -np.log(self.left[some])
        low[1:][some] = 1.0 - self.left[some] ** np.exp(-reach)
        high[1:][some] = 1.0 - self.left[some] ** np.exp(reach)
        if len(low) > 2 and not some[-1]:
            low[-1] = low[-2]
        return low, high


def kaplan_meier(days: Floats, there: Bools) -> Curve:
    """Return the curve of people each watched for ``days``, at the end of which they were there, or not yet.

    Who was last watched on a day counts as watched on it.
    """
    order = np.argsort(days, kind="stable")
    ordered = days[order]
    when, first = np.unique(ordered, return_index=True)
    arrived = np.add.reduceat(there[order].astype(np.int64), first) if len(first) else first.astype(np.int64)
    some = arrived > 0
    n, d = (len(days) - first)[some].astype(np.float64), arrived[some].astype(np.float64)
    with np.errstate(divide="ignore"):
        spread = np.cumsum(d / (n * (n - d)), dtype=np.float64)
    return Curve(when[some], np.cumprod(1.0 - d / n, dtype=np.float64), spread, n.astype(np.int64), ordered)


def cumulative_incidence(days: Floats, why: Ints, kinds: int) -> tuple[Floats, Floats]:
    """Return days, and for each of ``kinds`` ways to end (a row) the share that ended so by then.

    ``why`` is 0 for those still on their way, else 1 to ``kinds``. The ways compete: who
    ended in one can no longer end in another (Aalen and Johansen).
    """
    order = np.argsort(days, kind="stable")
    when, first = np.unique(days[order], return_index=True)
    ended = np.zeros((kinds, len(when)))
    for kind in range(1, kinds + 1):
        if len(first):
            ended[kind - 1] = np.add.reduceat((why[order] == kind).astype(np.float64), first)
    watching = (len(days) - first).astype(np.float64)
    left = np.cumprod(1.0 - ended.sum(axis=0) / watching)
    before = np.concatenate(([1.0], left[:-1])) if len(left) else left
    return when, np.cumsum(ended * before / watching, axis=1)
