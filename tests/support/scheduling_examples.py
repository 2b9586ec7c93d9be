"""Clinics, openings, waiters and the policies in force, as tests of scheduling need them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from careengine.capabilities import scheduling
from careengine.capabilities.scheduling import Opening, Openings, Waiter
from careengine.capabilities.scheduling.wiring import POLICY_SCHEMAS
from careengine.engine import clock_policy
from careengine.engine.calendars import Calendar
from careengine.kernel.decision import Decision
from careengine.kernel.policy import PolicyName
from careengine.policy.book import PolicyBook, book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import package_sources

NOW = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
"""A Thursday, ten in the morning in New York."""
ZONE = "America/New_York"
HALF_HOUR = timedelta(minutes=30)
CALENDAR = PolicyName("calendars.us_federal", Calendar)


@cache
def book() -> PolicyBook:
    """Return the package's policies of scheduling."""
    sources = {
        name: one
        for name, one in package_sources().items()
        if name == CALENDAR.name or (name.startswith("scheduling.") and name != "scheduling.wording")
    }
    return book_of(sources, Schemas.of((*POLICY_SCHEMAS, *clock_policy.POLICY_SCHEMAS)))


def policy(name: PolicyName[Any], day: date = date(2026, 3, 5)) -> Any:
    """Return a policy in force."""
    return book().value(name, day)


def at(text: str) -> datetime:
    """Return a moment written in UTC without saying so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opening(start: datetime, name: str = "", **facts: Any) -> Opening:
    """Return a free half-hour."""
    slot = f"Slot/{name or start.strftime('%m%d-%H%M')}"
    return Opening(slot=slot, version=1, start=start, end=start + HALF_HOUR, **facts)


def weeks(count: int, *, hours: Iterable[int] = (14, 15, 16, 18, 19, 20)) -> list[Opening]:
    """Return free half-hours on every weekday of some weeks from tomorrow on."""
    first = NOW.replace(hour=0) + timedelta(days=1)
    days = [first + timedelta(days=n) for n in range(7 * count)]
    return [opening(day.replace(hour=hour)) for day in days if day.weekday() < 5 for hour in hours]


def offer(found: Iterable[Opening], **asked: Any) -> Decision:
    """Decide an offer of the heart clinic to a routine patient, unless asked otherwise."""
    facts: dict[str, Any] = {
        "clinic": "cardiology", "urgency": "routine", "wish": "", "now": NOW, "zone": ZONE,
        "policy": policy(scheduling.CLINICS), **asked,
    }  # fmt: skip
    return scheduling.decide_offer(Openings(found=tuple(found), group=facts.pop("group", "unknown")), **facts)


def waiter(case: int, **facts: Any) -> Waiter:
    """Return somebody who waits since ten days for a routine visit in two months."""
    known: dict[str, Any] = {
        "patient": f"Patient/{case}", "since": NOW - timedelta(days=10), "urgency": "routine",
        "current_start": NOW + timedelta(days=60), **facts,
    }  # fmt: skip
    return Waiter(case=case, **known)


def backfill(freed: Iterable[Opening], waiters: Iterable[Waiter], **asked: Any) -> Decision:
    """Decide who is asked about freed slots."""
    facts: dict[str, Any] = {
        "now": NOW, "zone": ZONE, "policy": policy(scheduling.BACKFILL),
        "clinics": policy(scheduling.CLINICS), **asked,
    }  # fmt: skip
    return scheduling.decide_backfill(tuple(freed), tuple(waiters), **facts)
