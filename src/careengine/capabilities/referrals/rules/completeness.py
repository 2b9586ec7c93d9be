"""Does the clinic have what it needs, and if not, what is asked of whom? Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from careengine.capabilities.referrals.model import Attachment, Clinic, ClinicPolicy, Item, Referral, Role
from careengine.capabilities.referrals.rules.whatif import what_if
from careengine.kernel.decision import Bearing, Decision, Evidence, Flip, Reason, Route
from careengine.kernel.policy import Scalar

COMPLETE = "complete"
INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A referral looked at on a day."""

    referral: Referral
    today: date


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a needed item stands, or why it does not count."""

    source: str
    fault: str = ""


def decide_completeness(referral: Referral, *, clinic: Clinic, policy: ClinicPolicy, today: date) -> Decision:
    """Say whether the receiving clinic has what it needs; name each missing item and who is asked for it.

    An item that is there but too old, or no longer valid, counts as missing and says so.
    """
    found = [(item, _find(item, referral, today)) for item in clinic.needs]
    missing = [(item, where) for item, where in found if where.fault]
    answer = INCOMPLETE if missing else COMPLETE
    evidence = tuple(
        Evidence(source=where.source, bearing=Bearing.MISSING if where.fault else Bearing.SUPPORTS)
        for _, where in (missing or found)
    )
    reasons = tuple(
        Reason(
            f"referrals.item_{where.fault}", {"item": item.code, "ask_of": item.ask_of, "clinic": clinic.name}
        )
        for item, where in missing
    )
    all_there = Reason("referrals.all_items_there", {"clinic": clinic.name, "items": len(found)})
    return Decision(
        question="referrals.completeness",
        route=Route.ASK if missing else Route.PROCEED,
        answer=answer,
        because=reasons or (all_there,),
        policy=policy.ref,
        evidence=evidence,
        flips=_flips(referral, clinic, today, missing),
    )


def missing_items(decision: Decision) -> Mapping[str, str]:
    """Return each missing item of a decision and who is to be asked for it."""
    return {
        str(reason.params["item"]): str(reason.params["ask_of"])
        for reason in decision.because
        if "ask_of" in reason.params
    }


def _find(item: Item, referral: Referral, today: date) -> _Found:
    if item.any_of:
        return _attached(item, referral, today)
    look = _BASICS.get(item.code)
    if look is None:
        return _Found(referral.ref, "unknown")
    return look(_Asked(referral, today))


def _reason(asked: _Asked) -> _Found:
    if asked.referral.indications:
        return _Found(asked.referral.indications[0].source)
    written = [w.source for w in asked.referral.words if w.role is Role.REASON and w.text.strip()]
    return _Found(written[0]) if written else _Found(asked.referral.at("reasonCode"), "missing")


def _question(asked: _Asked) -> _Found:
    written = [w.source for w in asked.referral.words if w.role is Role.QUESTION and w.text.strip()]
    return _Found(written[0]) if written else _Found(asked.referral.at("note"), "missing")


def _requester(asked: _Asked) -> _Found:
    return _Found(asked.referral.at("requester"), "" if asked.referral.sender.requester else "missing")


def _insurance(asked: _Asked) -> _Found:
    if not asked.referral.covers:
        return _Found(asked.referral.at("insurance"), "missing")
    for cover in asked.referral.covers:
        begun = cover.start is None or cover.start <= asked.today
        ended = cover.end is not None and cover.end < asked.today
        if cover.status == "active" and begun and not ended:
            return _Found(cover.ref)
    return _Found(asked.referral.covers[0].ref, "not_valid")


def _of_patient(fact: str, element: str) -> Callable[[_Asked], _Found]:
    def look(asked: _Asked) -> _Found:
        standing = [p for p in asked.referral.people if not p.replaced]
        if not standing:
            return _Found(asked.referral.at("subject"), "missing")
        return _Found(f"{standing[0].ref}#{element}", "" if fact in standing[0].has else "missing")

    return look


_BASICS: Mapping[str, Callable[[_Asked], _Found]] = {
    "reason": _reason,
    "question": _question,
    "requester": _requester,
    "insurance": _insurance,
    "phone": _of_patient("phone", "telecom"),
    "address": _of_patient("address", "address"),
}
BASICS = frozenset(_BASICS)
"""Items recognised without a list of codes."""


def _attached(item: Item, referral: Referral, today: date) -> _Found:
    right = [a for a in referral.attachments if item.any_of & set(a.codes)]
    if not right:
        return _Found(referral.at("supportingInfo"), "missing")
    usable = [a for a in right if a.usable]
    if not usable:
        return _Found(right[0].ref, "not_valid")
    fresh = [a for a in usable if _fresh(a, item, today)]
    return _Found(fresh[0].ref) if fresh else _Found(usable[0].ref, "too_old")


def _fresh(attachment: Attachment, item: Item, today: date) -> bool:
    """Without a date, an attachment that must be recent is not known to be."""
    if item.within_days is None:
        return True
    return attachment.day is not None and (today - attachment.day).days <= item.within_days


def _flips(
    referral: Referral, clinic: Clinic, today: date, missing: Sequence[tuple[Item, _Found]]
) -> tuple[Flip, ...]:
    """Return the changes of one fact that would make it complete or incomplete."""
    if len(missing) > 1:
        return ()
    if missing:
        return _mending(referral, missing[0][0], today)
    flips = [
        Flip("referral.sender.requester", "", INCOMPLETE) for item in clinic.needs if item.code == "requester"
    ]
    for item in clinic.needs:
        right = [i for i, a in enumerate(referral.attachments) if item.any_of & set(a.codes)]
        if len(right) == 1:
            flips.append(Flip(f"referral.attachments[{right[0]}].usable", False, INCOMPLETE))  # noqa: FBT003  a flip's value
    return tuple(flips)


def _mending(referral: Referral, item: Item, today: date) -> tuple[Flip, ...]:
    """Return what would supply the only missing item, each tried."""
    tries: list[tuple[str, Scalar]] = [("referral.sender.requester", "Practitioner/known")]
    tries += [(f"referral.people[{i}].has", item.code) for i, _ in enumerate(referral.people)]
    for i, _ in enumerate(referral.attachments):
        tries += [
            (f"referral.attachments[{i}].usable", True),
            (f"referral.attachments[{i}].day", today.isoformat()),
        ]
    return tuple(
        Flip(fact, becomes, COMPLETE)
        for fact, becomes in tries
        if not _find(item, what_if(referral, fact, becomes), today).fault
    )
