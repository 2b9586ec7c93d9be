"""What a sender receives beside the acknowledgement: what is missing, and the report, to be read by them."""

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from real_partner import Answer, Asked, partner_who

from careengine.capabilities import referrals
from careengine.capabilities.referrals.wiring import RUNNERS
from careengine.engine.outgoing import Delivered, Outcome, Outgoing, Rejected, TryAgain
from careengine.record.validate import check
from careengine.wire.http import HttpPartner

NUMBER = {"identifier": {"system": "urn:lakeside", "value": "LAK-1"}}
ASKING = {
    "referral": "ServiceRequest/one", "version": "1", "placer_system": "urn:lakeside", "placer": "LAK-1",
    "items": ["ecg", "reason"], "due": "2026-03-09T10:00:00-04:00", "at": "2026-03-05T15:00:00+00:00",
}  # fmt: skip
RETURNING = {
    "referral": "ServiceRequest/one", "version": "1", "placer_system": "urn:lakeside", "placer": "LAK-1",
    "report": "DocumentReference/note@2", "review": "Task/review-7",
    "review_by": "2026-03-19T15:00:00+00:00", "at": "2026-03-05T15:00:00+00:00",
}  # fmt: skip
WORDS = base64.b64encode(b"Dear colleague").decode()
PATIENT = {
    "resourceType": "Patient", "id": "ann", "name": [{"family": "Adams"}],
    "identifier": [{"system": "urn:mrn", "value": "1"}],
}  # fmt: skip
FILE = {"resourceType": "Binary", "id": "words", "contentType": "application/pdf", "data": WORDS}
DOCUMENT: dict[str, Any] = {
    "resourceType": "DocumentReference", "id": "note", "status": "current", "docStatus": "final",
    "type": {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]},
    "subject": {"reference": "Patient/ann"}, "author": [{"reference": "Practitioner/okafor"}],
    "context": {
        "encounter": [{"reference": "Encounter/visit"}], "related": [{"reference": "ServiceRequest/one"}],
    },
    "content": [{"attachment": {"contentType": "application/pdf", "url": "Binary/words"}}],
}  # fmt: skip
DIAGNOSTIC: dict[str, Any] = {
    "resourceType": "DiagnosticReport", "id": "note", "status": "final", "code": DOCUMENT["type"],
    "subject": {"reference": "Patient/ann"}, "basedOn": [{"reference": "ServiceRequest/one"}],
    "result": [{"reference": "Observation/1"}], "conclusion": "Ambulatory monitoring is normal.",
    "performer": [{"reference": "Practitioner/okafor", "display": "Dr. Okafor"}, {"reference": "#nurse"}],
    "contained": [{"resourceType": "Practitioner", "id": "nurse", "name": [{"family": "Paul"}]}],
}  # fmt: skip
COMPOSITION: dict[str, Any] = {
    "resourceType": "Composition", "id": "note", "status": "final", "type": DOCUMENT["type"],
    "date": "2026-03-05T15:00:00Z", "author": [{"reference": "Practitioner/okafor"}], "title": "Consultation",
    "subject": {"reference": "Patient/ann"}, "encounter": {"reference": "Encounter/visit"},
    "section": [{"title": "Findings", "entry": [{"reference": "Observation/1"}], "text": {
        "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Normal.</div>"}}],
}  # fmt: skip


def outgoing(kind: str, body: dict[str, Any], *enclosed: dict[str, Any], **changes: Any) -> Outgoing:
    names = {"DocumentReference/note@2": enclosed[0]} if enclosed else {}
    names |= {f"{one['resourceType']}/{one['id']}": one for one in enclosed[1:]}
    return Outgoing(
        id=7, key="case-1-9-0-abc", kind=kind, partner="lakeside-practice", case=1, subject=UUID(int=1),
        journey="referral_to_visit", site="main", purpose="treatment", attempts=1,
        body={**body, **changes}, enclosed=names,
    )  # fmt: skip


def sent(act: Outgoing, answer: Answer | None = None) -> tuple[Outcome, list[Asked]]:
    with partner_who(answer or Answer()) as partner:
        hand = HttpPartner(partner.url, timeout_s=5.0)
        outcome = RUNNERS[act.kind](act, hand)
        hand.close()
        return outcome, partner.asked


