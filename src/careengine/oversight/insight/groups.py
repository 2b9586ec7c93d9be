"""Is it the same for everybody: offers, waits and arrivals of each group, small groups hidden. Pure."""

from collections.abc import Iterator, Mapping

import numpy as np

from careengine.kernel.policy import Scalar
from careengine.oversight.insight.arrays import Bools, Ints
from careengine.oversight.insight.completion import Standing
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.happenings import Happenings
from careengine.oversight.insight.offers import UNKNOWN
from careengine.oversight.insight.paths import Paths, days_watched, first_entry
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.shares import Interval, hidden_groups, rate_of
from careengine.oversight.insight.survival import Curve, kaplan_meier

_ONLY = "group"
"""The dimension of a group that names none."""
Groups = Mapping[str, Bools]
"""By name: which cases are in the group."""


def by_group(
    happened: Happenings, stands: Standing, paths: Paths, booked: Ints, policy: ReferralsPolicy
) -> Iterator[Figure]:
    """Tell for each group of patients its offers and its waits; a group of too few people is hidden.

    The group is what scheduling recorded with its offers. Whose cases they are is not
    told: which group somebody belongs to stands in the chart.
    """
    when_booked = first_entry(happened, paths, booked) if len(booked) else stands.when
    offered = happened.offers.times
    for dimension, groups in _dimensions(happened, stands.counted).items():
        sizes = {name: int(mine.sum()) for name, mine in groups.items() if mine.any()}
        hidden = hidden_groups(sizes, policy.smallest_group)
        for name in sorted(sizes, key=lambda one: (one in hidden, -sizes[one], one)):
            mine, of, sure, full = groups[name], sizes[name], policy.confidence, f"{dimension}.{name}"
            if name in hidden:
                yield _group(full, "referrals", "count", None, 0, hidden=True)
                continue
            yield _group(full, "referrals", "count", Interval(of), len(happened.cases))
            yield _group(full, "offers", "rate", rate_of(int(offered[mine].sum()), of, sure), of)
            yield _group(full, "wait", "days", _curve(happened, when_booked, mine).half(sure), of)
            there = _curve(happened, stands.when, mine).by(policy.horizons[-1], sure)
            yield _group(full, "completion", "share", there, of, days=policy.horizons[-1])


def _curve(happened: Happenings, when: Ints, mine: Bools) -> Curve:
    days, there = days_watched(happened, when)
    return kaplan_meier(days[mine], there[mine])


def _group(
    name: str,
    what: str,
    unit: str,
    found: Interval | None,
    of: int,
    *,
    hidden: bool = False,
    **params: Scalar,
) -> Figure:
    return Figure(
        name=f"group.{name}.{what}", unit=unit, found=found, of=of, hidden=hidden, names_cases=False,
        formula=f"insight.formula_group_{what}", params={"group": name, **params},
    )  # fmt: skip


def _dimensions(happened: Happenings, counted: Bools) -> Mapping[str, Groups]:
    """Return the groups by what they are about; in each dimension every counted case is in one group."""
    found: dict[str, dict[str, Bools]] = {}
    nobody = np.zeros(len(happened.cases), dtype=np.bool_)
    for text, mine in _recorded(happened).items():
        for dimension, name in _parts(text):
            groups = found.setdefault(dimension, {})
            groups[name] = groups.get(name, nobody) | (mine & counted)
    for groups in found.values():
        known = np.logical_or.reduce(list(groups.values()))
        groups[UNKNOWN] = groups.get(UNKNOWN, nobody) | (counted & ~known)
    return found


def _recorded(happened: Happenings) -> Groups:
    """Return the cases by the text of their group, those whose group is known."""
    texts = sorted({*happened.offers.group} - {UNKNOWN})
    row_of = {text: row for row, text in enumerate(texts)}
    of_case = np.array([row_of.get(group, -1) for group in happened.offers.group], dtype=np.int64)
    return {text: of_case == row for text, row in row_of.items()}


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield dimension and name of each part of ``race=2106-3;language=es``."""
    for part in text.split(";"):
        dimension, equals, name = part.partition("=")
        yield (dimension, name) if equals else (_ONLY, dimension)
