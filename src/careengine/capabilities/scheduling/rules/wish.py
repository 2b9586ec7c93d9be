"""Read and apply what somebody said about when they can come. Pure."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from careengine.capabilities.scheduling.model import Opening, Part, Wish

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@lru_cache(maxsize=4096)  # the same few wishes are read again with every offer
def wish_from(text: str) -> Wish:
    """Read ``days=mon,tue;after=15:00;before=;from=2026-11-10;until=;part=morning``; empty is no wish.

    What cannot be read lands in ``unknown``.
    """
    read: dict[str, Any] = {}
    unknown = []
    for piece in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = piece.partition("=")
        reader = _READERS.get(name.strip())
        if reader is None or not equals or name.strip() in read:
            unknown.append(piece)
        elif value.strip():
            field, take = reader
            try:
                read[field] = take(value.strip())
            except ValueError:
                unknown.append(piece)
    return Wish(**read, unknown=tuple(unknown))


def _days(text: str) -> tuple[str, ...]:
    named = tuple(day.strip() for day in text.split(","))
    if not set(named) <= set(DAYS):
        raise ValueError(text)
    return tuple(day for day in DAYS if day in named)


def _word(text: str) -> str:
    if not text.isalpha():
        raise ValueError(text)
    return text


_READERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "days": ("days", _days),
    "after": ("after", time.fromisoformat),
    "before": ("before", time.fromisoformat),
    "from": ("first", date.fromisoformat),
    "until": ("until", date.fromisoformat),
    "part": ("part", _word),
}


def wish_text(wish: Wish) -> str:
    """Return the text that :func:`wish_from` reads back; no wish is the empty text."""
    values = {
        "days": ",".join(wish.days),
        "after": wish.after.isoformat("minutes") if wish.after else "",
        "before": wish.before.isoformat("minutes") if wish.before else "",
        "from": wish.first.isoformat() if wish.first else "",
        "until": wish.until.isoformat() if wish.until else "",
        "part": wish.part,
    }
    return ";".join(f"{name}={value}" for name, value in values.items() if value)


def suits(opening: Opening, wish: Wish, *, zone: ZoneInfo, parts: Mapping[str, Part]) -> bool:
    """Say whether an opening lies where somebody can come; a part nobody defined suits nothing."""
    start, end = opening.start.astimezone(zone), opening.end.astimezone(zone)
    if not suits_hours(start, end, wish):
        return False
    if not wish.part:
        return True
    part = parts.get(wish.part)
    return part is not None and part.start <= start.time() < part.end


def suits_hours(start: datetime, end: datetime, wish: Wish) -> bool:
    """Say the same of a local start and end, but for the part of the day."""
    day = start.date()
    return (
        suits_day(day, wish)
        and (wish.after is None or start.time() >= wish.after)
        and (wish.before is None or (end.date() == day and end.time() <= wish.before))
    )


def suits_day(day: date, wish: Wish) -> bool:
    """Say whether somebody can come on a day at all."""
    return (
        (not wish.days or DAYS[day.weekday()] in wish.days)
        and (wish.first is None or day >= wish.first)
        and (wish.until is None or day <= wish.until)
    )
