"""The worklist as a member of staff uses it: by the engine's command line, seeing what a card shows."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from caretown.errors import EngineSilent

_PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Card:
    """One card as it is shown."""

    id: str
    kind: str
    team: str
    urgent: bool
    answers: tuple[str, ...]
    about: str
    """What the card is about, ``ServiceRequest/id``; empty when it does not say."""
    shown: Mapping[str, Any] = field(default_factory=dict)


class Desk(Protocol):
    """Where staff sit."""

    def open_cards(self) -> list[Card]:
        """Return the cards that wait for somebody."""
        ...

    def answer(self, card: Card, answer: str, *, reason: str, actor: str) -> bool:
        """Answer one; say whether the engine took it (a colleague may have been faster)."""
        ...


class CommandLineDesk:
    """Answers cards with ``careengine cards``; the environment says which engine."""

    def __init__(self, command: Sequence[str] = ("careengine",)) -> None:
        self._command = tuple(command)

    def open_cards(self) -> list[Card]:
        """List the open cards."""
        said = self._run("cards", "list", "--json")
        if said.returncode != 0:
            raise EngineSilent(f"'careengine cards list' failed: {said.stderr.strip()[-300:]}")
        listed = json.loads(said.stdout.strip().splitlines()[-1])
        cards = listed["cards"] if isinstance(listed, dict) else listed
        return [_card(shown) for shown in cards]

    def answer(self, card: Card, answer: str, *, reason: str, actor: str) -> bool:
        """Decide one card; exit code 1 means that it was refused."""
        said = self._run("cards", "decide", card.id, answer, "--reason", reason, "--actor", actor, "--json")
        if said.returncode not in {0, 1}:
            raise EngineSilent(f"'careengine cards decide' failed: {said.stderr.strip()[-300:]}")
        return said.returncode == 0

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603  the engine's own command, no shell
            [*self._command, *arguments], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )


def _card(shown: Mapping[str, Any]) -> Card:
    return Card(
        id=str(shown["id"]),
        kind=str(shown["kind"]),
        team=str(shown.get("team", "")),
        urgent=bool(shown.get("urgent", False)),
        answers=tuple(str(one) for one in shown.get("answers", ())),
        about=str(shown.get("about", shown.get("subject", ""))),
        shown=shown,
    )
