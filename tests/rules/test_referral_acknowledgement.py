"""The sender is told in the field's codes; where nobody can be told, a person does it."""

import pytest
from referral_examples import NOW, InForce, a_referral

from careengine.capabilities import referrals
from careengine.capabilities.referrals import ACKNOWLEDGEMENT, Sender, what_if
from careengine.kernel.decision import Route

POLICY = InForce()[ACKNOWLEDGEMENT]


@pytest.mark.parametrize(("outcome", "status"), [("accepted", "3.0"), ("declined", "4.0")])
def test_each_outcome_is_told_in_the_code_the_sender_expects(outcome: str, status: str) -> None:
    told = referrals.decide_acknowledgement(a_referral(), outcome=outcome, policy=POLICY)
    effect = referrals.acknowledge(a_referral(), told, policy=POLICY, now=NOW)
    assert (told.answer, told.route) == (outcome, Route.PROCEED)
    assert effect.body["status"] == status


def test_without_an_agreed_way_a_person_tells_them() -> None:
    nobody = a_referral(sender=Sender("Practitioner/doe@1"))
    told = referrals.decide_acknowledgement(nobody, outcome="accepted", policy=POLICY)
    assert (told.answer, told.route) == ("nobody_to_tell", Route.ASK)


def test_an_outcome_nobody_listed_is_never_told_as_another() -> None:
    told = referrals.decide_acknowledgement(a_referral(), outcome="perhaps", policy=POLICY)
    assert told.route is Route.ASK


def test_it_flips_as_it_says() -> None:
    told = referrals.decide_acknowledgement(a_referral(), outcome="accepted", policy=POLICY)
    for flip in told.flips:
        tried = what_if(a_referral(), flip.fact, flip.becomes)
        assert (
            referrals.decide_acknowledgement(tried, outcome="accepted", policy=POLICY).answer == flip.answer
        )
    assert told.flips


def test_an_acknowledgement_stops_making_sense_some_day() -> None:
    told = referrals.decide_acknowledgement(a_referral(), outcome="accepted", policy=POLICY)
    effect = referrals.acknowledge(a_referral(), told, policy=POLICY, now=NOW)
    assert effect.not_after is not None
    assert (effect.not_after - NOW).days == POLICY.valid_days
