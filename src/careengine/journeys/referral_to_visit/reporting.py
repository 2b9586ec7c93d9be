"""After the visit: the next one of a series, the report, its way back to the sender, and their review."""

from careengine.capabilities import messaging, referrals, scheduling
from careengine.engine.journey import (
    CardDecided,
    Case,
    EffectDelivered,
    EffectFailed,
    Event,
    Facts,
    Instant,
    Policies,
)
from careengine.journeys.referral_to_visit.offering import FRESH
from careengine.journeys.referral_to_visit.saying import REACH, text_failed
from careengine.journeys.referral_to_visit.series import SERIES, so_far
from careengine.journeys.referral_to_visit.story import (
    REPORTS,
    TASK,
    card,
    journey,
    number,
)
from careengine.kernel.decision import Route
from careengine.kernel.next import Next, ask, stay, to
from careengine.kernel.policy import Scalar
from careengine.kernel.team import Team

REPORT, REVIEW, DELIVERY = "referrals.report", "referrals.review", "referrals.delivery"
FACTS = (referrals.REFERRAL, scheduling.VISIT)


@journey.state(
    "after_visit", owner=Team.ACCESS, clock="access.rebook", awaits="the_next_visit", status="5.1.4",
    needs=FACTS, goes=("after_visit", "offering", "awaiting_report"), asks=(SERIES,),
)  # fmt: skip
def after_visit(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Count the visit; a series goes on to its next one, and the last one's report is awaited."""
    visit = facts[scheduling.VISIT]
    last = visit.start or now
    done = number(case, "visits_done") + 1
    series = so_far(case, facts, policy, now, done=done, last=last)
    data: dict[str, Scalar] = {
        **FRESH, "visits_done": done, "appointment": None, "gone": case.data.get("appointment"),
        "slot": None, "kept_at": last.isoformat(),
        "verified": None, "checking": None, SERIES: None, "intake": None, "registration.cover": None,
        "registration.verified": None, "registration.intake": None, "messaging.message": None,
    }  # fmt: skip
    if series.answer == referrals.COMPLETE:
        return to("awaiting_report", because=series, now=True, data=data)
    if series.route is Route.ASK:
        return ask(SERIES, because=series, data=data)
    return to("offering", because=series, now=True, data=data)


@journey.on("after_visit", CardDecided, goes=("offering", "awaiting_report"))
def series_decided(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A person says whether another visit follows."""
    return to("awaiting_report" if card(event).answer == "complete" else "offering", now=True)


@journey.state(
    "awaiting_report", owner=Team.CLINICIANS, clock="access.report_due", awaits="the_report",
    status="5.1.4", needs=(referrals.REPORT,), goes=("returning_report",), asks=(REPORT,),
)  # fmt: skip
def awaiting_report(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Wait for a final report of this referral; one that may be it is shown to a person."""
    refused = frozenset(str(case.data.get("not_report") or "").split())
    report = referrals.decide_report(
        facts[referrals.REPORT], policy=policy[referrals.REPORTING], refused=refused
    )
    if report.answer == referrals.CAME:
        return to("returning_report", because=report, now=True, data={"report": referrals.report_of(report)})
    if report.route is Route.ASK:
        shown = {"report": referrals.report_of(report) or None}
        return ask(REPORT, because=report, data=shown)
    return stay()


@journey.on(
    "awaiting_report", REPORTS[0], needs=(referrals.REPORT,), goes=("returning_report",), asks=(REPORT,)
)
@journey.on(
    "awaiting_report", REPORTS[1], needs=(referrals.REPORT,), goes=("returning_report",), asks=(REPORT,)
)
def report_seen(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A document came: is it the report?"""
    return awaiting_report(case, facts, policy, event, now)


@journey.on("awaiting_report", CardDecided, goes=("returning_report",))
def report_decided(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A person says whether the document is the report."""
    shown = str(case.data.get("report") or "")
    if card(event).answer == "is_report" and shown:
        return to("returning_report", now=True)
    no = " ".join(dict.fromkeys((*str(case.data.get("not_report") or "").split(), shown)))
    return stay(data={"report": None, "not_report": no.strip() or None})


@journey.state(
    "returning_report", owner=Team.INTEGRATION, clock="access.return_report", awaits="senders_receipt",
    needs=(referrals.REFERRAL, referrals.REPORT),
    goes=("returning_report", "awaiting_review"), asks=(DELIVERY,),
)  # fmt: skip
def returning_report(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Bring the report back to who asked; a sender without a connection gets it from the desk."""
    referral = facts[referrals.REFERRAL]
    report = next((r for r in facts[referrals.REPORT].found if r.ref == case.data.get("report")), None)
    if report is None or not referral.sender.partner:
        missing = referrals.decide_undelivered(
            referral,
            why="no_connection" if report else "report_gone",
            policy=policy[referrals.ACKNOWLEDGEMENT],
        )
        return ask(DELIVERY, because=missing, team=Team.ACCESS)
    back = referrals.send_report(referral, report, case=case.id, policy=policy[referrals.REPORTING], now=now)
    return stay(effects=(back,))


@journey.on("returning_report", EffectDelivered, needs=(referrals.REFERRAL,), goes=("awaiting_review",))
def report_returned(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The sender has it; ask them to say that they read it."""
    if not isinstance(event, EffectDelivered) or event.effect_kind != referrals.SEND_REPORT:
        return stay()
    return owed(case, facts, policy, now)


def owed(case: Case, facts: Facts, policy: Policies, now: Instant) -> Next:
    """Ask the sender to say that they read the report."""
    task = referrals.review_task(
        case.id, case.subject, facts[referrals.REFERRAL], str(case.data.get("report") or ""),
        policy=policy[referrals.REPORTING], now=now,
    )  # fmt: skip
    return to("awaiting_review", writes=(task,))


@journey.on(
    "returning_report", EffectFailed, needs=(referrals.REFERRAL, messaging.CONTACT), asks=(DELIVERY, REACH)
)
def report_stuck(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """It will not arrive by itself: somebody mends the connection, or brings it."""
    assert isinstance(event, EffectFailed)  # noqa: S101  the engine calls it with no other event
    if event.effect_kind in messaging.KINDS:
        return text_failed(case, facts, policy, event, now)
    failed = referrals.decide_undelivered(
        facts[referrals.REFERRAL], why=event.why, policy=policy[referrals.ACKNOWLEDGEMENT]
    )
    return ask(DELIVERY, because=failed)


@journey.on(
    "returning_report", CardDecided, needs=(referrals.REFERRAL,), goes=("returning_report", "awaiting_review")
)
def report_told(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Either the sender has the report by another way, or it is sent once more."""
    return (
        owed(case, facts, policy, now) if card(event).answer == "told" else to("returning_report", now=True)
    )


@journey.state(
    "awaiting_review", owner=Team.ACCESS, clock="access.review_due", awaits="the_senders_review",
    needs=(referrals.REVIEW,), goes=("completed",), asks=(REVIEW,),
)  # fmt: skip
def awaiting_review(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Close the loop when the sender has read the report; whatever they ask for goes to a person."""
    review = facts[referrals.REVIEW]
    answer = referrals.decide_review(review, policy=policy[referrals.REVIEWING], now=now)
    if answer.answer == referrals.REVIEWED:
        return to("completed", because=answer)
    if answer.route is Route.ASK:
        return ask(REVIEW, because=answer)
    return stay(wake=review.due)


@journey.on("awaiting_review", TASK, needs=(referrals.REVIEW,), goes=("completed",), asks=(REVIEW,))
def review_seen(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """The sender answered."""
    return awaiting_review(case, facts, policy, event, now)


@journey.on("awaiting_review", CardDecided, goes=("completed", "returning_report", "offering"))
def review_decided(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """A person closes the loop, sends the report again, or arranges what the sender still asks for."""
    answer = card(event).answer
    if answer == "reviewed":
        return to("completed")
    return to("returning_report" if answer == "again" else "offering", now=True)


@journey.on_any(TASK)
@journey.on_any(REPORTS[0])
@journey.on_any(REPORTS[1])
def not_awaited(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Nothing here waits for it."""
    return stay()
