"""The days of clinics as their schedules tell them: which schedules are whose, and where they take place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from careengine.capabilities.scheduling.rules.distance import Spot
from careengine.capabilities.scheduling.rules.waitlist import CLINIC
from careengine.capabilities.scheduling.steps import fhir
from careengine.kernel.refs import Ref
from careengine.record.query import Query, query_of
from careengine.trust.charts import Charts, Stored

_VIRTUAL = "vi"
"""Type of a location that is no place (FHIR location-physical-type)."""
_PAGE = 1000
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One schedule of a clinic."""

    ref: str
    clinic: str
    active: bool
    start: datetime | None
    end: datetime | None
    practitioner: str = ""
    place: str = ""
    spot: Spot | None = None
    virtual: bool = False


def all_of(charts: Charts, kind: str, pairs: Iterable[tuple[str, str]]) -> dict[Ref, Stored]:
    """Return everything that a search finds, page by page."""
    asked = (*pairs, ("_count", str(_PAGE)))
    found: dict[Ref, Stored] = {}
    cursor = ""
    while True:
        page, shown = charts.search(query(kind, asked, cursor))
        found.update(shown)
        cursor = page.cursor
        if not cursor:
            return found


def query(kind: str, pairs: Iterable[tuple[str, str]], cursor: str = "") -> Query:
    """Return a search, or the next page of one."""
    return query_of(kind, (*pairs, *((("_cursor", cursor),) if cursor else ())))


def services_of(charts: Charts, clinics: Iterable[str]) -> dict[str, str]:
    """Return ``HealthcareService/id`` → clinic: by our identifier, else the one whose id is the name."""
    names = sorted(set(clinics))
    if not names:
        return {}
    marked = all_of(
        charts, "HealthcareService", (("identifier", ",".join(f"{CLINIC}|{name}" for name in names)),)
    )
    found = {
        str(ref): one.value
        for ref, stored in marked.items()
        for one in fhir.decode(stored.raw, fhir.HealthcareService, ref).identifier
        if one.system == CLINIC
    }
    return found | {f"HealthcareService/{name}": name for name in names if name not in found.values()}


def days_of(charts: Charts, clinics: Iterable[str]) -> dict[str, Day]:
    """Return every schedule of these clinics that is not over, by ``Schedule/id``."""
    services = services_of(charts, clinics)
    if not services:
        return {}
    since = (charts.at - _DAY).date().isoformat()
    stored = all_of(charts, "Schedule", (("actor", ",".join(sorted(services))), ("date", f"ge{since}")))
    return read_days(charts, stored, services)


def read_days(charts: Charts, stored: Mapping[Ref, Stored], services: Mapping[str, str]) -> dict[str, Day]:
    """Return schedules with the places where they are held; one reading of places for all of them."""
    said = {ref: fhir.decode(one.raw, fhir.Schedule, ref) for ref, one in stored.items()}
    pointed = (fhir.ref_of(actor) for one in said.values() for actor in one.actor)
    places = sorted({ref for ref in pointed if ref is not None and ref.type == "Location"})
    found = charts.resources(places, kinds=("Location",)) if places else {}
    located = {str(ref): fhir.decode(one.raw, fhir.Location, ref) for ref, one in found.items()}
    return {str(ref): _day(str(ref), one, services, located) for ref, one in said.items()}


def _day(
    ref: str, said: fhir.Schedule, services: Mapping[str, str], located: Mapping[str, fhir.Location]
) -> Day:
    actors = [actor.reference for actor in said.actor]
    place = next((actor for actor in actors if actor.startswith("Location/")), "")
    location = located.get(place, fhir.Location())
    position = location.position
    return Day(
        ref=ref,
        clinic=next((services[actor] for actor in actors if actor in services), ""),
        active=said.active,
        start=fhir.instant_of(said.planning_horizon.start),
        end=fhir.instant_of(said.planning_horizon.end),
        practitioner=next((actor for actor in actors if actor.startswith("Practitioner")), ""),
        place=place,
        spot=Spot(position.latitude, position.longitude) if position else None,
        virtual=any(code.code == _VIRTUAL for code in location.physical_type.coding),
    )
