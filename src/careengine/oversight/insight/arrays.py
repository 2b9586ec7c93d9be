"""The columns that figures are made of, and what lies in the middle of one. Pure."""

import numpy as np
from numpy.typing import NDArray

from careengine.oversight.insight.shares import Interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def quantile(values: Floats, share: float) -> Interval | None:
    """Return the smallest value at or below which ``share`` of the values lie; ``None`` of nothing."""
    if len(values) == 0:
        return None
    return Interval(float(np.quantile(values, share, method="inverted_cdf")))


def value_of(found: Interval | None) -> float | None:
    """Return the bare value."""
    return found.value if found else None
