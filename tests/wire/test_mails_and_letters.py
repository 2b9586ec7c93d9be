"""E-mails over SMTP and letters as PDF, against real servers on the loopback."""

import ssl
import subprocess
import zlib
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from outgoing_messages import MAIL, PATIENT, outgoing
from real_partner import Answer, Asked, partner_who

from careengine.capabilities.messaging.wiring import RUNNERS
from careengine.engine.outgoing import Delivered, Rejected, TryAgain
from careengine.wire.http import HttpPartner, PartnerAddressUnusable
from careengine.wire.letter import Letter, Unprintable, pdf_of
from careengine.wire.partner import partner_at
from careengine.wire.smtp import SmtpPartner

MAILING, POSTING = RUNNERS["messaging.send_mail"], RUNNERS["messaging.send_letter"]


class OnAnyPort(Controller):
    """A mail server on a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Box:
    """Takes mail, or says what a test wants said."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.at_recipient = "250 OK"
        self.at_data = "250 OK"

    async def handle_RCPT(self, _: object, __: Session, into: Envelope, to: str, ___: list[str]) -> str:  # noqa: N802  the server's own name
        into.rcpt_tos.append(to)
        return self.at_recipient

    async def handle_DATA(self, _: object, __: Session, envelope: Envelope) -> str:  # noqa: N802  as above
        self.taken.append(envelope)
        return self.at_data

    def message(self) -> EmailMessage:
        raw = self.taken[-1].content
        assert isinstance(raw, bytes)
        return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]  # that policy makes one


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def mail_server(box: Box) -> Iterator[SmtpPartner]:
    controller = OnAnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    yield SmtpPartner(f"smtp://127.0.0.1:{controller.port}", timeout_s=2.0)
    controller.stop()


def test_an_e_mail_says_who_writes_and_carries_the_effect_s_key(box: Box, mail_server: SmtpPartner) -> None:
    said = "Your visit is set.\nSu cita está lista: mañana."

    assert MAILING(outgoing("email", said), mail_server) == Delivered()

    assert box.taken[0].rcpt_tos == [MAIL]
    assert box.message()["From"] == "Harbour Health <visits@harbour.example>"
    assert box.message()["Subject"] == "A message from Harbour Health"
    assert box.message()["Message-ID"] == f"<{'ab' * 16}@harbour.example>"
    assert box.message()["Auto-Submitted"] == "auto-generated"
    assert box.message().get_content().splitlines() == said.splitlines()


def test_the_same_e_mail_sent_again_carries_the_same_id(box: Box, mail_server: SmtpPartner) -> None:
    for attempt in (1, 2):
        MAILING(outgoing("email", attempts=attempt), mail_server)

    first, second = (one.content for one in box.taken)
    assert first == second


@pytest.mark.parametrize(
    ("at_recipient", "at_data", "outcome"),
    [
        ("550 no such user", "250 OK", Rejected("mail.550")),
        ("250 OK", "554 spam", Rejected("mail.554")),
        ("450 mailbox busy", "250 OK", TryAgain("mail.450")),
        ("250 OK", "451 try later", TryAgain("mail.451")),
    ],
)
def test_a_refusal_for_ever_and_one_for_now_are_told_apart(
    box: Box, mail_server: SmtpPartner, at_recipient: str, at_data: str, outcome: object
) -> None:
    box.at_recipient, box.at_data = at_recipient, at_data

    assert MAILING(outgoing("email"), mail_server) == outcome


def test_a_server_that_is_away_or_silent_is_asked_again() -> None:
    nobody = SmtpPartner("smtp://127.0.0.1:9", timeout_s=1.0)
    with partner_who(Answer()) as http:
        silent = SmtpPartner(http.url.replace("http", "smtp"), timeout_s=0.2)

        assert MAILING(outgoing("email"), nobody) == TryAgain("partner.refused")
        assert MAILING(outgoing("email"), silent) == TryAgain("partner.timeout")


def test_an_e_mail_address_cannot_smuggle_in_another_recipient(box: Box, mail_server: SmtpPartner) -> None:
    evil = {**PATIENT, "telecom": [{"system": "email", "value": f"{MAIL}\r\nBcc: all@home.example"}]}
    enclosed = {**outgoing("email").enclosed, "Patient/ana": evil}

    assert MAILING(outgoing("email", enclosed=enclosed), mail_server) == Rejected("messaging.address_gone")
    assert box.taken == []


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    asked = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    asked += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(asked, check=True, capture_output=True)  # noqa: S603  a fixed command
    return key, made


