"""A visit is booked once in the clinic's own system, whatever happens to the answer; patched to cancel."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from real_partner import Answer, Asked, RealPartner, partner_who
from scheduling_examples import NOW, opening, policy

from careengine.capabilities import scheduling
from careengine.capabilities.scheduling import Visit
from careengine.capabilities.scheduling.wiring import RUNNERS
from careengine.engine.outgoing import Delivered, Outcome, Outgoing, Rejected, TryAgain
from careengine.kernel.effect import Effect
from careengine.record.validate import check
from careengine.wire.http import HttpPartner

CLINIC = policy(scheduling.CLINICS).clinics["cardiology"]
KEY = "case-1-2-0-abc"
MADE = json.dumps({"resourceType": "Appointment", "id": "v1", "status": "booked"}).encode()


def booking() -> Effect:
    free = opening(NOW, "s1", place="Location/cardiology")
    return scheduling.book(free, clinic=CLINIC, patient="Patient/ann", focus="ServiceRequest/one")


def cancelling() -> Effect:
    return scheduling.cancel(Visit(ref="Appointment/v1@3", start=NOW, end=NOW), clinic=CLINIC, now=NOW)


def run(
    effect: Effect, answers: Callable[[Asked], Answer] | Answer, times: int = 1
) -> tuple[Outcome, RealPartner]:
    act = Outgoing(
        id=7, key=KEY, kind=effect.kind, partner=effect.partner, case=1, subject=UUID(int=1),
        journey="referral_to_visit", site="main", purpose=effect.purpose, attempts=times, body=effect.body,
    )  # fmt: skip
    with partner_who(answers) as partner:
        hand = HttpPartner(partner.url, timeout_s=5.0)
        for _ in range(times):
            outcome = RUNNERS[effect.kind](act, hand)
        hand.close()
    return outcome, partner


def bundle(*found: dict[str, object]) -> bytes:
    entries = [{"resource": one} for one in found]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries}).encode()


def ours(**said: object) -> dict[str, object]:
    identifier = [{"system": "urn:careengine:effect", "value": KEY}]
    return {"resourceType": "Appointment", "id": "v1", "status": "booked", "identifier": identifier, **said}


def test_the_appointment_is_asked_for_under_the_effects_key_with_references_only() -> None:
    outcome, partner = run(booking(), Answer(201, MADE))
    asked = partner.asked[0]
    body = json.loads(asked.body)

    assert outcome == Delivered({"appointment": "Appointment/v1"})
    assert (asked.method, asked.path) == ("POST", "/Appointment")
    assert asked.headers["If-None-Exist"] == f"identifier=urn:careengine:effect|{KEY}"
    assert body["slot"] == [{"reference": "Slot/s1"}]
    assert check(asked.body) == ()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, MADE),
        Answer(201, b"", {"Location": "Appointment/v1/_history/1"}),
        Answer(201, b"", {"Location": "http://ehr.example/fhir/Appointment/v1"}),
    ],
)
def test_the_name_of_the_visit_is_taken_from_the_body_or_from_location(answer: Answer) -> None:
    assert run(booking(), answer)[0] == Delivered({"appointment": "Appointment/v1"})


@pytest.mark.parametrize("status", [409, 412])
def test_a_slot_taken_by_somebody_else_is_said_so(status: int) -> None:
    outcome, _ = run(
        booking(), lambda asked: Answer(status) if asked.method == "POST" else Answer(200, bundle())
    )
    assert outcome == Rejected("scheduling.slot_taken")


@pytest.mark.parametrize("status", [409, 412])
def test_a_slot_taken_by_our_own_lost_booking_is_ours(status: int) -> None:
    def ehr(asked: Asked) -> Answer:
        return Answer(status) if asked.method == "POST" else Answer(200, bundle(ours()))

    outcome, partner = run(booking(), ehr)
    assert outcome == Delivered({"appointment": "Appointment/v1"})
    assert "identifier=urn%3Acareengine%3Aeffect%7C" in partner.asked[1].path


@pytest.mark.parametrize(
    "other", [ours(status="cancelled"), ours(identifier=[]), ours(id=None), {"id": "v1"}]
)
def test_what_is_cancelled_or_somebody_elses_is_not_taken_for_our_booking(other: dict[str, object]) -> None:
    outcome, _ = run(
        booking(), lambda asked: Answer(409) if asked.method == "POST" else Answer(200, bundle(other))
    )
    assert outcome == Rejected("scheduling.slot_taken")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(500), TryAgain),
        (Answer(503, headers={"Retry-After": "7"}), TryAgain),
        (Answer(429), TryAgain),
        (Answer(hang_up=True), TryAgain),
        (Answer(422), Rejected),
        (Answer(401), Rejected),
    ],
)
def test_trouble_is_tried_again_and_refusal_is_not(answer: Answer, kind: type[object]) -> None:
    assert isinstance(run(booking(), answer)[0], kind)


@pytest.mark.parametrize(
    "body", [b"", b"<html>It works!</html>", MADE[:20], b'{"resourceType": "Patient", "id": "x"}', b"[1]"]
)
def test_an_answer_cut_or_unreadable_is_asked_about_and_tried_again_never_taken_for_no(body: bytes) -> None:
    assert run(booking(), Answer(200, body))[0] == TryAgain("scheduling.reply_unreadable")


def test_the_same_booking_sent_again_makes_no_second_visit() -> None:
    book: dict[str, bytes] = {}

    def ehr(asked: Asked) -> Answer:
        unless = asked.headers["If-None-Exist"]
        before = unless in book
        book.setdefault(unless, MADE)
        return Answer(200, MADE) if before else Answer(201, MADE, hang_up=True)

    outcome, partner = run(booking(), ehr, times=3)
    assert outcome == Delivered({"appointment": "Appointment/v1"})
    assert len(book) == 1
    assert len(partner.asked) >= 3


def test_a_visit_is_cancelled_by_json_patch_with_the_patients_reason() -> None:
    outcome, partner = run(cancelling(), Answer(200, MADE))
    patch = json.loads(partner.asked[0].body)

    assert outcome == Delivered({"appointment": "Appointment/v1"})
    assert (partner.asked[0].method, partner.asked[0].path) == ("PATCH", "/Appointment/v1")
    assert partner.asked[0].headers["Content-Type"] == "application/json-patch+json"
    assert patch[0] == {"op": "replace", "path": "/status", "value": "cancelled"}
    assert patch[1]["value"]["coding"][0]["code"] == "pat"


@pytest.mark.parametrize("status", [404, 410])
def test_a_visit_that_is_gone_already_is_as_good_as_cancelled(status: int) -> None:
    assert run(cancelling(), Answer(status))[0] == Delivered({"appointment": "Appointment/v1", "gone": True})


@pytest.mark.parametrize(("status", "kind"), [(422, Rejected), (412, Rejected), (503, TryAgain)])
def test_a_cancellation_that_is_refused_or_delayed_is_told(status: int, kind: type[object]) -> None:
    assert isinstance(run(cancelling(), Answer(status))[0], kind)
