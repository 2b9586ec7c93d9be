"""The answer of a payer as the record keeps it, from which the 271 is written. Pure."""

from datetime import UTC, datetime

from careengine.capabilities.registration.model import Inquiry, Members
from careengine.capabilities.registration.rules.asking import REJECTION, RESULT
from careengine.capabilities.registration.rules.members import ACTIVE, INACTIVE, member_of
from careengine.kernel.decision import Decision
from careengine.kernel.effect import Json
from careengine.kernel.next import Write

LEVEL = "urn:careengine:rejection-level"
"""Extension that holds at which level of the question a rejection stands."""
FOLLOW_UP = "urn:careengine:rejection-follow-up"
OTHER = "urn:careengine:other-payer"
QUESTION_ID = "x270-"
ANSWER_ID = "answer-"
SENT_ID = "x271-"


def answer_id(question: str) -> str:
    """Return the id of the answer to a stored question."""
    return ANSWER_ID + question.removeprefix(QUESTION_ID)


def sent_id(question: str) -> str:
    """Return the id under which the 271 that left is kept."""
    return SENT_ID + question.removeprefix(QUESTION_ID)


def answered(inquiry: Inquiry, members: Members, decision: Decision, *, now: datetime) -> Write:
    """Return the answer as a CoverageEligibilityResponse; in a chart only when it is about a member."""
    params = decision.because[0].params
    member = member_of(decision, members)
    question = inquiry.ref.partition("@")[0]
    coverage = str(params.get("plan") or "none").partition("@")[0]
    response: dict[str, Json] = {
        "resourceType": "CoverageEligibilityResponse",
        "id": answer_id(question.partition("/")[2]),
        "extension": [{"url": RESULT, "valueCode": decision.answer}, *_other(str(params.get("other") or ""))],
        "status": "active",
        "purpose": ["validation"],
        "patient": {"reference": member.ref.partition("@")[0]} if member else {"display": "not found"},
        "created": now.astimezone(UTC).isoformat(timespec="seconds"),
        "request": {"identifier": {"system": "urn:careengine:question", "value": question}},
        "outcome": "complete" if decision.answer in {ACTIVE, INACTIVE} else "error",
        "insurer": {"display": "us"},
    }
    if "day" in params:
        response["servicedDate"] = str(params["day"])
    if coverage != "none":
        response["insurance"] = [_insurance(decision, coverage)]
    if "code" in params:
        response["error"] = [_rejection(decision)]
    return Write(response, member.subject if member else None)


def _other(number: str) -> list[Json]:
    return [{"url": OTHER, "valueString": number}] if number else []


def _insurance(decision: Decision, coverage: str) -> dict[str, Json]:
    params = decision.because[0].params
    said: dict[str, Json] = {"coverage": {"reference": coverage}, "inforce": decision.answer == ACTIVE}
    names = {"start": "begin", "end": "end"}
    period: dict[str, Json] = {name: str(params[key]) for name, key in names.items() if key in params}
    return {**said, "benefitPeriod": period} if period else said


def _rejection(decision: Decision) -> dict[str, Json]:
    params = decision.because[0].params
    return {
        "extension": [
            {"url": LEVEL, "valueCode": str(params["level"])},
            {"url": FOLLOW_UP, "valueCode": str(params["follow_up"])},
        ],
        "code": {"coding": [{"system": REJECTION, "code": str(params["code"])}]},
    }
