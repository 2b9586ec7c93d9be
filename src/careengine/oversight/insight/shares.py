"""Shares and rates with their intervals, and which groups are too small to be shown. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, and the bounds it lies between where they are known."""

    value: float
    low: float | None = None
    high: float | None = None


def share_of(part: int, whole: int, confidence: float) -> Interval | None:
    """Return a share with Wilson's interval; ``None`` of nothing."""
    if whole == 0:
        return None
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    share = part / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    reach = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    # Rounding must not put the bound of "none" or "all" beside them.
    return Interval(share, max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))


def rate_of(events: int, units: int, confidence: float) -> Interval | None:
    """Return events per unit with Byar's interval, close to Poisson's exact one; ``None`` per nothing."""
    if units == 0:
        return None
    z = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    low = events * (1 - 1 / (9 * events) - z / (3 * sqrt(events))) ** 3 if events else 0.0
    up = events + 1
    high = up * (1 - 1 / (9 * up) + z / (3 * sqrt(up))) ** 3
    return Interval(events / units, low / units, high / units)


def hidden_groups(sizes: Mapping[str, int], smallest: int) -> frozenset[str]:
    """Return the groups that may not be shown.

    Those below ``smallest``; and the next larger ones too until at least two are hidden and
    together they are no small group: else the sum of all would tell what was hidden.
    """
    hidden = {name for name, size in sizes.items() if size < smallest}
    rest = sorted((size, name) for name, size in sizes.items() if name not in hidden)
    while hidden and rest and (len(hidden) == 1 or sum(sizes[name] for name in hidden) < smallest):
        hidden.add(rest.pop(0)[1])
    return frozenset(hidden)
