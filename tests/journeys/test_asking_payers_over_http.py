"""A payer is asked over a real socket; whatever it answers comes to a word, and never to a guess."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from real_partner import Answer, partner_who
from registration_examples import NOW, VISIT_DAY, InForce, a_case, a_cover, a_held

from careengine.capabilities import registration
from careengine.capabilities.registration import ANSWERS, CHECKING, COVERS
from careengine.capabilities.registration.wiring import RUNNERS
from careengine.engine.outgoing import Delivered, Outcome, Outgoing, Rejected, TryAgain
from careengine.record.validate import check
from careengine.wire.http import HttpPartner
from careengine.wire.x12 import Inquiry, Person, Said, build_271, read_270
from careengine.wire.x12 import Rejected as Aaa

POLICY = InForce()
PATIENT = {
    "resourceType": "Patient", "id": "ann", "gender": "female", "birthDate": "1980-01-02",
    "name": [
        {"use": "usual", "family": "Leigh"}, {"use": "official", "family": "Lee", "given": ["Ann", "B"]},
    ],
}  # fmt: skip
COVERAGE = {"resourceType": "Coverage", "id": "ann", "status": "active", "subscriberId": "M-100"}
ACTIVE = Said(status="1", begin=date(2026, 1, 1), end=date(2026, 12, 31), at=NOW)


def outgoing(coverage: dict[str, Any] = COVERAGE, patient: dict[str, Any] = PATIENT) -> Outgoing:
    effect = registration.ask_eligibility(
        a_cover(), a_held(), visit_day=VISIT_DAY, covers=POLICY[COVERS], policy=POLICY[CHECKING], now=NOW
    )
    return Outgoing(
        id=7, key="0011aabb", kind=effect.kind, partner=effect.partner, case=7, subject=UUID(int=7),
        journey="referral_to_visit", site="boston", purpose=effect.purpose, attempts=1, body=effect.body,
        enclosed={"Patient/ann": patient, "Coverage/ann@1": coverage},
    )  # fmt: skip


def asked(
    manners: Any, act: Outgoing | None = None, timeout_s: float = 20.0
) -> tuple[Outcome, list[Inquiry]]:
    with partner_who(manners) as partner:
        hand = HttpPartner(partner.url, timeout_s=timeout_s)
        outcome = RUNNERS[registration.ASK_ELIGIBILITY](act or outgoing(), hand)
        hand.close()
        return outcome, [read_270(one.body) for one in partner.asked]


def replying(said: Said, change: Any = lambda inquiry: inquiry) -> Any:
    return lambda question: Answer(200, build_271(change(read_270(question.body)), said))


def reply(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Delivered)
    return dict(outcome.reply)


def test_the_payer_is_asked_about_the_person_on_the_record() -> None:
    _, questions = asked(replying(ACTIVE))

    assert questions[0].subscriber == Person(
        last="LEE", first="ANN", member="M-100", born=date(1980, 1, 2), sex="F"
    )
    assert questions[0].day == VISIT_DAY
    assert questions[0].asker_id == "1999999984"


def test_a_child_is_asked_about_as_the_subscribers_dependent() -> None:
    child = {**COVERAGE, "relationship": {"coding": [{"code": "child"}]}}
    outcome, questions = asked(replying(ACTIVE), outgoing(child))

    assert questions[0].dependent is not None
    assert questions[0].subscriber.member == "M-100"
    assert reply(outcome)["result"] == "active"


def test_the_same_act_asks_with_the_same_bytes() -> None:
    with partner_who(replying(ACTIVE)) as partner:
        hand = HttpPartner(partner.url, timeout_s=20.0)
        for _ in range(2):
            RUNNERS[registration.ASK_ELIGIBILITY](outgoing(), hand)
        hand.close()

        assert partner.asked[0].body == partner.asked[1].body


def test_an_active_plan_comes_back_with_its_days_and_no_name() -> None:
    outcome, _ = asked(replying(ACTIVE))
    said = reply(outcome)

    assert (said["result"], said["plan_begin"], said["plan_end"]) == ("active", "2026-01-01", "2026-12-31")
    assert said["coverage"] == "Coverage/ann@1"
    assert "Lee" not in str(said)
    assert "LEE" not in str(said)
    assert registration.decide_verified(said, policy=POLICY[ANSWERS]).answer == "verified"


@pytest.mark.parametrize(
    ("said", "result", "answer"),
    [
        (replace(ACTIVE, status="6"), "inactive", "inactive"),
        (replace(ACTIVE, other="842610099"), "active", "other_payer"),
        (replace(ACTIVE, status="5"), "unclear", "unclear"),
        (replace(ACTIVE, status="V"), "unclear", "unclear"),
        (replace(ACTIVE, status="U"), "unclear", "unclear"),
        (replace(ACTIVE, status="R"), "other_payer", "other_payer"),
        (replace(ACTIVE, status="I"), "unclear", "unclear"),
        (Said(at=NOW), "unclear", "unclear"),
        (replace(ACTIVE, end=date(2026, 11, 15)), "active", "ends_before_visit"),
        (Said(rejected=(Aaa(level="2100C", code="71"),), at=NOW), "not_found", "wrong_birth_date"),
        (Said(rejected=(Aaa(level="2100C", code="76"),), at=NOW), "not_found", "payer_finds_two"),
        (Said(rejected=(Aaa(level="2100B", code="51"),), at=NOW), "not_found", "we_may_not_ask"),
        (Said(rejected=(Aaa(level="2100A", code="42", follow_up="R"),), at=NOW), "unavailable", "again"),
    ],
)
def test_each_answer_comes_to_its_word(said: Said, result: str, answer: str) -> None:
    outcome, _ = asked(replying(said))

    assert reply(outcome)["result"] == result
    assert registration.decide_verified(reply(outcome), policy=POLICY[ANSWERS]).answer == answer


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda asked: replace(asked, trace="ANOTHER"), "registration.another_trace"),
        (
            lambda asked: replace(asked, subscriber=replace(asked.subscriber, member="M-200")),
            "registration.another_person",
        ),
        (
            lambda asked: replace(asked, subscriber=replace(asked.subscriber, born=date(1990, 1, 1))),
            "registration.another_person",
        ),
    ],
)
def test_an_answer_about_somebody_else_says_nothing_of_our_patient(change: Any, why: str) -> None:
    outcome, _ = asked(replying(ACTIVE, change))

    assert (reply(outcome)["result"], reply(outcome)["why"]) == ("unreadable", why)
    assert registration.decide_verified(reply(outcome), policy=POLICY[ANSWERS]).answer == "again"


@pytest.mark.parametrize("body", [b"", b"<html>down</html>", b"ISA*00*", b"\xff\xfe", b"{}"])
def test_nonsense_says_nothing_either(body: bytes) -> None:
    outcome, _ = asked(Answer(200, body))

    assert reply(outcome)["result"] == "unreadable"
    assert str(reply(outcome)["why"]).startswith("x12.")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(503), TryAgain),
        (Answer(after_s=2.0), TryAgain),
        (Answer(hang_up=True), TryAgain),
        (Answer(401), Rejected),
    ],
)
def test_a_payer_that_is_down_or_slow_is_asked_again(answer: Answer, kind: type[object]) -> None:
    outcome, _ = asked(answer, timeout_s=0.2 if answer.after_s else 20.0)

    assert isinstance(outcome, kind)


def test_a_record_that_cannot_fill_a_question_is_refused_here() -> None:
    nameless = {key: value for key, value in PATIENT.items() if key != "name"}
    outcome, questions = asked(replying(ACTIVE), outgoing(patient=nameless))

    assert isinstance(outcome, Rejected)
    assert questions == []


def test_what_is_kept_of_an_answer_is_valid_fhir() -> None:
    for said in (
        ACTIVE,
        replace(ACTIVE, status="6"),
        Said(rejected=(Aaa(level="2100C", code="75"),), at=NOW),
    ):
        outcome, _ = asked(replying(said))
        write = registration.verified(
            a_case(), a_cover(), reply(outcome), now=datetime(2026, 11, 2, tzinfo=UTC)
        )
        assert check(orjson.dumps(write.resource)) == ()
