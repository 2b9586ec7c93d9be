"""The town's charts as files: one transaction Bundle a person for the provider, the members for the payer."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from caretown.letters import transaction
from caretown.people import Person, Resource
from caretown.residents import Resident, Town, consent_of

_LAPSED_DAYS = 40
"""How long ago a lapsed cover ended: before any visit of the first week."""
_OWN_PAYORS = {"slow": "Slow Payer", "babel": "Babel Payer"}


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the charts were written."""

    provider: Path
    payer: Path


def write_charts(town: Town, into: Path, *, read: Iterable[str], day: date) -> Folders:
    """Write what the provider's records and the payer's hold; ``read`` are ids whose charts are there."""
    folders = Folders(into / "charts", into / "members")
    there = frozenset(read)
    for folder in (folders.provider, folders.payer):
        folder.mkdir(parents=True, exist_ok=True)
    for person in town.people:
        resident = town.residents[person.id]
        _write(folders.provider, person.id, chart_of(person, resident, known=person.id in there, day=day))
        if person.alive and (member := member_of(person, resident, day=day)):
            _write(folders.payer, person.id, member)
    return folders


def chart_of(person: Person, resident: Resident, *, known: bool, day: date) -> list[Resource]:
    """Return what the provider's record holds of somebody, beyond what their own bundle brought."""
    covers = [_with_payor(one, resident) for one in person.coverages]
    consent = consent_of(resident, signed=date(day.year, 1, 15))
    own = [] if known else list(person.conditions)
    return [person.patient, *covers, *own, *([consent] if consent else [])]


def _with_payor(cover: Resource, resident: Resident) -> Resource:
    if cover.get("status") == "active" and (payor := _OWN_PAYORS.get(resident.cover)):
        return cover | {"payor": [{"display": payor}]}
    return cover


def member_of(person: Person, resident: Resident, *, day: date) -> list[Resource]:
    """Return a member as the payer has them; nobody where the payer knows nothing of them."""
    covers = [one for one in person.coverages if one.get("status") == "active"]
    if resident.cover in {"not_found", *_OWN_PAYORS} or not covers:
        return []
    cover = dict(covers[-1])
    patient: Resource = {
        key: person.patient[key]
        for key in ("resourceType", "id", "name", "gender", "birthDate")
        if key in person.patient
    }
    if resident.cover == "birth_date_differs":
        patient["birthDate"] = _another_day(str(patient.get("birthDate", "1970-01-01")))
    if resident.cover == "lapsed":
        cover |= {"period": cover["period"] | {"end": (day - timedelta(days=_LAPSED_DAYS)).isoformat()}}
    return [patient, cover, *_first_payer(cover, resident)]


def _first_payer(cover: Resource, resident: Resident) -> Sequence[Resource]:
    """Return the other cover that pays first, for members who have one."""
    if resident.cover != "other_payer":
        return ()
    other = {key: value for key, value in cover.items() if key != "identifier"}
    return (other | {"id": f"{cover['id'][:-2]}zz", "order": 1, "payor": [{"display": "Bay Mutual"}]},)


def _another_day(born: str) -> str:
    return (date.fromisoformat(born) + timedelta(days=9)).isoformat()


def _write(folder: Path, name: str, resources: list[Resource]) -> None:
    raw = json.dumps(transaction(resources), ensure_ascii=False, separators=(",", ":")).encode()
    (folder / f"{name}.json.gz").write_bytes(gzip.compress(raw, 1, mtime=0))
