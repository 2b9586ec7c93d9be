"""Payers that answer as no payer should, over real sockets."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import urllib3
from town_engine import HandClock

from careengine.wire.x12 import Inquiry, Person, X12Unreadable, build_270, read_271
from caretown.odd_payers import read_270
from caretown.servers import Servers
from caretown.town_plan import TownPlan

ASKED = Inquiry(
    sender="1234567893", receiver="842610002", control=17, created=datetime(2026, 11, 2, 14, tzinfo=UTC),
    trace="TRACE17", origin="9123456789", payer_id="842610002", payer_name="SLOW PAYER",
    asker_id="1234567893", asker_name="HARBOUR TOWN HEALTH",
    subscriber=Person(last="DOE", first="JANE", member="TH000017", born=date(1980, 2, 3), sex="F"),
    dependent=None, day=date(2026, 11, 9), services=("30",),
)  # fmt: skip
QUESTION = build_270(ASKED)


@pytest.fixture
def town() -> Iterator[Servers]:
    with Servers("http://127.0.0.1:9", "", HandClock(), TownPlan(payer_seconds=0.2)) as servers:
        yield servers


def ask(town: Servers, payer: str, question: bytes = QUESTION) -> urllib3.BaseHTTPResponse:
    headers = {"content-type": "application/edi-x12"}
    return urllib3.request("POST", town.urls[payer], body=question, headers=headers, retries=False, timeout=5)


def test_the_slow_payer_answers_well_but_late(town: Servers) -> None:
    began = time.perf_counter()
    answer = read_271(ask(town, "slow_payer").data)

    assert time.perf_counter() - began >= 0.2
    assert (answer.subscriber.member, answer.subscriber.born) == ("TH000017", date(1980, 2, 3))
    assert "TRACE17" in answer.traces
    assert "1" in {one.info for one in answer.benefits}


def test_the_dead_payer_hangs_up(town: Servers) -> None:
    with pytest.raises(urllib3.exceptions.ProtocolError):
        ask(town, "dead_payer")


def test_babel_talks_another_nonsense_each_time(town: Servers) -> None:
    said = [ask(town, "babel_payer") for _ in range(5)]
    malformed, stranger, page, nothing, cut = (one.data for one in said)

    for raw in (malformed, page, nothing, cut):
        with pytest.raises(X12Unreadable):
            read_271(raw)
    assert read_271(stranger).subscriber.member != ASKED.subscriber.member
    assert said[2].headers["content-type"] == "text/html"
    assert town.log()["payers"]["spoke"] == {
        "malformed": 1, "another_person": 1, "web_page": 1, "nothing": 1, "cut": 1,
    }  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"ISA", b"hello" * 40, QUESTION.replace(b"ST*270", b"ST*837")])
def test_what_is_no_question_gets_no_answer(town: Servers, raw: bytes) -> None:
    answer = ask(town, "slow_payer", raw)

    assert read_270(raw) is None
    assert (answer.status, json.loads(answer.data)["resourceType"]) == (400, "OperationOutcome")
