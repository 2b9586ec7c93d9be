"""Take each needed thing away in turn: exactly it is asked of the right party, once, and chased in time."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations

import pytest
from referral_examples import NOW, TODAY, InForce, a_person, a_referral, rules

from careengine.capabilities import referrals
from careengine.capabilities.referrals import Ask, Attachment, Clinic, Code, Referral, Role, Sender
from careengine.kernel.decision import Decision, Route
from careengine.policy.sources import package_sources

POLICY = InForce()[referrals.ASKING]
ZONE = "America/New_York"
EVERY_WAY = frozenset({"sender", "message", "letter"})
CLINICS = {clinic.name: clinic for clinic in rules().clinics.clinics}
WHO = {"insurance": ("patient", "message"), "phone": ("patient", "letter")}
"""Who owes an item and by which way they are asked first; everything else is the sender's."""


def complete(clinic: Clinic) -> Referral:
    """Return a referral that has everything the clinic needs."""
    attached = tuple(
        Attachment(f"DocumentReference/{item.code}@1", (sorted(item.any_of)[0],), TODAY - timedelta(days=1))
        for item in clinic.needs
        if item.any_of
    )
    system, _, code = sorted(clinic.services)[0].partition("|")
    return a_referral(services=(Code(system, code),), attachments=attached)


def without(referral: Referral, *items: str) -> Referral:
    """Take items away from a complete referral."""
    for item in items:
        match item:
            case "reason" | "question":
                role = Role(item)
                referral = replace(referral, words=tuple(w for w in referral.words if w.role is not role))
            case "requester":
                # Their system is known all the same: it sent the request.
                referral = replace(referral, sender=replace(referral.sender, requester=""))
            case "insurance":
                referral = replace(referral, covers=())
            case "phone":
                has = tuple(fact for fact in a_person().has if fact != "phone")
                referral = replace(referral, people=(a_person(has=has),))
            case _:
                gone = f"DocumentReference/{item}@1"
                kept = tuple(a for a in referral.attachments if a.ref != gone)
                referral = replace(referral, attachments=kept)
    return referral


def completeness(referral: Referral, clinic: Clinic) -> Decision:
    return referrals.decide_completeness(referral, clinic=clinic, policy=rules().clinics, today=TODAY)


def asking(
    found: Decision, *, asked: tuple[Ask, ...] = (), ways: frozenset[str] = EVERY_WAY, now: datetime = NOW
) -> Decision:
    return referrals.decide_asking(found, asked=asked, ways=ways, policy=POLICY, now=now, zone=ZONE)


GAPS = [
    pytest.param(clinic, item.code, id=f"{item.code} of {name}")
    for name, clinic in CLINICS.items()
    for item in clinic.needs
]
PAIRS = [
    pytest.param(clinic, pair, id=f"{' and '.join(pair)} of {name}")
    for name, clinic in CLINICS.items()
    for pair in combinations([item.code for item in clinic.needs], 2)
]


@pytest.mark.parametrize(("clinic", "item"), GAPS)
def test_exactly_the_missing_item_is_asked_of_exactly_that_party(clinic: Clinic, item: str) -> None:
    decision = asking(completeness(without(complete(clinic), item), clinic))

    asked = [(ask.item, (ask.of, ask.way)) for ask in referrals.asks_of(decision)]
    assert asked == [(item, WHO.get(item, ("sender", "sender")))]
    assert decision.route is Route.PROCEED


@pytest.mark.parametrize(("clinic", "pair"), PAIRS)
def test_two_missing_items_are_asked_for_and_nothing_else(clinic: Clinic, pair: tuple[str, str]) -> None:
    decision = asking(completeness(without(complete(clinic), *pair), clinic))

    assert {ask.item for ask in referrals.asks_of(decision)} == {*pair}


@pytest.mark.parametrize("clinic", CLINICS.values(), ids=CLINICS)
def test_nothing_is_asked_for_when_everything_is_there(clinic: Clinic) -> None:
    decision = asking(completeness(complete(clinic), clinic))

    assert (decision.answer, referrals.asks_of(decision)) == ("nothing_to_ask", ())
    assert referrals.remembered(decision) == ""


@pytest.mark.parametrize(("clinic", "item"), GAPS)
def test_an_item_is_asked_for_once_until_it_is_due_however_often_the_case_looks(
    clinic: Clinic, item: str
) -> None:
    found = completeness(without(complete(clinic), item), clinic)
    first = asking(found)
    due = referrals.next_due(first)
    assert due is not None
    so_far, looks = referrals.remembered(first), 0
    now = NOW
    while now < due:
        again = asking(found, asked=referrals.asked_of(so_far), now=now)
        assert (again.answer, referrals.asks_of(again)) == ("wait", ())
        so_far, now, looks = referrals.remembered(again), now + timedelta(hours=5), looks + 1
    assert looks > 5
    assert referrals.asks_of(asking(found, asked=referrals.asked_of(so_far), now=due)) != ()


def chased(found: Decision) -> list[tuple[str, ...]]:
    """Look at every due time until a person is asked; return the ways taken each time."""
    taken, so_far, now = [], "", NOW
    for _ in range(20):
        decision = asking(found, asked=referrals.asked_of(so_far), now=now)
        if decision.route is Route.ASK:
            return taken
        taken.append(tuple(ask.way for ask in referrals.asks_of(decision)))
        so_far, due = referrals.remembered(decision), referrals.next_due(decision)
        assert due is not None
        assert due > now
        now = due
    raise AssertionError("it is asked for ever")


