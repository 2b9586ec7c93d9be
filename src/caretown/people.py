"""The town's people: patients read from FHIR bundles, with their conditions, clinicians and cover."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from caretown.errors import TownUnreadable

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """One patient and what a referrer of theirs would know."""

    patient: Resource
    conditions: tuple[Resource, ...]
    """Active ones, a disease before a mere finding, each code once."""
    practitioners: tuple[str, ...]
    """Ids of clinicians who saw them, in the bundle's order."""
    coverages: tuple[Resource, ...]

    @property
    def id(self) -> str:
        """Return the patient's id as the sender of the bundle wrote it."""
        return str(self.patient["id"])

    @property
    def alive(self) -> bool:
        """Say whether the record holds no death."""
        return not any(key.startswith("deceased") for key in self.patient)

    def covered_by(self, day: date) -> str | None:
        """Return the id of a coverage that is active and holds ``day``."""
        for coverage in self.coverages:
            period = coverage.get("period", {})
            starts, ends = str(period.get("start", ""))[:10], str(period.get("end", "9999"))[:10]
            if coverage.get("status") == "active" and starts <= day.isoformat() <= ends:
                return str(coverage["id"])
        return None


def sample_records() -> Path:
    """Return the folder of the sample patients that come with the town."""
    return Path(str(files("caretown"))) / "sample" / "patients"


def read_people(records: Path) -> tuple[Person, ...]:
    """Read every ``.json`` and ``.json.gz`` bundle below ``records``; people in order of their ids.

    Raises:
        TownUnreadable: A file is no FHIR bundle, or none holds a patient.
    """
    paths = sorted(path for path in records.rglob("*.json*") if path.name.endswith((".json", ".json.gz")))
    people = [person for path in paths if (person := _person(_entries(path))) is not None]
    if not people:
        raise TownUnreadable(f"No bundle with a patient is in {records}; name a folder of FHIR bundles.")
    return tuple(sorted(people, key=lambda person: person.id))


def _entries(path: Path) -> list[Resource]:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        bundle = json.loads(raw)
        return [entry["resource"] for entry in bundle["entry"]]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise TownUnreadable(f"{path} is no FHIR bundle of resources; take it out or mend it.") from error


def _person(resources: Iterable[Resource]) -> Person | None:
    by_kind: dict[str, list[Resource]] = {}
    for resource in resources:
        by_kind.setdefault(resource["resourceType"], []).append(resource)
    if not by_kind.get("Patient"):
        return None
    return Person(
        patient=by_kind["Patient"][0],
        conditions=_active(by_kind.get("Condition", ())),
        practitioners=tuple(str(one["id"]) for one in by_kind.get("Practitioner", ())),
        coverages=tuple(by_kind.get("Coverage", ())),
    )


def _active(conditions: Iterable[Resource]) -> tuple[Resource, ...]:
    once: dict[str, Resource] = {}
    for condition in conditions:
        if condition.get("clinicalStatus", {}).get("coding", [{}])[0].get("code") == "active":
            once.setdefault(name_of(condition), condition)
    return tuple(sorted(once.values(), key=lambda one: ("(disorder)" not in name_of(one), name_of(one))))


def name_of(condition: Resource) -> str:
    """Return the words of a condition's first code."""
    coding = condition.get("code", {}).get("coding", [{}])[0]
    return str(coding.get("display", coding.get("code", "")))
