"""Take one thing away from a good referral: exactly that is asked, of exactly the right party."""

from dataclasses import replace
from datetime import timedelta

import pytest
from referral_examples import CARDIOLOGY, TODAY, a_person, a_referral, checked, rules

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Attachment, Cover, Referral, Role, Sender
from careengine.kernel.decision import Bearing, Route

GOOD = a_referral()
GAPS = {
    "reason": (replace(GOOD, words=tuple(w for w in GOOD.words if w.role is not Role.REASON)), "sender"),
    "question": (replace(GOOD, words=tuple(w for w in GOOD.words if w.role is not Role.QUESTION)), "sender"),
    "requester": (replace(GOOD, sender=replace(GOOD.sender, requester="")), "sender"),
    "insurance": (replace(GOOD, covers=()), "patient"),
    "phone": (replace(GOOD, people=(a_person(has=("family_name", "birth_date", "gender")),)), "patient"),
    "ecg": (replace(GOOD, attachments=()), "sender"),
}


def missing(referral: Referral) -> dict[str, str]:
    clinic = referrals.clinic_named("cardiology", policy=rules().clinics)
    assert clinic is not None
    decision = referrals.decide_completeness(referral, clinic=clinic, policy=rules().clinics, today=TODAY)
    assert (decision.route is Route.ASK) == bool(referrals.missing_items(decision))
    return dict(referrals.missing_items(decision))


@pytest.mark.parametrize("item", GAPS)
def test_exactly_the_missing_item_is_asked_of_exactly_the_right_party(item: str) -> None:
    referral, party = GAPS[item]
    assert missing(referral) == {item: party}


def test_a_referral_with_everything_asks_for_nothing() -> None:
    assert missing(GOOD) == {}


def test_the_examples_cover_everything_the_heart_clinic_needs() -> None:
    clinic = referrals.clinic_named("cardiology", policy=rules().clinics)
    assert clinic is not None
    assert {item.code for item in clinic.needs} == set(GAPS)
    assert f"http://snomed.info/sct|{CARDIOLOGY}" in clinic.services


def test_two_missing_things_are_both_named() -> None:
    assert missing(replace(GOOD, covers=(), attachments=())) == {"insurance": "patient", "ecg": "sender"}


@pytest.mark.parametrize("days", [91, 400])
def test_an_old_result_counts_as_missing_and_says_so(days: int) -> None:
    old = Attachment("DiagnosticReport/ecg@1", ("http://loinc.org|11524-6",), TODAY - timedelta(days=days))
    decision = checked(replace(GOOD, attachments=(old,))).stop
    assert decision is not None
    assert decision.because[0].code == "referrals.item_too_old"
    assert decision.evidence[0].bearing is Bearing.MISSING


@pytest.mark.parametrize("day", [None])
def test_a_result_without_a_date_is_not_taken_for_a_fresh_one(day: None) -> None:
    undated = Attachment("DiagnosticReport/ecg@1", ("http://loinc.org|11524-6",), day)
    assert missing(replace(GOOD, attachments=(undated,))) == {"ecg": "sender"}


@pytest.mark.parametrize(
    "cover",
    [
        Cover("Coverage/a@1", "cancelled"),
        Cover("Coverage/a@1", "active", end=TODAY - timedelta(days=1)),
        Cover("Coverage/a@1", "active", start=TODAY + timedelta(days=1)),
    ],
)
def test_insurance_that_does_not_hold_today_is_asked_for_again(cover: Cover) -> None:
    assert missing(replace(GOOD, covers=(cover,))) == {"insurance": "patient"}


def test_a_requester_who_is_named_but_not_in_the_record_is_asked_for() -> None:
    assert missing(replace(GOOD, sender=Sender())) == {"requester": "sender"}
