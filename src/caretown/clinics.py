"""The clinics of the town as their own booking system knows them, and their sessions as FHIR."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from caretown.letters import SNOMED
from caretown.people import Resource
from caretown.phrasebook import phrasebook
from caretown.town_clock import ZONE

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NUMBERS = "https://ehr.harbour.example/appointments"
"""System of the booking system's own appointment numbers."""


@dataclass(frozen=True, slots=True)
class Session:
    """When a clinic sees patients, every week."""

    days: frozenset[int]
    begins: time
    ends: time
    rooms: int


@dataclass(frozen=True, slots=True)
class Place:
    """A building."""

    name: str
    line: str
    city: str
    state: str
    zip: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class TownClinic:
    """One clinic."""

    name: str
    title: str
    code: str
    display: str
    specialty: str
    place: Place
    phone: str
    minutes: int
    sessions: tuple[Session, ...]
    reports: tuple[str, ...]

    @property
    def reference(self) -> str:
        """Return the reference of its HealthcareService."""
        return f"HealthcareService/{self.name}"

    def concept(self) -> dict[str, Any]:
        """Return its specialty as referrers code it."""
        return {"coding": [{"system": SNOMED, "code": self.specialty}]}


@dataclass(frozen=True, slots=True)
class Opening:
    """One time in one room."""

    id: str
    schedule: str
    clinic: TownClinic
    start: datetime
    end: datetime


@cache
def town_clinics() -> tuple[TownClinic, ...]:
    """Read the clinics that come with the town; their codes are those of the phrasebook."""
    raw = _raw()
    places = {name: Place(**one) for name, one in raw["sites"].items()}
    codes = {clinic.name: clinic for clinic in phrasebook().clinics}
    return tuple(
        TownClinic(
            name=one["name"],
            title=one["title"],
            code=codes[one["name"]].code,
            display=codes[one["name"]].display,
            specialty=codes[one["name"]].specialty,
            place=places[one["site"]],
            phone=one["phone"],
            minutes=one["minutes"],
            sessions=tuple(_session(session) for session in one["sessions"]),
            reports=tuple(one["reports"]),
        )
        for one in raw["clinics"]
    )


@cache
def holidays() -> frozenset[date]:
    """Return the days on which no clinic opens."""
    return frozenset(date.fromisoformat(day) for day in _raw()["holidays"])


@cache
def _raw() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(
        files("caretown").joinpath("clinics.yaml").read_text(encoding="utf-8")
    )
    return read


def _session(raw: Mapping[str, Any]) -> Session:
    begins, ends = time.fromisoformat(raw["from"]), time.fromisoformat(raw["to"])
    return Session(frozenset(_DAYS.index(day) for day in raw["days"]), begins, ends, raw["rooms"])


def openings(clinic: TownClinic, day: date, *, rooms: float = 1.0) -> Iterator[Opening]:
    """Yield the times of one clinic on one day; none on a holiday. ``rooms`` multiplies the rooms."""
    if day in holidays():
        return
    step = timedelta(minutes=clinic.minutes)
    for session in clinic.sessions:
        if day.weekday() not in session.days:
            continue
        start = datetime.combine(day, session.begins, ZONE)
        ends = datetime.combine(day, session.ends, ZONE)
        while start + step <= ends:
            for room in range(max(1, round(session.rooms * rooms))):
                own_id = f"{clinic.name}-{start:%Y%m%d-%H%M}-{room + 1}"
                yield Opening(own_id, schedule_id(clinic, day), clinic, start, start + step)
            start += step


def schedule_id(clinic: TownClinic, day: date) -> str:
    """Return the id of the one Schedule that a clinic has on a day."""
    return f"{clinic.name}-{day:%Y%m%d}"


def directory() -> list[Resource]:
    """Return what the clinics are and where, as FHIR."""
    return [resource for clinic in town_clinics() for resource in (_location(clinic), _service(clinic))]


def _location(clinic: TownClinic) -> Resource:
    place = clinic.place
    return {
        "resourceType": "Location",
        "id": clinic.name,
        "status": "active",
        "name": place.name,
        "mode": "instance",
        "telecom": [{"system": "phone", "value": clinic.phone}],
        "address": {
            "line": [place.line], "city": place.city, "state": place.state, "postalCode": place.zip,
            "country": "US",
        },
        "position": {"longitude": place.longitude, "latitude": place.latitude},
    }  # fmt: skip


def _service(clinic: TownClinic) -> Resource:
    return {
        "resourceType": "HealthcareService",
        "id": clinic.name,
        "active": True,
        "name": clinic.title,
        "type": [{"coding": [{"system": SNOMED, "code": clinic.code, "display": clinic.display}]}],
        "specialty": [clinic.concept()],
        "location": [{"reference": f"Location/{clinic.name}"}],
        "telecom": [{"system": "phone", "value": clinic.phone}],
    }


def schedule_resource(clinic: TownClinic, day: date, *, active: bool) -> Resource:
    """Return a clinic's Schedule of one day."""
    begins = datetime.combine(day, min(one.begins for one in clinic.sessions), ZONE)
    ends = datetime.combine(day, max(one.ends for one in clinic.sessions), ZONE)
    return {
        "resourceType": "Schedule",
        "id": schedule_id(clinic, day),
        "active": active,
        "serviceType": [{"coding": [{"system": SNOMED, "code": clinic.code}]}],
        "specialty": [clinic.concept()],
        "actor": [
            {"reference": clinic.reference, "display": clinic.title},
            {"reference": f"Location/{clinic.name}", "display": clinic.place.name},
        ],
        "planningHorizon": {"start": begins.isoformat(), "end": ends.isoformat()},
    }


def slot_resource(opening: Opening, status: str) -> Resource:
    """Return one time as a Slot."""
    clinic = opening.clinic
    return {
        "resourceType": "Slot",
        "id": opening.id,
        "serviceType": [{"coding": [{"system": SNOMED, "code": clinic.code}]}],
        "specialty": [clinic.concept()],
        "schedule": {"reference": f"Schedule/{opening.schedule}"},
        "status": status,
        "start": opening.start.isoformat(),
        "end": opening.end.isoformat(),
    }
