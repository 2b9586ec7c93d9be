"""What it takes to book a visit, and whether every group of patients is offered one as soon. Pure."""

from collections.abc import Iterator

import numpy as np

from careengine.kernel.policy import Scalar
from careengine.oversight.insight.arrays import Bools, Ints
from careengine.oversight.insight.completion import Standing
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.happenings import UNKNOWN, Happenings
from careengine.oversight.insight.paths import Paths, days_watched, first_entry
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.shares import Interval, hidden_groups, rate_of
from careengine.oversight.insight.survival import Curve, kaplan_meier


def reaching(
    happened: Happenings, paths: Paths, booked: Ints, texts: Ints, policy: ReferralsPolicy
) -> Iterator[Figure]:
    """Tell the bookings, and the texts and offers each of them took."""
    moves = paths.moves
    into = np.isin(moves.to, booked) & ~np.isin(moves.was, booked)
    bookings, sure = int(into.sum()), policy.confidence
    sent = np.isin(happened.contacts.kind, texts)
    with_one = np.unique(happened.cases[moves.case[into]])
    yield Figure(
        name="bookings.made", unit="count", found=Interval(bookings), of=len(happened.cases), cases=with_one,
        formula="insight.formula_bookings",
    )  # fmt: skip
    for name, each in (("texts", happened.contacts.case[sent]), ("offers", happened.offers.case)):
        took = _most(happened, each)
        yield Figure(
            name=f"{name}.sent", unit="count", found=Interval(len(each)), of=len(happened.cases), cases=took,
            formula=f"insight.formula_{name}_sent",
        )  # fmt: skip
        yield Figure(
            name=f"{name}.per_booking", unit="rate", found=rate_of(len(each), bookings, sure), of=bookings,
            cases=took, formula=f"insight.formula_{name}_per_booking",
        )  # fmt: skip


def by_group(
    happened: Happenings, stands: Standing, paths: Paths, booked: Ints, policy: ReferralsPolicy
) -> Iterator[Figure]:
    """Tell for each group of patients its offers and its waits; a group of too few people is hidden.

    The group is what scheduling recorded with its offers. Whose cases they are is not
    told: which group somebody belongs to stands in the chart.
    """
    names, group_of = _groups(happened)
    in_group = {name: stands.counted & (group_of == row) for row, name in enumerate(names)}
    sizes = {name: int(mine.sum()) for name, mine in in_group.items() if mine.any()}
    hidden = hidden_groups(sizes, policy.smallest_group)
    when_booked = first_entry(happened, paths, booked) if len(booked) else stands.when
    offered = np.bincount(happened.offers.case, minlength=len(happened.cases))
    for name in sorted(sizes, key=lambda one: (one in hidden, -sizes[one], one)):
        mine, of, sure = in_group[name], sizes[name], policy.confidence
        if name in hidden:
            yield _group(name, "referrals", "count", None, 0, hidden=True)
            continue
        yield _group(name, "referrals", "count", Interval(of), len(happened.cases))
        yield _group(name, "offers", "rate", rate_of(int(offered[mine].sum()), of, sure), of)
        yield _group(name, "wait", "days", _curve(happened, when_booked, mine).half(sure), of)
        there = _curve(happened, stands.when, mine).by(policy.horizons[-1], sure)
        yield _group(name, "completion", "share", there, of, days=policy.horizons[-1])


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


def _groups(happened: Happenings) -> tuple[list[str], Ints]:
    """Return the groups' names, and for each case the place of its group among them."""
    names = sorted({UNKNOWN, *happened.offers.group})
    place = {name: row for row, name in enumerate(names)}
    of_case = np.full(len(happened.cases), place[UNKNOWN], dtype=np.int64)
    of_offer = np.array([place[name] for name in happened.offers.group], dtype=np.int64)
    known = of_offer != place[UNKNOWN]
    of_case[happened.offers.case[known]] = of_offer[known]
    return names, of_case


def _most(happened: Happenings, each: Ints) -> Ints:
    """Return the cases that took some, those that took most on top."""
    places, times = np.unique(each, return_counts=True)
    found: Ints = happened.cases[places[np.argsort(-times, kind="stable")]]
    return found
