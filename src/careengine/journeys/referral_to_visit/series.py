"""A series of visits is one case: the next one is looked for in time, and one that never came is noticed."""

from datetime import datetime

from careengine.capabilities import referrals
from careengine.engine.journey import Case, Facts, Instant, Policies
from careengine.journeys.referral_to_visit.story import number
from careengine.kernel.decision import Decision

SERIES = "referrals.series"
"""The card on which a person says whether another visit follows."""


def so_far(
    case: Case, facts: Facts, policy: Policies, now: Instant, *, done: int, last: datetime
) -> Decision:
    """Say whether the series is complete, which visit comes next, or that one never came."""
    return referrals.decide_series(
        referrals.Visits(done=done, last=last), planned=max(1, number(case, "visits_planned")),
        policy=policy[referrals.SERIES], now=now, series=facts[referrals.REFERRAL].series,
    )  # fmt: skip


def under_way(case: Case, facts: Facts, policy: Policies, now: Instant) -> Decision | None:
    """Look at a series whose next visit is not booked yet; nothing for what is no series, or was asked."""
    done = number(case, "visits_done")
    if not done or not case.data.get("kept_at") or case.data.get(SERIES):
        return None
    last = datetime.fromisoformat(str(case.data["kept_at"]))
    return so_far(case, facts, policy, now, done=done, last=last)
