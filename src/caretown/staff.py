"""The people who answer cards, by simple honest rules, and those who keep silent so that clocks escalate."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Any

import yaml

from caretown.desk import Card, Desk


@dataclass(frozen=True, slots=True)
class Habit:
    """What somebody does with one kind of card: the first of ``answers`` that the card offers."""

    answers: tuple[str, ...]
    reason: str
    actor: str
    rings: bool = False
    """They telephone the sender first; the card is answered in the next round, if it still waits."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How this town's staff work."""

    by_kind: dict[str, Habit]
    silent_share: float
    """Of the cards that are not urgent, how many nobody answers."""


@dataclass(slots=True)
class Round:
    """What happened in one look at the worklist."""

    answered: int = 0
    rang: int = 0
    """Senders telephoned; their answer is looked at in the next round."""
    overtaken: int = 0
    """Settled while somebody looked at them: a colleague or a new fact was faster."""
    silent: int = 0
    """Left lying on purpose."""
    unknown: int = 0
    """Of a kind, or with answers, that nobody here knows."""


def habits() -> Habits:
    """Read the staff's habits."""
    raw: dict[str, Any] = yaml.safe_load(files("caretown").joinpath("staff.yaml").read_text(encoding="utf-8"))
    by_kind = {
        kind: Habit(tuple(one["answers"]), one["reason"], one["actor"], bool(one.get("rings")))
        for kind, one in raw["cards"].items()
    }
    return Habits(by_kind, float(raw["silent_share"]))


class Staff:
    """Goes through the worklist now and then."""

    def __init__(
        self, desk: Desk, staff_habits: Habits, *, seed: int, ring: Callable[[Card], None] = lambda _: None
    ) -> None:
        self._desk = desk
        self._ring = ring
        self._habits = staff_habits
        self._seed = seed
        self._rang: set[str] = set()
        self._done: set[str] = set()

    def work(self) -> Round:
        """Look at every open card once; answer what can be answered."""
        seen = Round()
        for card in self._desk.open_cards():
            if card.id not in self._done:
                self._look_at(card, seen)
        return seen

    def _look_at(self, card: Card, seen: Round) -> None:
        habit = self._habits.by_kind.get(card.kind)
        answer = next((one for one in habit.answers if one in card.answers), None) if habit else None
        if habit is None or answer is None:
            seen.unknown += 1
        elif self._keeps_silent(card):
            seen.silent += 1
        else:
            self._settle(card, habit, answer, seen)

    def _settle(self, card: Card, habit: Habit, answer: str, seen: Round) -> None:
        if habit.rings and card.id not in self._rang:
            self._ring(card)
            self._rang.add(card.id)
            seen.rang += 1
            return
        if self._desk.answer(card, answer, reason=habit.reason, actor=habit.actor):
            seen.answered += 1
        else:
            seen.overtaken += 1
        self._done.add(card.id)

    def _keeps_silent(self, card: Card) -> bool:
        """Say whether this card is one of those left lying; the same seed leaves the same ones."""
        return (
            not card.urgent
            and Random(f"{self._seed}/{card.about or card.id}").random() < self._habits.silent_share
        )
