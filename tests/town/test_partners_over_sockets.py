import http.client
import json
import time
from pathlib import Path

import pytest
import urllib3

from caretown.errors import OddityUnknown
from caretown.oddities import Odd, Oddity, Plan, parse_oddity
from caretown.partner_log import PartnerLog
from caretown.partners import Partners
from caretown.partners_aside import PartnersAside

TASK = {
    "resourceType": "Task",
    "status": "accepted",
    "intent": "order",
    "businessStatus": {"coding": [{"code": "3.0"}]},
    "focus": {"reference": "ServiceRequest/one"},
}


def post(
    url: str, key: str, body: object = TASK, partner: str = "lakeside_practice"
) -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "POST",
        f"{url}/{partner}",
        body=json.dumps(body).encode(),
        headers={"Idempotency-Key": key, "Content-Type": "application/fhir+json"},
        retries=False,
        timeout=5,
    )


def partners(*oddities: Oddity, log: Path | None = None) -> Partners:
    return Partners(Plan(oddities), PartnerLog(log))


def odd(kind: Odd, **more: float) -> Oddity:
    return Oddity("lakeside_practice", kind, **more)


def test_an_acknowledgement_sent_twice_under_one_key_is_done_once_and_answered_alike() -> None:
    town = partners()
    with PartnersAside(town) as url:
        first, second = post(url, "k1"), post(url, "k1")

        assert (first.status, second.status) == (201, 201)
        assert first.data == second.data
        assert town.log.summary() == {"lakeside_practice": {"done": 1, "repeats": 1, "doubled": 0}}


def test_the_same_act_under_two_keys_is_counted_as_doubled() -> None:
    town = partners()
    with PartnersAside(town) as url:
        post(url, "k1")
        post(url, "k2")

    assert town.log.summary()["lakeside_practice"]["doubled"] == 1


def test_a_sender_can_ask_afterwards_what_was_done_for_a_key() -> None:
    with PartnersAside(partners()) as url:
        said = post(url, "k1").data

        known = urllib3.request("GET", f"{url}/lakeside_practice/acts/k1")
        unknown = urllib3.request("GET", f"{url}/lakeside_practice/acts/k2")

        assert known.data == said
        assert unknown.status == 404


@pytest.mark.parametrize(("headers", "body"), [({}, b"{}"), ({"Idempotency-Key": "k"}, b"not json")])
def test_a_message_without_a_key_or_a_body_is_refused(headers: dict[str, str], body: bytes) -> None:
    town = partners()
    with PartnersAside(town) as url:
        answer = urllib3.request(
            "POST", f"{url}/lakeside_practice", body=body, headers=headers, retries=False
        )

    assert answer.status == 400
    assert town.log.keys("lakeside_practice") == frozenset()


def test_a_partner_that_is_down_hangs_up_and_does_nothing() -> None:
    town = partners(odd(Odd.DOWN, times=1))
    with PartnersAside(town) as url:
        with pytest.raises(urllib3.exceptions.ProtocolError):
            post(url, "k1")

        assert town.log.keys("lakeside_practice") == frozenset()
        assert post(url, "k1").status == 201


def test_a_partner_that_hangs_up_after_the_act_does_not_do_it_again() -> None:
    town = partners(odd(Odd.CUT, times=1))
    with PartnersAside(town) as url:
        with pytest.raises(urllib3.exceptions.ProtocolError):
            post(url, "k1")
        post(url, "k1")

    assert town.log.summary()["lakeside_practice"] == {"done": 1, "repeats": 1, "doubled": 0}


def test_a_slow_partner_answers_late() -> None:
    with PartnersAside(partners(odd(Odd.SLOW, seconds=0.2))) as url:
        began = time.perf_counter()
        answer = post(url, "k1")

    assert answer.status == 201
    assert time.perf_counter() - began >= 0.2


def test_a_broken_partner_answers_500_and_a_busy_one_says_when_to_come_back() -> None:
    with PartnersAside(partners(odd(Odd.ERROR, times=1), odd(Odd.BUSY, after=1, times=1, seconds=2))) as url:
        assert post(url, "k1").status == 500
        busy = post(url, "k1")
        assert (busy.status, busy.headers["retry-after"]) == (429, "2")
        assert post(url, "k1").status == 201


def test_nonsense_is_no_http() -> None:
    with (
        PartnersAside(partners(odd(Odd.NONSENSE))) as url,
        pytest.raises(urllib3.exceptions.ProtocolError) as told,
    ):
        post(url, "k1")

    assert isinstance(told.value.args[1], http.client.BadStatusLine)


def test_gibberish_is_a_200_with_a_web_page() -> None:
    with PartnersAside(partners(odd(Odd.GIBBERISH))) as url:
        answer = post(url, "k1")

    assert (answer.status, answer.headers["content-type"]) == (200, "text/html")


def test_the_log_counts_what_every_partner_was_asked_and_how_it_was_odd(tmp_path: Path) -> None:
    lines = tmp_path / "partners.jsonl"
    town = partners(odd(Odd.ERROR, times=1), log=lines)
    with PartnersAside(town) as url:
        post(url, "k1")
        post(url, "k1")
        post(url, "k2", partner="harbour_clinic")
        told = urllib3.request("GET", f"{url}/log").json()

    assert told["partners"]["lakeside_practice"] == {"done": 1, "repeats": 0, "doubled": 0, "requests": 2}
    assert told["odd"] == {"lakeside_practice": {"error": 1}}
    assert [json.loads(line)["key"] for line in lines.read_text().splitlines()] == ["k1", "k2"]


def test_an_oddity_is_read_from_a_word() -> None:
    assert parse_oddity("harbour_clinic:slow:every=5,after=2,times=3,seconds=0.5") == Oddity(
        "harbour_clinic", Odd.SLOW, every=5, after=2, times=3, seconds=0.5
    )


@pytest.mark.parametrize(
    "text", ["harbour_clinic", "harbour_clinic:sleepy", ":down", "a:down:every=0", "a:down:x=1"]
)
def test_an_oddity_that_cannot_be_read_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(OddityUnknown):
        parse_oddity(text)
