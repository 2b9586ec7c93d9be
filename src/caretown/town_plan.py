"""What is planned for the town's servers: numbers that do not work, slow referrers, sessions that close.

This is the town's own truth. Nothing of it is told to the engine; tests and the town's people may read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from caretown.oddities import Oddity


class Line(StrEnum):
    """What happens to a text to a number."""

    OK = "ok"
    LANDLINE = "landline"
    """Taken, then undelivered with 30006."""
    UNREACHABLE = "unreachable"
    """Taken, then undelivered with 30003."""
    DEAD = "dead"
    """Taken, then undelivered with 30005: nobody has this number."""
    INVALID = "invalid"
    """Refused at once with 21211."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsPlan:
    """The texting vendor and the numbers of the town."""

    account: str = "AC00000000000000000000000000000001"
    token: str = "town-sms-token"  # noqa: S105  a made-up vendor's made-up secret
    service: str = "MG00000000000000000000000000000001"
    number: str = "+16175550100"
    """The engine's own number."""
    lines: Mapping[str, Line] = field(default_factory=dict)
    """What becomes of a text to a number; a number that is not here works."""
    zones: Mapping[str, str] = field(default_factory=dict)
    """Where the owner of a number is; America/New_York if it is not here."""
    private_words: tuple[str, ...] = ()
    """Names of the people's conditions, which must never stand in a text."""
    delivered_after_s: float = 2.0
    """In the town's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPlan:
    """How long a letter takes, and who has no mail."""

    days: int = 2
    unknown_mails: frozenset[str] = frozenset()
    """Addresses of mail, in lower case, that nobody has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrPlan:
    """What happens in the clinics' own system, as shares from 0 to 1."""

    weeks: int = 8
    """How far ahead sessions are open."""
    rooms: float = 1.0
    """Times the rooms of every session; a large town has more."""
    taken_share: float = 0.35
    """Of the slots, how many others have booked before we look."""
    outside_per_day: float = 2.0
    """Slots of each clinic that others book on a working day; we hear of it ``lag_minutes`` later."""
    freed_per_day: float = 1.0
    """Of those that others booked, how many of each clinic become free again on a working day."""
    lag_minutes: float = 7.0
    closed_share: float = 0.02
    """Of the sessions, how many close at short notice, all their visits cancelled by the clinic."""
    moved_share: float = 0.01
    """Of the visits we book, how many the clinic moves to another time."""
    untold_share: float = 0.01
    """Of the visits, how many have no outcome written down."""
    report_days: tuple[int, int] = (1, 5)
    """A report is written so many days after the visit: from, to."""
    no_report_share: float = 0.04
    series: Mapping[str, int] = field(default_factory=dict)
    """``ServiceRequest/id`` → visits in the series; its report comes after the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferrerPlan:
    """How referrers behave once they are asked or told."""

    answer_hours: tuple[float, float] = (1.0, 30.0)
    """What is missing is sent so long after it was asked for: from, to."""
    never_answer_share: float = 0.1
    review_hours: tuple[float, float] = (2.0, 60.0)
    never_review_share: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class TownPlan:
    """All of it; the same seed gives the same town."""

    seed: int = 1
    sms: SmsPlan = SmsPlan()
    post: PostPlan = PostPlan()
    ehr: EhrPlan = EhrPlan()
    referrers: ReferrerPlan = ReferrerPlan()
    payer_seconds: float = 3.0
    """How slow the slow payer is, in real seconds."""
    odd: tuple[Oddity, ...] = ()
    """How servers misbehave: of ``sms``, ``smtp``, ``print``, ``ehr`` and of every referrer."""

    def chance(self, *of: str) -> float:
        """Return the fixed draw between 0 and 1 that belongs to these words."""
        return Random(f"{self.seed}/{'/'.join(of)}").random()

    def between(self, bounds: tuple[float, float], *of: str) -> float:
        """Return the fixed draw between two bounds that belongs to these words."""
        low, high = bounds
        return low + (high - low) * self.chance("between", *of)
