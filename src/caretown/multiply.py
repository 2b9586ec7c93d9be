"""A few people become a town: copies with names, numbers, birthdays and homes of their own, seeded.

The people who were read stay, with a telephone of the town; as many copies are added as the town needs.
A copy keeps what makes up a chart (sex, language, race, ethnicity, conditions, one cover) and nothing that
names somebody. No two people share a telephone.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

from caretown.errors import TownTooSmall
from caretown.people import Person, Resource

HOSPITAL = "https://harbour-town.example/patients"
RECORD_NUMBER = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
ETHNICITY = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
MEMBERS = "https://town-health.example/members"
PAYER = "Town Health Plan"
CONDITIONS_KEPT = 6
"""Of a copy's conditions: enough for any referral, and soon imported."""
OLDER_BY = 700
"""Days that a copy is younger or older than whom it was copied from, at most."""
_PER_CODE = 100
"""Numbers that end in 555-01xx, in each area."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where people live."""

    share: int
    state: str
    city: str
    postal: str
    zone: str
    near: tuple[float, float]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Everything of ``places.yaml``."""

    places: tuple[Place, ...]
    streets: tuple[str, ...]
    names: dict[str, dict[str, list[str]]]
    spanish: int
    """Of a hundred copies, how many speak Spanish."""

    def zone_of(self, patient: Resource) -> str:
        """Return the time zone in which a patient of the town lives."""
        states = {str(one.get("state", "")) for one in patient.get("address", ())}
        found = next((place.zone for place in self.places if place.state in states), None)
        return found or "America/New_York"


@cache
def places() -> Places:
    """Read where the town's people live and what they are called."""
    raw: dict[str, Any] = yaml.safe_load(
        files("caretown").joinpath("places.yaml").read_text(encoding="utf-8")
    )
    found = tuple(
        Place(**{**one, "near": tuple(one["near"]), "codes": tuple(one["codes"])}) for one in raw["places"]
    )
    return Places(found, tuple(raw["streets"]), raw["names"], int(raw["spanish"]))


def multiply(people: Sequence[Person], *, living: int, seed: int, day: date) -> tuple[Person, ...]:
    """Return a town of at least ``living`` living people on ``day``; the same seed gives the same town.

    Raises:
        TownTooSmall: Nobody of those who were read is alive.
    """
    alive = [person for person in people if person.alive]
    if not alive:
        raise TownTooSmall("Nobody in these records is alive, so no town can be made of them.")
    numbers = _telephones(seed)
    town = [_settled(person, numbers, seed=seed, day=day) for person in people]
    for number in range(max(0, living - len(alive))):
        original = alive[number % len(alive)]
        town.append(_copy(original, number, numbers, seed=seed, day=day))
    return tuple(sorted(town, key=lambda person: person.id))


def _settled(person: Person, numbers: "_Numbers", *, seed: int, day: date) -> Person:
    """Return somebody who was read, with a telephone of the town and cover that is told apart."""
    rng = Random(f"{seed}/settled/{person.id}")
    state = str((person.patient.get("address") or [{}])[0].get("state", ""))
    patient = deepcopy(person.patient) | {"telecom": _telecom(person.patient, numbers.of(state, rng))}
    return Person(patient, person.conditions, person.practitioners, _cover(person, person.id, seed, day))


def _copy(original: Person, number: int, numbers: "_Numbers", *, seed: int, day: date) -> Person:
    rng = Random(f"{seed}/copy/{number}")
    own_id = str(uuid5(NAMESPACE_URL, f"caretown/{seed}/person/{number}/{original.id}"))
    known = places()
    source = _spanish(original.patient) if rng.random() * 100 < known.spanish else original.patient
    place = rng.choices(known.places, [one.share for one in known.places])[0]
    patient = _patient(source, own_id, rng, place)
    patient["telecom"] = _telecom(patient, numbers.of(place.state, rng))
    conditions = tuple(_condition(one, own_id) for one in original.conditions[:CONDITIONS_KEPT])
    return Person(patient, conditions, original.practitioners, _cover(original, own_id, seed, day))


def _patient(source: Resource, own_id: str, rng: Random, place: Place) -> Resource:
    kept = {
        key: deepcopy(source[key])
        for key in ("resourceType", "meta", "active", "gender", "maritalStatus", "communication")
        if key in source
    }
    told = [one for one in source.get("extension", ()) if "/us/core/" in str(one.get("url"))]
    return kept | {
        "id": own_id,
        "extension": deepcopy(told),
        "identifier": [{"type": RECORD_NUMBER, "system": HOSPITAL, "value": f"HT-{own_id[:8].upper()}"}],
        "name": [_name(source, rng)],
        "birthDate": _born(str(source.get("birthDate", "1970-01-01")), rng),
        "address": [_address(place, rng)],
    }


