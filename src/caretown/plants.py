"""What goes wrong in real referrals, each as a way to tell a story."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from caretown.errors import TownTooSmall
from caretown.people import Person, name_of
from caretown.phrasebook import Ask, Clinic, Phrasebook, Sender
from caretown.story import Story
from caretown.truth import Expect

MORNING = timedelta(hours=3)
WORKING_DAY = timedelta(hours=8)
Pair = tuple[Person, Clinic]


@dataclass(slots=True)
class Scene:
    """The town on one morning: who is left to be referred where, and the dice."""

    book: Phrasebook
    rng: Random
    start: datetime
    pairs: list[Pair]
    """Living people and clinics not yet brought together, the fitting ones first."""
    dead: list[Person]
    without_phone: Person
    days: int = 1
    """Over how many days the letters arrive; of several, all in working hours."""
    told: int = 0
    used: dict[str, int] = field(default_factory=dict)

    def take(self, wanted: Callable[[Clinic], bool] = lambda _: True) -> Pair:
        """Take the next patient and clinic for which ``wanted`` holds; no pair is dealt twice."""
        for index, (_, clinic) in enumerate(self.pairs):
            if wanted(clinic):
                return self.pairs.pop(index)
        raise TownTooSmall(
            "The town has no patient left for another referral; ask for fewer, or give it more records."
        )

    def turn(self, plant: str, asks: list[tuple[Clinic, Ask]]) -> tuple[Clinic, Ask]:
        """Take the clinics' special stories in turn: each is told before one is told again."""
        return asks[self.count(plant) % len(asks)]

    def count(self, plant: str) -> int:
        """Say how often this plant was told before, and that it is told again."""
        before = self.used.get(plant, 0)
        self.used[plant] = before + 1
        return before

    def story(self, pair: Pair, ask: Ask | None = None, sender: Sender | None = None) -> Story:
        """Return a flawless referral of this patient to this clinic."""
        person, clinic = pair
        self.told += 1
        sender = sender or self.rng.choice(self.book.senders)
        fitting = [one for one in person.conditions if clinic.suits_condition(name_of(one))]
        return Story(
            number=self.told,
            at=self.start + self._moment(),
            person=person,
            clinic=clinic,
            ask=ask or self.rng.choice(clinic.asks),
            sender=sender,
            practitioner=self.rng.choice(person.practitioners) if person.practitioners else None,
            condition=fitting[0] if fitting and ask is None else None,
            plant="good",
            expect=Expect.ACKNOWLEDGE,
            placer=self.placer(sender),
        )

    def _moment(self) -> timedelta:
        if self.days == 1:
            return timedelta(seconds=self.rng.randrange(int(MORNING.total_seconds())))
        day = timedelta(days=self.rng.randrange(self.days))
        return day + timedelta(seconds=self.rng.randrange(int(WORKING_DAY.total_seconds())))

    def placer(self, sender: Sender) -> str:
        """Return the sender's next own number."""
        return f"{sender.prefix}-{self.start.year}-{self.told:06d}"

    def later(self, story: Story, **changes: object) -> Story:
        """Return another letter about the same thing, some minutes after it."""
        self.told += 1
        wait = timedelta(minutes=self.rng.randrange(15, 50))
        after: Story = replace(story, number=self.told, at=story.at + wait, twin_of=story, **changes)  # type: ignore[arg-type]  # each caller names fields of Story
        return after


def good(scene: Scene) -> list[Story]:
    """Tell a referral that has all a clinic needs."""
    return [scene.story(scene.take())]


def lacking(*what: str) -> Callable[[Scene], list[Story]]:
    """Return a way to tell a referral that lacks ``what``."""

    def tell(scene: Scene) -> list[Story]:
        pair = scene.take(lambda clinic: clinic.item is not None)
        return [replace(scene.story(pair), lacks=what, plant="_".join(("lacks", *what)), expect=Expect.ASK)]

    return tell


def without_phone(scene: Scene) -> list[Story]:
    """Tell a referral of the one patient whom nobody can ring."""
    clinics = scene.book.clinics
    story = scene.story((scene.without_phone, clinics[scene.count("phone") % len(clinics)]))
    return [replace(story, lacks=("phone",), plant="lacks_phone", expect=Expect.ASK)]


def sent_again(scene: Scene) -> list[Story]:
    """Tell the same referral twice under the sender's same number."""
    first = scene.story(scene.take())
    return [first, scene.later(first, plant="sent_again", expect=Expect.JOIN)]


