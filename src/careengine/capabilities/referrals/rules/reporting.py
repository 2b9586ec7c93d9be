"""Has the visit's report come, is it final and about this referral; did its sender read it? Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from careengine.capabilities.referrals.model import Referral
from careengine.capabilities.referrals.model.closing import (
    Report,
    ReportPolicy,
    Reports,
    Review,
    ReviewPolicy,
)
from careengine.capabilities.referrals.rules.sending import addressed
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.kernel.effect import Effect, Json
from careengine.kernel.next import Write

SEND_REPORT = "referrals.send_report"
CAME, INTERIM, NONE, UNCLEAR = "report", "interim", "no_report", "unclear_report"
REVIEWED, FOLLOW_UP, OWED, OVERDUE, UNREADABLE = (
    "reviewed", "follow_up", "review_owed", "review_overdue", "unclear_review",
)  # fmt: skip
REVIEW_CODE = "review-report"
_CODES = "urn:careengine:task"


def decide_report(
    reports: Reports, *, policy: ReportPolicy, refused: frozenset[str] = frozenset()
) -> Decision:
    """Say whether the report of this referral has come.

    It closes the wait only when it is a consult report by its code, final by its status, and
    names the referral or its visit. A preliminary one is waited on; one that may be it, but
    does not say so in all three ways, is shown to a person; a version in ``refused``, of which
    a person said that it is not the report, is not shown again.
    """
    standing = [
        r for r in reports.found if r.status not in policy.void and not r.others and r.ref not in refused
    ]
    judged = [(report, _doubts(report, policy)) for report in standing if not _elsewhere(report, policy)]
    sure = [report for report, doubts in judged if not doubts]
    final = [report for report in sure if report.status in policy.final]
    if final:
        return _report(policy, CAME, final[:1], "referrals.report_came")
    doubtful = [report for report, doubts in judged if doubts]
    if doubtful:
        return _report(policy, UNCLEAR, doubtful[:1], *_doubts(doubtful[0], policy))
    if sure:
        return _report(policy, INTERIM, sure[:1], "referrals.report_interim")
    return _report(policy, NONE, (), "referrals.report_not_here")


def report_of(decision: Decision) -> str:
    """Return the report a decision speaks of, ``Type/id@version``; empty when there is none."""
    named = (str(reason.params.get("report", "")) for reason in decision.because)
    return next((name for name in named if name), "")


def _elsewhere(report: Report, policy: ReportPolicy) -> bool:
    """Say whether a document has nothing to do with this: another kind, or no kind and no tie to it."""
    if set(report.codes) & policy.reports:
        return False
    return bool(set(report.codes) & policy.others) or not report.named_by


def _doubts(report: Report, policy: ReportPolicy) -> tuple[str, ...]:
    doubts = []
    if not set(report.codes) & policy.reports:
        doubts.append("referrals.report_of_unknown_kind")
    if not report.named_by:
        doubts.append("referrals.report_names_no_referral")
    if report.status not in policy.final | policy.interim:
        doubts.append("referrals.report_status_unknown")
    return tuple(doubts)


def _report(policy: ReportPolicy, answer: str, about: Sequence[Report], *codes: str) -> Decision:
    report = about[0] if about else None
    params = {"report": report.ref, "status": report.status} if report else {}
    asks = answer == UNCLEAR
    flips = (Flip("reports.found[0].status", "final", CAME),) if answer == INTERIM else ()
    return Decision(
        question="referrals.report",
        route=Route.ASK if asks else Route.PROCEED,
        answer=answer,
        because=tuple(Reason(code, params) for code in codes),
        policy=policy.ref,
        evidence=(
            Evidence(
                source=report.ref if report else "DiagnosticReport",
                bearing=Bearing.CONTRADICTS if asks else Bearing.SUPPORTS if report else Bearing.MISSING,
            ),
        ),
        flips=flips,
    )


def review_id(case: int) -> str:
    """Return the id of the Task by which the sender says that they read the report."""
    return f"review-{case}"


def send_report(
    referral: Referral, report: Report, *, case: int, policy: ReportPolicy, now: datetime
) -> Effect:
    """Return the report on its way to who asked: the document is read only when it leaves."""
    people = tuple(p.ref.partition("@")[0] for p in referral.people if not p.replaced)
    body: dict[str, Json] = {
        **addressed(referral),
        "report": report.ref,
        "enclose": (report.ref, *report.files, *people[:1]),
        "review": f"Task/{review_id(case)}",
        "review_by": (now + timedelta(days=policy.review_days)).isoformat(),
        "at": now.isoformat(),
    }
    return Effect(
        kind=SEND_REPORT,
        partner=referral.sender.partner,
        body=body,
        not_after=now + timedelta(days=policy.valid_days),
        purpose="treatment",
    )


def review_task(
    case: int, subject: UUID, referral: Referral, report: str, *, policy: ReportPolicy, now: datetime
) -> Write:
    """Return the Task that asks the sender to say that they read the report, and by when."""
    owner = (referral.sender.organization or referral.sender.requester).partition("@")[0]
    people = [p.ref.partition("@")[0] for p in referral.people if not p.replaced]
    task: dict[str, Json] = {
        "resourceType": "Task",
        "id": review_id(case),
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": _CODES, "code": REVIEW_CODE}]},
        "focus": {"reference": report.partition("@")[0]},
        "basedOn": [{"reference": referral.ref.partition("@")[0]}],
        "authoredOn": now.isoformat(),
        "restriction": {"period": {"end": (now + timedelta(days=policy.review_days)).isoformat()}},
    }
    if people:
        task["for"] = {"reference": people[0]}
    if owner:
        task["owner"] = {"reference": owner}
    return Write(task, subject)


def decide_review(review: Review, *, policy: ReviewPolicy, now: datetime) -> Decision:
    """Say whether the sender has read the report, asks for more, or still owes an answer.

    Only a plain "read" closes the loop. Anything asked on top of it, a refusal, and an
    answer nobody listed go to a person.
    """
    if review.status in policy.waiting:
        late = review.due is not None and now >= review.due
        answer, code = (OVERDUE, "referrals.review_late") if late else (OWED, "referrals.review_awaited")
    elif review.status in policy.done and review.said in policy.follow_up:
        answer, code = FOLLOW_UP, "referrals.review_wants_more"
    elif review.status in policy.done and review.said in policy.agrees:
        answer, code = REVIEWED, "referrals.review_done"
    else:
        answer, code = UNREADABLE, "referrals.review_unlisted"
    proceeds = answer in {REVIEWED, OWED}
    would = policy.done if answer != REVIEWED and review.said in policy.agrees else frozenset()
    return Decision(
        question="referrals.review",
        route=Route.PROCEED if proceeds else Route.ASK,
        answer=answer,
        because=(Reason(code, {"status": review.status, "said": review.said}),),
        policy=policy.ref,
        evidence=(
            Evidence(
                source=f"{review.ref or 'Task'}#status",
                words=review.status,
                bearing=Bearing.SUPPORTS
                if proceeds
                else Bearing.CONTRADICTS
                if review.ref
                else Bearing.MISSING,
            ),
        ),
        flips=tuple(Flip("review.status", status, REVIEWED) for status in sorted(would)),
    )
