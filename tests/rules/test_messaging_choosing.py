from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from messaging_examples import NOON, case, contact, note, number, rules, sent

from careengine.capabilities import messaging
from careengine.engine.case import EffectFailed
from careengine.kernel.decision import Decision, Route

OFFER = {"options": "2026-03-10T18:30:00+00:00 2026-03-11T13:00:00+00:00"}


def decide(person: messaging.Contact, said: messaging.Note | None = None, **more: Any) -> Decision:
    return messaging.decide_message(person, said or note(), rules=rules(), now=NOON, **more)


def whys(told: Decision) -> set[str]:
    return {str(one.params["why"]) for one in told.because if "why" in one.params}


def test_a_text_goes_first_to_who_agreed_to_texts() -> None:
    assert decide(contact()).answer == "sms"


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ((), "no_number"),
        ((number(agreed=()),), "not_agreed"),
        ((number(refused=("treatment",)),), "refused"),
        ((number(wrong=True),), "wrong_number"),
        ((number(agreed=("payment",)),), "not_agreed"),
    ],
)
def test_without_a_number_that_may_be_texted_the_next_way_is_taken(
    numbers: tuple[messaging.Address, ...], why: str
) -> None:
    told = decide(contact(numbers=numbers))

    assert told.answer == "email"
    assert whys(told) == {why}


def test_a_yes_to_texts_would_change_the_answer_as_the_flip_says() -> None:
    person = contact(numbers=(number(agreed=()),))
    flip = decide(person).flips[0]

    assert (flip.fact, flip.becomes, flip.answer) == ("contact.numbers[0].agreed", "treatment", "sms")
    assert decide(replace(person, numbers=(number(agreed=("treatment",)),))).answer == flip.answer


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"ref": ""}, "chart_closed"),
        ({"dead": True}, "patient_died"),
        ({"languages": ("vi",)}, "language_missing"),
        ({"numbers": (), "emails": (), "has_address": False}, "no_way_open"),
    ],
)
def test_what_software_cannot_say_is_said_by_a_person(known: dict[str, Any], why: str) -> None:
    told = decide(contact(**known))

    assert (told.answer, told.route) == (messaging.NOBODY, Route.ASK)
    assert why in whys(told)


@pytest.mark.parametrize(
    "said", [note("nobody.wrote_this"), note("scheduling.booked"), note("registration.intake")]
)
def test_a_wording_that_is_missing_or_incomplete_goes_to_a_person(said: messaging.Note) -> None:
    assert decide(contact(), said).route is Route.ASK


def test_a_missing_item_that_has_no_name_in_the_policy_goes_to_a_person() -> None:
    assert (
        decide(contact(), note("referrals.missing_item", params={"item": "ignore all rules"})).route
        is Route.ASK
    )
    assert decide(contact(), note("referrals.missing_item", params={"item": "insurance"})).answer == "sms"


def test_the_language_is_the_first_of_theirs_that_somebody_wrote() -> None:
    assert decide(contact(languages=("vi", "es", "en"))).because[0].params["language"] == "es"
    assert decide(contact(languages=())).because[0].params["language"] == "en"


def test_no_letter_goes_to_who_refused_every_way_of_writing() -> None:
    told = decide(contact(numbers=(), emails=(), refused=("treatment",)))

    assert told.route is Route.ASK


def test_a_text_in_the_chart_is_in_words_and_the_effect_carries_neither_words_nor_numbers() -> None:
    said = note("scheduling.offer", params=OFFER)
    person = contact()

    made = messaging.outbound(case(), decide(person, said), said, person, rules=rules())

    resource, effect = made.writes[0].resource, made.effects[0]
    assert resource["payload"] == [
        {
            "contentString": "Harbour Health visit times: 1 Tue Mar 10 2:30pm, 2 Wed Mar 11 9:00am. "
            "Reply a number or a better time. Call 617-555-0100. STOP=end"
        }
    ]
    assert resource["identifier"] == [{"system": "urn:careengine:address", "value": "d" * 32}]
    assert resource["about"] == [{"reference": "Task/case-42"}]
    assert effect.body["enclose"] == ["Communication/m-42-7-0", "Patient/pat-1"]
    assert "Mar" not in repr(effect.body)
    assert made.segments == 1
    assert (effect.kind, effect.partner, effect.not_before) == ("messaging.send_text", "sms", NOON)


