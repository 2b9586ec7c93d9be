"""How the texting vendor speaks: its JSON, its errors, its signature and the answers it takes."""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha1
from hmac import new as hmac
from html import unescape
from typing import Any

from caretown.listener import JSON, Reply, says

VERSION = "2010-04-01"
ERRORS: Mapping[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    21211: (400, "Invalid 'To' Phone Number"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable number for this account."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
}
"""Error → HTTP status and the vendor's words, as its public list of errors has them."""
STOPS = frozenset({"stop", "stopall", "unsubscribe", "quit", "optout"})
"""The keywords that the vendor itself obeys, alone in a text. Clinics take CANCEL and END off its list."""
STARTS = frozenset({"start", "unstop"})
_MESSAGE = re.compile(r"<Message\b[^>]*>(.*?)</Message>", re.S)
_BODY = re.compile(r"<Body\b[^>]*>(.*?)</Body>", re.S)
_TAG = re.compile(r"<[^>]+>")


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """Return ``X-Twilio-Signature``: HMAC-SHA1 over the address and the fields in order of their names."""
    said = url + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac(token.encode(), said.encode("utf-8"), sha1).digest()).decode("ascii")


def refused(code: int, extra: bytes = b"") -> Reply:
    """Reply with one of the vendor's errors."""
    status, words = ERRORS[code]
    told = {
        "code": code,
        "message": words,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return says(status, told, JSON, extra)


def resource(
    sid: str, account: str, asked: Mapping[str, str], at: datetime, status: str, error: int | None
) -> dict[str, Any]:
    """Return a Message resource."""
    path = f"/{VERSION}/Accounts/{account}/Messages/{sid}"
    return {
        "account_sid": account,
        "api_version": VERSION,
        "body": asked["Body"],
        "date_created": format_datetime(at),
        "date_sent": None,
        "date_updated": format_datetime(at),
        "direction": "outbound-api",
        "error_code": error,
        "error_message": None,
        "from": asked.get("From"),
        "messaging_service_sid": asked.get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": str(1 + (len(asked["Body"]) - 1) // 153),
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": status,
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": asked["To"],
        "uri": f"{path}.json",
    }


def replies_in(twiml: bytes) -> list[str]:
    """Return the texts that a webhook's answer asks to send."""
    messages: list[str] = _MESSAGE.findall(twiml.decode("utf-8", "replace"))
    bodies = [body.group(1) if (body := _BODY.search(one)) else one for one in messages]
    return [unescape(_TAG.sub("", body)).strip() for body in bodies]