def test_a_sender_is_asked_for_items_by_code_with_a_due_time_and_no_patient() -> None:
    outcome, (asked,) = sent(outgoing(referrals.ASK_SENDER, ASKING))
    task = json.loads(asked.body)

    assert isinstance(outcome, Delivered)
    assert asked.key == "case-1-9-0-abc"
    assert [one["valueCodeableConcept"]["coding"][0]["code"] for one in task["input"]] == ["ecg", "reason"]
    assert task["restriction"]["period"]["end"] == ASKING["due"]
    assert task["focus"] == {"reference": "ServiceRequest/one", **NUMBER}
    assert (task["status"], task["intent"]) == ("requested", "order")
    assert "for" not in task
    assert check(asked.body) == ()


@pytest.mark.parametrize("document", [DOCUMENT, DIAGNOSTIC, COMPOSITION], ids=lambda one: one["resourceType"])
def test_the_report_comes_with_the_senders_own_number_and_nothing_that_points_into_our_record(
    document: dict[str, Any],
) -> None:
    outcome, (asked,) = sent(outgoing(referrals.SEND_REPORT, RETURNING, document, FILE, PATIENT))
    bundle = json.loads(asked.body)
    report, note, review = (entry["resource"] for entry in bundle["entry"])

    assert isinstance(outcome, Delivered)
    assert bundle["type"] == "transaction"
    assert report["subject"] == {"identifier": {"system": "urn:mrn", "value": "1"}}
    assert (note["resourceType"], note["basedOn"]) == ("Communication", [NUMBER])
    assert note["payload"] == [{"contentReference": {"reference": bundle["entry"][0]["fullUrl"]}}]
    assert review["restriction"]["period"]["end"] == RETURNING["review_by"]
    assert {"system": "urn:careengine:review", "value": "Task/review-7"} in review["identifier"]
    for ours in ("Patient/ann", "Encounter/visit", "Observation/1", "Practitioner/okafor", "Adams"):
        assert ours not in asked.body.decode()
    assert [check(json.dumps(entry["resource"]).encode()) for entry in bundle["entry"]] == [(), (), ()]


def test_the_words_of_a_document_travel_inside_it() -> None:
    _, (asked,) = sent(outgoing(referrals.SEND_REPORT, RETURNING, DOCUMENT, FILE, PATIENT))
    attachment = json.loads(asked.body)["entry"][0]["resource"]["content"][0]["attachment"]

    assert attachment == {"contentType": "application/pdf", "data": WORDS}


def test_sending_it_twice_is_one_report_for_whoever_keeps_conditional_creates() -> None:
    _, (asked,) = sent(outgoing(referrals.SEND_REPORT, RETURNING, DOCUMENT, FILE, PATIENT))
    conditions = [entry["request"]["ifNoneExist"] for entry in json.loads(asked.body)["entry"]]

    assert len(set(conditions)) == 3
    assert all("case-1-9-0-abc" in condition for condition in conditions)


def test_without_the_senders_number_our_own_name_for_the_referral_must_do() -> None:
    _, (asked,) = sent(outgoing(referrals.SEND_REPORT, RETURNING, DOCUMENT, PATIENT, placer=""))
    bundle = json.loads(asked.body)

    assert bundle["entry"][1]["resource"]["basedOn"] == [{"display": "ServiceRequest/one"}]
    assert [check(json.dumps(entry["resource"]).encode()) for entry in bundle["entry"]] == [(), (), ()]


def test_a_report_that_could_not_be_read_is_not_sent_as_an_empty_one() -> None:
    outcome, asked = sent(outgoing(referrals.SEND_REPORT, RETURNING))

    assert outcome == Rejected("referrals.report_not_enclosed")
    assert asked == []


@pytest.mark.parametrize(("status", "kind"), [(200, Delivered), (422, Rejected), (503, TryAgain)])
def test_what_the_sender_answers_decides_whether_the_report_is_sent_again(status: int, kind: type) -> None:
    outcome, _ = sent(outgoing(referrals.SEND_REPORT, RETURNING, DOCUMENT, FILE, PATIENT), Answer(status))
    assert isinstance(outcome, kind)