def test_a_sender_is_asked_three_times_and_then_a_person_decides() -> None:
    clinic = CLINICS["cardiology"]
    assert chased(completeness(without(complete(clinic), "ecg"), clinic)) == [("sender",)] * 3


def test_a_patient_is_written_two_messages_and_a_letter_and_then_a_person_decides() -> None:
    clinic = CLINICS["physiotherapy"]
    found = completeness(without(complete(clinic), "insurance"), clinic)
    assert chased(found) == [("message",), ("message",), ("letter",)]


def test_what_came_is_no_longer_asked_for_and_what_did_not_stays_due() -> None:
    clinic = CLINICS["cardiology"]
    first = asking(completeness(without(complete(clinic), "ecg", "insurance"), clinic))
    later = asking(
        completeness(without(complete(clinic), "insurance"), clinic),
        asked=referrals.asked_of(referrals.remembered(first)),
        now=NOW + timedelta(hours=2),
    )

    assert (later.answer, [r.params["item"] for r in later.because]) == ("wait", ["insurance"])


def test_an_item_that_goes_missing_later_is_asked_for_while_the_other_waits() -> None:
    clinic = CLINICS["cardiology"]
    first = asking(completeness(without(complete(clinic), "ecg"), clinic))
    later = asking(
        completeness(without(complete(clinic), "ecg", "insurance"), clinic),
        asked=referrals.asked_of(referrals.remembered(first)),
        now=NOW + timedelta(hours=2),
    )

    assert [ask.item for ask in referrals.asks_of(later)] == ["insurance"]


def test_a_sender_without_an_agreed_way_is_a_persons_and_the_patient_is_asked_all_the_same() -> None:
    clinic = CLINICS["cardiology"]
    referral = replace(without(complete(clinic), "ecg", "insurance"), sender=Sender("Practitioner/doe@1"))
    ways = referrals.ways_to(referral, writable=True)
    decision = asking(completeness(referral, clinic), ways=ways)

    assert (decision.answer, decision.route) == ("nobody_to_ask", Route.ASK)
    assert [ask.item for ask in referrals.asks_of(decision)] == ["insurance"]


def test_a_telephone_is_never_asked_for_by_message() -> None:
    clinic = CLINICS["cardiology"]
    referral = without(complete(clinic), "phone")
    no_address = replace(referral, people=(a_person(has=("family_name", "birth_date", "gender")),))
    by_letter = asking(completeness(referral, clinic), ways=referrals.ways_to(referral, writable=False))
    of_sender = asking(completeness(no_address, clinic), ways=referrals.ways_to(no_address, writable=False))

    assert [(a.item, a.way) for a in referrals.asks_of(by_letter)] == [("phone", "letter")]
    assert [(a.item, a.way) for a in referrals.asks_of(of_sender)] == [("phone", "sender")]


def test_what_the_sender_is_asked_names_items_and_their_number_and_nobody() -> None:
    clinic = CLINICS["cardiology"]
    referral = without(complete(clinic), "ecg", "reason", "insurance")
    (effect,) = referrals.ask_sender(referral, asking(completeness(referral, clinic)), now=NOW)

    assert effect.partner == "lakeside-practice"
    assert effect.body["items"] == ("reason", "ecg")
    assert effect.body["placer"] == "LAK-1"
    assert effect.body["due"] == effect.not_after.isoformat() if effect.not_after else ""
    assert "Patient" not in str(effect.body)


def test_a_patient_is_asked_by_message_for_one_thing_and_by_letter_for_another() -> None:
    clinic = CLINICS["physiotherapy"]
    referral = without(complete(clinic), "phone", "insurance")
    decision = asking(completeness(referral, clinic))
    written = referrals.ask_patient(decision)

    assert [(one.template, dict(one.params), one.letter) for one in written] == [
        ("referrals.missing_item", {"item": "insurance"}, False),
        ("referrals.missing_item", {"item": "phone"}, True),
    ]
    assert referrals.ask_sender(referral, decision, now=NOW) == ()


def test_what_a_patient_is_asked_for_has_words_a_patient_knows() -> None:
    words = package_sources()["messaging.templates"].text

    assert all(f"        {item}: {{en:" in words for item in POLICY.of_patient)


def test_a_due_time_keeps_the_local_time_of_day_over_a_weekend_and_a_spring_night() -> None:
    friday = datetime.fromisoformat("2026-03-06T15:00:00+00:00")
    clinic = CLINICS["cardiology"]
    decision = asking(completeness(without(complete(clinic), "ecg"), clinic), now=friday)

    assert referrals.next_due(decision) == datetime.fromisoformat("2026-03-10T14:00:00+00:00")


def test_the_flips_of_a_decision_come_true() -> None:
    clinic = CLINICS["cardiology"]
    found = completeness(without(complete(clinic), "ecg"), clinic)
    first = asking(found)
    waiting = asking(found, asked=referrals.asked_of(referrals.remembered(first)))
    for flip in waiting.flips:
        then = asking(
            found,
            asked=referrals.asked_of(referrals.remembered(waiting)),
            now=datetime.fromisoformat(str(flip.becomes)),
        )
        assert then.answer == flip.answer
    assert [asking(found, ways=frozenset()).answer for _ in first.flips] == [f.answer for f in first.flips]
    assert waiting.flips
    assert first.flips
