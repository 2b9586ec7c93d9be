"""A slot became free: who of those who wait is asked whether they would rather come then? Pure.

Asked are a few people at a time, chosen by how urgent it is for them, how long they have waited,
how much earlier it would be and how near they live. To which group somebody belongs is written
down and never counts. Nobody loses the visit they have: the old slot is given back by their own
journey, after the new one was booked. No score of who might not come is used, and nothing here
puts two people into one slot.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

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
from careengine.engine.calendars import instant, zone_of
from careengine.kernel.decision import Decision, Evidence, Reason, Route
from careengine.kernel.policy import Scalar

OFFER_EARLIER = "offer_earlier"
NOBODY = "nobody"
NOT_CLEAR = "not_clear"
_PAIR = "scheduling.asked_about_earlier"
_OPEN = " open"
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
    busy = {name.partition(" ")[0] for name in out if name.endswith(_OPEN)}
    before = frozenset(name.removesuffix(_OPEN) for name in out)
    free = [one for one in clear if str(one.case) not in busy and one.offers < policy.offers_most]
    able = [_able(one, now, policy) for one in sorted(free, key=lambda one: (one.since, one.case))]
    slots = sorted(freed, key=lambda one: (one.start, one.slot))
    wishes = {one.wish for one in able}
    soonest = now + timedelta(hours=policy.notice_hours)
    worths = []
    for slot in slots:
        suiting = {wish: suits(slot, wish, zone=zone_of(zone), parts=clinics.parts) for wish in wishes}
        row = [_worth(slot, one, policy.weights, before) if suiting[one.wish] else None for one in able]
        worths.append(row if slot.start >= soonest else [None] * len(able))
    match = greedy if len(slots) <= policy.greedy_up_to else assigned
    matches = match(worths, each=policy.batch)
    return _decision(slots, [one.waiter for one in able], worths, matches, unclear, policy)


@dataclass(frozen=True, slots=True)
class _Able:
    """Somebody who may be asked, and what counts for them whichever slot it is."""

    waiter: Waiter
    wish: Wish
    need: float


def _able(one: Waiter, now: datetime, policy: BackfillPolicy) -> _Able:
    weights = policy.weights
    waited = weights.wait * _share((now - one.since) / _DAY, weights.wait_days)
    near = weights.near * _nearness(one.distance_km, weights)
    return _Able(one, wish_from(one.wish), weights.urgency[one.urgency] + waited + near)


def _worth(slot: Opening, one: _Able, weights: Weights, before: frozenset[str]) -> Worth:
    """Return how much it is worth that this person gets this slot; ``None`` where they may not be asked."""
    current = one.waiter.current_start
    if current is not None and slot.start >= current:
        return None
    if before and asked(one.waiter.case, slot.slot) in before:
        return None
    return one.need + weights.gain * _gain(slot, one.waiter, weights)


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
    return f"{case} {slot}{_OPEN if still_open else ''}"


def asks_again_at(now: datetime, *, zone: str, policy: BackfillPolicy) -> datetime:
    """Return when people may be asked: now, or when the clinic's hours for asking begin next."""
    local = now.astimezone(zone_of(zone))
    if policy.asks_from_hour <= local.hour < policy.asks_until_hour:
        return now
    day = local.date() + timedelta(days=local.hour >= policy.asks_from_hour)
    return instant(day, time(policy.asks_from_hour), zone)


def answer_by(slot: Opening, *, now: datetime, policy: BackfillPolicy) -> datetime:
    """Return until when an answer to an earlier slot counts: some time, and never later than the notice."""
    return min(
        now + timedelta(minutes=policy.answer_minutes), slot.start - timedelta(hours=policy.notice_hours)
    )
