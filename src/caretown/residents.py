"""Who the people of the town are: their temperament, telephone, agreement and cover, planted and kept apart.

A :class:`Resident` is truth. The charts are made to fit it (a number that is shared, a consent that was
signed); nothing else of it is told to the engine.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from uuid import NAMESPACE_URL, uuid5

from caretown.multiply import language_of, places
from caretown.people import Person, Resource
from caretown.temperaments import Manners, Temperament, manners

CHANNELS = "http://hl7.org/fhir/contact-point-system"
_SIGNED = {"agreed": "permit", "refused": "deny"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One person of the town, as they really are."""

    id: str
    """The patient's id."""
    kind: str
    """The name of their temperament."""
    number: str
    """Their telephone as the chart has it; empty without one."""
    mail: str
    language: str
    """What they speak; not always what the chart says."""
    zone: str
    texts: str
    """What they signed about texts: agreed, refused, never_asked."""
    cover: str
    """What the payer knows of their cover: active, lapsed, not_found, …"""
    shares_with: str = ""
    """The id of who has the same telephone."""

    @property
    def temperament(self) -> Temperament:
        """Return how they are."""
        return manners().kinds[self.kind]


@dataclass(frozen=True, slots=True)
class Town:
    """The people as their charts have them, and as they are."""

    people: tuple[Person, ...]
    residents: Mapping[str, Resident]

    def living(self) -> tuple[Resident, ...]:
        """Return who is alive when the town begins."""
        return tuple(self.residents[one.id] for one in self.people if one.alive)


def settle(people: Sequence[Person], *, seed: int) -> Town:
    """Give every person a temperament and make their charts fit it; the same seed gives the same town."""
    known = manners()
    found: dict[str, Resident] = {}
    charts: list[Person] = []
    for person in people:
        resident = _resident(person, known, seed)
        if resident.kind == "shared_phone":
            resident = _share(resident, found.values())
        found[resident.id] = resident
        charts.append(_chart(person, resident))
    return Town(tuple(charts), found)


def _resident(person: Person, known: Manners, seed: int) -> Resident:
    rng = Random(f"{seed}/resident/{person.id}")
    kind = known.draw(rng)
    telecom = {one.get("system"): str(one.get("value")) for one in person.patient.get("telecom", ())}
    language = language_of(person.patient)
    if kind == "other_language":
        language = rng.choice(known.foreign)
    return Resident(
        id=person.id,
        kind=kind,
        number="" if kind == "no_phone" else telecom.get("phone", ""),
        mail=telecom.get("email", ""),
        language=language,
        zone=places().zone_of(person.patient),
        texts=_drawn(known.texts, rng),
        cover=_drawn(known.cover, rng),
    )


def _drawn(weights: Mapping[str, int], rng: Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _share(resident: Resident, others: Iterable[Resident]) -> Resident:
    """Let somebody live with the latest of the others who has a telephone that works for them."""
    plain = [one for one in others if one.number and one.kind in {"prompt", "late"} and not one.shares_with]
    if not plain:
        return resident
    other = plain[-1]
    return replace(resident, number=other.number, shares_with=other.id, zone=other.zone)


def _chart(person: Person, resident: Resident) -> Person:
    phone = [{"system": "phone", "value": resident.number, "use": "mobile"}] if resident.number else []
    mail = [{"system": "email", "value": resident.mail, "use": "home"}] if resident.mail else []
    patient = person.patient | {"telecom": [*phone, *mail]}
    if resident.kind == "other_language":
        spoken = {"coding": [{"system": "urn:ietf:bcp:47", "code": resident.language}]}
        patient = patient | {"communication": [{"language": spoken, "preferred": True}]}
    if not patient["telecom"]:
        del patient["telecom"]
    return replace(person, patient=patient)


def consent_of(resident: Resident, *, signed: date) -> Resource | None:
    """Return the form about texts that somebody signed; nothing for those who were never asked."""
    decided = _SIGNED.get(resident.texts)
    if decided is None:
        return None
    return {
        "resourceType": "Consent",
        "id": str(uuid5(NAMESPACE_URL, f"caretown/consent/{resident.id}")),
        "status": "active",
        "scope": _coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IDSCL")],
        "patient": {"reference": f"Patient/{resident.id}"},
        "dateTime": signed.isoformat(),
        "policyRule": _coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
        "provision": {"type": decided, "code": [_coded(CHANNELS, "sms")]},
    }


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def write_residents(residents: Iterable[Resident], path: Path) -> None:
    """Write the truth about the people, one JSON object a line, for tests and benches only."""
    lines = [json.dumps(asdict(one), ensure_ascii=False, sort_keys=True) for one in residents]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
