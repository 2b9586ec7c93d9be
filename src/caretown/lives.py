"""People's lives go on: somebody moves to another zone, dies, or turns out to be on file twice."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random
from uuid import NAMESPACE_URL, uuid5

from caretown.multiply import places
from caretown.people import Person, Resource
from caretown.residents import Town
from caretown.temperaments import manners
from caretown.town_clock import ZONE

Tell = Callable[[datetime, Callable[[], list[Resource]]], None]
"""Plans that the registry tells the engine something at an instant."""


def plan_lives(
    town: Town, *, seed: int, start: datetime, tell: Tell, died: Callable[[str], None]
) -> dict[str, int]:
    """Plan what happens to people in the first week; return how many of each."""
    planned = {"moves": 0, "dies": 0, "merges": 0}
    for person in town.people:
        kind = town.residents[person.id].kind
        if not person.alive or kind not in planned:
            continue
        planned[kind] += 1
        at = _when(person.id, seed, start)
        tell(at, _happens(kind, person, at, died))
    return planned


def _when(patient: str, seed: int, start: datetime) -> datetime:
    rng, known = Random(f"{seed}/life/{patient}"), manners()
    midnight = start.astimezone(ZONE).replace(hour=0, minute=0, second=0)
    days = timedelta(days=1 + rng.randrange(known.life_days))
    return (midnight + days + timedelta(hours=rng.uniform(*known.life_hours))).astimezone(start.tzinfo)


def _happens(
    kind: str, person: Person, at: datetime, died: Callable[[str], None]
) -> Callable[[], list[Resource]]:
    def happens() -> list[Resource]:
        if kind == "dies":
            died(person.id)
            return [person.patient | {"deceasedDateTime": at.isoformat(timespec="seconds")}]
        return list(_moved(person) if kind == "moves" else _merged(person))

    return happens


def _moved(person: Person) -> Iterable[Resource]:
    far = next(place for place in places().places if place.zone == "America/Los_Angeles")
    address = {
        "use": "home", "line": ["12 New Street"], "city": far.city, "state": far.state,
        "postalCode": far.postal, "country": "US",
    }  # fmt: skip
    return [person.patient | {"address": [address]}]


def _merged(person: Person) -> Iterable[Resource]:
    """Return two records of one person: the new one goes on, the old one points at it."""
    kept = str(uuid5(NAMESPACE_URL, f"caretown/merged/{person.id}"))
    new = {name: value for name, value in person.patient.items() if name != "identifier"}
    old = person.patient | {
        "active": False,
        "link": [{"other": {"reference": f"Patient/{kept}"}, "type": "replaced-by"}],
    }
    back = [{"other": {"reference": f"Patient/{person.id}"}, "type": "replaces"}]
    return [new | {"id": kept, "link": back}, old]
