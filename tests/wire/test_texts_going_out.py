"""Texts over the service's own API: nothing is texted twice, and a refusal is told by its code."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from outgoing_messages import NUMBER, PATIENT, SENT, outgoing
from text_service import ACCOUNT, TOKEN, TextService, text_service

from careengine.capabilities.messaging.wiring import Outside, runners
from careengine.engine.outgoing import Delivered, Outgoing, Rejected, TryAgain
from careengine.wire.http import HttpPartner
from careengine.wire.links import verify

OUTSIDE = Outside(public_url="https://care.harbour.example", links="s3cret")
SEND = runners(OUTSIDE)["messaging.send_text"]


@pytest.fixture
def service() -> Iterator[TextService]:
    with text_service(TextService()) as running:
        yield running


@pytest.fixture
def partner(service: TextService) -> Iterator[HttpPartner]:
    opened = HttpPartner(service.url, secret=f"{ACCOUNT}:{TOKEN}", basic=True, timeout_s=2.0)
    yield opened
    opened.close()


def again(out: Outgoing) -> Outgoing:
    return outgoing(attempts=out.attempts + 1)


def test_a_text_goes_to_the_number_in_the_chart_and_calls_back_by_the_effect(
    service: TextService, partner: HttpPartner
) -> None:
    outcome = SEND(outgoing(), partner)

    assert outcome == Delivered({"sid": service.taken[0]["sid"], "segments": "1"})
    sent = {name: service.taken[0][name] for name in ("To", "From", "Body", "StatusCallback")}
    assert sent == {
        "To": NUMBER,
        "From": "+16175550100",
        "Body": "Harbour Health: hello",
        "StatusCallback": f"https://care.harbour.example/sms/status?effect={'ab' * 16}",
    }


def test_a_text_that_was_taken_although_no_answer_came_is_not_sent_again(
    service: TextService, partner: HttpPartner
) -> None:
    service.loses = 1

    first = SEND(outgoing(), partner)
    second = SEND(again(outgoing()), partner)

    assert isinstance(first, TryAgain)
    assert second == Delivered({"sid": service.taken[0]["sid"]})
    assert len(service.taken) == 1


def test_an_answer_nobody_can_read_is_looked_into_and_not_sent_again(
    service: TextService, partner: HttpPartner
) -> None:
    service.nonsense = 1

    outcomes = [SEND(outgoing(), partner), SEND(again(outgoing()), partner)]

    assert [type(one) for one in outcomes] == [TryAgain, Delivered]
    assert len(service.taken) == 1


def test_a_text_that_never_arrived_is_sent_by_the_second_attempt(
    service: TextService, partner: HttpPartner
) -> None:
    service.taken.append(
        {"To": NUMBER, "From": "+16175550100", "Body": "another", "sid": "SM9", "date": "nonsense"}
    )

    assert isinstance(SEND(again(outgoing()), partner), Delivered)
    assert [one["Body"] for one in service.taken] == ["another", "Harbour Health: hello"]


def test_the_same_words_of_an_earlier_week_are_another_text(
    service: TextService, partner: HttpPartner
) -> None:
    SEND(outgoing(), partner)
    service.taken[0]["date"] = (SENT - timedelta(days=7)).strftime("%a, %d %b %Y %H:%M:%S +0000")

    SEND(again(outgoing()), partner)

    assert len(service.taken) == 2


def test_a_connection_closed_meanwhile_is_no_reason_to_text_twice(
    service: TextService, partner: HttpPartner
) -> None:
    SEND(outgoing(key="01" * 16), partner)
    service.loses = 1

    outcome = SEND(outgoing(text="Harbour Health: second"), partner)

    assert isinstance(outcome, TryAgain)
    assert [one["Body"] for one in service.taken] == ["Harbour Health: hello", "Harbour Health: second"]


@pytest.mark.parametrize(("status", "code"), [(400, 21211), (400, 21610), (400, 21614), (403, 20003)])
def test_a_refusal_is_told_by_the_service_s_own_code(
    service: TextService, partner: HttpPartner, status: int, code: int
) -> None:
    service.manners = lambda _: (status, {"code": code, "message": "no", "status": status})

    assert SEND(outgoing(), partner) == Rejected(f"sms.{code}")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_cannot_now_is_asked_again(
    service: TextService, partner: HttpPartner, status: int
) -> None:
    service.manners = lambda _: (status, {"code": 20429, "status": status})

    assert SEND(outgoing(), partner) == TryAgain(f"partner.status_{status}")


def test_a_wrong_token_is_a_refusal_and_nothing_is_sent(service: TextService) -> None:
    stranger = HttpPartner(service.url, secret=f"{ACCOUNT}:wrong", basic=True)

    assert SEND(outgoing(), stranger) == Rejected("sms.20003")
    assert service.taken == []
    stranger.close()


def test_a_number_that_is_no_longer_in_the_chart_is_not_texted(
    service: TextService, partner: HttpPartner
) -> None:
    moved = {**PATIENT, "telecom": [{"system": "phone", "value": "212-555-0199"}]}
    enclosed = {**outgoing().enclosed, "Patient/ana": moved}

    assert SEND(outgoing(enclosed=enclosed), partner) == Rejected("messaging.address_gone")
    assert service.taken == []


def test_a_link_opens_exactly_this_case_for_exactly_this_purpose(
    service: TextService, partner: HttpPartner
) -> None:
    body = {"link": "intake", "link_until": "2026-03-17T17:00:00+00:00"}
    SEND(outgoing(text="Form: {link} STOP", body=body), partner)

    link = service.taken[0]["Body"].split()[1]
    address, _, token = link.rpartition("/")

    assert address == "https://care.harbour.example/intake"
    assert verify("s3cret", token, purpose="intake", now=SENT) == 42


def test_without_an_address_or_a_secret_no_link_is_sent(service: TextService, partner: HttpPartner) -> None:
    body = {"link": "intake", "link_until": "2026-03-17T17:00:00+00:00"}
    send = runners(Outside())["messaging.send_text"]

    assert send(outgoing(text="Form: {link}", body=body), partner) == Rejected("messaging.no_link")
    assert service.taken == []


def test_letters_of_every_alphabet_and_signs_arrive_as_they_were_written(
    service: TextService, partner: HttpPartner
) -> None:
    said = "¿Puede venir? mañana & más = 100% + «ñ» 🙂"
    SEND(outgoing(text=said), partner)

    assert service.taken[0]["Body"] == said
    assert all(a["sid"] != b["sid"] for a, b in pairwise(service.taken))
