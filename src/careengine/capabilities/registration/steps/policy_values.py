"""The policies of registration as their files state them, and the frozen values the rules receive."""

from collections.abc import Iterator
from datetime import date, datetime, time

from pydantic import Field

from careengine.capabilities.registration.model import (
    AnswersPolicy,
    Check,
    Checks,
    Cover,
    CoverPolicy,
    EligibilityPolicy,
    Held,
    Intake,
    IntakePolicy,
    Payer,
    Rejection,
)
from careengine.capabilities.registration.rules.cover import chosen, decide_cover
from careengine.capabilities.registration.rules.due import decide_check_due
from careengine.capabilities.registration.rules.intake import decide_intake
from careengine.capabilities.registration.rules.payers import folded, payer_of
from careengine.capabilities.registration.rules.verified import decide_verified
from careengine.kernel.policy import PolicyRef
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues


class PayerValues(PolicyValues):
    """A payer asked electronically."""

    partner: str
    id: str = Field(min_length=2, max_length=80)
    name: str = Field(min_length=1, max_length=60)
    called: tuple[str, ...]


class CoverValues(PolicyValues):
    """Statuses that count, and facts a payer needs."""

    statuses: frozenset[str] = Field(min_length=1)
    needs: tuple[str, ...]
    payers: dict[str, PayerValues]


class ReceiverValues(PolicyValues):
    """Who asks, as payers know us."""

    name: str = Field(min_length=1, max_length=60)
    npi: str = Field(pattern=r"^[12][0-9]{9}$")


class EligibilityValues(PolicyValues):
    """Moments of asking, and whom."""

    days_before: tuple[int, ...] = Field(min_length=1)
    hour: time
    month_turn: bool
    again_after_minutes: tuple[int, ...] = Field(min_length=1)
    valid_hours: int = Field(ge=1, le=168)
    services: tuple[str, ...] = Field(min_length=1)
    receiver: ReceiverValues


class RejectionValues(PolicyValues):
    """What one rejection code means."""

    answer: str
    act: str


class AnswersValues(PolicyValues):
    """What each answer means."""

    later: frozenset[str]
    most_tries: int = Field(ge=1)
    options: tuple[str, ...] = Field(min_length=1)
    rejections: dict[str, RejectionValues]


class IntakeValues(PolicyValues):
    """Days and hours of the questionnaire."""

    send_within_days: int = Field(ge=1)
    chase_after_days: tuple[int, ...]
    unfinished_days_before: int = Field(ge=0)
    grace_hours: int = Field(ge=0)
    hour: time


def build_cover(values: CoverValues, ref: PolicyRef) -> CoverPolicy:
    """Return the value the rule receives."""
    return CoverPolicy(
        ref=ref,
        statuses=values.statuses,
        needs=values.needs,
        payers={
            name: Payer(
                partner=one.partner,
                id=one.id,
                name=one.name,
                called=frozenset(folded(word) for word in one.called),
            )
            for name, one in values.payers.items()
        },
    )


def build_eligibility(values: EligibilityValues, ref: PolicyRef) -> EligibilityPolicy:
    """Return the value the rule receives."""
    return EligibilityPolicy(
        ref=ref,
        days_before=values.days_before,
        hour=values.hour,
        month_turn=values.month_turn,
        again_after=values.again_after_minutes,
        valid_hours=values.valid_hours,
        services=values.services,
        receiver_name=values.receiver.name,
        receiver_npi=values.receiver.npi,
    )


def build_answers(values: AnswersValues, ref: PolicyRef) -> AnswersPolicy:
    """Return the value the rule receives."""
    return AnswersPolicy(
        ref=ref,
        rejections={
            code: Rejection(answer=one.answer, act=one.act) for code, one in values.rejections.items()
        },
        later=values.later,
        most_tries=values.most_tries,
        options=values.options,
    )


def build_intake(values: IntakeValues, ref: PolicyRef) -> IntakePolicy:
    """Return the value the rule receives."""
    return IntakePolicy(
        ref=ref,
        send_within_days=values.send_within_days,
        chase_after_days=values.chase_after_days,
        unfinished_days_before=values.unfinished_days_before,
        grace_hours=values.grace_hours,
        hour=values.hour,
    )


