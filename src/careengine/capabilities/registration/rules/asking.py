"""The question that leaves for a payer, and the answer as the record keeps it. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from careengine.capabilities.registration.model import (
    Check,
    Checks,
    Cover,
    CoverPolicy,
    EligibilityPolicy,
    Held,
    Reply,
)
from careengine.capabilities.registration.rules.due import TECHNICAL
from careengine.capabilities.registration.rules.payers import payer_of
from careengine.engine.journey import Case, EffectDelivered, EffectFailed
from careengine.kernel.effect import Effect, Json
from careengine.kernel.next import Write

ASK_ELIGIBILITY = "registration.ask_eligibility"
REJECTION = "https://codesystem.x12.org/005010/901"
"""System of a payer's reject reason codes (X12 data element 901)."""
RESULT = "urn:careengine:eligibility-result"
"""Extension that holds the result of a check in one word."""
ASKED = "urn:careengine:eligibility-question"
"""System of the trace number under which a payer was asked."""
PARTNER = "urn:careengine:partner"


def ask_eligibility(
    cover: Cover,
    held: Held,
    *,
    visit_day: date,
    covers: CoverPolicy,
    policy: EligibilityPolicy,
    now: datetime,
) -> Effect:
    """Return the question to the payer; it names records and codes, the runner reads the person from them."""
    name = payer_of(held, policy=covers)
    payer = covers.payers[name]
    return Effect(
        kind=ASK_ELIGIBILITY,
        partner=payer.partner,
        body={
            "enclose": [cover.patient, held.ref],
            "patient": cover.patient,
            "coverage": held.ref,
            "payer": name,
            "payer_id": payer.id,
            "payer_name": payer.name,
            "receiver_name": policy.receiver_name,
            "receiver_npi": policy.receiver_npi,
            "services": list(policy.services),
            "day": visit_day.isoformat(),
            "asked": now.astimezone(UTC).isoformat(timespec="seconds"),
        },
        not_after=now + timedelta(hours=policy.valid_hours),
        purpose="payment",
    )


def heard(event: EffectDelivered | EffectFailed, held: Held, *, visit_day: date) -> Reply:
    """Return what came of a question: the payer's answer in codes, or that there was none and why."""
    if isinstance(event, EffectDelivered):
        return event.reply
    return {
        "result": "unavailable",
        "why": event.why,
        "coverage": held.ref,
        "payer": held.called[0] if held.called else "",
        "day": visit_day.isoformat(),
    }


def verified(case: Case, cover: Cover, reply: Reply, *, now: datetime) -> Write:
    """Return the answer as a CoverageEligibilityResponse in the patient's chart, codes only."""
    result = str(reply.get("result") or "unclear")
    day = str(reply.get("day") or case.day(now).isoformat())
    response: dict[str, Json] = {
        "resourceType": "CoverageEligibilityResponse",
        "id": f"elig-{case.id}-{case.version}",
        "extension": [{"url": RESULT, "valueCode": result}],
        "status": "active",
        "purpose": ["validation", "benefits"],
        "patient": {"reference": cover.patient},
        "servicedDate": day,
        "created": now.astimezone(UTC).isoformat(timespec="seconds"),
        "request": {
            "identifier": {"system": ASKED, "value": str(reply.get("trace") or f"{case.id}-{case.version}")}
        },
        "outcome": "error" if result in TECHNICAL else "complete",
        "insurer": {"identifier": {"system": PARTNER, "value": str(reply.get("payer") or "unknown")}},
        "insurance": [_insurance(reply, result)],
    }
    if codes := _codes(reply):
        response["error"] = [{"code": {"coding": [{"system": REJECTION, "code": code}]}} for code in codes]
    return Write(response, case.subject)


def counted(checks: Checks, case: Case, reply: Reply, *, now: datetime) -> Checks:
    """Return the checks with this reply as the newest: what the record holds once ``verified`` is written."""
    newest = Check(
        ref=f"CoverageEligibilityResponse/elig-{case.id}-{case.version}",
        coverage=str(reply.get("coverage") or ""),
        at=now,
        result=str(reply.get("result") or "unclear"),
        aaa=_codes(reply),
    )
    return Checks((newest, *checks.found))


def told(answer: str, *, day: date) -> str:
    """Return the last result and its day as a case keeps it: ``verified 2026-11-10``."""
    return f"{answer} {day.isoformat()}"


def _insurance(reply: Reply, result: str) -> Mapping[str, Json]:
    coverage, _, version = str(reply.get("coverage") or "").partition("@")
    said: dict[str, Json] = {
        "coverage": {"reference": f"{coverage}/_history/{version}" if version else coverage}
    }
    if result in {"active", "inactive"}:
        said["inforce"] = result == "active"
    period = {"start": reply.get("plan_begin"), "end": reply.get("plan_end")}
    known: dict[str, Json] = {name: str(value) for name, value in period.items() if value}
    if known:
        said["benefitPeriod"] = known
    return said


def _codes(reply: Reply) -> tuple[str, ...]:
    given = reply.get("aaa")
    return tuple(str(code) for code in given) if isinstance(given, list | tuple) else ()
