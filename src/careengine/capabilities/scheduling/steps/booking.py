"""Book and cancel visits in the clinic's own system, over FHIR; safe to do again."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from careengine.capabilities.scheduling.rules.recovery import SLOT_TAKEN
from careengine.engine.outgoing import Delivered, Outcome, Outgoing, Rejected, TryAgain, outcome_of
from careengine.kernel.effect import Json
from careengine.wire.http import HttpPartner, Reply, Unreachable

EFFECT = "urn:careengine:effect"
"""System of the identifier by which the clinic's system recognises the same booking sent twice."""
_FHIR = "application/fhir+json"
_REASONS = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_TAKEN = frozenset({409, 412})
_GONE = frozenset({404, 410})
UNREADABLE = "scheduling.reply_unreadable"


def book_appointment(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """POST the Appointment unless one with this effect's identifier exists; tell under which id it is kept.

    When the slot is taken it may be by ourselves, with an answer that was lost: that is asked first.
    """
    identifier = f"{EFFECT}|{outgoing.key}"
    headers = {
        **_headers(outgoing, _FHIR), "If-None-Exist": f"identifier={identifier}",
        "Prefer": "return=representation",
    }  # fmt: skip
    try:
        reply = partner.request("POST", "Appointment", orjson.dumps(appointment_of(outgoing)), headers)
        if reply.status in _TAKEN:
            return _booked_before(outgoing, partner, identifier) or Rejected(SLOT_TAKEN)
        if not 200 <= reply.status < 300:
            return outcome_of(reply)
        named = _made(reply)
        if named:
            return Delivered({"appointment": named})
        return _booked_before(outgoing, partner, identifier) or TryAgain(UNREADABLE)
    except Unreachable as error:
        return TryAgain(f"partner.{error.why}")


def cancel_appointment(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """Cancel the Appointment by JSON Patch; one that is gone already is as good as cancelled."""
    said = outgoing.body
    patch = [
        {"op": "replace", "path": "/status", "value": "cancelled"},
        {
            "op": "add",
            "path": "/cancelationReason",
            "value": {"coding": [{"system": _REASONS, "code": said["reason"]}]},
        },
    ]
    headers = _headers(outgoing, "application/json-patch+json")
    try:
        reply = partner.request("PATCH", str(said["appointment"]), orjson.dumps(patch), headers)
    except Unreachable as error:
        return TryAgain(f"partner.{error.why}")
    if reply.status in _GONE:
        return Delivered({"appointment": said["appointment"], "gone": True})
    outcome = outcome_of(reply)
    return Delivered({"appointment": said["appointment"]}) if isinstance(outcome, Delivered) else outcome


def appointment_of(outgoing: Outgoing) -> dict[str, Any]:
    """Return the Appointment that is asked for: references and codes, no words."""
    said = outgoing.body
    system, _, code = str(said["service"]).partition("|")
    who = [str(said["patient"]), *_words(said.get("actors"))]
    return {
        "resourceType": "Appointment",
        "identifier": [{"system": EFFECT, "value": outgoing.key}],
        "status": "booked",
        "serviceType": [{"coding": [{"system": system, "code": code}]}],
        "basedOn": [{"reference": said["focus"]}],
        "slot": [{"reference": said["slot"]}],
        "start": said["start"],
        "end": said["end"],
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in who],
    }


def _words(value: Json) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _headers(outgoing: Outgoing, content: str) -> dict[str, str]:
    return {
        "Content-Type": content,
        "Accept": _FHIR,
        "Idempotency-Key": outgoing.key,
        "traceparent": f"00-{outgoing.case:032x}-{outgoing.id & 0xFFFFFFFFFFFFFFFF:016x}-01",
    }


def _booked_before(outgoing: Outgoing, partner: HttpPartner, identifier: str) -> Outcome | None:
    """Ask whether this very booking was made before; ``None`` when it was not, or nobody can tell."""
    path = f"Appointment?identifier={quote(identifier, safe='')}"
    reply = partner.request("GET", path, b"", _headers(outgoing, _FHIR))
    if reply.status in {408, 425, 429} or reply.status >= 500:
        return TryAgain(f"partner.status_{reply.status}", reply.retry_after_s)
    for one in _entries(reply):
        named = _name(one)
        if named and one.get("status") != "cancelled" and _is_ours(one, outgoing.key):
            return Delivered({"appointment": named})
    return None


def _entries(reply: Reply) -> list[Mapping[str, Any]]:
    said = _object(reply)
    entries = said.get("entry") if reply.status == 200 else None
    found = entries if isinstance(entries, list) else []
    resources = [one.get("resource") for one in found if isinstance(one, dict)]
    return [one for one in resources if isinstance(one, dict)]


def _is_ours(one: Mapping[str, Any], key: str) -> bool:
    identifiers = one.get("identifier")
    return isinstance(identifiers, list) and {"system": EFFECT, "value": key} in [
        {"system": each.get("system"), "value": each.get("value")}
        for each in identifiers
        if isinstance(each, dict)
    ]


def _made(reply: Reply) -> str:
    """Return ``Appointment/id`` of what was made: from the body, else from Location."""
    return _name(_object(reply)) or _located(reply.location)


def _object(reply: Reply) -> Mapping[str, Any]:
    try:
        said = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _name(said: Mapping[str, Any]) -> str:
    own_id = said.get("id")
    if said.get("resourceType") != "Appointment" or not isinstance(own_id, str) or not own_id:
        return ""
    return f"Appointment/{own_id}"


def _located(location: str) -> str:
    parts = location.partition("/_history/")[0].rstrip("/").split("/")
    return "/".join(parts[-2:]) if len(parts) >= 2 and parts[-2] == "Appointment" and parts[-1] else ""
