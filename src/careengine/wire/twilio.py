"""Texts by Twilio's REST API: looked up before a repetition, signed when they come in."""

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlencode

import orjson

from careengine.wire.http import HttpPartner, Reply

_MESSAGES = "/Messages.json"
_LOST = frozenset({"failed", "undelivered", "canceled"})
"""Statuses of a message that will not arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text: numbers in E.164."""

    to: str
    sender: str
    body: str
    status_callback: str = ""


def send_text(partner: HttpPartner, text: Text, headers: Mapping[str, str]) -> Reply:
    """POST one text to the account; never repeated by itself, since Twilio would send it twice."""
    form = {"To": text.to, "From": text.sender, "Body": text.body}
    if text.status_callback:
        form["StatusCallback"] = text.status_callback
    sent = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    return partner.request("POST", _MESSAGES, urlencode(form).encode(), sent, once=True)


def find_text(partner: HttpPartner, text: Text, *, since: datetime) -> tuple[Reply, str]:
    """Look whether the same text was taken before; return the reply and the sid found, or nothing."""
    asked = urlencode({"To": text.to, "From": text.sender, "PageSize": "100"}, quote_via=quote)
    reply = partner.request("GET", f"{_MESSAGES}?{asked}", b"", {})
    if reply.status != 200 or reply.cut:
        return reply, ""
    return reply, next((sid for sid in _same(orjson.loads(reply.body), text, since)), "")


def _same(said: object, text: Text, since: datetime) -> Iterable[str]:
    listed = said.get("messages") if isinstance(said, dict) else None
    for one in listed if isinstance(listed, list) else ():
        ours = one.get("body") == text.body and one.get("to") == text.to and one.get("status") not in _LOST
        if ours and _made(one) >= since.timestamp():
            yield str(one.get("sid") or "")


def _made(message: Mapping[str, object]) -> float:
    """Return when Twilio made a message; one that does not say was made just now."""
    try:
        return parsedate_to_datetime(str(message.get("date_created"))).timestamp()
    except (ValueError, TypeError):
        return float("inf")


def error_code(reply: Reply) -> str:
    """Return Twilio's own code of a refusal (``21610``); empty when it gives none."""
    try:
        said = orjson.loads(reply.body)
    except ValueError:
        return ""
    code = said.get("code") if isinstance(said, dict) else None
    return str(code) if isinstance(code, int) else ""


def signature(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """Return Twilio's signature of a request: the address, then every name with its values, sorted."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted({*form}))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def is_signed(token: str, url: str, form: Iterable[tuple[str, str]], shown: str) -> bool:
    """Say whether a request was signed with the account's token; without one nothing is."""
    return bool(token) and hmac.compare_digest(signature(token, url, form).encode(), shown.encode())
