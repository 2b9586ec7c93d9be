"""Stories of a referral up to its closed loop: each turn that patient, clinic, payer or sender can take."""

from dataclasses import replace
from datetime import timedelta

import pytest
from messaging_examples import contact, number
from referral_examples import a_referral, saying
from visit_stories import NOW, VisitStory, openings

from careengine.capabilities import messaging, referrals, registration, scheduling
from careengine.engine.check import problems
from careengine.journeys.clinic_session import journey as clinic_session
from careengine.journeys.clinic_waitlist import journey as clinic_waitlist
from careengine.journeys.referral_to_visit import journey
from careengine.journeys.referral_to_visit.story import ENDS

TEXT = messaging.SEND_TEXT


def test_no_journey_of_the_line_can_lose_anybody() -> None:
    assert problems(journey) == []
    assert problems(clinic_waitlist) == []
    assert problems(clinic_session) == []
    assert set(journey.ends) == set(ENDS)


def test_a_flawless_referral_is_acknowledged_and_three_times_are_offered_in_one_go() -> None:
    story = VisitStory()

    assert story.state == "offering"
    assert [effect.kind for effect in story.effects] == [referrals.ACKNOWLEDGE, TEXT]
    assert story.said == ["scheduling.offer"]
    assert len(str(story.case.data["slots"]).split()) == 3
    assert len(story.last.holds) == 3
    assert story.cards == []
    assert story.wake is not None


def test_what_is_offered_is_kept_in_the_chart_and_the_effect_carries_no_word_of_it() -> None:
    story = VisitStory()

    written = next(one for one in story.writes if one["resourceType"] == "Communication")
    assert "Mar" in str(written["payload"])
    assert "Mar" not in str(story.effects[-1].body)


@pytest.mark.parametrize("word", ["2", "the second one", "number two please"])
def test_a_chosen_time_is_booked_and_confirmed(word: str) -> None:
    story = VisitStory()
    second = str(story.case.data["slots"]).split()[1]

    story.writes_back(word)
    assert story.state == "booking"
    assert story.sent(scheduling.BOOK_APPOINTMENT)[0].body["slot"] == second

    story.clinic_confirms()
    assert story.state == "scheduled"
    assert story.said == ["scheduling.offer", "scheduling.booked", "registration.intake"]
    assert story.case.data["appointment"] == "Appointment/a1"


def test_a_time_that_was_taken_meanwhile_is_made_good_with_other_times_at_once() -> None:
    story = VisitStory()
    story.writes_back("1")

    story.fails(scheduling.BOOK_APPOINTMENT, "rejected:scheduling.slot_taken")

    assert story.state == "offering"
    assert story.said[-1] == "scheduling.slot_gone"
    assert story.case.data["refused"] not in str(story.case.data["slots"]).split()


def test_a_connection_that_fails_is_a_persons_to_mend_and_the_choice_is_not_lost() -> None:
    story = VisitStory()
    story.writes_back("1")

    story.fails(scheduling.BOOK_APPOINTMENT, "exhausted:partner.timeout")
    assert story.open_cards == ["scheduling.booking"]

    story.person_says("try_again")
    assert len(story.sent(scheduling.BOOK_APPOINTMENT)) == 2


def test_a_wish_brings_other_times_that_fit_it() -> None:
    story = VisitStory()

    story.writes_back("mornings only please")

    assert story.state == "offering"
    assert len(story.said) == 2
    assert all(slot.endswith("-14") for slot in str(story.case.data["slots"]).split())


@pytest.mark.parametrize(
    "text",
    ["2 but my chest hurts", "I want to end it all", "is this ok, I'm pregnant?", "I fell again today"],
)
def test_a_symptom_or_distress_reaches_a_nurse_and_software_answers_nothing(text: str) -> None:
    story = VisitStory()
    before = list(story.effects)

    story.writes_back(text)

    assert story.effects == before
    assert story.open_cards == ["messaging.reply"]
    assert story.last.asking is not None
    assert (story.last.asking.team, story.last.asking.urgent) == ("nurses", True)


def test_an_angry_or_unclear_text_reaches_a_person() -> None:
    story = VisitStory()

    story.writes_back("this is the worst service, I will call my lawyer")

    assert story.open_cards == ["messaging.reply"]
    assert len(story.said) == 1


def test_after_stop_no_text_leaves_and_the_patient_is_reached_another_way() -> None:
    story = VisitStory()
    story.knows(messaging.CONTACT, contact(numbers=(number(refused=("treatment",), agreed=()),)))

    story.writes_back("STOP")

    assert TEXT in story.voids
    assert [effect.kind for effect in story.effects[2:]] == [messaging.SEND_MAIL]
    assert story.state == "offering"


