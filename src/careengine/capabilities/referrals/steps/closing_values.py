"""The policies of reports, reviews and series as their files state them, and the values the rules receive."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import Field

from careengine.capabilities.referrals.model import Referral
from careengine.capabilities.referrals.model.closing import (
    Report,
    ReportPolicy,
    Reports,
    Review,
    ReviewPolicy,
    Series,
    SeriesPolicy,
    Visits,
)
from careengine.capabilities.referrals.rules.reporting import (
    decide_report,
    decide_review,
    report_of,
    review_task,
    send_report,
)
from careengine.capabilities.referrals.rules.series import decide_series, next_by, planned_visits
from careengine.kernel.policy import PolicyRef
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues

_NOON = datetime.fromisoformat("2026-03-05T12:00:00+00:00")


class ReportValues(PolicyValues):
    """What a report is, and how long everybody has."""

    reports: frozenset[str] = Field(min_length=1)
    others: frozenset[str]
    final: frozenset[str] = Field(min_length=1)
    interim: frozenset[str]
    void: frozenset[str]
    review_days: int = Field(ge=1, le=90)
    valid_days: int = Field(ge=1, le=90)


class ReviewValues(PolicyValues):
    """What an answer means."""

    waiting: frozenset[str] = Field(min_length=1)
    done: frozenset[str] = Field(min_length=1)
    agrees: frozenset[str] = Field(min_length=1)
    follow_up: frozenset[str]


class SeriesValues(PolicyValues):
    """How long may pass between two visits."""

    usual_days: int = Field(ge=1, le=90)
    text_after: float = Field(gt=1, le=10)
    person_after: float = Field(gt=1, le=10)
    most_visits: int = Field(ge=2, le=200)


def build_reporting(values: ReportValues, ref: PolicyRef) -> ReportPolicy:
    """Return the value the rule receives."""
    return ReportPolicy(
        ref=ref,
        reports=values.reports,
        others=values.others,
        final=values.final,
        interim=values.interim,
        void=values.void,
        review_days=values.review_days,
        valid_days=values.valid_days,
    )


def lint_reporting(values: ReportValues) -> Iterator[tuple[Path, str, str]]:
    """Yield what stands on two lists that exclude each other."""
    for a, b in (("reports", "others"), ("final", "interim"), ("final", "void"), ("interim", "void")):
        for both in sorted(getattr(values, a) & getattr(values, b)):
            yield (a,), f"{both} also stands under {b}.", "Leave it on one list."


def build_reviewing(values: ReviewValues, ref: PolicyRef) -> ReviewPolicy:
    """Return the value the rule receives."""
    return ReviewPolicy(
        ref=ref,
        waiting=values.waiting,
        done=values.done,
        agrees=values.agrees,
        follow_up=values.follow_up,
    )


def lint_reviewing(values: ReviewValues) -> Iterator[tuple[Path, str, str]]:
    """Yield what stands on two lists that exclude each other."""
    for a, b in (("waiting", "done"), ("agrees", "follow_up")):
        for both in sorted(getattr(values, a) & getattr(values, b)):
            yield (a,), f"{both} also stands under {b}.", "Leave it on one list."


def build_series(values: SeriesValues, ref: PolicyRef) -> SeriesPolicy:
    """Return the value the rule receives."""
    return SeriesPolicy(
        ref=ref,
        usual_days=values.usual_days,
        text_after=values.text_after,
        person_after=values.person_after,
        most_visits=values.most_visits,
    )


def lint_series(values: SeriesValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a person who would look before the patient was written to."""
    if values.person_after <= values.text_after:
        yield ("person_after",), "A person would look first.", "Write to the patient first."


def answer_reporting(policy: ReportPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {documents: [{code?, status, names?, other?}]}``, newest first."""
    found = tuple(
        Report(
            ref=f"DocumentReference/{i}@1",
            status=str(one["status"]),
            written=_NOON,
            codes=(str(one["code"]),) if "code" in one else (),
            named_by=(str(one["names"]),) if "names" in one else (),
            others=bool(one.get("other")),
        )
        for i, one in enumerate(given["documents"])
    )
    decision = decide_report(Reports(found), policy=policy)
    answer = {"answer": decision.answer, "route": decision.route.value, "report": report_of(decision)}
    if decision.answer != "report":
        return answer
    sent = send_report(_referral(), found[0], case=1, policy=policy, now=_NOON)
    task = review_task(1, UUID(int=0), _referral(), found[0].ref, policy=policy, now=_NOON).resource
    assert sent.not_after is not None  # noqa: S101  a report's delivery always ends
    return answer | {
        "valid_days": (sent.not_after - _NOON).days,
        "review_by": str(task["restriction"]["period"]["end"])[:10],  # type: ignore[index,call-overload]  # made above
    }


def answer_reviewing(policy: ReviewPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {status, said?, days_left?}``."""
    review = Review(
        ref="Task/review-1@2",
        status=str(given["status"]),
        said=str(given.get("said", "")),
        due=_NOON + timedelta(days=given.get("days_left", 1)),
    )
    decision = decide_review(review, policy=policy, now=_NOON)
    return {"answer": decision.answer, "route": decision.route.value}


def answer_series(policy: SeriesPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {done, days_since, booked_in_days?, quantity?, count?, frequency?, …}``."""
    series = Series(
        quantity=given.get("quantity"),
        count=given.get("count"),
        frequency=given.get("frequency"),
        period_days=given.get("period_days"),
        bound_days=given.get("bound_days"),
    )
    referral = Referral(
        ref="ServiceRequest/case@1", received=_NOON, status="active", intent="order", series=series
    )
    booked = _NOON + timedelta(days=given["booked_in_days"]) if "booked_in_days" in given else None
    last = _NOON - timedelta(days=given["days_since"])
    visits = Visits(done=given["done"], last=last, booked=booked)
    planned = planned_visits(referral)
    decision = decide_series(visits, planned=planned, policy=policy, now=_NOON, series=series)
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "planned": planned,
        "next_by": date.isoformat(next_by(decision).date()),
    }


def _referral() -> Referral:
    return Referral(ref="ServiceRequest/case@1", received=_NOON, status="active", intent="order")
