"""Is this the same referral as one we already have? Pure."""

from datetime import date
from enum import IntEnum

from careengine.capabilities.referrals.model import DuplicatePolicy, Referral, Role, Twin, Twins
from careengine.capabilities.referrals.rules.whatif import what_if
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.language.words import fold

FIRST = "first"
JOINED = "joined"
NEAR = "near"
ALONE = "alone"
STANDS = "stands"


class _Like(IntEnum):
    OTHER = 0
    NEAR = 1
    SAME = 2
    EXACT = 3


class _Order(IntEnum):
    EARLIER = 0
    UNKNOWN = 1
    LATER = 2


def folded(text: str) -> str:
    """Return a worded reason without accents, case, punctuation or doubled spaces."""
    return " ".join("".join(c if c.isalnum() else " " for c in fold(text)).split())


def reasons_of(referral: Referral) -> frozenset[str]:
    """Return what the referral is for, in the form two referrals can be compared in."""
    coded = {code.name for indication in referral.indications for code in indication.codes}
    coded |= {indication.source.partition("@")[0] for indication in referral.indications}
    return frozenset(coded | {folded(w.text) for w in referral.words if w.role is Role.REASON} - {""})


def decide_duplicate(referral: Referral, twins: Twins, *, policy: DuplicatePolicy, today: date) -> Decision:
    """Say whether the referral is the first of its kind, the same as an earlier one, or nearly so.

    The same sender's number, or the same service and reason within the policy's days,
    joins the earlier referral. The same service for another reason, or an order in
    which they came that cannot be told, goes to a person.
    """
    answer, reason, about = _answer(referral, twins, policy, today)
    return Decision(
        question="referrals.duplicate",
        route=Route.ASK if answer == NEAR else Route.PROCEED,
        answer=answer,
        because=(Reason(reason, {"other": about.ref} if about else {"others": len(twins.others)}),),
        policy=policy.ref,
        evidence=_evidence(referral, about, answer),
        flips=_flips(referral, twins, policy, today, answer),
    )


def _answer(
    referral: Referral, twins: Twins, policy: DuplicatePolicy, today: date
) -> tuple[str, str, Twin | None]:
    counted = [twin for twin in twins.others if twin.status not in policy.ignored]
    newer = [twin for twin in counted if _named(referral.ref) in twin.replaces]
    if newer:
        return JOINED, "referrals.replaced_by", min(newer, key=lambda twin: twin.ref)
    found = [
        (_like(referral, twin, policy, today), _order(twin, referral), twin)
        for twin in counted
        if _named(twin.ref) not in referral.replaces
    ]
    same = [f for f in found if f[0] >= _Like.SAME and f[1] is not _Order.LATER]
    if same:
        like, order, twin = min(same, key=lambda f: (f[1], -f[0], f[2].ref))
        if order is _Order.UNKNOWN:
            return NEAR, "referrals.duplicate_order_unknown", twin
        return JOINED, f"referrals.duplicate_{like.name.lower()}", twin
    near = [f[2] for f in found if f[0] is _Like.NEAR and f[1] is not _Order.LATER]
    if near:
        return NEAR, "referrals.duplicate_near", min(near, key=lambda twin: twin.ref)
    return FIRST, "referrals.no_twin", None


def decide_successor(referral: Referral, twins: Twins, *, policy: DuplicatePolicy, today: date) -> Decision:
    """Say whether a withdrawn referral leaves another standing that may have been joined to it.

    The sender sent the same thing twice and takes one back: the other must not be lost
    with it, so a person looks. One that came together with the withdrawal was never joined.
    """
    standing = [
        twin
        for twin in twins.others
        if twin.status not in policy.ignored
        and twin.received < referral.received
        and _like(referral, twin, policy, today) >= _Like.SAME
    ]
    twin = min(standing, key=lambda one: one.ref, default=None)
    reason = (
        Reason("referrals.twin_still_stands", {"other": twin.ref})
        if twin
        else Reason("referrals.none_stands")
    )
    return Decision(
        question="referrals.successor",
        route=Route.ASK if twin else Route.PROCEED,
        answer=STANDS if twin else ALONE,
        because=(reason,),
        policy=policy.ref,
        evidence=_evidence(referral, twin, STANDS if twin else ALONE),
    )


def _named(ref: str) -> str:
    return ref.partition("@")[0]


def _like(referral: Referral, twin: Twin, policy: DuplicatePolicy, today: date) -> _Like:
    if set(referral.placers) & set(twin.placers):
        return _Like.EXACT
    if not {c.name for c in referral.services} & {c.name for c in twin.services}:
        return _Like.OTHER
    apart = _days_apart(referral, twin, today)
    if reasons_of(referral) & set(twin.reasons) and apart <= policy.same_within_days:
        return _Like.SAME
    return _Like.NEAR if apart <= policy.near_within_days else _Like.OTHER


def _days_apart(referral: Referral, twin: Twin, today: date) -> int:
    """Return the days between the two; one without a date counts as written today, so it is not missed."""
    return abs(((referral.authored or today) - (twin.authored or today)).days)


def _order(twin: Twin, referral: Referral) -> _Order:
    """Say which was in the record first; a changed version hides when its first one came.

    Two that came at the same moment are told apart by their ids, so that of two, one is always first.
    """
    mine = (referral.received, referral.ref.partition("@")[0])
    theirs = (twin.received, twin.ref.partition("@")[0])
    if theirs < mine:
        return _Order.EARLIER if _unchanged(referral.ref) else _Order.UNKNOWN
    return _Order.LATER if _unchanged(twin.ref) else _Order.UNKNOWN


def _unchanged(ref: str) -> bool:
    return ref.endswith("@1")


def _evidence(referral: Referral, twin: Twin | None, answer: str) -> tuple[Evidence, ...]:
    if twin is None:
        return (Evidence(source=referral.at("identifier")),)
    element = "identifier" if set(referral.placers) & set(twin.placers) else "code"
    bearing = Bearing.SUPPORTS if answer == JOINED else Bearing.CONTRADICTS
    return (
        Evidence(source=f"{twin.ref}#{element}", bearing=bearing),
        Evidence(source=referral.at(element), bearing=bearing),
    )


def _flips(
    referral: Referral, twins: Twins, policy: DuplicatePolicy, today: date, answer: str
) -> tuple[Flip, ...]:
    """Return the changes of one fact of one other referral that lead elsewhere, each tried."""
    tries: list[tuple[str, str]] = []
    for index, twin in enumerate(twins.others):
        tries += [(f"twins.others[{index}].status", status) for status in sorted(policy.ignored)[:1]]
        if twin.authored and referral.authored:
            tries.append((f"twins.others[{index}].authored", referral.authored.isoformat()))
    flips = []
    for fact, becomes in tries:
        other = _answer(referral, what_if(twins, fact, becomes), policy, today)[0]
        if other != answer:
            flips.append(Flip(fact, becomes, other))
    return tuple(flips)
