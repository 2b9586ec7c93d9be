"""Mails over SMTP and letters as PDF, on real sockets."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from io import BytesIO
from urllib.parse import urlsplit

import pytest
import urllib3
from reportlab.pdfgen.canvas import Canvas
from town_engine import NINE, HandClock

from caretown.oddities import Odd, Oddity
from caretown.servers import Servers
from caretown.town_plan import PostPlan, TownPlan

PLAN = TownPlan(post=PostPlan(days=2, unknown_mails=frozenset({"nobody@example.com"})))
ADDRESS = ("Ana María O'Neill", "12 Elm Street", "Boston, MA 02118")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def town(clock: HandClock) -> Iterator[Servers]:
    with Servers("http://127.0.0.1:9", "", clock, PLAN) as servers:
        yield servers


def mail(town: Servers, to: str = "Jane@example.com", known: str = "<k1@us.example>") -> dict[str, object]:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "visits@us.example", to, "Your visit · su cita"
    if known:
        message["Message-ID"] = known
    message.set_content("Hello, ¿puede venir? 😀")
    where = urlsplit(town.urls["smtp"])
    with smtplib.SMTP(where.hostname or "", where.port or 0, timeout=5) as line:
        return dict(line.send_message(message))


def letter(*lines: str, compressed: int = 0) -> bytes:
    into = BytesIO()
    page = Canvas(into, pageCompression=compressed)
    for number, line in enumerate(lines):
        page.drawString(72, 700 - 15 * number, line)
    page.save()
    return into.getvalue()


def post(town: Servers, raw: bytes, key: str = "k1") -> int:
    headers = {"idempotency-key": key, "content-type": "application/pdf"}
    return urllib3.request("POST", town.urls["print"], body=raw, headers=headers, retries=False).status


def test_a_mail_is_in_the_mailbox_with_its_words(town: Servers) -> None:
    mail(town)

    (arrived,) = town.mailbox.take()
    assert (arrived.kind, arrived.to, arrived.at) == ("mail", "jane@example.com", NINE)
    assert arrived.body.strip() == "Hello, ¿puede venir? 😀"
    assert arrived.meta["subject"] == "Your visit · su cita"


def test_the_same_mail_sent_again_arrives_once_and_is_counted(town: Servers) -> None:
    mail(town)
    mail(town)
    mail(town, known="<k2@us.example>")
    mail(town, known="")

    assert len(town.mailbox.take()) == 3
    assert town.log()["mail"] == {"mails": 3, "again": 1, "without_id": 1, "unreadable": 0}


def test_an_address_that_nobody_has_is_refused(town: Servers) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as told:
        mail(town, "Nobody@example.com")

    assert told.value.recipients["Nobody@example.com"][0] == 550
    assert town.mailbox.take() == []


def test_a_mail_server_can_be_busy(clock: HandClock) -> None:
    plan = TownPlan(odd=(Oddity("smtp", Odd.BUSY, times=1),))
    with Servers("http://127.0.0.1:9", "", clock, plan) as town:
        with pytest.raises(smtplib.SMTPDataError) as told:
            mail(town)
        mail(town)

        assert told.value.smtp_code == 451
        assert len(town.mailbox.take()) == 1


@pytest.mark.parametrize("compressed", [0, 1])
def test_a_letter_arrives_two_days_later_at_its_address(
    town: Servers, clock: HandClock, compressed: int
) -> None:
    raw = letter(
        "Harbour Town Health",
        "+1 617 555 0100",
        *ADDRESS,
        "Please ring us (today).",
        "We are at:",
        "Boston, MA 02110",
        compressed=compressed,
    )
    assert post(town, raw) == 201
    town.settle()
    assert town.mailbox.take() == []
    clock.forward(days=2)
    town.settle()

    (arrived,) = town.mailbox.take()
    assert (arrived.kind, arrived.at) == ("letter", NINE + timedelta(days=2))
    assert arrived.to.splitlines() == list(ADDRESS)
    assert "Please ring us (today)." in arrived.body


def test_a_letter_ordered_twice_is_printed_once(town: Servers, clock: HandClock) -> None:
    raw = letter(*ADDRESS)
    assert (post(town, raw), post(town, raw)) == (201, 201)
    clock.forward(days=3)
    town.settle()

    assert len(town.mailbox.take()) == 1
    assert town.log()["print"]["again"] == 1


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"%PDF-1.4 nothing", letter("Dear Ana", "please come"), letter()]
)
def test_what_is_no_letter_with_an_address_is_refused(town: Servers, raw: bytes) -> None:
    assert post(town, raw) == 422
    assert town.log()["print"]["letters"] == 0
