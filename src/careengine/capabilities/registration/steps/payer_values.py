"""The policies of a payer's answers as their files state them, and the frozen values the rules receive."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from careengine.capabilities.registration.model import (
    Code901,
    Inquiry,
    InTimePolicy,
    Member,
    Members,
    MembersPolicy,
    Plan,
)
from careengine.capabilities.registration.rules.members import FINDINGS, decide_answer
from careengine.capabilities.registration.rules.payers import folded
from careengine.kernel.decision import Refusal
from careengine.kernel.policy import PolicyRef
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues


class CodeValues(PolicyValues):
    """How one finding is told."""

    code: str = Field(pattern=r"^[0-9A-Z]{2}$")
    level: str = Field(pattern=r"^2100[ABC]$")
    follow_up: str = Field(pattern=r"^[CNRSWXY]$")


class MembersValues(PolicyValues):
    """Whom we recognise, and what we say otherwise."""

    us: frozenset[str] = Field(min_length=1)
    statuses: frozenset[str] = Field(min_length=1)
    titles: frozenset[str]
    first_letters: int = Field(ge=1, le=35)
    back_days: int = Field(ge=0)
    ahead_days: int = Field(ge=0)
    rejections: dict[str, CodeValues]
    clause: str = Field(min_length=3)
    law: str = Field(min_length=3)


class InTimeValues(PolicyValues):
    """What we aim for."""

    share: float = Field(gt=0, le=1)
    within_seconds: int = Field(ge=1)


def build_members(values: MembersValues, ref: PolicyRef) -> MembersPolicy:
    """Return the value the rule receives."""
    return MembersPolicy(
        ref=ref,
        us=frozenset(folded(name) for name in values.us),
        statuses=values.statuses,
        titles=values.titles,
        first_letters=values.first_letters,
        back_days=values.back_days,
        ahead_days=values.ahead_days,
        rejections={
            name: Code901(code=one.code, level=one.level, follow_up=one.follow_up)
            for name, one in values.rejections.items()
        },
        clause=values.clause,
        law=values.law,
    )


def build_in_time(values: InTimeValues, ref: PolicyRef) -> InTimePolicy:
    """Return what leaders compare the figures with."""
    return InTimePolicy(ref=ref, share=values.share, within_seconds=values.within_seconds)


def lint_members(values: MembersValues) -> Iterator[tuple[Path, str, str]]:
    """Yield each finding that is not told, and each that no rule makes."""
    for name in sorted(FINDINGS - set(values.rejections)):
        yield ("rejections",), f"It does not say how {name} is told.", "Add its code, level and follow_up."
    for name in sorted(set(values.rejections) - FINDINGS):
        yield ("rejections", name), "No rule finds this.", f"Write one of {', '.join(sorted(FINDINGS))}."


def answer_members(policy: MembersPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {day, members: [{last?, first?, born?, plans?}], last?, first?, born?, …}``."""
    inquiry = Inquiry(
        ref="Binary/case@1",
        fault=given.get("fault", ""),
        payer=given.get("payer", "842610001"),
        number=given.get("number", "M100"),
        last=given.get("last", "LEE SMITH"),
        first=given.get("first", "ANN"),
        born=_day(given.get("born", "1980-01-02")),
        day=_day(given["day"]),
    )
    members = Members(tuple(_member(number, one) for number, one in enumerate(given["members"])))
    decision = decide_answer(inquiry, members, today=date.fromisoformat("2026-11-02"), policy=policy)
    answer: dict[str, Any] = {"answer": decision.answer, "route": decision.route.value}
    answer |= decision.because[0].params
    if isinstance(decision, Refusal):
        answer |= {"refusal": True, "clause": decision.clause, "law": decision.law}
    return answer


def _member(number: int, said: Mapping[str, Any]) -> Member:
    return Member(
        ref=f"Patient/{number}@1",
        subject=UUID(int=number + 1),
        last=said.get("last", "Lee Smith"),
        first=said.get("first", "Ann"),
        born=_day(said.get("born", "1980-01-02")),
        plans=tuple(
            Plan(
                ref=f"Coverage/{number}-{index}@1",
                status=plan.get("status", "active"),
                start=_day(plan.get("start", "")),
                end=_day(plan.get("end", "")),
                called=tuple(plan.get("called", ("Town Health",))),
                payer_id=next((name for name in plan.get("called", ()) if name.isdecimal()), ""),
            )
            for index, plan in enumerate(said.get("plans", ({},)))
        ),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