def written_again(scene: Scene) -> list[Story]:
    """Tell the same referral twice, the second time under a new number."""
    first = scene.story(scene.take())
    number = f"{first.placer}-B"
    return [first, scene.later(first, plant="written_again", expect=Expect.JOIN, placer=number)]


def nearly_again(scene: Scene) -> list[Story]:
    """Tell two referrals of one patient to one clinic for different reasons."""
    first = scene.story(scene.take(lambda clinic: len(clinic.asks) > 1))
    other = next(ask for ask in first.clinic.asks if ask is not first.ask)
    again = scene.later(first, ask=other, condition=None, placer=f"{first.placer}-C")
    return [first, replace(again, plant="nearly_again", expect=Expect.ASK)]


def urgent_in_words(scene: Scene) -> list[Story]:
    """Tell a referral coded routine whose note says it cannot wait."""
    stories = [(clinic, ask) for clinic in scene.book.clinics for ask in clinic.urgent]
    clinic, ask = scene.turn("urgent_in_words", stories)
    pair = scene.take(lambda one: one is clinic)
    return [replace(scene.story(pair, ask), plant="urgent_in_words", expect=Expect.ASK, urgent=True)]


def decoy(scene: Scene) -> list[Story]:
    """Tell a routine referral whose alarming words are denied, past, conditional or somebody else's."""
    stories = [(clinic, ask) for clinic in scene.book.clinics for ask in clinic.decoys]
    clinic, ask = scene.turn("decoy", stories)
    return [replace(scene.story(scene.take(lambda one: one is clinic), ask), plant="decoy")]


def series(scene: Scene) -> list[Story]:
    """Tell a referral for several visits of physiotherapy, two a week."""
    visits = (6, 12)[scene.count("series") % 2]
    story = scene.story(scene.take(lambda clinic: clinic.item is None))
    return [replace(story, plant="series", visits=visits)]


def coded_urgent(scene: Scene) -> list[Story]:
    """Tell a referral whose code says urgent, to a clinic that sees urgent ones."""
    story = scene.story(scene.take(lambda clinic: bool(clinic.urgent)))
    return [replace(story, plant="coded_urgent", priority="urgent", urgent=True)]


def coded_stat(scene: Scene) -> list[Story]:
    """Tell a referral whose code says at once; a nurse looks at each of these."""
    story = scene.story(scene.take(lambda clinic: bool(clinic.urgent)))
    return [replace(story, plant="coded_stat", priority="stat", urgent=True, expect=Expect.ASK)]


def unknown_clinic(scene: Scene) -> list[Story]:
    """Tell a referral to a service that nobody here offers."""
    unknown = scene.book.unknown
    ask = Ask(reason=unknown.reason, note=unknown.note)
    story = scene.story(scene.take(), ask)
    service = (unknown.code, unknown.display)
    return [replace(story, plant="unknown_clinic", expect=Expect.ASK, service=service, specialty="310004009")]


def contradictory(scene: Scene) -> list[Story]:
    """Tell a referral whose code names one clinic and whose specialty names another."""
    story = scene.story(scene.take())
    other = next(clinic for clinic in scene.book.clinics if clinic is not story.clinic)
    return [replace(story, plant="contradictory", expect=Expect.ASK, specialty=other.specialty)]


def dead_patient(scene: Scene) -> list[Story]:
    """Tell a referral of somebody who has died."""
    if not scene.dead:
        return good(scene)
    count = scene.count("dead")
    pair = (scene.dead[count % len(scene.dead)], scene.book.clinics[count % len(scene.book.clinics)])
    return [replace(scene.story(pair), plant="dead_patient", expect=Expect.ASK)]


def revoked(scene: Scene) -> list[Story]:
    """Tell a referral that its sender takes back half an hour later."""
    first = scene.story(scene.take())
    taken_back = scene.later(first, plant="revoked", expect=Expect.WITHDRAW, status="revoked", revises=True)
    return [first, taken_back]


def nobody_to_tell(scene: Scene) -> list[Story]:
    """Tell a referral from a practice with which no way to answer was agreed."""
    story = scene.story(scene.take(), sender=scene.book.stranger)
    return [replace(story, plant="nobody_to_tell", expect=Expect.ASK)]


def only_a_draft(scene: Scene) -> list[Story]:
    """Tell a referral that its sender has not finished."""
    return [replace(scene.story(scene.take()), plant="only_a_draft", expect=Expect.ASK, status="draft")]
