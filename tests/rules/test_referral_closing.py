"""The visit's report, the sender's review of it, a series of visits: what closes, what waits, who looks."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from referral_examples import NOW, InForce, a_person, a_referral

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Report, Reports, Review, Sender, Series, Visits
from careengine.kernel.decision import Decision, Route

LOINC = "http://loinc.org"
REPORTING, REVIEWING, SERIES = (
    InForce()[name] for name in (referrals.REPORTING, referrals.REVIEWING, referrals.SERIES)
)
NOTE = Report(
    ref="DocumentReference/note@2", status="final", written=NOW,
    codes=(f"{LOINC}|11488-4",), named_by=("context",), files=("Binary/note",),
)  # fmt: skip


def report(*documents: Report, refused: frozenset[str] = frozenset()) -> Decision:
    return referrals.decide_report(Reports(documents), policy=REPORTING, refused=refused)


@pytest.mark.parametrize("status", ["final", "amended", "corrected", "appended", "current"])
@pytest.mark.parametrize("named_by", ["basedOn", "context", "identifier", "encounter"])
def test_a_final_consultation_note_that_names_the_referral_is_its_report(status: str, named_by: str) -> None:
    decision = report(replace(NOTE, status=status, named_by=(named_by,)))
    assert (decision.answer, decision.route) == ("report", Route.PROCEED)
    assert referrals.report_of(decision) == "DocumentReference/note@2"


@pytest.mark.parametrize("status", ["preliminary", "registered", "partial"])
def test_a_preliminary_report_does_not_close(status: str) -> None:
    decision = report(replace(NOTE, status=status))
    assert (decision.answer, decision.route) == ("interim", Route.PROCEED)


def test_a_preliminary_report_closes_as_its_flip_says() -> None:
    (flip,) = report(replace(NOTE, status="preliminary")).flips
    assert report(replace(NOTE, status=str(flip.becomes))).answer == flip.answer


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "superseded"])
def test_a_withdrawn_report_is_not_there(status: str) -> None:
    assert report(replace(NOTE, status=status)).answer == "no_report"


@pytest.mark.parametrize(
    ("doubtful", "why"),
    [
        (replace(NOTE, codes=(f"{LOINC}|99999-9",)), "referrals.report_of_unknown_kind"),
        (replace(NOTE, codes=()), "referrals.report_of_unknown_kind"),
        (replace(NOTE, named_by=()), "referrals.report_names_no_referral"),
        (replace(NOTE, status="maybe"), "referrals.report_status_unknown"),
    ],
)
def test_what_may_be_the_report_is_shown_to_a_person_with_the_doubt(doubtful: Report, why: str) -> None:
    decision = report(doubtful)
    assert (decision.answer, decision.route) == ("unclear_report", Route.ASK)
    assert [reason.code for reason in decision.because] == [why]
    assert referrals.report_of(decision) == doubtful.ref


def test_a_sure_report_is_not_held_up_by_a_doubtful_one_beside_it() -> None:
    assert report(replace(NOTE, ref="DocumentReference/new@1", named_by=()), NOTE).answer == "report"


def test_a_report_of_another_referral_is_none_of_ours() -> None:
    assert report(replace(NOTE, others=True, named_by=())).answer == "no_report"


@pytest.mark.parametrize("code", ["11524-6", "57133-1", "18748-4"])
def test_a_result_or_a_letter_of_referral_is_no_report(code: str) -> None:
    assert report(replace(NOTE, codes=(f"{LOINC}|{code}",))).answer == "no_report"


def test_a_stray_document_of_an_unknown_kind_bothers_nobody() -> None:
    assert report(replace(NOTE, codes=(f"{LOINC}|99999-9",), named_by=())).answer == "no_report"


def test_what_a_person_said_is_not_the_report_is_not_shown_again_until_it_changes() -> None:
    doubtful = replace(NOTE, named_by=())
    refused = frozenset({doubtful.ref})
    assert report(doubtful, refused=refused).answer == "no_report"
    assert report(replace(doubtful, ref="DocumentReference/note@3"), refused=refused).route is Route.ASK


def test_the_report_leaves_by_reference_with_the_senders_own_number() -> None:
    effect = referrals.send_report(a_referral(), NOTE, case=7, policy=REPORTING, now=NOW)
    assert effect.partner == "lakeside-practice"
    assert effect.purpose == "treatment"
    assert effect.body["enclose"] == ("DocumentReference/note@2", "Binary/note", "Patient/ann")
    assert (effect.body["placer"], effect.body["review"]) == ("LAK-1", "Task/review-7")
    assert effect.not_after is not None


def test_the_review_is_asked_of_who_asked_with_a_day() -> None:
    written = referrals.review_task(
        7, UUID(int=3), a_referral(), NOTE.ref, policy=REPORTING, now=NOW
    ).resource
    assert (written["id"], written["status"]) == (referrals.review_id(7), "requested")
    assert written["owner"] == {"reference": "Organization/lakeside"}
    assert written["for"] == {"reference": "Patient/ann"}
    assert written["restriction"] == {"period": {"end": (NOW + timedelta(days=14)).isoformat()}}


def test_a_review_can_be_asked_for_although_the_sender_and_the_patient_are_not_known() -> None:
    referral = a_referral(sender=Sender(), people=(a_person(replaced=True),))
    written = referrals.review_task(7, UUID(int=3), referral, NOTE.ref, policy=REPORTING, now=NOW).resource
    assert "owner" not in written
    assert "for" not in written


def review(status: str, said: str = "", *, due: datetime | None = NOW + timedelta(days=1)) -> Decision:
    owed = Review(ref="Task/review-7@1", status=status, said=said, due=due)
    return referrals.decide_review(owed, policy=REVIEWING, now=NOW)


@pytest.mark.parametrize("said", ["", "reviewed"])
def test_a_report_that_was_read_closes_the_loop(said: str) -> None:
    assert (review("completed", said).answer, review("completed", said).route) == ("reviewed", Route.PROCEED)


@pytest.mark.parametrize("said", ["follow-up", "question"])
def test_a_sender_who_asks_for_more_is_answered_by_a_person(said: str) -> None:
    assert (review("completed", said).answer, review("completed", said).route) == ("follow_up", Route.ASK)


@pytest.mark.parametrize("status", ["requested", "received", "accepted", "in-progress"])
def test_a_review_is_waited_for_until_it_is_due_and_then_a_person_rings(status: str) -> None:
    assert (review(status).answer, review(status).route) == ("review_owed", Route.PROCEED)
    late = review(status, due=NOW)
    assert (late.answer, late.route) == ("review_overdue", Route.ASK)


@pytest.mark.parametrize(
    ("status", "said"),
    [("completed", "hm"), ("rejected", ""), ("failed", ""), ("", ""), ("cancelled", "reviewed")],
)
def test_an_answer_nobody_listed_never_closes_the_loop(status: str, said: str) -> None:
    assert (review(status, said).answer, review(status, said).route) == ("unclear_review", Route.ASK)


def test_a_review_flips_as_it_says() -> None:
    for decision in (review("requested"), review("rejected", "reviewed")):
        for flip in decision.flips:
            said = "reviewed" if decision.because[0].params["said"] else ""
            assert review(str(flip.becomes), said).answer == flip.answer
        assert decision.flips


@pytest.mark.parametrize(
    ("series", "visits"),
    [
        (Series(), 1),
        (Series(quantity=12.0), 12),
        (Series(count=6), 6),
        (Series(quantity=12.0, count=6), 12),
        (Series(frequency=2, period_days=7.0, bound_days=42.0), 12),
        (Series(frequency=1, period_days=30.4375, bound_days=182.625), 6),
        (Series(frequency=2, period_days=7.0), 1),
        (Series(quantity=0.0), 1),
        (Series(frequency=1, period_days=30.0, bound_days=3.0), 1),
    ],
)
def test_visits_are_counted_as_the_sender_ordered_them(series: Series, visits: int) -> None:
    assert referrals.planned_visits(a_referral(series=series)) == visits


def series(
    visits: Visits, *, now: datetime = NOW, planned: int = 12, rhythm: Series | None = None
) -> Decision:
    return referrals.decide_series(visits, planned=planned, policy=SERIES, now=now, series=rhythm)


def test_twelve_visits_are_one_case_that_notices_the_visit_that_never_came() -> None:
    now, seen = NOW, []
    for done in range(12):
        decision = series(Visits(done=done, last=now), now=now + timedelta(days=1))
        assert (decision.answer, decision.route) == ("book_next", Route.PROCEED)
        now = referrals.next_by(decision)
        seen.append(now)
    assert series(Visits(done=12, last=now), now=now).answer == "series_complete"
    assert seen == sorted(set(seen))

    gone = Visits(done=5, last=NOW)
    answers = [series(gone, now=NOW + timedelta(days=day)).answer for day in range(30)]
    assert [answers.index(one) for one in dict.fromkeys(answers)] == [0, 11, 18]
    assert list(dict.fromkeys(answers)) == ["book_next", "remind", "never_came"]
    assert series(gone, now=NOW + timedelta(days=18)).route is Route.ASK


def test_a_case_that_wakes_when_a_series_says_so_always_learns_something_new() -> None:
    visits, now, answers = Visits(done=3, last=NOW), NOW, []
    while True:
        decision = series(visits, now=now)
        answers.append(decision.answer)
        if decision.route is Route.ASK:
            break
        assert referrals.look_again(decision) > now
        now = referrals.look_again(decision)
    assert answers == ["book_next", "remind", "never_came"]


def test_a_booked_visit_is_waited_for_and_a_slower_rhythm_worries_later() -> None:
    monthly = Series(frequency=1, period_days=30.0)
    booked = Visits(done=3, last=NOW - timedelta(days=60), booked=NOW + timedelta(days=2))
    assert series(booked).answer == "next_booked"
    assert series(Visits(done=3, last=NOW - timedelta(days=20)), rhythm=monthly).answer == "book_next"
    assert series(Visits(done=3, last=NOW - timedelta(days=20))).answer == "never_came"


def test_a_series_flips_as_it_says() -> None:
    for since in (1, 12):
        visits = Visits(done=3, last=NOW - timedelta(days=since))
        for flip in series(visits).flips:
            then = (
                series(visits, now=datetime.fromisoformat(str(flip.becomes)))
                if flip.fact == "now"
                else series(replace(visits, done=int(str(flip.becomes))))
            )
            assert then.answer == flip.answer


def test_no_number_of_visits_and_days_ever_leaves_a_series_without_an_answer() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        visits = Visits(
            done=chance.randrange(15),
            last=chance.choice([None, NOW - timedelta(hours=chance.randrange(2000))]),
            booked=chance.choice([None, NOW + timedelta(hours=chance.randrange(-200, 200))]),
        )
        planned = chance.choice([1, 2, 12, 61])
        decision = series(visits, planned=planned)
        asks = {"never_came", "too_many"}
        assert (decision.route is Route.ASK) == (decision.answer in asks)
        assert (decision.answer == "series_complete") == (visits.done >= planned)
