"""A morning of referrals for the town's own patients: seeded, most flawless, some flawed as real ones are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from caretown import plants
from caretown.errors import TownTooSmall
from caretown.letters import Letter, organization_of, role_of, transaction, write_letter
from caretown.people import Person, Resource, name_of
from caretown.phrasebook import Clinic, Phrasebook, phrasebook
from caretown.plants import Pair, Scene
from caretown.story import Story

Plant = Callable[[Scene], list[Story]]

RECIPE: Mapping[Plant, int] = {
    plants.without_phone: 1,
    plants.urgent_in_words: 5,
    plants.decoy: 5,
    plants.lacking("reason"): 1,
    plants.lacking("question"): 1,
    plants.lacking("requester"): 1,
    plants.lacking("insurance"): 1,
    plants.lacking("item"): 2,
    plants.lacking("fresh_item"): 1,
    plants.lacking("question", "item"): 1,
    plants.sent_again: 2,
    plants.written_again: 1,
    plants.nearly_again: 1,
    plants.series: 2,
    plants.coded_urgent: 2,
    plants.coded_stat: 1,
    plants.unknown_clinic: 1,
    plants.contradictory: 1,
    plants.dead_patient: 1,
    plants.revoked: 1,
    plants.nobody_to_tell: 1,
    plants.only_a_draft: 1,
}
"""How often each flaw stands among :data:`STANDARD` letters; the rest are flawless."""
STANDARD = 60


@dataclass(frozen=True, slots=True)
class Post:
    """All that is sent in a morning: first the senders' directory, then the letters in order of time."""

    directory: Resource
    letters: tuple[Letter, ...]


def write_referrals(
    people: Sequence[Person], *, seed: int, start: datetime, count: int = STANDARD, days: int = 1
) -> Post:
    """Write about ``count`` letters for a morning that begins at ``start``, or for so many ``days`` of work.

    The same seed gives the same post.

    Raises:
        TownTooSmall: The town has too few living patients, or ``count`` is below what the flaws need.
    """
    scene = _scene(people, seed=seed, start=start, days=days)
    stories = _stories(scene, count)
    letters = sorted((write_letter(story, seed=seed) for story in stories), key=lambda one: (one.at, one.id))
    return Post(directory=_directory(stories), letters=tuple(letters))


def _scene(people: Sequence[Person], *, seed: int, start: datetime, days: int) -> Scene:
    rng = Random(seed)
    book = phrasebook()
    living = [person for person in people if person.alive]
    if len(living) < 5:
        raise TownTooSmall(
            f"Only {len(living)} of the town's patients are alive; it needs 5 for a morning's work."
        )
    rng.shuffle(living)
    without_phone, *rest = living
    return Scene(
        book=book,
        rng=rng,
        start=start,
        pairs=_pairs(rest, book, rng),
        dead=[person for person in people if not person.alive],
        without_phone=without_phone,
        days=days,
    )


def _pairs(people: Sequence[Person], book: Phrasebook, rng: Random) -> list[Pair]:
    """Return who may be referred where: everybody once, each to a clinic that fits, then everybody again."""
    turns: list[tuple[int, Pair]] = []
    for person in people:
        clinics = list(book.clinics)
        rng.shuffle(clinics)
        fitting = [clinic for clinic in clinics if _fits(person, clinic)]
        own = [*fitting, *(clinic for clinic in clinics if clinic not in fitting)]
        turns.extend((turn, (person, clinic)) for turn, clinic in enumerate(own))
    rng.shuffle(turns)
    return [pair for _, pair in sorted(turns, key=lambda one: one[0])]


def _fits(person: Person, clinic: Clinic) -> bool:
    return any(clinic.suits_condition(name_of(condition)) for condition in person.conditions)


def _stories(scene: Scene, count: int) -> list[Story]:
    if count < len(RECIPE):
        raise TownTooSmall(
            f"A morning shows {len(RECIPE)} kinds of flaws; ask for at least so many referrals."
        )
    stories: list[Story] = []
    for tell, share in RECIPE.items():
        for _ in range(max(1, share * count // STANDARD)):
            stories.extend(tell(scene))
    while len(stories) < count:
        stories.extend(plants.good(scene))
    return stories


def _directory(stories: Sequence[Story]) -> Resource:
    senders = {story.sender.name: story.sender for story in stories}
    roles = {(story.sender.name, story.practitioner) for story in stories if story.practitioner}
    organizations = [organization_of(sender) for _, sender in sorted(senders.items())]
    signed = [role_of(senders[name], who) for name, who in sorted(roles) if who is not None]
    return transaction([*organizations, *signed])
