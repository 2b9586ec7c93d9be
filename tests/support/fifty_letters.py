"""Fifty mixed referrals of the town, each flaw planted where a test can find it, and who is who."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from types import MappingProxyType

from caretown import plants
from caretown.letters import Letter, organization_of, role_of, transaction, write_letter
from caretown.multiply import language_of, multiply, places
from caretown.people import Person, Resource, read_people, sample_records
from caretown.phrasebook import phrasebook
from caretown.plants import Scene
from caretown.residents import Resident, Town
from caretown.story import Story
from caretown.truth import Truth

SEED = 50
GOOD = 12
LAPSED, STOPS, SYMPTOMS, WRONG = 5, 3, 3, 2
INCOMPLETE = (
    ("reason",), ("question",), ("item",), ("item",), ("item",), ("fresh_item",), ("fresh_item",),
    ("question", "item"), ("insurance",),
)  # fmt: skip
"""And one patient without a telephone makes ten."""


@dataclass(frozen=True, slots=True)
class Fifty:
    """Letters in order of time, the people, and who is who."""

    town: Town
    directory: Resource
    letters: tuple[Letter, ...]
    who: Mapping[str, tuple[str, ...]]
    """By what a patient will do or is: the ids of their ServiceRequests."""

    def truth(self, request: str) -> Truth:
        """Return what was planted in a referral."""
        return next(one.truth for one in self.letters if one.truth.service_request == request)

    def number(self, request: str) -> str:
        """Return the telephone of a referral's patient."""
        return self.town.residents[self.truth(request).patient].number


def write_fifty(start: datetime) -> Fifty:
    """Write them; every referral but the doubles has a patient of its own."""
    people = multiply(read_people(sample_records()), living=60, seed=SEED, day=start.date())
    scene = _scene([person for person in people if person.alive], start)
    told = _stories(scene)
    stories = [story for some in told.values() for story in some]
    letters = {story.number: write_letter(story, seed=SEED) for story in stories}
    who = {
        kind: tuple(letters[story.number].truth.service_request for story in some)
        for kind, some in told.items()
    }
    lapsed = {letters[story.number].truth.patient for story in told["lapsed"]}
    residents = {person.id: _resident(person, lapsed) for person in people}
    ordered = sorted(letters.values(), key=lambda letter: (letter.at, letter.id))
    return Fifty(Town(people, residents), _directory(stories), tuple(ordered), who)


def _scene(living: list[Person], start: datetime) -> Scene:
    """Return the town on its morning: one clinic for each person, all clinics in turn."""
    book = phrasebook()
    callable_ = [person for person in living if _number(person)]
    without_phone, *rest = callable_
    pairs = [(person, book.clinics[n % len(book.clinics)]) for n, person in enumerate(rest)]
    return Scene(book=book, rng=Random(SEED), start=start, pairs=pairs, dead=[], without_phone=without_phone)


def _stories(scene: Scene) -> dict[str, list[Story]]:
    """Return the stories by what is planted; the specially planted ones first, while every clinic is left."""
    told: dict[str, list[Story]] = {"urgent": [], "incomplete": [], "first": [], "double": []}
    for _ in range(5):
        told["urgent"] += plants.urgent_in_words(scene)
    for what in INCOMPLETE:
        told["incomplete"] += plants.lacking(*what)(scene)
    told["incomplete"] += plants.without_phone(scene)
    for tell in (plants.sent_again,) * 3 + (plants.written_again,) * 2:
        first, again = tell(scene)
        told["first"].append(first)
        told["double"].append(again)
    wanted = {"lapsed": LAPSED, "stop": STOPS, "symptoms": SYMPTOMS, "wrong": WRONG, "good": GOOD}
    return told | {kind: [plants.good(scene)[0] for _ in range(n)] for kind, n in wanted.items()}


def _directory(stories: list[Story]) -> Resource:
    senders = {story.sender.name: story.sender for story in stories}
    roles = {(story.sender.name, story.practitioner) for story in stories if story.practitioner}
    signed = [role_of(senders[name], who) for name, who in sorted(roles) if who]
    return transaction([*(organization_of(one) for _, one in sorted(senders.items())), *signed])


def _resident(person: Person, lapsed: set[str]) -> Resident:
    telecom = {one.get("system"): str(one.get("value")) for one in person.patient.get("telecom", ())}
    return Resident(
        id=person.id, kind="prompt", number=_number(person), mail=telecom.get("email", ""),
        language=language_of(person.patient), zone=places().zone_of(person.patient), texts="agreed",
        cover="lapsed" if person.id in lapsed else "active",
    )  # fmt: skip


def _number(person: Person) -> str:
    telecom = person.patient.get("telecom", ())
    return next((str(one["value"]) for one in telecom if one.get("system") == "phone"), "")


def write_flawless(
    start: datetime, who: Mapping[str, int], *, covers: Mapping[str, str] = MappingProxyType({})
) -> Fifty:
    """Write so many flawless referrals of each kind, each of a patient of its own.

    The patients called "sharing" have one telephone; ``covers`` says by kind what the
    payer knows of a patient's insurance.
    """
    people = multiply(read_people(sample_records()), living=40, seed=SEED, day=start.date())
    scene = _scene([person for person in people if person.alive], start)
    told = {kind: [plants.good(scene)[0] for _ in range(count)] for kind, count in who.items()}
    letters = {kind: [write_letter(story, seed=SEED) for story in stories] for kind, stories in told.items()}
    kind_of = {letter.truth.patient: kind for kind, some in letters.items() for letter in some}
    shared = next((_number(story.person) for story in told.get("sharing", ())), "")
    charts = [_sharing(one, shared) if kind_of.get(one.id) == "sharing" else one for one in people]
    residents = {
        one.id: replace(_resident(one, set()), cover=covers.get(kind_of.get(one.id, ""), "active"))
        for one in charts
    }
    every = sorted((letter for some in letters.values() for letter in some), key=lambda one: (one.at, one.id))
    named = {kind: tuple(letter.truth.service_request for letter in some) for kind, some in letters.items()}
    directory = _directory([story for stories in told.values() for story in stories])
    return Fifty(Town(tuple(charts), residents), directory, tuple(every), named)


def _sharing(person: Person, number: str) -> Person:
    mail = [one for one in person.patient.get("telecom", ()) if one.get("system") == "email"]
    telecom = [{"system": "phone", "value": number, "use": "mobile"}, *mail]
    return replace(person, patient=person.patient | {"telecom": telecom})
