"""A person is in one place at a time: what they have already is neither offered nor booked over. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from careengine.capabilities.scheduling.model import Opening

Stretch = tuple[datetime, datetime]
"""From and until when somebody is busy."""
_QUARTER = timedelta(minutes=15)


def clashes(opening: Opening, busy: Iterable[Stretch]) -> bool:
    """Say whether an opening overlaps a time at which the patient is elsewhere."""
    return any(opening.start < end and start < opening.end for start, end in busy)


def person_keys(patient: str, opening: Opening) -> tuple[str, ...]:
    """Return under which keys a patient's own time is held while a visit is being booked.

    One for each quarter of an hour that the visit touches: of two cases of one patient only one books it.
    """
    first = opening.start.astimezone(UTC)
    at = first - timedelta(
        minutes=first.minute % 15, seconds=first.second, microseconds=first.microsecond
    )  # fmt: skip
    keys = []
    while at < opening.end:
        keys.append(f"person:{patient}:{at:%Y-%m-%dT%H:%M}")
        at += _QUARTER
    return tuple(keys)
