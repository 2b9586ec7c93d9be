"""Let a text, an e-mail or a letter leave; words and numbers are read only here, just before the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any

import orjson

from careengine.capabilities.messaging.model import (
    EMAIL,
    SEND_LETTER,
    SEND_MAIL,
    SEND_TEXT,
    SMS,
)
from careengine.capabilities.messaging.rules.numbers import digest, e164, mail
from careengine.engine.outgoing import (
    Delivered,
    Outcome,
    Outgoing,
    Rejected,
    Runner,
    TryAgain,
    outcome_of,
    send,
)
from careengine.runtime.clock import real_now
from careengine.wire.http import HttpPartner, Reply, Unreachable
from careengine.wire.letter import Letter, Unprintable, pdf_of
from careengine.wire.links import sign
from careengine.wire.partner import Partner
from careengine.wire.smtp import SmtpPartner
from careengine.wire.twilio import Text, error_code, find_text, send_text

_LINK = "{link}"
_CALLBACK = "/sms/status"
_GONE = "messaging.address_gone"
_MARGIN = timedelta(hours=26)
"""How far before now a text may have been taken in an earlier attempt: all attempts end within a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What of ours the world reaches: the address it is under, and the secret that signs links."""

    public_url: str = ""
    links: str = ""

    def link(self, outgoing: Outgoing) -> str:
        """Return the signed link an effect asks for; empty when none can be made."""
        purpose, until = str(outgoing.body.get("link") or ""), str(outgoing.body.get("link_until") or "")
        if not (purpose and until and self.public_url and self.links):
            return ""
        token = sign(self.links, case=outgoing.case, purpose=purpose, until=datetime.fromisoformat(until))
        return f"{self.public_url}/{purpose}/{token}"


@dataclass(frozen=True, slots=True)
class _Said:
    """What goes out, as read from what the effect encloses."""

    message: Mapping[str, Any]
    patient: Mapping[str, Any]
    text: str


def runners(outside: Outside) -> Mapping[str, Runner]:
    """Return what does each kind of message."""

    def texting(outgoing: Outgoing, partner: Partner) -> Outcome:
        return _with_words(outgoing, partner, outside, _text)

    def mailing(outgoing: Outgoing, partner: Partner) -> Outcome:
        return _with_words(outgoing, partner, outside, _mail)

    def posting(outgoing: Outgoing, partner: Partner) -> Outcome:
        return _with_words(outgoing, partner, outside, _letter)

    return {SEND_TEXT: texting, SEND_MAIL: mailing, SEND_LETTER: posting}


def _with_words(outgoing: Outgoing, partner: Partner, outside: Outside, leave: Any) -> Outcome:
    """Read what is enclosed, fill in a link, and let it leave; what cannot be said is refused here."""
    enclosed = {name.partition("/")[0]: one for name, one in outgoing.enclosed.items()}
    message, patient = enclosed["Communication"], enclosed["Patient"]
    text = "\n".join(p["contentString"] for p in message.get("payload", ()) if "contentString" in p)
    if _LINK in text:
        link = outside.link(outgoing)
        if not link:
            return Rejected("messaging.no_link")
        text = text.replace(_LINK, link)
    outcome: Outcome = leave(outgoing, partner, outside, _Said(message, patient, text))
    return outcome


def _address(outgoing: Outgoing, said: _Said, channel: str) -> str:
    """Return the number or address the message was meant for, if the chart still has it."""
    systems = {"phone", "sms"} if channel == SMS else {"email"}
    plain = e164 if channel == SMS else mail
    ways = [way for way in said.patient.get("telecom", ()) if way.get("system") in systems]
    known = (plain(str(way.get("value", ""))) for way in ways)
    return next((one for one in known if one and digest(one) == outgoing.body.get("address")), "")


def _text(outgoing: Outgoing, partner: Partner, outside: Outside, said: _Said) -> Outcome:
    """Text it; from the second attempt on, look first whether an earlier one was taken after all."""
    to = _address(outgoing, said, SMS)
    if not isinstance(partner, HttpPartner):
        return Rejected("partner.wrong_kind")
    if not to:
        return Rejected(_GONE)
    callback = f"{outside.public_url}{_CALLBACK}?effect={outgoing.key}" if outside.public_url else ""
    text = Text(to=to, sender=str(outgoing.body["from"]), body=said.text, status_callback=callback)
    try:
        earlier = _earlier(partner, text, said) if outgoing.attempts > 1 else None
        return earlier or _read(send_text(partner, text, {"Idempotency-Key": outgoing.key}))
    except Unreachable as error:
        return TryAgain(f"partner.{error.why}")
    except ValueError:
        return TryAgain("partner.reply_unreadable")


def _earlier(partner: HttpPartner, text: Text, said: _Said) -> Outcome | None:
    """Return what became of an earlier attempt; nothing when Twilio has never seen this text."""
    reply, sid = find_text(partner, text, since=_since(said))
    if sid:
        return Delivered({"sid": sid})
    return None if reply.status == 200 and not reply.cut else _read(reply)


def _since(said: _Said) -> datetime:
    """Return from when on a text with these words is this one and not one of an earlier day."""
    planned = datetime.fromisoformat(str(said.message["sent"]))
    return min(planned, real_now()) - _MARGIN


def _read(reply: Reply) -> Outcome:
    """Read a reply to a text; a refusal is told by Twilio's own code."""
    code = error_code(reply) if 400 <= reply.status < 500 and reply.status != 429 else ""
    if code:
        return Rejected(f"sms.{code}")
    outcome = outcome_of(reply, _taken)
    if 200 <= reply.status < 300 and isinstance(outcome, Rejected):
        return TryAgain(outcome.why)  # it may have been taken; the next attempt looks first
    return outcome


