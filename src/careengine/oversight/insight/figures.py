"""One figure of a report: its value, of what, how sure, by which formula, and whose cases it counts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from careengine.kernel.policy import Scalar
from careengine.oversight.insight.arrays import Ints
from careengine.oversight.insight.shares import Interval

NO_CASES: Ints = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """One figure, ``section.what``; without ``found`` nothing can be said yet."""

    name: str
    unit: str
    """share, days, hours, count or rate."""
    found: Interval | None
    of: int
    """How many it is taken from."""
    formula: str
    """The code of the sentence that says how it is made."""
    params: Mapping[str, Scalar] = field(default_factory=dict)
    """What that sentence names."""
    more: Mapping[str, float | None] = field(default_factory=dict)
    """Further values of the same thing, such as ``p90``."""
    cases: Ints = field(default_factory=lambda: NO_CASES)
    """Ids of the cases it counts, those to look at first on top."""
    names_cases: bool = True
    """Whether the cases may be listed: not where the list would tell what stands in somebody's chart."""
    hidden: bool = False
    """Too few people stand behind it to be shown."""

    @property
    def value(self) -> float | None:
        """The value itself; ``None`` when there is nothing to say, or it may not be said."""
        return self.found.value if self.found and not self.hidden else None

    def plain(self) -> dict[str, Any]:
        """Return the figure for programs; a hidden one has no value."""
        shown = self.found if not self.hidden else None
        return {
            "name": self.name, "unit": self.unit, "value": self.value, "of": self.of,
            "low": shown.low if shown else None, "high": shown.high if shown else None, **self.more,
            "cases": len(self.cases), "hidden": self.hidden, "formula": self.formula,
            "params": dict(self.params),
        }  # fmt: skip


def counting(name: str, cases: Ints, of: int, formula: str, **params: Scalar) -> Figure:
    """Return how many cases there are of a kind."""
    return Figure(
        name=name, unit="count", found=Interval(len(cases)), of=of, cases=cases, formula=formula,
        params=params,
    )  # fmt: skip
