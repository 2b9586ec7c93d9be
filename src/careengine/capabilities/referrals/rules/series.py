"""How many visits were ordered, how far has the series come, and did one never come? Pure."""

from datetime import datetime, timedelta

from careengine.capabilities.referrals.model import Referral
from careengine.capabilities.referrals.model.closing import Series, SeriesPolicy, Visits
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.kernel.policy import Scalar

COMPLETE, BOOKED, NEXT, REMIND = "series_complete", "next_booked", "book_next", "remind"
NEVER_CAME, TOO_MANY = "never_came", "too_many"
_ASKS = frozenset({NEVER_CAME, TOO_MANY})


def planned_visits(referral: Referral) -> int:
    """Return how many visits were ordered: quantity, else count, else rhythm times length, else one."""
    series = referral.series
    if series.quantity is not None and series.quantity >= 1:
        return int(series.quantity)
    if series.count is not None and series.count >= 1:
        return series.count
    if series.frequency and series.period_days and series.bound_days:
        return max(1, int(series.frequency * series.bound_days / series.period_days + 1e-9))
    return 1


def gap_of(series: Series, policy: SeriesPolicy) -> timedelta:
    """Return the usual time between two visits: the sender's rhythm, or the policy's."""
    if series.frequency and series.period_days:
        return timedelta(days=series.period_days / series.frequency)
    return timedelta(days=policy.usual_days)


def decide_series(
    visits: Visits, *, planned: int, policy: SeriesPolicy, now: datetime, series: Series | None = None
) -> Decision:
    """Say whether a series is complete, which visit comes next and by when, or that one never came.

    ``visits.last`` is when the latest visit was, or when the series began. As long as the
    next visit is booked, its own outcome is waited for.
    """
    gap = gap_of(series or Series(), policy)
    due = (visits.last or now) + gap
    text_at = (visits.last or now) + gap * policy.text_after
    person_at = (visits.last or now) + gap * policy.person_after
    answer = _answer(visits, planned, policy, now, text_at, person_at)
    params: dict[str, Scalar] = {
        "done": visits.done, "planned": planned, "next": visits.done + 1,
        "due": due.isoformat(), "look_at": (person_at if now >= text_at else text_at).isoformat(),
        "by": due.date().isoformat(),
    }  # fmt: skip
    return Decision(
        question="referrals.series",
        route=Route.ASK if answer in _ASKS else Route.PROCEED,
        answer=answer,
        because=(Reason(f"referrals.{_REASONS[answer]}", params),),
        policy=policy.ref,
        evidence=(
            Evidence(
                source="ServiceRequest#quantity",
                words=str(planned),
                bearing=Bearing.MISSING if answer == NEVER_CAME else Bearing.SUPPORTS,
            ),
        ),
        flips=_flips(answer, text_at, person_at, planned),
    )


_REASONS = {
    COMPLETE: "series_done", BOOKED: "series_next_booked", NEXT: "series_next_due",
    REMIND: "series_next_late", NEVER_CAME: "series_visit_never_came", TOO_MANY: "series_very_long",
}  # fmt: skip


def _answer(
    visits: Visits, planned: int, policy: SeriesPolicy, now: datetime, text_at: datetime, person_at: datetime
) -> str:
    if visits.done >= planned:
        return COMPLETE
    if planned > policy.most_visits:
        return TOO_MANY
    if visits.booked is not None and visits.booked > now:
        return BOOKED
    if now >= person_at:
        return NEVER_CAME
    return REMIND if now >= text_at else NEXT


def _flips(answer: str, text_at: datetime, person_at: datetime, planned: int) -> tuple[Flip, ...]:
    if answer == NEXT:
        return (Flip("now", text_at.isoformat(), REMIND), Flip("visits.done", planned, COMPLETE))
    if answer == REMIND:
        return (Flip("now", person_at.isoformat(), NEVER_CAME), Flip("visits.done", planned, COMPLETE))
    return ()


def next_by(decision: Decision) -> datetime:
    """Return by when the next visit of a series should be."""
    return datetime.fromisoformat(str(decision.because[0].params["due"]))


def look_again(decision: Decision) -> datetime:
    """Return when to look at a series again if nothing happens before."""
    return datetime.fromisoformat(str(decision.because[0].params["look_at"]))
