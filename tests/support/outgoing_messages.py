"""A message about to leave, as its runner is handed it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from careengine.capabilities.messaging.rules.numbers import digest
from careengine.engine.outgoing import Outgoing

SENT = datetime(2026, 3, 3, 17, tzinfo=UTC)
NUMBER, MAIL = "+16175550123", "ana@home.example"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient", "id": "ana", "name": [{"given": ["Ana", "María"], "family": "Núñez"}],
    "telecom": [
        {"system": "phone", "value": "(617) 555-0123", "use": "mobile"}, {"system": "email", "value": MAIL},
    ],
    "address": [{"line": ["5 Main Street"], "city": "Boston", "state": "MA", "postalCode": "02110"}],
}  # fmt: skip


def outgoing(channel: str = "sms", text: str = "Harbour Health: hello", **known: Any) -> Outgoing:
    message: dict[str, Any] = {
        "resourceType": "Communication", "id": "m-1-1-0", "sent": SENT.isoformat(), "language": "en",
        "payload": [{"contentString": text}], "topic": {"text": "A message from Harbour Health"},
    }  # fmt: skip
    body: dict[str, Any] = {
        "enclose": ["Communication/m-1-1-0", "Patient/ana"], "channel": channel, "from": "+16175550100",
        "address": digest(NUMBER if channel == "sms" else MAIL), "name": "Harbour Health",
        "phone": "617-555-0100", "day": "March 3, 2026", **known.pop("body", {}),
    }  # fmt: skip
    if channel == "email":
        body["from"] = "visits@harbour.example"
    kinds = {"sms": "messaging.send_text", "email": "messaging.send_mail", "letter": "messaging.send_letter"}
    standard: dict[str, Any] = {
        "id": 5, "key": "ab" * 16, "kind": kinds[channel], "partner": "sms", "case": 42,
        "subject": UUID(int=9), "journey": "referral_to_visit", "site": "boston", "purpose": "treatment",
        "attempts": 1, "body": body, "enclosed": {"Communication/m-1-1-0": message, "Patient/ana": PATIENT},
    }  # fmt: skip
    return Outgoing(**{**standard, **known})