def test_a_wrong_number_is_flagged_and_never_written_to_again() -> None:
    story = VisitStory()
    story.knows(messaging.CONTACT, contact(numbers=(number(wrong=True),), emails=()))

    story.writes_back("wrong number")

    assert [one for one in story.writes if one["resourceType"] == "Flag"]
    assert [effect.kind for effect in story.effects[2:]] in ([messaging.SEND_LETTER], [])
    assert story.open_cards or story.effects[2:]


def test_silence_is_met_by_policy_in_two_ways_then_a_letter_then_a_person() -> None:
    story = VisitStory()

    story.passes_until(NOW + timedelta(days=40))

    kinds = [effect.kind for effect in story.effects if effect.kind in messaging.KINDS]
    assert len(set(kinds)) >= 2
    assert "scheduling.outreach" in story.open_cards
    assert story.state == "offering"


def test_a_text_that_does_not_arrive_is_said_another_way() -> None:
    story = VisitStory()
    sent = messaging.Sent(
        ref="Communication/m-1-1-0@1", at=NOW, channel="sms", template="scheduling.offer", case=1
    )
    story.knows(messaging.CONTACT, contact(sent=(sent,)))

    story.fails(TEXT, "rejected:sms.21211", "Communication/m-1-1-0")

    assert story.effects[-1].kind == messaging.SEND_MAIL
    assert story.case.data["failed"] == "sms"


def test_somebody_nobody_can_write_to_is_rung_up_by_the_desk() -> None:
    unreachable = contact(numbers=(), emails=(), has_address=False)

    story = VisitStory({messaging.CONTACT.name: unreachable})

    assert story.open_cards == ["messaging.message"]
    story.visit("Appointment/b1@1", NOW + timedelta(days=4))
    story.happens("record.Appointment", "Appointment/b1@1")
    assert story.state == "scheduled"


def test_no_time_inside_the_clinical_window_is_a_persons_question() -> None:
    story = VisitStory({scheduling.OPENINGS.name: scheduling.Openings()})

    assert story.open_cards == ["scheduling.offer"]


def test_the_payer_is_asked_when_the_visit_is_booked_and_verified_coverage_stands_in_the_chart() -> None:
    story = VisitStory().booked()
    assert len(story.sent(registration.ASK_ELIGIBILITY)) == 1

    story.delivers(registration.ASK_ELIGIBILITY, result="active", coverage="Coverage/ann@1", day="2026-03-10")

    assert any(one["resourceType"] == "CoverageEligibilityResponse" for one in story.writes)
    assert str(story.case.data["verified"]).startswith("verified")
    assert "registration.verified" not in story.cards


def test_inactive_coverage_opens_options_and_the_visit_stays() -> None:
    story = VisitStory().booked()

    story.delivers(registration.ASK_ELIGIBILITY, result="inactive", coverage="Coverage/ann@1", trace="1")

    assert "registration.verified" in story.open_cards
    assert story.state == "scheduled"


def test_reminders_leave_by_policy_and_not_after_a_cancellation() -> None:
    story = VisitStory().booked()
    start = story.facts[scheduling.VISIT.name].start

    story.passes_until(start - timedelta(hours=1))

    reminders = [one for one in story.said if one.startswith("scheduling.reminder")]
    assert reminders
    assert len(reminders) == len(set(reminders))


def test_who_cannot_come_frees_the_slot_for_the_waitlist_and_is_offered_another_time() -> None:
    story = VisitStory().booked()

    story.writes_back("please cancel my appointment")
    assert story.state == "cancelling"
    story.delivers(scheduling.CANCEL_APPOINTMENT)

    assert story.state == "recovering_cancellation"
    assert [(tell.kind, tell.opens) for tell in story.tells][-1] == ("slot.freed", True)
    assert story.said[-1] in {"scheduling.cancelled_by_you", "scheduling.offer"}


def test_who_wants_another_time_keeps_the_old_one_until_the_new_one_stands() -> None:
    story = VisitStory().booked()

    story.writes_back("can we reschedule?")
    assert story.state == "rebooking"
    assert story.case.data["appointment"] == "Appointment/a1"
    assert story.sent(scheduling.CANCEL_APPOINTMENT) == []

    story.writes_back("1")
    story.clinic_confirms("Appointment/a2")
    assert story.state == "scheduled"
    assert len(story.sent(scheduling.CANCEL_APPOINTMENT)) == 1
    assert story.case.data["appointment"] == "Appointment/a2"