def test_a_text_that_was_planned_for_a_day_never_leaves_on_another() -> None:
    person, said = contact(states=("TN",)), note()

    effect = messaging.outbound(case(), decide(person, said), said, person, rules=rules()).effects[0]

    assert effect.not_after is not None
    assert effect.not_after.isoformat() == "2026-03-04T01:00:00+00:00"


def test_an_answer_is_marked_as_one_and_names_what_it_answers() -> None:
    person = contact(heard=(messaging.Heard(at=NOON - timedelta(minutes=1)),))
    said = note(prompted=True)
    asked = case(about="Communication/in-1@1")

    written = messaging.outbound(asked, decide(person, said), said, person, rules=rules()).writes[0].resource

    assert written["inResponseTo"] == [{"reference": "Communication/in-1"}]
    assert {"coding": [{"system": "urn:careengine:turn", "code": "prompted"}]} in written["category"]  # type: ignore[operator]


def test_a_link_is_signed_only_by_the_runner() -> None:
    person, said = contact(), note("registration.intake", link="intake")

    made = messaging.outbound(case(), decide(person, said), said, person, rules=rules())

    assert "{link}" in str(made.writes[0].resource["payload"])
    assert made.effects[0].body["link"] == "intake"


def test_a_message_that_did_not_leave_is_told_to_the_chart() -> None:
    person = contact(sent=(sent(NOON, ref="Communication/m-42-6-0@1", case=42),))
    failed = EffectFailed(
        id=1, kind="effect.failed", at=NOON, ref="Communication/m-42-6-0", effect=1,
        effect_kind="messaging.send_text", why="withheld:messaging.caps",
    )  # fmt: skip

    written = messaging.unsent(case(), failed, person, why=failed.why)

    assert written[0].resource["status"] == "not-done"
    assert messaging.unsent(case(id=43), failed, person, why=failed.why) == ()


@pytest.mark.parametrize(
    ("why", "answer"),
    [
        ("rejected:sms.21211", "email"),
        ("rejected:sms.21610", "email"),
        ("undelivered:30003", "email"),
        ("undelivered:none", "email"),
        ("exhausted:partner.timeout", "email"),
        ("withheld:consent.refused", "email"),
        ("withheld:messaging.quiet_hours", "again"),
        ("withheld:messaging.caps", "again"),
        ("expired:too_late", "again"),
        ("rejected:sms.20003", "person"),
        ("rejected:partner.status_418", "person"),
        ("undelivered:77777", "person"),
    ],
)
def test_a_failed_text_goes_another_way_again_or_to_a_person(why: str, answer: str) -> None:
    told = messaging.decide_delivery(
        why, tried=("sms",), note=note(), contact=contact(), rules=rules(), now=NOON
    )

    assert told.answer == answer
    assert (told.route is Route.ASK) == (answer == "person")


def test_when_every_way_failed_a_person_takes_over() -> None:
    told = messaging.decide_delivery(
        "rejected:mail.550", tried=("sms", "email"), note=note(), contact=contact(has_address=False),
        rules=rules(), now=NOON,
    )  # fmt: skip

    assert (told.answer, told.route) == (messaging.PERSON, Route.ASK)


def test_a_wrong_number_is_flagged_by_its_digest() -> None:
    flag = messaging.wrong_number(case(), contact(), "d" * 32, NOON).resource

    assert (flag["resourceType"], flag["status"]) == ("Flag", "active")
    assert flag["identifier"] == [{"system": "urn:careengine:address", "value": "d" * 32}]
