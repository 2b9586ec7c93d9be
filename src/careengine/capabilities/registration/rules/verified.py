"""What does the payer's answer mean for the visit, and what can be done about it? Pure."""

from collections.abc import Iterator
from datetime import date

from careengine.capabilities.registration.model import AnswersPolicy, Reply
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.kernel.policy import Scalar

VERIFIED = "verified"
AGAIN = "again"
INACTIVE = "inactive"
ENDS_BEFORE_VISIT = "ends_before_visit"
OTHER_PAYER = "other_payer"
NOT_FOUND = "not_found"
UNCLEAR = "unclear"
PAYER_SILENT = "payer_silent"


def decide_verified(reply: Reply, *, policy: AnswersPolicy, silent: int = 0) -> Decision:
    """Say what an eligibility reply means: verified, asked again later, or a person's work and which.

    ``silent`` counts the questions before this one that brought no answer. Nothing here
    ever says that a patient is refused: a plan that is not in force opens options.
    """
    result = str(reply.get("result") or UNCLEAR)
    if result in policy.later:
        return _silent(reply, result, silent, policy)
    if result == "active":
        return _active(reply, policy)
    if result == INACTIVE:
        plan = Reason(
            "registration.plan_inactive", {"day": _text(reply, "day"), "end": _text(reply, "plan_end")}
        )
        return _ask(policy, reply, INACTIVE, (plan, *_options(policy)))
    if result == OTHER_PAYER:
        other = Reason("registration.other_payer", {"other": _text(reply, "other")})
        return _ask(policy, reply, OTHER_PAYER, (other,))
    if result == NOT_FOUND:
        return _rejected(reply, policy)
    return _ask(
        policy, reply, UNCLEAR, (Reason("registration.benefit_unclear", {"said": _text(reply, "eb")}),)
    )


def _active(reply: Reply, policy: AnswersPolicy) -> Decision:
    """A plan in force today counts only if it lasts until the visit; a second payer is for a person."""
    visit, end = _day(reply, "day"), _day(reply, "plan_end")
    if visit is None:
        return _ask(policy, reply, UNCLEAR, (Reason("registration.benefit_unclear", {"said": "no day"}),))
    if end is not None and end < visit:
        params = {"end": end.isoformat(), "day": visit.isoformat()}
        reason = Reason("registration.plan_ends_before_visit", params)
        return _ask(policy, reply, ENDS_BEFORE_VISIT, (reason, *_options(policy)))
    begin = _day(reply, "plan_begin")
    if begin is not None and begin > visit:
        reason = Reason(
            "registration.plan_begins_after_visit", {"begin": begin.isoformat(), "day": visit.isoformat()}
        )
        return _ask(policy, reply, INACTIVE, (reason, *_options(policy)))
    if reply.get("other"):
        reason = Reason("registration.other_payer", {"other": _text(reply, "other")})
        return _ask(policy, reply, OTHER_PAYER, (reason,))
    reason = Reason("registration.plan_active", {"day": visit.isoformat()})
    flips = (Flip("reply.result", "inactive", INACTIVE),)
    return _decision(policy, reply, VERIFIED, (reason,), flips)


def _rejected(reply: Reply, policy: AnswersPolicy) -> Decision:
    """Read the payer's rejection codes; one that policy does not list is shown as it is."""
    codes = _codes(reply)
    known = [(code, policy.rejections[code]) for code in codes if code in policy.rejections]
    if not codes or len(known) < len(codes):
        said = ", ".join(code for code in codes if code not in policy.rejections) or "none"
        return _ask(policy, reply, UNCLEAR, (Reason("registration.rejection_unknown", {"code": said}),))
    answers = {rejection.answer for _, rejection in known}
    reasons = tuple(Reason("registration.rejected", {"code": code, "act": one.act}) for code, one in known)
    return _ask(policy, reply, answers.pop() if len(answers) == 1 else NOT_FOUND, reasons)


def _silent(reply: Reply, result: str, silent: int, policy: AnswersPolicy) -> Decision:
    """No answer is no answer: ask again, and after a while have a person telephone."""
    params: dict[str, Scalar] = {"result": result, "why": _text(reply, "why"), "tries": silent + 1}
    if silent + 1 >= policy.most_tries:
        return _ask(policy, reply, PAYER_SILENT, (Reason("registration.payer_silent", params),))
    return _decision(policy, reply, AGAIN, (Reason("registration.payer_asked_again", params),))


def _options(policy: AnswersPolicy) -> Iterator[Reason]:
    for option in policy.options:
        yield Reason("registration.option", {"option": option})


def _codes(reply: Reply) -> tuple[str, ...]:
    given = reply.get("aaa")
    return tuple(str(code) for code in given) if isinstance(given, list | tuple) else ()


def _text(reply: Reply, name: str) -> str:
    return str(reply.get(name) or "unknown")


def _day(reply: Reply, name: str) -> date | None:
    try:
        return date.fromisoformat(str(reply.get(name)))
    except ValueError:
        return None


def _ask(policy: AnswersPolicy, reply: Reply, answer: str, reasons: tuple[Reason, ...]) -> Decision:
    return _decision(policy, reply, answer, reasons)


def _decision(
    policy: AnswersPolicy,
    reply: Reply,
    answer: str,
    reasons: tuple[Reason, ...],
    flips: tuple[Flip, ...] = (),
) -> Decision:
    goes_on = answer in {VERIFIED, AGAIN}
    coverage = str(reply.get("coverage") or "")
    bearing = (
        Bearing.SUPPORTS
        if answer == VERIFIED
        else Bearing.MISSING
        if answer == AGAIN
        else Bearing.CONTRADICTS
    )
    return Decision(
        question="registration.verified",
        route=Route.PROCEED if goes_on else Route.ASK,
        answer=answer,
        because=reasons,
        policy=policy.ref,
        evidence=(Evidence(source=coverage, bearing=bearing),) if coverage else (),
        flips=flips,
    )