def test_a_password_is_told_only_after_the_line_is_encrypted(
    box: Box, certificate: tuple[Path, Path]
) -> None:
    key, made = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    shown: list[Any] = []

    def known(server: object, session: object, envelope: object, how: str, who: Any) -> AuthResult:
        shown.append((who.login, who.password))
        return AuthResult(success=True)

    controller = OnAnyPort(box, hostname="127.0.0.1", port=0, tls_context=context, authenticator=known,
                            auth_require_tls=True, require_starttls=True)  # fmt: skip
    controller.start()
    try:
        url, secret = f"smtp://127.0.0.1:{controller.port}", "visits:pa:ss"
        trusting = SmtpPartner(url, secret=secret, tls=ssl.create_default_context(cafile=str(made)))
        doubting = SmtpPartner(url, secret=secret)

        assert MAILING(outgoing("email"), doubting) == TryAgain("partner.untrusted")
        assert shown == []
        assert MAILING(outgoing("email"), trusting) == Delivered()
        assert shown == [(b"visits", b"pa:ss")]
    finally:
        controller.stop()


def test_without_encryption_no_password_is_told(box: Box, mail_server: SmtpPartner) -> None:
    port = mail_server._port
    mute = SmtpPartner(f"smtp://127.0.0.1:{port}", secret="visits:secret")  # noqa: S106  a test's own

    assert MAILING(outgoing("email"), mute) == TryAgain("partner.untrusted")
    assert box.taken == []


@pytest.mark.parametrize("url", ["smtp://", "smtp://u:p@host", "smtp://host/inbox", "ftp://host"])
def test_an_address_that_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(PartnerAddressUnusable):
        SmtpPartner(url)


def test_a_partner_is_spoken_to_as_its_address_says() -> None:
    assert isinstance(partner_at("smtps://mail.example"), SmtpPartner)
    assert isinstance(partner_at("https://sms.example"), HttpPartner)


def test_a_letter_is_posted_as_a_readable_pdf_to_the_address_in_the_chart() -> None:
    asked: list[Asked] = []

    def take(one: Asked) -> Answer:
        asked.append(one)
        return Answer(202)

    with partner_who(take) as printer:
        partner = HttpPartner(printer.url)
        outcome = POSTING(
            outgoing("letter", "We have times:\n  1. Tuesday, at 2:30pm\nPlease call."), partner
        )
        partner.close()

    assert outcome == Delivered()
    assert asked[0].headers["Content-Type"] == "application/pdf"
    assert asked[0].key == "ab" * 16
    said = words_of(asked[0].body)
    lines = ["Harbour Health", "617-555-0100", "Ana María Núñez", "5 Main Street", "Boston, MA 02110"]
    lines += ["March 3, 2026", "A message from Harbour Health", "We have times:", "Please call."]
    assert [line for line in lines if line not in said] == []


def words_of(pdf: bytes) -> list[str]:
    """Return the lines a PDF shows, read by nothing of the library that made it."""
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    found = []
    for part in pdf.split(b"stream\n")[1:]:
        stream = part.partition(b"endstream")[0]
        text = zlib.decompress(stream) if stream[:1] == b"x" else stream
        for line in text.split(b"\n"):
            if line.endswith(b"Tj T* ET") or b") Tj" in line:
                raw = line.partition(b"(")[2].rpartition(b") Tj")[0]
                found.append(_unescaped(raw))
    return found


def _unescaped(raw: bytes) -> str:
    out, i = bytearray(), 0
    while i < len(raw):
        if raw[i : i + 1] == b"\\" and raw[i + 1 : i + 4].isdigit():
            out.append(int(raw[i + 1 : i + 4], 8))
            i += 4
        else:
            i += raw[i : i + 1] == b"\\"
            out.append(raw[i])
            i += 1
    return out.decode("cp1252").strip()


LETTER = Letter(
    sender="Harbour Health", phone="617-555-0100", recipient=("Ana Núñez", "5 Main Street", "Boston"),
    day="March 3, 2026", subject="A message", text="One. " * 900,
)  # fmt: skip


def test_the_same_letter_gives_the_same_bytes_and_a_long_one_more_pages() -> None:
    first, second = pdf_of(LETTER), pdf_of(LETTER)

    assert first == second
    assert first.count(b"/Type /Page\n") + first.count(b"/Type /Page ") >= 2


def test_a_name_the_printed_fonts_lack_is_left_to_a_person() -> None:
    with pytest.raises(Unprintable):
        pdf_of(
            Letter(**{**{f: getattr(LETTER, f) for f in LETTER.__slots__}, "recipient": ("Nguyễn Văn A",)})
        )

    nowhere = {**PATIENT, "name": [{"text": "阿娜"}]}
    enclosed = {**outgoing("letter").enclosed, "Patient/ana": nowhere}
    with partner_who(Answer(202)) as printer:
        assert POSTING(outgoing("letter", enclosed=enclosed), HttpPartner(printer.url)) == Rejected(
            "letter.unprintable"
        )


def test_a_patient_without_an_address_gets_no_letter() -> None:
    enclosed = {**outgoing("letter").enclosed, "Patient/ana": {**PATIENT, "address": []}}
    with partner_who(Answer(202)) as printer:
        outcome = POSTING(outgoing("letter", enclosed=enclosed), HttpPartner(printer.url))

    assert outcome == Rejected("messaging.address_gone")
    assert printer.asked == []
