"""Software never guesses who somebody is, which clinic is meant, or what an unlisted code says."""

import pytest
from referral_examples import (
    CARDIOLOGY,
    DERMATOLOGY,
    PHYSIOTHERAPY,
    SNOMED,
    TODAY,
    a_person,
    a_referral,
    checked,
    rules,
)

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Code, Indication, Person
from careengine.kernel.decision import Route


@pytest.mark.parametrize(
    ("people", "answer"),
    [
        ((a_person(),), "known"),
        ((), "nobody"),
        ((a_person(), a_person(ref="Patient/bob@1")), "several"),
        ((a_person(deceased=True),), "deceased"),
        ((a_person(replaced=True),), "merged"),
        ((a_person(replaced=True), a_person(ref="Patient/new@1")), "known"),
        ((a_person(active=False),), "inactive"),
        ((a_person(has=("family_name", "gender")),), "unidentified"),
        ((a_person(identified_by=("DL",)),), "unidentified"),
    ],
)
def test_only_one_living_known_person_goes_on(people: tuple[Person, ...], answer: str) -> None:
    decision = referrals.decide_identity(a_referral(people=people), policy=rules().identity)
    assert decision.answer == answer
    assert (decision.route is Route.PROCEED) == (answer == "known")


def test_a_dead_patient_is_said_to_be_dead_even_if_facts_are_missing() -> None:
    decision = referrals.decide_identity(
        a_referral(people=(a_person(deceased=True, has=()),)), policy=rules().identity
    )
    assert decision.answer == "deceased"


@pytest.mark.parametrize(
    ("services", "specialties", "answer"),
    [
        ((CARDIOLOGY,), (), "cardiology"),
        (("183519002",), ("394579002",), "cardiology"),
        ((), ("394579002",), "cardiology"),
        ((CARDIOLOGY,), ("394582007",), "contradictory"),
        ((CARDIOLOGY, DERMATOLOGY), (), "contradictory"),
        (("306181000000106",), (), "unknown_clinic"),
        ((), (), "unknown_clinic"),
    ],
)
def test_a_clinic_is_named_by_listed_codes_that_agree(
    services: tuple[str, ...], specialties: tuple[str, ...], answer: str
) -> None:
    referral = a_referral(
        services=tuple(Code(SNOMED, c) for c in services),
        specialties=tuple(Code(SNOMED, c) for c in specialties),
    )
    decision = referrals.decide_clinic(referral, policy=rules().clinics)
    assert decision.answer == answer
    assert (decision.route is Route.ASK) == (answer in {"contradictory", "unknown_clinic"})


def test_the_same_digits_in_another_system_name_nobody() -> None:
    decision = referrals.decide_clinic(
        a_referral(services=(Code("urn:other", CARDIOLOGY),)), policy=rules().clinics
    )
    assert decision.answer == "unknown_clinic"


@pytest.mark.parametrize(
    ("clinic", "priority", "stops_at"),
    [
        (CARDIOLOGY, "urgent", None),
        (CARDIOLOGY, "stat", "nurse"),
        (PHYSIOTHERAPY, "routine", None),
        (PHYSIOTHERAPY, "asap", "redirect"),
        (CARDIOLOGY, "whenever", "unknown_priority"),
    ],
)
def test_urgency_and_clinic_together_say_where_it_goes(
    clinic: str, priority: str, stops_at: str | None
) -> None:
    found = checked(a_referral(services=(Code(SNOMED, clinic),), priority=priority))
    assert (found.stop.answer if found.stop else None) == stops_at


def test_an_urgent_reason_code_against_a_routine_flag_reaches_a_nurse() -> None:
    unstable = (Indication("Condition/1@1#code", (Code("http://hl7.org/fhir/sid/icd-10-cm", "I20.0"),)),)
    decision = referrals.decide_urgency(a_referral(indications=unstable), policy=rules().urgency, today=TODAY)
    assert (decision.answer, decision.route) == ("emergency", Route.ASK)


def test_a_laboratory_order_is_left_to_the_laboratory() -> None:
    found = checked(a_referral(categories=(f"{SNOMED}|108252007",)))
    assert found.stop is not None
    assert (found.stop.answer, found.stop.route) == ("not_a_referral", Route.PROCEED)


def test_a_persons_word_covers_the_finding_they_saw_and_no_other() -> None:
    unidentified = a_referral(people=(a_person(identified_by=()),))
    dead = a_referral(people=(a_person(identified_by=(), deceased=True),))
    said = {referrals.settles("referrals.identity", "unidentified"): "confirmed"}

    assert checked(unidentified, **said).stop is None
    stop = checked(dead, **said).stop
    assert stop is not None
    assert stop.answer == "deceased"
