"""Do referrals get there, how many and by which day, with those on their way counted as what they are. Pure.

Denominator: every selected case but those that ended as no attempt of their own (a double,
no referral). Numerator: those that reached the milestone, whatever came later. Who fell out
before it will not reach it: they stay in the denominator for as long as anybody could have
been watched, until now. Who is on the way is censored now. With nobody on the way the curve
is the plain share.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from careengine.oversight.insight.arrays import Bools, Ints
from careengine.oversight.insight.figures import Figure, counting
from careengine.oversight.insight.happenings import Happenings
from careengine.oversight.insight.paths import NEVER, Paths, days_watched, first_entry
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.selecting import DAY
from careengine.oversight.insight.shares import share_of
from careengine.oversight.insight.survival import cumulative_incidence, kaplan_meier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """Where the selected cases stand towards one milestone."""

    milestone: str
    when: Ints
    """When it was reached, :data:`NEVER` if not."""
    counted: Bools
    """Whether it was an attempt of its own."""
    ended: Bools
    """Whether the case rests in an end."""

    @property
    def reached(self) -> Bools:
        """Attempts that got there."""
        found: Bools = np.logical_and(self.counted, self.when != NEVER)
        return found

    @property
    def fallen(self) -> Bools:
        """Attempts that ended before they got there."""
        found: Bools = np.logical_and(self.counted & self.ended, self.when == NEVER)
        return found

    @property
    def under_way(self) -> Bools:
        """Attempts that may still get there."""
        found: Bools = np.logical_and(self.counted & ~self.ended, self.when == NEVER)
        return found


def standing_to(
    milestone: str, states: Ints, happened: Happenings, paths: Paths, ends: Ints, not_counted: Ints
) -> Standing:
    """Say of every case where it stands towards a milestone, which any of ``states`` means."""
    return Standing(
        milestone=milestone,
        when=first_entry(happened, paths, states),
        counted=~np.isin(paths.state, not_counted),
        ended=np.isin(paths.state, ends),
    )


def referrals(happened: Happenings, stands: Standing) -> Iterator[Figure]:
    """Count the cases by where they stand."""
    ids = happened.cases
    for name, which in (
        ("opened", np.ones(len(ids), dtype=np.bool_)),
        ("not_counted", ~stands.counted),
        ("reached", stands.reached),
        ("under_way", stands.under_way),
        ("fallen_out", stands.fallen),
    ):
        yield counting(f"referrals.{name}", ids[which], len(ids), f"insight.formula_referrals_{name}")


def completion(happened: Happenings, stands: Standing, policy: ReferralsPolicy) -> Iterator[Figure]:
    """Tell the share that got there: plainly, of those settled, by each horizon; and when half were."""
    ids, name, sure = happened.cases, f"completion.{stands.milestone}", policy.confidence
    reached, counted = stands.reached, stands.counted
    all_, there = int(counted.sum()), int(reached.sum())
    settled = there + int(stands.fallen.sum())
    for what, of in (("share", all_), ("settled", settled)):
        yield Figure(
            name=f"{name}.{what}", unit="share", found=share_of(there, of, sure), of=of, cases=ids[reached],
            formula=f"insight.formula_completion_{what}", params={"milestone": stands.milestone},
        )  # fmt: skip
    days, arrived = days_watched(happened, stands.when)
    curve = kaplan_meier(days[counted], arrived[counted])
    for horizon in policy.horizons:
        yield Figure(
            name=f"{name}.{horizon}d", unit="share", found=curve.by(horizon, sure), of=all_,
            cases=ids[reached & (days <= horizon)], formula="insight.formula_completion_by",
            params={"milestone": stands.milestone, "days": horizon},
            more={"watched": curve.watched(horizon)},
        )  # fmt: skip
    slowest = np.argsort(-days[reached], kind="stable")
    yield Figure(
        name=f"{name}.median", unit="days", found=curve.half(sure), of=all_, cases=ids[reached][slowest],
        formula="insight.formula_completion_median", params={"milestone": stands.milestone},
    )  # fmt: skip


def ways_out(happened: Happenings, stands: Standing, paths: Paths, day: int) -> dict[int, float | None]:
    """Return for each end without the milestone the share that fell out there by ``day``.

    Aalen and Johansen: the ends and the milestone compete. ``None`` when nobody was watched so long.
    """
    over = np.where(stands.reached, stands.when, NEVER)
    over[stands.fallen] = paths.since(happened)[stands.fallen]
    days = days_watched(happened, over)[0]
    ends = np.unique(paths.state[stands.fallen])
    why = np.zeros(len(happened.cases), dtype=np.int64)
    why[stands.reached] = 1
    why[stands.fallen] = 2 + np.searchsorted(ends, paths.state[stands.fallen])
    counted = stands.counted
    when, shares = cumulative_incidence(days[counted], why[counted], 1 + len(ends))
    longest = float((happened.now - happened.opened[counted]).max(initial=0)) / DAY
    step = int(np.searchsorted(when, day, side="right")) - 1
    return {
        int(end): None if longest < day else float(shares[row + 1][step]) if step >= 0 else 0.0
        for row, end in enumerate(ends)
    }
