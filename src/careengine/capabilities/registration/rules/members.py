"""As a payer: who is asked about, and is that member covered on the day? Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from careengine.capabilities.registration.model import (
    Inquiry,
    Member,
    Members,
    MembersPolicy,
    Plan,
)
from careengine.capabilities.registration.rules.payers import folded
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Refusal, Route
from careengine.kernel.policy import Scalar
from careengine.language.letters import bare

QUESTION = "registration.answer"
ACTIVE = "active"
INACTIVE = "inactive"
REJECTED = "rejected"
TWO_MEMBERS = "two_members"
FINDINGS = frozenset({
    "unreadable", "not_our_number", "no_member_number", "no_birth_date", "day_out_of_reach", "not_found",
    "other_name", "other_birth_date", TWO_MEMBERS,
})  # fmt: skip
"""Why a question is rejected; policy says with which code each is told."""


def decide_answer(
    inquiry: Inquiry, members: Members, *, today: date, policy: MembersPolicy
) -> Decision | Refusal:
    """Answer an eligibility question: covered, not covered on the day, or why it cannot be answered.

    Name and birth date must both be the member's; nothing of our record is given away
    to somebody who knows only a number. Two records that both fit are a person's work.
    """
    day = inquiry.day or today
    fault = _fault(inquiry, day, today, policy)
    if fault:
        return _rejected(policy, inquiry, fault)
    who = [one for one in members.found if not _differs(inquiry, one, policy)]
    if len(who) > 1:
        return _rejected(policy, inquiry, TWO_MEMBERS, who)
    if not who:
        return _rejected(policy, inquiry, _nearest(inquiry, members.found, policy), members.found)
    return _covered(members, who[0], day, policy)


def member_of(decision: Decision, members: Members) -> Member | None:
    """Return the member whom an answer is about; nothing for a rejected question."""
    named = decision.because[0].params.get("member")
    return next((one for one in members.found if one.ref == named), None)


def _fault(inquiry: Inquiry, day: date, today: date, policy: MembersPolicy) -> str:
    """Return what is wrong with the question itself."""
    if inquiry.fault:
        return "unreadable"
    if folded(inquiry.payer) not in policy.us:
        return "not_our_number"
    if not inquiry.number:
        return "no_member_number"
    if inquiry.born is None:
        return "no_birth_date"
    if day < today - timedelta(days=policy.back_days) or day > today + timedelta(days=policy.ahead_days):
        return "day_out_of_reach"
    return ""


def _differs(inquiry: Inquiry, member: Member, policy: MembersPolicy) -> frozenset[str]:
    """Return in which of name and birth date a member is not the person asked about."""
    name = _letters(inquiry.last, policy) == _letters(member.last, policy) and _first_agrees(
        inquiry.first, member.first, policy
    )
    same = {"name": name, "birth_date": inquiry.born == member.born}
    return frozenset(what for what, agrees in same.items() if not agrees)


def _nearest(inquiry: Inquiry, found: Sequence[Member], policy: MembersPolicy) -> str:
    """Say what is wrong with the person asked about, when only one thing is."""
    differences = [_differs(inquiry, one, policy) for one in found]
    if frozenset({"birth_date"}) in differences:
        return "other_birth_date"
    return "other_name" if frozenset({"name"}) in differences else "not_found"


def _letters(name: str, policy: MembersPolicy) -> str:
    """Return a last name without accents, marks, spaces and titles."""
    marked = bare(name).casefold()
    plain = "".join(letter if letter.isalnum() else " " for letter in marked)
    words = [word for word in plain.split() if word not in policy.titles]
    return "".join(words)


def _first_agrees(asked: str, known: str, policy: MembersPolicy) -> bool:
    one, other = _letters(asked, policy), _letters(known, policy)
    letters = min(policy.first_letters, len(one), len(other))
    return one[:letters] == other[:letters]


def _covered(members: Members, member: Member, day: date, policy: MembersPolicy) -> Decision | Refusal:
    standing = [plan for plan in member.plans if plan.status in policy.statuses]
    ours = [plan for plan in standing if {folded(name) for name in plan.called} & policy.us]
    others = [plan for plan in standing if plan not in ours and _in_force(plan, day)]
    held = sorted((plan for plan in ours if _in_force(plan, day)), key=lambda plan: plan.ref)
    if not held:
        return _not_covered(member, ours, day, policy)
    plan = held[0]
    params = _params(member, plan, day)
    if others:
        params["other"] = others[0].payer_id or "unknown"
    return Decision(
        question=QUESTION,
        route=Route.PROCEED,
        answer=ACTIVE,
        because=(Reason("registration.member_covered", params),),
        policy=policy.ref,
        evidence=(Evidence(source=member.ref), Evidence(source=f"{plan.ref}#period")),
        flips=_flips(members, member, held),
    )


def _flips(members: Members, member: Member, held: Sequence[Plan]) -> tuple[Flip, ...]:
    """Were the only plan in force cancelled, the member would not be covered."""
    if len(held) > 1:
        return ()
    place = f"members.found[{members.found.index(member)}].plans[{member.plans.index(held[0])}]"
    return (Flip(f"{place}.status", "cancelled", INACTIVE),)


def _not_covered(member: Member, ours: Sequence[Plan], day: date, policy: MembersPolicy) -> Refusal:
    """Return an administrative no, with the plan's clause; it says nothing about any need for care."""
    last = max(ours, key=lambda plan: (plan.end or date.max, plan.ref)) if ours else None
    return Refusal(
        question=QUESTION,
        route=Route.PROCEED,
        answer=INACTIVE,
        because=(Reason("registration.member_not_covered", _params(member, last, day)),),
        policy=policy.ref,
        evidence=tuple(
            Evidence(source=f"{plan.ref}#period", bearing=Bearing.CONTRADICTS) for plan in ours
        ) or (Evidence(source=member.ref, bearing=Bearing.MISSING),),
        clause=policy.clause,
        law=policy.law,
        jurisdiction="US",
    )  # fmt: skip


def _params(member: Member, plan: Plan | None, day: date) -> dict[str, Scalar]:
    params: dict[str, Scalar] = {"member": member.ref, "day": day.isoformat()}
    params["plan"] = plan.ref if plan is not None else "none"
    if plan is not None and plan.start is not None:
        params["begin"] = plan.start.isoformat()
    if plan is not None and plan.end is not None:
        params["end"] = plan.end.isoformat()
    return params


def _in_force(plan: Plan, day: date) -> bool:
    return (plan.start is None or plan.start <= day) and (plan.end is None or day <= plan.end)


def _rejected(policy: MembersPolicy, inquiry: Inquiry, found: str, seen: Sequence[Member] = ()) -> Decision:
    how = policy.rejections[found]
    params: dict[str, Scalar] = {
        "found": found, "code": how.code, "level": how.level, "follow_up": how.follow_up
    }  # fmt: skip
    asks = found == TWO_MEMBERS
    sources = [one.ref for one in seen] or [inquiry.ref]
    return Decision(
        question=QUESTION,
        route=Route.ASK if asks else Route.PROCEED,
        answer=TWO_MEMBERS if asks else REJECTED,
        because=(Reason("registration.question_rejected", params),),
        policy=policy.ref,
        evidence=tuple(Evidence(source=source, bearing=Bearing.CONTRADICTS) for source in sources),
    )
