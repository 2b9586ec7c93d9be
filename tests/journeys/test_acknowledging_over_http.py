"""The acknowledgement as the sender receives it: a Task with the field's status, their number, no patient."""

import json
from uuid import UUID

import pytest
from real_partner import Answer, Asked, partner_who

from careengine.capabilities import referrals
from careengine.capabilities.referrals.wiring import RUNNERS
from careengine.engine.outgoing import Delivered, Outcome, Outgoing, Rejected, TryAgain
from careengine.record.validate import check
from careengine.wire.http import HttpPartner

BODY = {
    "referral": "ServiceRequest/one",
    "version": "1",
    "placer_system": "urn:lakeside",
    "placer": "LAK-1",
    "status": "3.0",
    "task_status": "accepted",
    "at": "2026-03-05T15:00:00+00:00",
}


def outgoing(**body: str) -> Outgoing:
    return Outgoing(
        id=7, key="case-1-2-0-abc", kind=referrals.ACKNOWLEDGE, partner="lakeside-practice", case=1,
        subject=UUID(int=1), journey="referral_acknowledged", site="main", purpose="treatment", attempts=1,
        body={**BODY, **body},
    )  # fmt: skip


def sent(answer: Answer, act: Outgoing) -> tuple[Outcome, list[Asked]]:
    with partner_who(answer) as partner:
        hand = HttpPartner(partner.url, timeout_s=5.0)
        outcome = RUNNERS[referrals.ACKNOWLEDGE](act, hand)
        hand.close()
        return outcome, partner.asked


def test_the_sender_gets_a_task_with_their_own_number_and_the_business_status() -> None:
    outcome, asked = sent(Answer(), outgoing())
    task = json.loads(asked[0].body)

    assert isinstance(outcome, Delivered)
    assert asked[0].key == "case-1-2-0-abc"
    assert asked[0].headers["Content-Type"] == "application/fhir+json"
    assert task["businessStatus"]["coding"][0]["code"] == "3.0"
    assert task["focus"] == {
        "reference": "ServiceRequest/one",
        "identifier": {"system": "urn:lakeside", "value": "LAK-1"},
    }
    assert "for" not in task


@pytest.mark.parametrize("placer", ["LAK-1", ""])
def test_it_is_valid_fhir_with_and_without_the_senders_number(placer: str) -> None:
    _, asked = sent(Answer(), outgoing(placer=placer))
    assert check(asked[0].body) == ()


@pytest.mark.parametrize(
    ("status", "kind"), [(201, Delivered), (400, Rejected), (404, Rejected), (429, TryAgain), (503, TryAgain)]
)
def test_what_the_sender_answers_decides_whether_it_is_sent_again(status: int, kind: type[object]) -> None:
    outcome, _ = sent(Answer(status), outgoing())
    assert isinstance(outcome, kind)
