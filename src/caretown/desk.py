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

    def __init__(
        self, command: Sequence[str] = ("careengine",), environ: Mapping[str, str] | None = None
    ) -> None:
        self._command = tuple(command)
        self._environ = dict(environ) if environ is not None else None

    def open_cards(self) -> list[Card]:
        """List the open cards."""
        said = self._run("cards", "list", "--limit", "10000", "--json")
        if said.returncode != 0:
            raise EngineSilent(f"'careengine cards list' failed: {_last_words(said)}")
        lines = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
        return [_card(shown) for shown in lines if "id" in shown]

    def answer(self, card: Card, answer: str, *, reason: str, actor: str) -> bool:
        """Decide one card at once, without the seconds to undo; exit code 1 means that it was refused."""
        how = ("--reason", reason, "--actor", actor, "--now", "--json")
        said = self._run("cards", "decide", card.id, answer, *how)
        if said.returncode not in {0, 1}:
            raise EngineSilent(f"'careengine cards decide' failed: {_last_words(said)}")
        return said.returncode == 0

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603  the engine's own command, no shell
            [*self._command, *arguments],
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )


class PipedDesk(CommandLineDesk):
    """Sees and answers cards through one ``careengine cards decide --from-file -``, for a desk with many."""

    _pipe: "subprocess.Popen[str] | None" = None

    def open_cards(self) -> list[Card]:
        """List the open cards."""
        return [_card(shown) for shown in self._ask({"list": True})["cards"]]

    def answer(self, card: Card, answer: str, *, reason: str, actor: str) -> bool:
        """Decide one card at once; the pipe stays open for the next."""
        given = {"card": int(card.id), "answer": answer, "actor": actor, "reason": reason, "now": True}
        return "refused" not in self._ask(given)

    def _ask(self, given: Mapping[str, object]) -> dict[str, Any]:
        self._pipe = self._pipe or subprocess.Popen(  # noqa: S603  the engine's own command, no shell
            [*self._command, "cards", "decide", "--from-file", "-", "--json"],
            env=self._environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._pipe.stdin is not None  # noqa: S101  it was asked for
        assert self._pipe.stdout is not None  # noqa: S101  it was asked for
        try:
            self._pipe.stdin.write(json.dumps(given, ensure_ascii=False) + "\n")
            self._pipe.stdin.flush()
            said: dict[str, Any] = json.loads(self._pipe.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError) as error:
            raise EngineSilent(
                f"'careengine cards decide' takes no more answers (exit code {self._pipe.poll()})."
            ) from error
        return said

    def close(self) -> None:
        """Let the command end."""
        if self._pipe is not None:
            self._pipe.communicate()
            self._pipe = None


def _last_words(said: "subprocess.CompletedProcess[str]") -> str:
    return (said.stderr or said.stdout).strip()[-300:]


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
