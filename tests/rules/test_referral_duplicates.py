"""Of two that are the same, exactly one is the first, whichever is seen first; doubt goes to a person."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from referral_examples import CARDIOLOGY, DERMATOLOGY, NOW, SNOMED, TODAY, a_referral, a_twin, rules

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Code, Placer, Referral, Twin, Twins
from careengine.kernel.decision import Route

SAME_NUMBER = (Placer("https://lakeside.example/referrals", "LAK-1"),)


def decided(referral: Referral, *twins: Twin) -> str:
    decision = referrals.decide_duplicate(referral, Twins(twins), policy=rules().duplicates, today=TODAY)
    assert (decision.route is Route.ASK) == (decision.answer == "near")
    return decision.answer


def seen_by_the_other(referral: Referral) -> Twin:
    return Twin(
        ref=referral.ref, received=referral.received, status=referral.status, authored=referral.authored,
        placers=referral.placers, services=referral.services, reasons=("palpitations",),
    )  # fmt: skip


@given(apart=st.integers(-3, 3), names=st.permutations(["ServiceRequest/a@1", "ServiceRequest/b@1"]))
def test_of_two_that_are_the_same_exactly_one_is_joined(apart: int, names: list[str]) -> None:
    one = a_referral(ref=names[0])
    other = a_referral(ref=names[1], received=NOW + timedelta(seconds=apart))
    answers = [decided(one, seen_by_the_other(other)), decided(other, seen_by_the_other(one))]
    assert sorted(answers) == ["first", "joined"]


def test_the_senders_own_number_again_is_the_same_however_old() -> None:
    old = a_twin(placers=SAME_NUMBER, authored=TODAY - timedelta(days=900), reasons=("another",))
    assert decided(a_referral(), old) == "joined"


def test_the_same_number_of_another_sender_is_another_referral() -> None:
    other = a_twin(
        placers=(Placer("https://harbour.example", "LAK-1"),), services=(Code(SNOMED, DERMATOLOGY),)
    )
    assert decided(a_referral(), other) == "first"


@pytest.mark.parametrize("status", ["revoked", "entered-in-error", "completed"])
def test_one_that_no_longer_counts_is_not_joined(status: str) -> None:
    assert decided(a_referral(), a_twin(placers=SAME_NUMBER, status=status)) == "first"


def test_the_same_clinic_for_another_reason_is_shown_to_a_person() -> None:
    assert decided(a_referral(), a_twin(reasons=("chest wall pain",))) == "near"


def test_a_referral_without_a_date_is_not_waved_through() -> None:
    assert decided(a_referral(authored=None), a_twin(authored=None)) == "joined"


def test_a_changed_version_hides_which_came_first_and_a_person_looks() -> None:
    changed = a_referral(ref="ServiceRequest/one@2")
    assert decided(changed, a_twin(placers=SAME_NUMBER)) == "near"


def test_a_later_one_does_not_hold_up_the_first() -> None:
    later = a_twin(received=NOW + timedelta(hours=1), reasons=("another",))
    assert decided(a_referral(), later) == "first"


def test_a_worded_reason_is_the_same_whatever_its_accents_case_and_stops() -> None:
    worded = replace(a_referral().words[0], text="  PALPITACIÓNES. ")
    referral = replace(a_referral(), words=(worded,))
    assert decided(referral, a_twin(reasons=("palpitaciones",))) == "joined"


def test_the_service_is_what_makes_two_alike() -> None:
    assert decided(a_referral(), a_twin(services=(Code(SNOMED, CARDIOLOGY),))) == "joined"
    assert decided(a_referral(), a_twin(services=(Code(SNOMED, DERMATOLOGY),))) == "first"