def test_a_missed_visit_is_recovered_and_never_double_booked() -> None:
    story = VisitStory().booked()
    visit = story.facts[scheduling.VISIT.name]
    story.now = visit.start + timedelta(hours=1)
    story.knows(scheduling.VISIT, replace(visit, status="noshow"))

    story.happens("record.Appointment", "Appointment/a1@2")
    assert story.state == "recovering_no_show"
    story.knows(scheduling.OPENINGS, openings(story.now))
    story.passes_until(story.now + timedelta(hours=4))

    assert story.said[-1] == "scheduling.missed"


def test_a_clinic_that_closes_today_offers_its_patients_other_times() -> None:
    story = VisitStory().booked()
    visit = replace(story.facts[scheduling.VISIT.name], schedule="Schedule/s1@3")
    story.knows(scheduling.VISIT, visit)

    story.happens("session.closed", schedule="Schedule/s1")

    assert story.state == "recovering_cancellation"
    assert story.said[-1] == "scheduling.cancelled_by_clinic"


def kept() -> VisitStory:
    story = VisitStory().booked()
    visit = story.facts[scheduling.VISIT.name]
    story.now = visit.end
    story.knows(scheduling.VISIT, replace(visit, status="fulfilled"))
    story.happens("record.Appointment", "Appointment/a1@2")
    return story


def a_report(status: str = "final") -> referrals.Reports:
    return referrals.Reports((
        referrals.Report(
            ref="DiagnosticReport/r1@1", status=status, written=NOW + timedelta(days=5),
            codes=("http://loinc.org|11488-4",), named_by=("basedOn",),
        ),
    ))  # fmt: skip


def test_after_the_visit_the_report_goes_back_and_the_senders_review_closes_the_loop() -> None:
    story = kept()
    assert story.state == "awaiting_report"

    story.knows(referrals.REPORT, a_report("preliminary"))
    story.happens("record.DiagnosticReport", "DiagnosticReport/r1@1")
    assert story.state == "awaiting_report"

    story.knows(referrals.REPORT, a_report())
    story.happens("record.DiagnosticReport", "DiagnosticReport/r1@2")
    assert story.state == "returning_report"
    story.delivers(referrals.SEND_REPORT)
    assert story.state == "awaiting_review"

    task = f"Task/{referrals.review_id(1)}"
    story.knows(referrals.REVIEW, referrals.Review(ref=f"{task}@2", status="completed"))
    story.happens("record.Task", f"{task}@2")
    assert story.state == "completed"


def test_a_series_goes_on_until_its_last_visit_was_kept() -> None:
    story = VisitStory({referrals.REFERRAL.name: a_referral(series=referrals.Series(quantity=2.0))}).booked()
    assert story.case.data["visits_planned"] == 2
    visit = story.facts[scheduling.VISIT.name]
    story.now = visit.end
    story.knows(scheduling.VISIT, replace(visit, status="fulfilled"))
    story.knows(scheduling.OPENINGS, openings(story.now))

    story.happens("record.Appointment", "Appointment/a1@2")

    assert story.state == "offering"
    assert story.case.data["visits_done"] == 1


def test_a_withdrawn_referral_takes_its_visit_back() -> None:
    story = VisitStory().booked()
    story.knows(referrals.REFERRAL, a_referral(status="revoked"))

    story.happens("record.ServiceRequest", "ServiceRequest/one@2")
    assert story.state == "cancelling"
    story.delivers(scheduling.CANCEL_APPOINTMENT)

    assert story.state == "withdrawn"


def test_what_is_missing_is_asked_of_the_sender_once_and_its_coming_ends_the_wait() -> None:
    story = VisitStory({referrals.REFERRAL.name: a_referral(attachments=())})
    assert story.state == "information_missing"
    assert [effect.kind for effect in story.effects] == [referrals.ASK_SENDER]

    story.happens("record.Patient", "Patient/ann@2")
    assert [effect.kind for effect in story.effects] == [referrals.ASK_SENDER]

    story.knows(referrals.REFERRAL, a_referral())
    story.happens("record.ServiceRequest", "ServiceRequest/one@2")
    assert story.state == "offering"


def test_urgent_words_reach_a_nurse_before_anything_else() -> None:
    story = VisitStory({referrals.REFERRAL.name: saying("Crescendo angina since yesterday.")})

    assert (story.state, story.open_cards) == ("urgent_triage", ["referrals.urgency"])
    story.person_says("accept_urgent")
    assert story.case.data["urgency"] == "urgent"
