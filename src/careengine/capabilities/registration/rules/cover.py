"""Is there one insurance in force on the day of the visit whose payer can be asked? Pure."""

from collections.abc import Sequence
from datetime import date

from careengine.capabilities.registration.model import Cover, CoverPolicy, Held
from careengine.capabilities.registration.rules.payers import payer_of
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.kernel.policy import Scalar

FOUND = "found"
MISSING = "missing"
NOT_IN_FORCE = "not_in_force"
SEVERAL = "several"
PAYER_UNKNOWN = "payer_unknown"
UNRECOGNISABLE = "unrecognisable"


def decide_cover(cover: Cover, *, day: date, policy: CoverPolicy) -> Decision:
    """Name the insurance to ask about on ``day``; with two of them, the one that is to be asked first."""
    counted = [one for one in cover.held if one.status in policy.statuses]
    if not counted:
        return _decision(
            policy, MISSING, Reason("registration.no_cover", {"day": day.isoformat()}), cover.held
        )
    in_force = [one for one in counted if _in_force(one, day)]
    if not in_force:
        reason = Reason("registration.cover_not_in_force", {"day": day.isoformat(), "covers": len(counted)})
        return _decision(policy, NOT_IN_FORCE, reason, counted)
    first = _first(in_force)
    if first is None:
        reason = Reason("registration.cover_order_unknown", {"covers": len(in_force)})
        return _decision(policy, SEVERAL, reason, in_force)
    return _askable(cover, first, len(in_force), day, policy)


def chosen(decision: Decision, cover: Cover) -> Held | None:
    """Return the insurance that a decision found."""
    if decision.answer != FOUND:
        return None
    named = decision.because[0].params["coverage"]
    return next((one for one in cover.held if one.ref == named), None)


def _askable(cover: Cover, first: Held, how_many: int, day: date, policy: CoverPolicy) -> Decision:
    payer = payer_of(first, policy=policy)
    if not payer:
        return _decision(policy, PAYER_UNKNOWN, Reason("registration.payer_not_electronic", {}), (first,))
    lacks = [fact for fact in policy.needs if fact not in _facts(cover, first)]
    if lacks:
        reasons = tuple(Reason("registration.cover_lacks", {"item": fact}) for fact in lacks)
        return _decision(policy, UNRECOGNISABLE, reasons[0], (first,), more=reasons[1:])
    params: dict[str, Scalar] = {
        "coverage": first.ref,
        "payer": payer,
        "covers": how_many,
        "day": day.isoformat(),
    }
    index = cover.held.index(first)
    flips = (Flip(f"cover.held[{index}].status", "cancelled", MISSING),) if len(cover.held) == 1 else ()
    return _decision(policy, FOUND, Reason("registration.cover_found", params), (first,), flips)


def _facts(cover: Cover, first: Held) -> frozenset[str]:
    member = {"member_number"} if first.member else set()
    return frozenset({*cover.has, *member, *({"patient"} if cover.patient else ())})


def _in_force(held: Held, day: date) -> bool:
    begun = held.start is None or held.start <= day
    return begun and (held.end is None or day <= held.end)


def _first(in_force: Sequence[Held]) -> Held | None:
    """Return the insurance asked first: the only one, or the one that says so and stands alone there."""
    if len(in_force) == 1:
        return in_force[0]
    if any(one.order is None for one in in_force):
        return None
    ranked = sorted(in_force, key=lambda one: one.order or 0)
    return ranked[0] if ranked[0].order != ranked[1].order else None


def _decision(
    policy: CoverPolicy,
    answer: str,
    reason: Reason,
    seen: Sequence[Held],
    flips: tuple[Flip, ...] = (),
    more: tuple[Reason, ...] = (),
) -> Decision:
    bearing = Bearing.SUPPORTS if answer == FOUND else Bearing.CONTRADICTS
    return Decision(
        question="registration.cover",
        route=Route.PROCEED if answer == FOUND else Route.ASK,
        answer=answer,
        because=(reason, *more),
        policy=policy.ref,
        evidence=tuple(Evidence(source=f"{one.ref}#period", bearing=bearing) for one in seen),
        flips=flips,
    )