def _spanish(source: Resource) -> Resource:
    """Return somebody who speaks Spanish and says so, as many around Boston do."""
    told = [one for one in source.get("extension", ()) if not str(one.get("url")).endswith("-ethnicity")]
    code = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2135-2", "display": "Hispanic or Latino"}
    within = [{"url": "ombCategory", "valueCoding": code}, {"url": "text", "valueString": code["display"]}]
    spoken = {"coding": [{"system": "urn:ietf:bcp:47", "code": "es", "display": "Spanish"}]}
    return source | {
        "extension": [*told, {"url": ETHNICITY, "extension": within}],
        "communication": [{"language": spoken}],
    }


def language_of(patient: Resource) -> str:
    """Return the language somebody speaks, as two letters; English where nothing is said."""
    spoken = (patient.get("communication") or [{}])[0].get("language", {}).get("coding") or [{}]
    return str(spoken[0].get("code", "en"))[:2].lower()


def _name(source: Resource, rng: Random) -> Resource:
    names = places().names
    own = names.get(language_of(source), names["en"])
    given = own["male" if source.get("gender") == "male" else "female"]
    return {"use": "official", "family": rng.choice(own["family"]), "given": [rng.choice(given)]}


def _born(day: str, rng: Random) -> str:
    born = date.fromisoformat(f"{day}-01-01"[:10]) if len(day) >= 10 else date(int(day[:4]), 6, 15)
    return (born + timedelta(days=rng.randint(-OLDER_BY, OLDER_BY))).isoformat()


def _address(place: Place, rng: Random) -> Resource:
    north, east = (round(one + rng.uniform(-0.03, 0.03), 5) for one in place.near)
    where = [{"url": "latitude", "valueDecimal": north}, {"url": "longitude", "valueDecimal": east}]
    return {
        "use": "home",
        "line": [f"{rng.randint(1, 240)} {rng.choice(places().streets)}"],
        "city": place.city,
        "state": place.state,
        "postalCode": place.postal,
        "country": "US",
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/geolocation", "extension": where},
        ],
    }


def _telecom(patient: Resource, number: str) -> list[Resource]:
    name = patient["name"][0]
    mail = f"{name['given'][0]}.{name['family']}.{number[-7:]}@people.example".lower().replace(" ", "")
    ascii_mail = mail.encode("ascii", "ignore").decode("ascii")
    return [
        {"system": "phone", "value": number, "use": "mobile"},
        {"system": "email", "value": ascii_mail, "use": "home"},
    ]


def _condition(condition: Resource, patient: str) -> Resource:
    kept = {key: value for key, value in condition.items() if key not in {"encounter", "id", "subject"}}
    own_id = str(uuid5(NAMESPACE_URL, f"caretown/{patient}/{condition['id']}"))
    return kept | {"id": own_id, "subject": {"reference": f"Patient/{patient}"}}


def _cover(person: Person, patient: str, seed: int, day: date) -> tuple[Resource, ...]:
    """Return the one cover with a member's number that the town's payer knows; other covers stay ended."""
    own_id = str(uuid5(NAMESPACE_URL, f"caretown/{seed}/cover/{patient}"))
    cover = {
        "resourceType": "Coverage",
        "id": own_id,
        "status": "active",
        "subscriberId": f"TH{int(own_id[:8], 16):010d}",
        "identifier": [{"system": MEMBERS, "value": f"TH{int(own_id[:8], 16):010d}"}],
        "beneficiary": {"reference": f"Patient/{patient}"},
        "period": {"start": f"{day.year}-01-01"},
        "payor": [{"display": PAYER}],
    }
    before = person.coverages if patient == person.id else ()
    return (*(_ended(one, patient, day) for one in before if one.get("status") == "active"), cover)


def _ended(cover: Resource, patient: str, day: date) -> Resource:
    """Return a cover that ended with last year, so that exactly one is in force."""
    owner = {"reference": f"Patient/{patient}"}
    people = {key: owner for key in ("beneficiary", "subscriber", "policyHolder") if key in cover}
    payors = [{"display": str(one.get("display") or "An earlier plan")} for one in cover.get("payor", ())]
    period = dict(cover.get("period", {})) | {"end": f"{day.year - 1}-12-31"}
    period["start"] = min(str(period.get("start", "9999")), f"{day.year - 1}-01-01")
    return cover | people | {"payor": payors, "status": "cancelled", "period": period}


class _Numbers:
    """Telephones by state, each given away once."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._left: dict[str, Iterator[str]] = {}

    def of(self, state: str, rng: Random) -> str:
        """Give away the next number of a state; somebody from elsewhere has one of the first place."""
        found = [place for place in places().places if place.state == state] or [places().places[0]]
        code = rng.choice(sorted({code for place in found for code in place.codes}))
        return next(self._left.setdefault(code, _in_area(code, self._seed)))


def _telephones(seed: int) -> _Numbers:
    return _Numbers(seed)


def _in_area(code: str, seed: int) -> Iterator[str]:
    lines = [f"01{number:02d}" for number in range(_PER_CODE)]
    Random(f"{seed}/lines/{code}").shuffle(lines)
    yield from (f"+1{code}555{line}" for line in lines)
    others = [exchange for exchange in range(200, 1000) if exchange % 100 != 11 and exchange != 555]
    for exchange in others:  # a town larger than its made-up numbers takes those of other exchanges
        yield from (f"+1{code}{exchange}{line}" for line in lines)
