"""The clinics' appointment book: what is free, who has what, and the truth about anything booked twice."""

from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from caretown.clinics import NUMBERS, Opening, TownClinic, schedule_id, schedule_resource, slot_resource
from caretown.people import Resource

LIVE = frozenset({"booked", "arrived", "checked-in", "fulfilled"})
"""Statuses of an appointment that takes its slot."""
_OURS_TO_SAY = (
    "identifier",
    "basedOn",
    "reasonCode",
    "description",
    "comment",
    "patientInstruction",
    "priority",
)
"""Elements of a booking that the book keeps as they were sent."""


@dataclass(slots=True)
class Slot:
    """One time as the book has it; ``by`` is an appointment's id, or "outside"."""

    opening: Opening
    status: str = "free"
    by: str = ""


@dataclass(slots=True)
class Day:
    """One clinic's day."""

    clinic: TownClinic
    day: date
    slots: list[Slot] = field(default_factory=list)
    active: bool = True


class CannotBook(Exception):
    """Why a booking is refused: the HTTP status and the words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status, self.code, self.words = status, code, words


class Book:
    """All days, slots and appointments."""

    def __init__(self) -> None:
        self.days: dict[str, Day] = {}
        self.slots: dict[str, Slot] = {}
        self.appointments: dict[str, Resource] = {}
        self.acts: Counter[str] = Counter()
        """How often each thing happened: booked, cancelled, fulfilled, noshow, moved, refused and so on."""
        self.given_back: set[str] = set()
        self.wanted: set[str] = set()
        """Slots given back while somebody of ours had a later visit at the clinic."""
        """Slots that others had booked and gave back before their time."""
        self.double: list[str] = []
        """What was booked twice, in words: must stay empty."""
        self._by_identifier: dict[str, str] = {}
        self._by_patient: dict[str, list[str]] = {}
        self._ever_in: dict[str, list[str]] = {}

    def open(self, clinic: TownClinic, day: date, openings: Iterable[Opening]) -> Day | None:
        """Put one day into the book; nothing happens if the clinic does not open on it."""
        slots = [Slot(opening) for opening in openings]
        if not slots:
            return None
        own_id = schedule_id(clinic, day)
        self.days[own_id] = Day(clinic, day, slots)
        self.slots.update({slot.opening.id: slot for slot in slots})
        return self.days[own_id]

    def day_of(self, slot: Slot) -> Day:
        """Return the day that a slot belongs to."""
        return self.days[slot.opening.schedule]

    def known(self, identifier: str) -> Resource | None:
        """Return the appointment with this ``system|value``."""
        own_id = self._by_identifier.get(identifier)
        return self.appointments[own_id] if own_id else None

    def of_patient(self, patient: str) -> list[Resource]:
        """Return a patient's appointments, the oldest first."""
        return [self.appointments[own_id] for own_id in self._by_patient.get(patient, ())]

    def book(self, asked: Mapping[str, Any], now: datetime) -> Resource:
        """Book what was asked and return the appointment.

        Raises:
            CannotBook: The slot is taken, its session closed, or the request makes no sense.
        """
        slot = self._slot_for(asked, now)
        patient = patient_of(asked)
        if not patient:
            raise CannotBook(422, "required", "an appointment needs a participant who is a Patient")
        own_id = f"visit-{len(self.appointments) + 1:06d}"
        kept = {name: deepcopy(asked[name]) for name in _OURS_TO_SAY if asked.get(name)}
        booked = kept | self._booked(own_id, slot, patient, now)
        booked["identifier"] = [*kept.get("identifier", ()), {"system": NUMBERS, "value": own_id}]
        self._witness(slot, patient, own_id)
        slot.status, slot.by = "busy", own_id
        self._keep(booked, patient)
        self.acts["booked"] += 1
        return booked

    def _slot_for(self, asked: Mapping[str, Any], now: datetime) -> Slot:
        named = [str(one.get("reference", "")).rpartition("/")[2] for one in asked.get("slot", ())]
        if len(named) != 1 or named[0] not in self.slots:
            raise CannotBook(422, "not-found", "an appointment needs one slot that exists")
        slot = self.slots[named[0]]
        if not self.day_of(slot).active:
            raise CannotBook(422, "business-rule", "the session is closed")
        if slot.opening.start <= now:
            raise CannotBook(422, "business-rule", "the slot is in the past")
        if slot.status != "free":
            raise CannotBook(409, "conflict", "the slot is taken")
        return slot

    def _booked(self, own_id: str, slot: Slot, patient: str, now: datetime) -> Resource:
        clinic = slot.opening.clinic
        who = (patient, clinic.reference, f"Location/{clinic.name}")
        return {
            "resourceType": "Appointment",
            "id": own_id,
            "status": "booked",
            "serviceType": [{"coding": [{"system": "http://snomed.info/sct", "code": clinic.code}]}],
            "specialty": [clinic.concept()],
            "start": slot.opening.start.isoformat(),
            "end": slot.opening.end.isoformat(),
            "minutesDuration": clinic.minutes,
            "slot": [{"reference": f"Slot/{slot.opening.id}"}],
            "created": now.isoformat(),
            "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in who],
        }

    def _witness(self, slot: Slot, patient: str, own_id: str) -> None:
        """Look independently of the slot's status whether this is somebody's second booking."""
        for other in (self.appointments[one] for one in self._ever_in.get(slot.opening.id, ())):
            if other["status"] in LIVE and slot_of(other) == slot.opening.id:
                self.double.append(f"slot {slot.opening.id}: {other['id']} and {own_id}")
        for other in self.of_patient(patient):
            if other["status"] in LIVE and _overlap(other, slot.opening):
                self.double.append(f"one patient at one time: {other['id']} and {own_id}")

    def _keep(self, booked: Resource, patient: str) -> None:
        self.appointments[booked["id"]] = booked
        self._by_patient.setdefault(patient, []).append(booked["id"])
        self._ever_in.setdefault(slot_of(booked), []).append(booked["id"])
        for one in booked["identifier"]:
            self._by_identifier[f"{one.get('system', '')}|{one.get('value', '')}"] = booked["id"]

    def give_back(self, slot: Slot) -> None:
        """Write down that a slot became free, and whether somebody could have come sooner in it."""
        self.given_back.add(slot.opening.id)
        clinic = self.day_of(slot).clinic
        later = (
            self.slots[slot_of(one)]
            for one in self.appointments.values()
            if one["status"] in LIVE and focus_of(one) and slot_of(one) in self.slots
        )
        if any(one.opening.start > slot.opening.start and self.day_of(one).clinic is clinic for one in later):
            self.wanted.add(slot.opening.id)

    def cancel(self, appointment: Resource, *, free: bool = True) -> Slot:
        """Cancel one; its slot is free again if its session is open and ``free``."""
        appointment["status"] = "cancelled"
        slot = self.slots[slot_of(appointment)]
        if slot.by == appointment["id"]:
            open_again = free and self.day_of(slot).active
            slot.status, slot.by = ("free", "") if open_again else ("busy-unavailable", "")
            if open_again:
                self.give_back(slot)
        self.acts["cancelled"] += 1
        return slot

    def move(self, appointment: Resource, to: Slot) -> Slot:
        """Move one to another slot; return the one it had."""
        before = self.slots[slot_of(appointment)]
        before.status, before.by = "free", ""
        to.status, to.by = "busy", appointment["id"]
        appointment["start"], appointment["end"] = to.opening.start.isoformat(), to.opening.end.isoformat()
        appointment["slot"] = [{"reference": f"Slot/{to.opening.id}"}]
        self._ever_in.setdefault(to.opening.id, []).append(appointment["id"])
        self.acts["moved"] += 1
        return before

    def free_slots(self, clinic: TownClinic, after: datetime, before: datetime) -> list[Slot]:
        """Return a clinic's free slots between two instants, the earliest first."""
        days = (day for day in self.days.values() if day.clinic is clinic and day.active)
        near = (day for day in days if after.date() <= day.day <= before.date())
        return [
            slot
            for day in near
            for slot in day.slots
            if slot.status == "free" and after < slot.opening.start < before
        ]


def schedule_of(day: Day) -> Resource:
    """Return a day as a Schedule."""
    return schedule_resource(day.clinic, day.day, active=day.active)


def as_slot(slot: Slot) -> Resource:
    """Return a slot as FHIR."""
    return slot_resource(slot.opening, slot.status)


def slot_of(appointment: Mapping[str, Any]) -> str:
    """Return the id of an appointment's slot."""
    return str(appointment["slot"][0]["reference"]).rpartition("/")[2]


def patient_of(appointment: Mapping[str, Any]) -> str:
    """Return the reference of the patient among the participants."""
    actors = (str(one.get("actor", {}).get("reference", "")) for one in appointment.get("participant", ()))
    return next((f"Patient/{who.rpartition('/')[2]}" for who in actors if "Patient/" in who), "")


def focus_of(appointment: Mapping[str, Any]) -> str:
    """Return the reference of the referral that an appointment belongs to."""
    return str((appointment.get("basedOn") or [{}])[0].get("reference", ""))


def _overlap(appointment: Mapping[str, Any], opening: Opening) -> bool:
    start, end = (datetime.fromisoformat(appointment[name]) for name in ("start", "end"))
    return start < opening.end and opening.start < end
