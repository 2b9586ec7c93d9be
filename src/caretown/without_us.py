"""The same town and people, but nobody follows up: one fax, one call, no reminder, no second try.

What is assumed of the old way stands with its sources in ``without_us.yaml``. The temperaments
decide as they do with us: whether somebody picks up, rings back, and comes without a reminder.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from math import exp
from random import Random
from statistics import median
from typing import Any

import yaml

from caretown.clinics import Opening, openings, town_clinics
from caretown.residents import Resident, Town
from caretown.town_clock import ZONE
from caretown.town_plan import TownPlan
from caretown.truth import Truth, due_a_visit

_WORKDAYS = 5


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one referral."""

    referral: str
    ended: str
    """"completed", or where it fell out."""
    visit: datetime | None = None


@dataclass(frozen=True, slots=True)
class Without:
    """What the town came to without us."""

    fates: tuple[Fate, ...]
    days: tuple[float, ...]
    """From the letter to the completed visit."""

    @property
    def share(self) -> float:
        """Return the share of referrals due a visit that ended in a documented completed one."""
        return self.reasons.get("completed", 0) / len(self.fates) if self.fates else 0.0

    @property
    def reasons(self) -> Mapping[str, int]:
        """Count how they ended, the most frequent first."""
        return dict(Counter(fate.ended for fate in self.fates).most_common())

    def told(self) -> dict[str, Any]:
        """Return the numbers, beside the published one."""
        published = assumptions()["compare"]
        return {
            "referrals": len(self.fates),
            "completion_share": round(self.share, 4),
            "reasons": dict(self.reasons),
            "median_days": round(median(self.days), 1) if self.days else None,
            "published_share": published["completed"],
            "off_by": round(self.share - published["completed"], 4),
        }


@cache
def assumptions() -> Mapping[str, Any]:
    """Read what is assumed."""
    raw = files("caretown").joinpath("without_us.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Any] = yaml.safe_load(raw)
    return read


def without_us(
    town: Town, truths: Iterable[Truth], *, plan: TownPlan, start: datetime, until: datetime
) -> Without:
    """Play the old way until ``until``; the same town and seed give the same result."""
    due = due_a_visit(truths)
    diary = _Diary(plan, start.astimezone(ZONE).date(), (until - start).days + 1)
    desk = _Desk(town, plan, diary, until)
    looked_at = sorted((desk.opens(one), one.service_request, one) for one in due)
    fates = tuple(desk.work(one, at) for at, _, one in looked_at)
    sent = {one.service_request: datetime.fromisoformat(one.at) for one in due}
    days = tuple(
        (fate.visit - sent[fate.referral]).total_seconds() / 86400
        for fate in fates
        if fate.visit is not None and fate.ended == "completed"
    )
    return Without(fates, days)


@dataclass(slots=True)
class _Diary:
    """The clinics' free times, as in the town with us: the same slots are taken, the same sessions close."""

    plan: TownPlan
    first: date
    days: int
    free: dict[str, list[Opening]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weeks = max(self.plan.ehr.weeks, -(-self.days // 7))
        for clinic in town_clinics():
            every = [
                one
                for number in range(weeks * 7)
                for one in openings(clinic, self.first + timedelta(days=number), rooms=self.plan.ehr.rooms)
                if self.plan.chance("taken", one.id) >= self.plan.ehr.taken_share
            ]
            self.free[clinic.name] = every

    def give(self, clinic: str, after: datetime, rng: Random, among: int) -> Opening | None:
        """Give away one of the next free times after an instant."""
        times = self.free.get(clinic, [])
        found = [index for index, one in enumerate(times) if one.start > after][:among]
        return times.pop(rng.choice(found)) if found else None

    def closes(self, one: Opening) -> bool:
        """Say whether this session closes at short notice."""
        day = one.start.astimezone(ZONE).date()
        name = f"{one.clinic.name}/{day}"
        return day > self.first and self.plan.chance("closed", name) < self.plan.ehr.closed_share


@dataclass(slots=True)
class _Desk:
    """A clinic's front desk in the old way."""

    town: Town
    plan: TownPlan
    diary: _Diary
    until: datetime

    def opens(self, truth: Truth) -> datetime:
        """Return when somebody looks at a letter that came by fax."""
        fax, rng = assumptions()["fax"], self._dice("fax", truth)
        wait = fax["urgent_days"] if truth.urgent and not truth.words else fax["days"]
        return _working_days(datetime.fromisoformat(truth.at), _drawn(wait, rng))

    def work(self, truth: Truth, at: datetime) -> Fate:
        """Follow one referral the old way to its end."""
        rng = self._dice("work", truth)
        resident = self.town.residents[truth.patient]
        if rng.random() < assumptions()["fax"]["lost"]["share"]:
            return Fate(truth.service_request, "fax_lost")
        ready = self._complete(truth, at, rng)
        if ready is None:
            return Fate(truth.service_request, "incomplete")
        reached = _reach(resident, ready, rng)
        if reached is None:
            return Fate(truth.service_request, "never_reached")
        return self._visit(truth, resident, reached, rng, again=True)

    def _complete(self, truth: Truth, at: datetime, rng: Random) -> datetime | None:
        """Return when the referral can be worked on; never, where the sender does not answer."""
        missing = set(truth.lacks) - {"phone"}
        if not missing:
            return at
        rules = assumptions()["incomplete"]
        if rng.random() >= rules["asked"]["share"] * rules["answered"]["share"]:
            return None
        return at + timedelta(days=_drawn(rules["days"], rng))

    def _visit(self, truth: Truth, resident: Resident, at: datetime, rng: Random, *, again: bool) -> Fate:
        rules = assumptions()
        after = at + timedelta(days=rules["book"]["first_days"]["count"])
        one = self.diary.give(truth.clinic, after, rng, rules["book"]["among"]["count"])
        if one is None or one.start >= self.until:
            return Fate(truth.service_request, "no_date_in_time")
        if self.diary.closes(one):
            if not again or rng.random() >= resident.temperament.back:
                return Fate(truth.service_request, "cancelled_by_clinic", one.start)
            return self._visit(truth, resident, one.start, rng, again=False)
        if rng.random() >= resident.temperament.unreminded:
            return Fate(truth.service_request, "missed", one.start)
        if rng.random() >= rules["visit"]["documented"]["share"]:
            return Fate(truth.service_request, "not_documented", one.start)
        return Fate(truth.service_request, "completed", one.start)

    def _dice(self, what: str, truth: Truth) -> Random:
        return Random(f"{self.plan.seed}/without/{what}/{truth.service_request}")


def _reach(resident: Resident, at: datetime, rng: Random) -> datetime | None:
    """Return when somebody spoke with the patient: at the one call, or when they rang back."""
    manner = resident.temperament
    if not resident.number:
        return None
    if rng.random() < manner.phone:
        return at
    if rng.random() < assumptions()["call"]["heard"]["share"] and rng.random() < manner.back:
        return at + manner.wait(rng)
    return None


def _drawn(wait: Mapping[str, Any], rng: Random) -> float:
    return float(wait["median"]) * exp(rng.gauss(0.0, float(wait["sigma"])))


def _working_days(at: datetime, days: float) -> datetime:
    """Return the instant so many working days later, within a working day."""
    whole, moved = int(days), at
    while whole > 0 or moved.astimezone(ZONE).weekday() >= _WORKDAYS:
        moved += timedelta(days=1)
        whole -= moved.astimezone(ZONE).weekday() < _WORKDAYS
    return moved