def lint_cover(values: CoverValues) -> Iterator[tuple[Path, str, str]]:
    """Yield a name by which two payers are called."""
    seen: dict[str, str] = {}
    for name, payer in values.payers.items():
        for word in payer.called:
            if folded(word) in seen:
                where = ("payers", name, "called")
                yield where, f"{word} also names {seen[folded(word)]}.", "Give each name to one payer."
            seen[folded(word)] = name


def lint_eligibility(values: EligibilityValues) -> Iterator[tuple[Path, str, str]]:
    """Yield days that are not counted backwards."""
    if list(values.days_before) != sorted(set(values.days_before), reverse=True):
        yield ("days_before",), "The days do not come nearer.", "Write each once, the furthest first."


def lint_intake(values: IntakeValues) -> Iterator[tuple[Path, str, str]]:
    """Yield reminders that do not follow each other."""
    if list(values.chase_after_days) != sorted(set(values.chase_after_days)):
        yield (
            ("chase_after_days",),
            "The reminders do not follow each other.",
            "Write each day once, in order.",
        )


def answer_cover(policy: CoverPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {day, held: [{status, start?, end?, order?, called?, member?}]}``."""
    held = tuple(
        Held(
            ref=f"Coverage/{index}@1",
            status=one["status"],
            start=_day(one.get("start")),
            end=_day(one.get("end")),
            order=one.get("order"),
            called=(one.get("called", "Town Health"),),
            member=one.get("member", True),
        )
        for index, one in enumerate(given["held"])
    )
    cover = Cover(held=held, patient="Patient/1", has=("family_name", "birth_date"))
    decision = decide_cover(cover, day=date.fromisoformat(given["day"]), policy=policy)
    found = chosen(decision, cover)
    answer: dict[str, object] = {"answer": decision.answer, "route": decision.route.value}
    if found is not None:
        payer = policy.payers[payer_of(found, policy=policy)]
        answer |= {
            "coverage": found.ref,
            "payer": payer.partner,
            "payer_id": payer.id,
            "payer_name": payer.name,
        }
    return answer


def answer_eligibility(policy: EligibilityPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {visit, now, zone, checked: [{at, result, coverage?}]}``."""
    checks = Checks(
        tuple(
            Check(
                ref=f"CoverageEligibilityResponse/{index}@1",
                coverage=one.get("coverage", "Coverage/0@1"),
                at=datetime.fromisoformat(one["at"]),
                result=one["result"],
            )
            for index, one in enumerate(given["checked"])
        )
    )
    decision = decide_check_due(
        datetime.fromisoformat(given["visit"]),
        checks,
        held=Held(ref="Coverage/0@1", status="active"),
        now=datetime.fromisoformat(given["now"]),
        zone=given["zone"],
        policy=policy,
    )
    return {
        "answer": decision.answer,
        **decision.because[0].params,
        "valid_hours": policy.valid_hours,
        "services": list(policy.services),
        "receiver": f"{policy.receiver_npi} {policy.receiver_name}",
    }


def answer_answers(policy: AnswersPolicy, given: Given) -> Answer:
    """Answer a case: ``given`` is a reply, and how often the payer was ``silent`` before."""
    reply = {"coverage": "Coverage/0@1", **{name: value for name, value in given.items() if name != "silent"}}
    decision = decide_verified(reply, policy=policy, silent=given.get("silent", 0))
    return {
        "answer": decision.answer,
        "route": decision.route.value,
        "options": [r.params["option"] for r in decision.because if "option" in r.params],
        "acts": [r.params["act"] for r in decision.because if "act" in r.params],
    }


def answer_intake(policy: IntakePolicy, given: Given) -> Answer:
    """Answer a case: ``given: {visit, now, zone, asked?, status?}``."""
    intake = Intake(
        status=given.get("status", "none"),
        asked=tuple(datetime.fromisoformat(at) for at in given.get("asked", ())),
    )
    decision = decide_intake(
        intake,
        visit_start=datetime.fromisoformat(given["visit"]),
        now=datetime.fromisoformat(given["now"]),
        zone=given["zone"],
        policy=policy,
    )
    return {"answer": decision.answer, "route": decision.route.value, **decision.because[0].params}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