def _taken(body: bytes) -> Mapping[str, str]:
    said = orjson.loads(body)
    return {"sid": str(said["sid"]), "segments": str(said.get("num_segments") or "")}


def _mail(outgoing: Outgoing, partner: Partner, _: Outside, said: _Said) -> Outcome:
    """Send it by e-mail; the message's id is the effect's key, so that a repetition is recognised."""
    to = _address(outgoing, said, EMAIL)
    if not isinstance(partner, SmtpPartner):
        return Rejected("partner.wrong_kind")
    if not to:
        return Rejected(_GONE)
    sender, name = str(outgoing.body["from"]), str(outgoing.body["name"])
    email = EmailMessage()
    email["From"] = formataddr((name, sender))
    email["To"] = to
    email["Subject"] = said.message["topic"]["text"]
    email["Date"] = format_datetime(datetime.fromisoformat(str(said.message["sent"])))
    email["Message-ID"] = f"<{outgoing.key}@{sender.partition('@')[2]}>"
    email["Auto-Submitted"] = "auto-generated"
    email["Content-Language"] = str(said.message.get("language", "en"))
    email.set_content(said.text)
    try:
        reply = partner.send(email, sender=sender, recipient=to)
    except Unreachable as error:
        return TryAgain(f"partner.{error.why}")
    if reply.code >= 500:
        return Rejected(f"mail.{reply.code}")
    return TryAgain(f"mail.{reply.code}") if reply.code >= 400 else Delivered()


def _letter(outgoing: Outgoing, partner: Partner, _: Outside, said: _Said) -> Outcome:
    """Have it printed and posted: a PDF to the printing partner, with the effect's key."""
    if not isinstance(partner, HttpPartner):
        return Rejected("partner.wrong_kind")
    recipient = _recipient(said.patient)
    if len(recipient) < 3:
        return Rejected(_GONE)
    try:
        pdf = pdf_of(
            Letter(
                sender=str(outgoing.body["name"]),
                phone=str(outgoing.body["phone"]),
                recipient=recipient,
                day=str(outgoing.body["day"]),
                subject=said.message["topic"]["text"],
                text=said.text,
                language=str(said.message.get("language", "en")),
            )
        )
    except Unprintable:
        return Rejected("letter.unprintable")
    return send(outgoing, partner, "", pdf, content_type="application/pdf")


def _recipient(patient: Mapping[str, Any]) -> tuple[str, ...]:
    """Return name, street and town, a line each; fewer when the chart lacks one."""
    names = [name for name in patient.get("name", ()) if name.get("use") != "old"]
    homes = [home for home in patient.get("address", ()) if home.get("use") not in {"old", "billing"}]
    name, home = (names or [{}])[0], (homes or [{}])[0]
    town = f"{home.get('city', '')}, {home.get('state', '')} {home.get('postalCode', '')}".strip(" ,")
    said = str(name.get("text") or " ".join([*name.get("given", ()), name.get("family", "")])).strip()
    return tuple(line for line in (said, *home.get("line", ()), town) if line)
