"""Ask a payer whether a patient is covered: a 270 over HTTP, its 271 read into codes."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from careengine.capabilities.registration.rules.results import result_of
from careengine.capabilities.registration.steps import fhir
from careengine.engine.outgoing import Outcome, Outgoing, Rejected, send
from careengine.kernel.effect import Json
from careengine.wire.http import HttpPartner
from careengine.wire.x12 import (
    Answer,
    Inquiry,
    Person,
    X12Unreadable,
    X12Unsendable,
    build_270,
    read_271,
)

MEDIA = "application/edi-x12"
_SEX = {"female": "F", "male": "M"}
_PAYERS = frozenset({"PR", "PRP", "SEP", "TTP"})
"""NM101 of a payer in loop 2120: payer, primary, secondary, tertiary."""
_MOST_CONTROL = 999_999_999


def ask_payer(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """POST the question; the same bytes at every attempt, so that the payer knows a repetition."""
    try:
        inquiry = inquiry_of(outgoing)
        raw = build_270(inquiry)
    except (X12Unsendable, msgspec.ValidationError, KeyError) as error:
        return Rejected(getattr(error, "why", "registration.record_unreadable"))
    return send(
        outgoing, partner, "", raw, content_type=MEDIA, read=lambda body: told(body, inquiry, outgoing.body)
    )


def inquiry_of(outgoing: Outgoing) -> Inquiry:
    """Return the question about the person whose record is enclosed."""
    said = outgoing.body
    patient = msgspec.convert(outgoing.enclosed[str(said["patient"])], fhir.Patient)
    cover = msgspec.convert(outgoing.enclosed[str(said["coverage"])], fhir.Coverage)
    name = patient.called
    who = Person(
        last=name.family,
        first=" ".join(name.given[:1]),
        member=cover.member if cover.is_own else "",
        born=fhir.day_of(patient.birth_date),
        sex=_SEX.get(patient.gender, ""),
    )
    digest = hashlib.sha256(outgoing.key.encode()).hexdigest()
    npi = str(said["receiver_npi"])
    services = said["services"]
    return Inquiry(
        sender=npi,
        receiver=str(said["payer_id"]),
        control=int(digest[:12], 16) % _MOST_CONTROL + 1,
        created=datetime.fromisoformat(str(said["asked"])).astimezone(UTC),
        trace=digest[:30].upper(),
        origin=f"9{npi[-9:]}",
        payer_id=str(said["payer_id"]),
        payer_name=str(said["payer_name"]),
        asker_id=npi,
        asker_name=str(said["receiver_name"]),
        subscriber=who if cover.is_own else Person(member=cover.member),
        dependent=None if cover.is_own else who,
        day=date.fromisoformat(str(said["day"])),
        services=tuple(str(one) for one in services) if isinstance(services, list | tuple) else (),
    )


def told(body: bytes, inquiry: Inquiry, asked: Mapping[str, Any]) -> Mapping[str, Json]:
    """Return a payer's answer in codes, no names; one that cannot be read, or is not ours, says nothing."""
    about: dict[str, Json] = {
        "coverage": asked["coverage"],
        "payer": asked["payer"],
        "day": asked["day"],
        "trace": inquiry.trace,
    }
    try:
        answer = read_271(body)
    except X12Unreadable as error:
        return {**about, "result": "unreadable", "why": error.why}
    why = misplaced(answer, inquiry)
    if why:
        return {**about, "result": "unreadable", "why": why}
    return {**about, **_codes(answer, inquiry)}


def misplaced(answer: Answer, inquiry: Inquiry) -> str:
    """Return why an answer is not for the person asked about; nothing when it is."""
    early = any(one.level[-1] in "AB" for one in answer.rejected)
    if inquiry.trace not in answer.traces and not (early and not answer.traces):
        return "registration.another_trace"
    member, asked = _bare(answer.subscriber.member), _bare(inquiry.subscriber.member)
    if member and member != asked:
        return "registration.another_person"
    patient = answer.dependent if inquiry.dependent is not None else answer.subscriber
    if patient is not None and patient.born and inquiry.patient.born and patient.born != inquiry.patient.born:
        return "registration.another_person"
    return ""


def _codes(answer: Answer, inquiry: Inquiry) -> Mapping[str, Json]:
    rejected = tuple(dict.fromkeys(one.code for one in answer.rejected))
    benefits = [(one.info, one.services) for one in answer.benefits]
    result = result_of(benefits, rejected, services=inquiry.services)
    decisive = next((one for one in answer.benefits if one.info in {"1", "2", "3", "4", "6"}), None)
    begin = (decisive.begin if decisive else None) or answer.begin
    end = (decisive.end if decisive else None) or answer.end
    codes: dict[str, Json] = {
        "result": result,
        "aaa": list(rejected),
        "eb": ",".join(dict.fromkeys(one.info for one in answer.benefits)),
        "conforms": answer.conforms,
        "other": _other(answer),
    }
    if begin is not None:
        codes["plan_begin"] = begin.isoformat()
    if end is not None:
        codes["plan_end"] = end.isoformat()
    if result == "unavailable":
        codes["why"] = f"aaa.{rejected[0]}"
    return codes


def _other(answer: Answer) -> str:
    """Return the number of another payer; ``unknown`` when there is one without a number."""
    others = [one for one in answer.benefits if one.info == "R"]
    numbers = [number for one in others for role, number in one.related if role in _PAYERS and number]
    return numbers[0] if numbers else "unknown" if others else ""


def _bare(number: str) -> str:
    """Return a number without what payers print into it."""
    return "".join(letter for letter in number.upper() if letter.isalnum())
