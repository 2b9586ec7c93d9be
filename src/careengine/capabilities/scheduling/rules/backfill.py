"""A slot became free: who of those who wait is asked whether they would rather come then? Pure.

Asked are a few people at a time, chosen by how urgent it is for them, how long they have waited,
how much earlier it would be and how near they live. To which group somebody belongs is written
down and never counts. Nobody loses the visit they have: the old slot is given back by their own
journey, after the new one was booked. No score of who might not come is used, and nothing here
puts two people into one slot.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from careengine.capabilities.scheduling.model import (
    BackfillPolicy,
    ClinicsPolicy,
    Opening,
    Waiter,
    Weights,
    Wish,
)
from careengine.capabilities.scheduling.rules.matching import Match, Worth, assigned, greedy
from careengine.capabilities.scheduling.rules.wish import suits, wish_from
from careengine.engine.calendars import zone_of
from careengine.kernel.decision import Decision, Evidence, Reason, Route
from careengine.kernel.policy import Scalar

OFFER_EARLIER = "offer_earlier"
NOBODY = "nobody"
NOT_CLEAR = "not_clear"
_PAIR = "scheduling.asked_about_earlier"
_DAY = timedelta(days=1)


def decide_backfill(  # noqa: PLR0913  what the choice depends on, each named
    freed: Sequence[Opening],
    waiters: Sequence[Waiter],
    *,
    out: Collection[str] = (),
    now: datetime,
    zone: str,
    policy: BackfillPolicy,
    clinics: ClinicsPolicy,
) -> Decision:
    """Choose who is asked about which freed slot. ``out`` are questions asked before, by :func:`asked`.

    Nobody is asked about a slot that is no earlier than what they have, outside their wish,
    of which they were asked before, or while they have another question open.
    """
    clear = [one for one in waiters if _clear(one, policy, clinics)]
    unclear = len(waiters) - len(clear)
    busy = {name.partition(" ")[0] for name in out if name.endswith(" open")}
    before = {name.removesuffix(" open") for name in out}
    free = sorted(
        (one for one in clear if str(one.case) not in busy and one.offers < policy.offers_most),
        key=lambda one: (one.since, one.case),
    )
    slots = sorted(freed, key=lambda one: (one.start, one.slot))
    wishes = [wish_from(one.wish) for one in free]
    worths = [
        [
            None
            if asked(one.case, slot.slot) in before
            else worth(slot, one, wish, now=now, zone=zone, policy=policy, clinics=clinics)
            for one, wish in zip(free, wishes, strict=True)
        ]
        for slot in slots
    ]
    match = greedy if len(slots) <= policy.greedy_up_to else assigned
    return _decision(slots, free, worths, match(worths, each=policy.batch), unclear, policy)


def worth(  # noqa: PLR0913  what a match depends on, each named
    slot: Opening,
    waiter: Waiter,
    wish: Wish,
    *,
    now: datetime,
    zone: str,
    policy: BackfillPolicy,
    clinics: ClinicsPolicy,
) -> Worth:
    """Return how much it is worth that this person gets this slot; ``None`` where they may not be asked."""
    if slot.start < now + timedelta(hours=policy.notice_hours):
        return None
    if waiter.current_start is not None and slot.start >= waiter.current_start:
        return None
    if not suits(slot, wish, zone=zone_of(zone), parts=clinics.parts):
        return None
    weights = policy.weights
    return (
        weights.urgency[waiter.urgency]
        + weights.wait * _share((now - waiter.since) / _DAY, weights.wait_days)
        + weights.gain * _gain(slot, waiter, weights)
        + weights.near * _nearness(waiter.distance_km, weights)
    )


def _gain(slot: Opening, waiter: Waiter, weights: Weights) -> float:
    """Return how much earlier it would be; who has no visit yet gains everything."""
    if waiter.current_start is None:
        return 1.0
    return _share((waiter.current_start - slot.start) / _DAY, weights.gain_days)


def _nearness(km: float | None, weights: Weights) -> float:
    return 0.0 if km is None else 1.0 - _share(km, weights.far_km)


def _share(value: float, most: float) -> float:
    return min(max(value / most, 0.0), 1.0)


def _clear(waiter: Waiter, policy: BackfillPolicy, clinics: ClinicsPolicy) -> bool:
    wish = wish_from(waiter.wish)
    known = not wish.unknown and (not wish.part or wish.part in clinics.parts)
    return known and waiter.urgency in policy.weights.urgency


def _decision(
    slots: Sequence[Opening],
    free: Sequence[Waiter],
    worths: Sequence[Sequence[Worth]],
    matches: Sequence[Match],
    unclear: int,
    policy: BackfillPolicy,
) -> Decision:
    pairs = [
        Reason(_PAIR, _pair(slots[row], free[column], worths[row][column] or 0.0)) for row, column in matches
    ]
    head = Reason("scheduling.freed_slots", {"slots": len(slots), "waiting": len(free), "asked": len(pairs)})
    skipped = (Reason("scheduling.waiters_not_clear", {"waiting": unclear}),) if unclear else ()
    answer = OFFER_EARLIER if pairs else NOT_CLEAR if unclear and not free else NOBODY
    return Decision(
        question="scheduling.backfill",
        route=Route.ASK if answer == NOT_CLEAR else Route.PROCEED,
        answer=answer,
        because=(head, *skipped, *pairs),
        policy=policy.ref,
        evidence=tuple(Evidence(source=one.at("status"), words="free") for one in slots),
    )


def _pair(slot: Opening, waiter: Waiter, value: float) -> dict[str, Scalar]:
    return {
        "case": waiter.case, "slot": slot.slot, "start": slot.start.isoformat(), "worth": round(value, 3),
        "urgency": waiter.urgency, "group": waiter.group,
    }  # fmt: skip


def pairs(decision: Decision) -> tuple[tuple[int, str], ...]:
    """Return who is asked about which slot: the case's number and ``Slot/id``."""
    return tuple(_pairs(decision))


def _pairs(decision: Decision) -> Iterator[tuple[int, str]]:
    for reason in decision.because:
        if reason.code == _PAIR:
            yield int(str(reason.params["case"])), str(reason.params["slot"])


def asked(case: int, slot: str, *, still_open: bool = False) -> str:
    """Return how a question about an earlier slot is named in ``out``."""
    return f"{case} {slot}{' open' if still_open else ''}"


def answer_by(slot: Opening, *, now: datetime, policy: BackfillPolicy) -> datetime:
    """Return until when an answer to an earlier slot counts: some time, and never later than the notice."""
    return min(
        now + timedelta(minutes=policy.answer_minutes), slot.start - timedelta(hours=policy.notice_hours)
    )
