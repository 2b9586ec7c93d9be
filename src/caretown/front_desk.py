"""The clinics' front desk: it answers the telephone, rings patients, and books in the clinics' own system."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from caretown.clinics import holidays, town_clinics
from caretown.ehr_book import CannotBook, focus_of, slot_of
from caretown.people import Resource
from caretown.residents import Resident
from caretown.servers import Servers
from caretown.town_clock import ZONE
from caretown.townsfolk import Ring, Townsfolk
from caretown.truth import Truth

HOURS = (8, 17)
_WORKDAYS = 5
_SOONEST = timedelta(days=1)
_LATEST = timedelta(days=42)
_AMONG = 6
_BOOKED = frozenset({"booked", "pending", "proposed"})


@dataclass(slots=True)
class FrontDesk:
    """People who speak with people; what they book reaches the engine as any booking of the clinics does."""

    servers: Servers
    folks: Townsfolk
    truths: Iterable[Truth]
    seed: int
    did: Counter[str] = field(default_factory=Counter)
    """How often the desk did what."""
    _of_patient: dict[str, list[Truth]] = field(default_factory=dict)
    _by_request: dict[str, Truth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for truth in self.truths:
            self._of_patient.setdefault(truth.patient, []).append(truth)
            self._by_request.setdefault(f"ServiceRequest/{truth.service_request}", truth)

    def answer(self, now: datetime) -> int:
        """Take the calls that came in by now, if the desk is open; say how many."""
        if not is_open(now):
            return 0
        calls = [ring for ring in self.folks.rings if ring.at <= now]
        self.folks.rings[:] = [ring for ring in self.folks.rings if ring.at > now]
        for call in calls:
            self._take(call, now)
        return len(calls)

    def next_call(self, now: datetime) -> datetime | None:
        """Return when the next call can be taken."""
        waiting = [ring.at for ring in self.folks.rings]
        return next_open(max(now, min(waiting))) if waiting else None

    def ring(self, about: str, now: datetime) -> str:
        """Ring the patient of a referral: "booked", "spoken" when there was nothing to book, or "nobody"."""
        truth = self._by_request.get(about.split("@", maxsplit=1)[0])
        resident = self.folks.town.residents.get(truth.patient) if truth else None
        if truth is None or resident is None:
            return "nobody"
        self.did["rang"] += 1
        if not self.folks.picks_up(resident, now):
            self.folks.rings_back(resident, now)
            return "nobody"
        self.did["spoke"] += 1
        return "booked" if self._book(truth, resident, now) else "spoken"

    def _take(self, call: Ring, now: datetime) -> None:
        self.did[f"rung_about_{call.about}"] += 1
        for truth in self._of_patient.get(call.resident.id, ()):
            if truth.clinic and self._book(truth, call.resident, now):
                return

    def _book(self, truth: Truth, resident: Resident, now: datetime) -> bool:
        mind = self.folks.mind(resident.id)
        if mind.dead or not truth.clinic:
            return False
        booked = self.servers.do(lambda: self._in_the_book(truth, now, moves=mind.wants_out))
        if booked:
            mind.wants_out = False
            self.did["booked"] += 1
        return booked

    def _in_the_book(self, truth: Truth, now: datetime, *, moves: bool) -> bool:
        """Book, or move, one visit; called in the servers' thread, where the clinics' book is."""
        book = self.servers.book
        patient, focus = f"Patient/{truth.patient}", f"ServiceRequest/{truth.service_request}"
        ours = [one for one in book.of_patient(patient) if focus_of(one) == focus]
        live = [one for one in ours if one["status"] in _BOOKED]
        if (live and not moves) or any(one["status"] == "fulfilled" for one in ours):
            return False
        clinic = next(one for one in town_clinics() if one.name == truth.clinic)
        free = book.free_slots(clinic, now + _SOONEST, now + _LATEST)
        if not free:
            return False
        rng = Random(f"{self.seed}/desk/{focus}/{len(ours)}")
        slot = free[0] if truth.urgent else rng.choice(free[:_AMONG])
        try:
            made = book.book(_asked(patient, focus, slot.opening.id), now)
        except CannotBook:
            return False
        self.servers.life.booked(made)
        for old in live:
            book.cancel(old)
            self.servers.life.cancelled(old)
        return slot_of(made) == slot.opening.id


def _asked(patient: str, focus: str, slot: str) -> Resource:
    asked: dict[str, Any] = {
        "resourceType": "Appointment",
        "status": "booked",
        "basedOn": [{"reference": focus}],
        "slot": [{"reference": f"Slot/{slot}"}],
        "participant": [{"actor": {"reference": patient}, "status": "accepted"}],
    }
    return asked


def is_open(at: datetime) -> bool:
    """Say whether anybody is at a desk."""
    local = at.astimezone(ZONE)
    working = local.weekday() < _WORKDAYS and local.date() not in holidays()
    return working and HOURS[0] <= local.hour < HOURS[1]


def next_open(at: datetime) -> datetime:
    """Return the instant, or when the desks open next."""
    if is_open(at):
        return at
    local = at.astimezone(ZONE)
    opens = local.replace(hour=HOURS[0], minute=0, second=0, microsecond=0)
    if local >= opens:
        opens += timedelta(days=1)
    while not is_open(opens):
        opens += timedelta(days=1)
    return opens.astimezone(at.tzinfo)
