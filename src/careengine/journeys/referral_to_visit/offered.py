"""Which times a patient has before them, as the case keeps it: the slots, and when each begins and ends."""

from collections.abc import Iterable
from datetime import datetime

from careengine.capabilities import messaging, scheduling
from careengine.engine.journey import Case
from careengine.kernel.policy import Scalar

OFFERED, EARLIER = "slots", "early"
"""Where a case keeps the slots it offered, and an earlier one than the patient has."""
OVER = "early_over"
"""Where a case keeps that its earlier slot is not held open for an answer any more: ``late`` or ``taken``."""
TAKEN = "taken"
NO_EARLIER: dict[str, Scalar] = {EARLIER: None, f"{EARLIER}_at": None, OVER: None}
"""What a case forgets when an earlier slot was answered."""


def kept(openings: Iterable[scheduling.Opening], name: str = OFFERED) -> dict[str, Scalar]:
    """Return how offered openings are kept, in the order in which they are offered."""
    found = tuple(openings)
    return {
        name: " ".join(one.slot for one in found),
        f"{name}_at": " ".join(f"{one.start.isoformat()}|{one.end.isoformat()}" for one in found),
    }


def options_of(case: Case, name: str = OFFERED) -> tuple[messaging.Option, ...]:
    """Return what the patient may choose from, in the order in which it was offered."""
    slots = str(case.data.get(name) or "").split()
    moments = (one.split("|") for one in str(case.data.get(f"{name}_at") or "").split())
    return tuple(
        messaging.Option(slot, datetime.fromisoformat(start), datetime.fromisoformat(end))
        for slot, (start, end) in zip(slots, moments, strict=True)
    )


def instants_of(case: Case) -> tuple[str, ...]:
    """Return when the offered times begin, as instants with their offset."""
    return tuple(option.start.isoformat() for option in options_of(case))
