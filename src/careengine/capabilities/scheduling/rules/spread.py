"""Choose a few openings that leave somebody a real choice: not three in a row on one morning. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from careengine.capabilities.scheduling.model import Opening

_NOON = 12


def spread(
    openings: Iterable[Opening], *, most: int, apart: timedelta, zone: ZoneInfo
) -> tuple[Opening, ...]:
    """Return at most ``most``, soonest first: the soonest, then other days and halves of the day.

    One of them is with a practitioner who knows the patient, if any is.
    """
    ordered = sorted(openings, key=_order)
    chosen: list[Opening] = []
    while ordered and len(chosen) < most:
        picked = _next(ordered, chosen, apart, zone)
        chosen.append(picked)
        ordered.remove(picked)
    if len(chosen) > 1 and not any(one.known for one in chosen):
        known = next((one for one in ordered if one.known), None)
        chosen[-1:] = [known] if known else chosen[-1:]
    return tuple(sorted(chosen, key=_order))


def _order(one: Opening) -> tuple[datetime, float, str]:
    near = one.distance_km if one.distance_km is not None else float("inf")
    return one.start, near, one.slot


def _next(ordered: Sequence[Opening], chosen: Sequence[Opening], apart: timedelta, zone: ZoneInfo) -> Opening:
    """Return the next choice: the soonest other day, there the half of the day not yet offered."""
    days = {_day(one.start, zone) for one in chosen}
    halves = {_half(one.start, zone) for one in chosen}
    other = next((one for one in ordered if _day(one.start, zone) not in days), None)
    if other is not None:
        that_day = [one for one in ordered if _day(one.start, zone) == _day(other.start, zone)]
        return next((one for one in that_day if _half(one.start, zone) not in halves), other)
    far = (one for one in ordered if all(abs(one.start - had.start) >= apart for had in chosen))
    return next(far, ordered[0])


def _day(at: datetime, zone: ZoneInfo) -> int:
    return at.astimezone(zone).toordinal()


def _half(at: datetime, zone: ZoneInfo) -> bool:
    return at.astimezone(zone).hour < _NOON
