"""Stories of a referral: acknowledged alone, asked about, told by a person, withdrawn; none is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from referral_examples import (
    DERMATOLOGY,
    NOTE,
    NOW,
    PHYSIOTHERAPY,
    SNOMED,
    TODAY,
    a_person,
    a_referral,
    a_twin,
    saying,
)
from referral_stories import Story

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Attachment, Code, Placer, Referral, Role, Sender, Words
from careengine.engine.case import Event
from careengine.engine.check import problems
from careengine.engine.journey import Candidate, Join, Open
from careengine.journeys.referral_acknowledged import ENDS, journey, route


def test_the_journey_can_lose_nobody() -> None:
    assert problems(journey) == []
    assert set(journey.ends) == set(ENDS)


def test_a_flawless_referral_is_acknowledged_alone() -> None:
    story = Story(a_referral())
    assert story.state == "acknowledging"
    assert story.cards == []
    story.partner_takes_it()
    assert story.state == "acknowledged"


def test_the_acknowledgement_names_the_referral_and_never_the_patient() -> None:
    effect = Story(a_referral()).effects[0]
    assert (effect.kind, effect.partner) == ("referrals.acknowledge", "lakeside-practice")
    assert effect.body["status"] == "3.0"
    assert effect.body["placer"] == "LAK-1"
    assert "ann" not in str(effect.body)


def test_every_question_asked_is_on_record() -> None:
    asked = [d.question.removeprefix("referrals.") for d in Story(a_referral()).decisions]
    assert asked == [
        "standing", "urgency", "duplicate", "identity", "clinic", "triage", "completeness", "acknowledgement",
    ]  # fmt: skip


def test_what_is_missing_becomes_a_card_and_what_is_supplied_goes_on() -> None:
    story = Story(a_referral(covers=()))
    assert (story.state, story.cards) == ("information_missing", ["referrals.completeness"])
    assert dict(referrals.missing_items(story.last.because[0])) == {"insurance": "patient"}

    story.changes(covers=a_referral().covers)
    assert story.state == "acknowledging"


def test_saying_it_was_supplied_looks_again_and_does_not_believe_blindly() -> None:
    story = Story(a_referral(covers=()))
    story.person_says("supplied")
    assert (story.state, len(story.cards)) == ("information_missing", 2)


def test_a_person_may_go_on_without_what_is_missing() -> None:
    story = Story(a_referral(covers=()))
    story.person_says("accept_without")
    assert story.state == "acknowledging"


def test_urgent_words_reach_a_nurse_before_anything_else_is_asked() -> None:
    story = Story(saying("Crescendo angina since yesterday.", covers=(), people=()))
    assert (story.state, story.cards) == ("urgent_triage", ["referrals.urgency"])
    assert story.last.asking is not None
    assert story.last.asking.urgent
    assert [e.words for e in story.last.because[0].evidence if e.words] == ["routine", "Crescendo angina"]


def test_a_nurse_who_accepts_it_as_urgent_is_not_stopped_by_missing_insurance() -> None:
    story = Story(saying("Crescendo angina since yesterday.", covers=()))
    story.person_says("accept_urgent")
    assert story.state == "acknowledging"
    assert [d.answer for d in story.decisions if d.question == "referrals.triage"] == ["accept"]


def test_a_nurse_who_says_routine_sends_it_the_usual_way() -> None:
    story = Story(saying("Crescendo angina since yesterday.", covers=()))
    story.person_says("accept_routine")
    assert (story.state, story.cards[-1]) == ("information_missing", "referrals.completeness")


def test_an_urgent_skin_lesion_is_looked_at_once_and_then_accepted() -> None:
    skin = saying("Suspected melanoma.", services=(Code(SNOMED, DERMATOLOGY),))
    story = Story(skin)
    story.person_says("accept_urgent")
    assert (story.state, story.cards) == ("acknowledging", ["referrals.urgency"])


def test_an_emergency_by_code_is_shown_to_a_nurse() -> None:
    story = Story(a_referral(priority="stat"))
    assert (story.state, story.cards) == ("urgent_triage", ["referrals.triage"])
    story.person_says("accept_urgent")
    assert story.state == "acknowledging"


def test_the_same_referral_again_joins_the_first_and_tells_nobody_twice() -> None:
    story = Story(a_referral(), (a_twin(placers=a_referral().placers),))
    assert (story.state, story.effects, story.cards) == ("joined", [], [])


def test_urgent_words_in_a_repeated_referral_are_not_joined_away() -> None:
    story = Story(saying("Crescendo angina since yesterday."), (a_twin(placers=a_referral().placers),))
    assert story.state == "urgent_triage"
    story.person_says("joined")
    assert story.state == "joined"


def test_nearly_the_same_is_shown_and_a_person_says_which() -> None:
    story = Story(a_referral(), (a_twin(reasons=("another",)),))
    assert (story.state, story.cards) == ("received", ["referrals.duplicate"])
    story.person_says("separate")
    assert story.state == "acknowledging"


def test_a_persons_word_on_one_thing_leaves_the_next_to_be_asked() -> None:
    story = Story(a_referral(people=(a_person(identified_by=()),), services=(Code(SNOMED, "0"),)))
    story.person_says("confirmed")
    assert story.cards == ["referrals.identity", "referrals.clinic"]
    story.person_says("cardiology")
    assert story.state == "acknowledging"


def test_a_clinic_nobody_knows_stays_asked_until_a_known_one_is_named() -> None:
    story = Story(a_referral(services=(Code(SNOMED, "0"),)))
    story.person_says("astrology")
    assert (story.state, story.cards) == ("received", ["referrals.clinic", "referrals.clinic"])


def test_a_patient_who_died_is_a_card_and_a_person_may_decline() -> None:
    story = Story(a_referral(people=(a_person(deceased=True),)))
    assert story.cards == ["referrals.identity"]
    story.person_says("decline")
    assert story.effects[0].body["status"] == "4.0"
    story.partner_takes_it()
    assert story.state == "declined"


def test_a_patient_who_dies_while_we_wait_is_asked_about_although_confirmed_before() -> None:
    story = Story(a_referral(people=(a_person(identified_by=()),), covers=()))
    story.person_says("confirmed")
    assert story.state == "information_missing"
    story.referral = replace(story.referral, people=(a_person(identified_by=(), deceased=True),))
    story.arrives("record.Patient")
    assert (story.state, story.cards[-1]) == ("received", "referrals.identity")


@pytest.mark.parametrize("state", ["received", "urgent_triage", "information_missing", "acknowledging"])
def test_a_referral_withdrawn_anywhere_ends_withdrawn(state: str) -> None:
    begun = {
        "received": a_referral(services=(Code(SNOMED, "0"),)),
        "urgent_triage": saying("Melaena since Monday."),
        "information_missing": a_referral(covers=()),
        "acknowledging": a_referral(),
    }
    story = Story(begun[state])
    assert story.state == state
    story.changes(status="revoked")
    assert story.state == "withdrawn"
    assert story.voids == (["referrals.acknowledge"] if state == "acknowledging" else [])


def test_a_change_while_the_sender_is_being_told_does_not_tell_them_twice() -> None:
    story = Story(a_referral())
    story.changes(authored=TODAY - timedelta(days=2))
    assert (story.state, len(story.effects)) == ("acknowledging", 1)


def test_a_laboratory_order_is_nobodys_card() -> None:
    story = Story(a_referral(categories=(f"{SNOMED}|108252007",)))
    assert (story.state, story.cards) == ("not_a_referral", [])


def test_without_a_way_to_the_sender_the_desk_telephones() -> None:
    story = Story(a_referral(sender=Sender("Practitioner/doe@1")))
    assert (story.state, story.cards) == ("acknowledging", ["referrals.acknowledgement"])
    story.person_says("told")
    assert story.state == "acknowledged"


def test_a_partner_who_cannot_be_reached_becomes_a_card_and_again_sends_again() -> None:
    story = Story(a_referral())
    story.partner_fails()
    assert (story.state, story.cards) == ("acknowledging", ["referrals.delivery"])
    story.person_says("again")
    assert len(story.effects) == 2
    story.partner_takes_it()
    assert story.state == "acknowledged"


@pytest.mark.parametrize("end", ENDS)
def test_whatever_comes_after_the_end_changes_nothing(end: str) -> None:
    story = Story(a_referral())
    story.case = replace(story.case, state=end)
    story.arrives("record.Patient")
    story.changes(status="revoked")
    story.partner_takes_it()
    assert story.state == end


def test_a_request_opens_its_own_case_once_and_later_versions_find_it() -> None:
    event = Event(id=1, kind="record.ServiceRequest", at=NOW, ref="ServiceRequest/one@2")
    mine = Candidate(7, "received", Story(a_referral()).case.subject, NOW, {"focus": "ServiceRequest/one"})
    other = Candidate(8, "received", mine.subject, NOW, {"focus": "ServiceRequest/two"})

    assert route(event, [other]) == Open(key="ServiceRequest/one", data={"focus": "ServiceRequest/one"})
    assert route(event, [other, mine]) == Join((7,))


def test_what_happens_to_a_person_reaches_all_their_cases_and_nobody_elses() -> None:
    died = Event(id=1, kind="record.Patient", at=NOW, ref="Patient/ann@2")
    subject = Story(a_referral()).case.subject
    cases = [Candidate(n, "received", subject, NOW, {"focus": f"ServiceRequest/{n}"}) for n in (7, 8)]
    assert route(died, cases) == Join((7, 8))
    assert route(died, []) is None


def test_a_new_number_of_the_same_sender_is_still_the_same_question() -> None:
    again = a_referral(placers=(Placer("https://lakeside.example/referrals", "LAK-9"),))
    assert Story(again, (a_twin(),)).state == "joined"


def test_a_question_in_the_order_details_counts_as_one() -> None:
    words = (
        a_referral().words[0],
        Words("ServiceRequest/one@1#orderDetail[0].text", "Holter?", Role.QUESTION),
    )
    assert Story(a_referral(words=words)).state == "acknowledging"
    assert NOTE not in {w.source for w in words}


def test_one_taken_back_of_two_that_were_the_same_does_not_take_the_other_with_it() -> None:
    later = a_twin(ref="ServiceRequest/again@1", received=NOW + timedelta(hours=1))
    story = Story(a_referral(covers=()), (later,))
    story.changes(status="revoked", received=NOW + timedelta(hours=2))
    assert (story.state, story.cards[-1]) == ("received", "referrals.successor")

    story.referral, story.twins = a_referral(ref="ServiceRequest/again@1"), ()
    story.person_says("take_up")
    assert story.case.data["focus"] == "ServiceRequest/again"
    assert story.state == "acknowledging"


def test_one_taken_back_together_with_its_replacement_is_simply_withdrawn() -> None:
    newer = a_twin(ref="ServiceRequest/new@1", received=NOW + timedelta(hours=2))
    story = Story(a_referral(covers=()))
    story.twins = (newer,)
    story.changes(status="revoked", received=NOW + timedelta(hours=2))
    assert story.state == "withdrawn"


def test_a_replacement_is_no_duplicate_of_what_it_replaces() -> None:
    story = Story(a_referral(replaces=("ServiceRequest/earlier",)), (a_twin(placers=a_referral().placers),))
    assert story.state == "acknowledging"


def test_what_was_replaced_joins_its_replacement() -> None:
    newer = a_twin(received=NOW + timedelta(hours=1), replaces=("ServiceRequest/one",))
    assert Story(a_referral(), (newer,)).state == "joined"


ENDOCRINOLOGY, IN_WRITING = "306278007", "http://www.ama-assn.org/go/cpt"


def an_econsult(service: str, item: str, **changes: object) -> Referral:
    """Return a complete referral that asks for written advice."""
    return a_referral(
        services=(Code(SNOMED, service),),
        details=(Code(IN_WRITING, "99452"),),
        attachments=(Attachment("DiagnosticReport/item@1", (item,), TODAY - timedelta(days=1)),),
        **changes,
    )


def test_written_advice_is_given_where_that_is_agreed_and_the_sender_hears_how() -> None:
    story = Story(an_econsult(ENDOCRINOLOGY, "http://loinc.org|4548-4"))
    (effect,) = story.effects

    assert (story.state, story.cards) == ("acknowledging", [])
    assert (effect.body["status"], effect.body["task_status"]) == ("3.0", "accepted")
    assert effect.body["reason"] == "econsult"
    story.partner_takes_it()
    assert story.state == "acknowledged"


def test_written_advice_that_is_not_agreed_is_proposed_by_a_person() -> None:
    story = Story(an_econsult("308474002", "http://loinc.org|10202-0"))
    assert (story.state, story.cards) == ("received", ["referrals.triage"])
    story.person_says("econsult")
    assert story.effects[0].body["reason"] == "econsult"


def test_a_person_may_answer_written_advice_with_a_visit() -> None:
    story = Story(an_econsult("308474002", "http://loinc.org|10202-0"))
    story.person_says("accept")
    assert "reason" not in story.effects[0].body


def test_urgent_written_advice_is_seen_by_a_nurse_first() -> None:
    story = Story(an_econsult(ENDOCRINOLOGY, "http://loinc.org|4548-4", priority="urgent"))
    assert (story.state, story.cards) == ("urgent_triage", ["referrals.triage"])


def test_a_redirected_referral_is_complete_for_the_other_clinic_and_the_sender_hears_which() -> None:
    imaging = Attachment("DiagnosticReport/xray@1", ("http://loinc.org|18748-4",), TODAY - timedelta(days=1))
    story = Story(
        a_referral(services=(Code(SNOMED, PHYSIOTHERAPY),), priority="urgent", attachments=(imaging,))
    )
    assert (story.state, story.cards) == ("received", ["referrals.triage"])
    story.person_says("redirect")
    (effect,) = story.effects

    assert effect.body["status"] == "3.0"
    assert (effect.body["reason"], effect.body["clinic"]) == ("redirected", "orthopaedics")


def test_a_redirected_referral_is_asked_for_what_the_other_clinic_needs() -> None:
    story = Story(a_referral(services=(Code(SNOMED, PHYSIOTHERAPY),), priority="urgent", attachments=()))
    story.person_says("redirect")
    assert (story.state, story.cards[-1]) == ("information_missing", "referrals.completeness")
    assert story.decisions[-1].because[0].params["item"] == "imaging_report"


def test_where_no_other_clinic_is_proposed_there_is_nothing_to_redirect_to() -> None:
    story = Story(an_econsult("308474002", "http://loinc.org|10202-0"))
    story.person_says("redirect")
    assert (story.state, story.cards) == ("received", ["referrals.triage", "referrals.triage"])
    assert story.effects == []


def test_a_decline_leaves_with_a_reason_from_the_list_and_never_with_what_somebody_typed() -> None:
    story = Story(a_referral(covers=()))
    story.person_says("decline")
    (effect,) = story.effects
    assert (effect.body["status"], effect.body["reason"]) == ("4.0", "unspecified")
    assert "seen" not in str(effect.body.values())
