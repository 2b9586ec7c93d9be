"""The people who answer cards, by simple honest rules, and those who keep silent so that clocks escalate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any

import yaml

from caretown.desk import Card, Desk

_AGAIN_AFTER = timedelta(hours=20)
"""Somebody who did not pick up is rung again on the next day."""
_URGENT_AGAIN_AFTER = timedelta(hours=2)
_NOT_YET_HEARD = frozenset({"owner", "backup"})
"""Those who may leave a card lying; whoever hears of it after them sees to it that it is answered."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What somebody does with one kind of card: the first of ``answers`` that the card offers."""

    answers: tuple[str, ...]
    reason: str
    actor: str
    rings: bool = False
    """They telephone the sender first; the card is answered in the next round, if it still waits."""
    calls: bool = False
    """They telephone the patient first: up to ``tries`` times, then the answer is one of ``otherwise``."""
    booked: tuple[str, ...] = ()
    """What they answer when they booked a visit on the telephone."""
    otherwise: tuple[str, ...] = ()
    tries: int = 3
    looks: bool = False
    """They look it up first: did the patient come, which clinic takes this? What they find is the answer."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How this town's staff work."""

    by_kind: dict[str, Habit]
    silent_share: float
    """Of the cards that are not urgent, how many nobody answers until they climb the ladder."""


@dataclass(slots=True)
class Round:
    """What happened in one look at the worklist."""

    answered: int = 0
    rang: int = 0
    """Senders telephoned; their answer is looked at in the next round."""
    called: int = 0
    """Patients telephoned."""
    overtaken: int = 0
    """Settled while somebody looked at them: a colleague or a new fact was faster."""
    silent: int = 0
    """Left lying on purpose."""
    waiting: int = 0
    """Of patients who did not pick up and are rung again later."""
    unknown: int = 0
    """Of a kind, or with answers, that nobody here knows."""


def habits() -> Habits:
    """Read the staff's habits."""
    raw: dict[str, Any] = yaml.safe_load(files("caretown").joinpath("staff.yaml").read_text(encoding="utf-8"))
    return Habits({kind: _habit(one) for kind, one in raw["cards"].items()}, float(raw["silent_share"]))


def _habit(raw: dict[str, Any]) -> Habit:
    return Habit(
        answers=tuple(raw.get("answers", ())),
        reason=raw["reason"],
        actor=raw["actor"],
        rings=bool(raw.get("rings")),
        calls=bool(raw.get("calls")),
        booked=tuple(raw.get("booked", ())),
        otherwise=tuple(raw.get("otherwise", ())),
        tries=int(raw.get("tries", 3)),
        looks=bool(raw.get("looks")),
    )


@dataclass(slots=True)
class Hands:
    """What staff do besides answering: telephone, and look things up."""

    ring: Callable[[Card], None] = lambda _: None
    """Telephones the sender of a referral."""
    call: Callable[[Card], str] = lambda _: "nobody"
    """Telephones the patient: "booked", "spoken" or "nobody"."""
    look: Callable[[Card], str] = lambda _: ""
    """Looks up what the card asks; empty when that says nothing."""
    now: Callable[[], datetime] = lambda: datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Staff:
    """Goes through the worklist now and then."""

    desk: Desk
    habits: Habits
    seed: int
    hands: Hands = field(default_factory=Hands)
    until: datetime | None = None
    """When they go home for good: what waits then, waits for somebody else."""
    answered_about: dict[str, set[str]] = field(default_factory=dict)
    """What each card about a referral was answered by: ``ServiceRequest/id`` → kinds of cards."""
    _rang: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)
    _tries: dict[str, int] = field(default_factory=dict)
    _again_at: dict[str, datetime] = field(default_factory=dict)

    def work(self) -> Round:
        """Look at every open card once; answer what can be answered."""
        seen = Round()
        if self.until is not None and self.hands.now() >= self.until:
            return seen
        for card in self.desk.open_cards():
            if card.id not in self._done:
                self._look_at(card, seen)
        return seen

    def _look_at(self, card: Card, seen: Round) -> None:
        habit = self.habits.by_kind.get(card.kind)
        if habit is None or not (habit.looks or set(_all_answers(habit)) & set(card.answers)):
            seen.unknown += 1
        elif self._keeps_silent(card):
            seen.silent += 1
        else:
            self._settle(card, habit, seen)

    def _looked_up(self, card: Card, habit: Habit, seen: Round) -> bool:
        found = self.hands.look(card)
        if found in card.answers:
            self._answer(card, habit, found, seen)
        return found in card.answers

    def _settle(self, card: Card, habit: Habit, seen: Round) -> None:
        if habit.rings and card.id not in self._rang:
            self.hands.ring(card)
            self._rang.add(card.id)
            seen.rang += 1
        elif habit.calls:
            self._call(card, habit, seen)
        elif not (habit.looks and self._looked_up(card, habit, seen)):
            self._answer(card, habit, _first(habit.answers, card), seen)

    def _call(self, card: Card, habit: Habit, seen: Round) -> None:
        now = self.hands.now()
        if now < self._again_at.get(card.id, now):
            seen.waiting += 1
            return
        seen.called += 1
        said = self.hands.call(card)
        if said == "nobody":
            self._tries[card.id] = self._tries.get(card.id, 0) + 1
            if self._tries[card.id] < habit.tries:
                self._again_at[card.id] = now + (_URGENT_AGAIN_AFTER if card.urgent else _AGAIN_AFTER)
                return
        chosen = {"booked": (*habit.booked, *habit.answers), "nobody": habit.otherwise}
        self._answer(card, habit, _first(chosen.get(said, habit.answers), card), seen)

    def _answer(self, card: Card, habit: Habit, answer: str, seen: Round) -> None:
        if not answer:
            seen.unknown += 1
            return
        if self.desk.answer(card, answer, reason=habit.reason, actor=habit.actor):
            seen.answered += 1
            self.answered_about.setdefault(card.about.partition("@")[0], set()).add(card.kind)
        else:
            seen.overtaken += 1
        self._done.add(card.id)

    def _keeps_silent(self, card: Card) -> bool:
        """Say whether this card is one of those left lying; the same seed leaves the same ones."""
        heard = str(card.shown.get("role") or "owner") not in _NOT_YET_HEARD
        return (
            not card.urgent
            and not heard
            and Random(f"{self.seed}/{card.about or card.id}").random() < self.habits.silent_share
        )


def _all_answers(habit: Habit) -> tuple[str, ...]:
    return (*habit.answers, *habit.booked, *habit.otherwise)


def _first(answers: tuple[str, ...], card: Card) -> str:
    return next((one for one in answers if one in card.answers), "")
