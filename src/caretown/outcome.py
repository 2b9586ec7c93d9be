"""What a morning came to: asked of the engine's own command line, and told in plain words."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from caretown.processes import Processes, command
from caretown.town_clock import ZONE

Said = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The engine's own account, and the partners'."""

    sums: Said
    cases: tuple[Said, ...]
    cards: tuple[Said, ...]
    ledger: Said
    recomputed: Said
    partners: Said = field(default_factory=dict)

    def told(self) -> Said:
        """Return the numbers of the demo's last line."""
        return {
            **self.sums,
            "ledger_ok": bool(self.ledger.get("ok", False)),
            "decisions": self.recomputed.get("decisions", 0),
            "agree": self.recomputed.get("agree", 0),
            "partners": self.partners,
        }


def ask(running: Processes, partners: Said) -> Outcome:
    """Ask the engine what is finished, what waits, and whether its ledger holds."""
    cases = _lines(running, "cases", "list", "--limit", "10000", "--json")
    cards = _lines(running, "cards", "list", "--limit", "10000", "--json")
    ledger = _lines(running, "ledger", "verify", "--json")
    recomputed = _lines(running, "decision", "recompute", "--all", "--json")
    return Outcome(
        sums=_last(cases),
        cases=tuple(cases[:-1]),
        cards=tuple(cards[:-1]),
        ledger=_last(ledger),
        recomputed=_last(recomputed),
        partners=partners,
    )


def tell(outcome: Outcome, console: Console) -> None:
    """Say what was finished alone, and what waits for whom and why."""
    sums = outcome.sums
    owed = f"{sums.get('without_owner', 0)} without an owner, {sums.get('without_due', 0)} without a due time"
    console.print(
        f"\n[bold]{sums.get('cases', 0)} referrals came in.[/] {sums.get('finished_alone', 0)} were finished "
        f"alone; {sums.get('waiting_for_people', 0)} wait for people, {owed}."
    )
    console.print(_ended(outcome))
    if outcome.cards:
        console.print(_waiting(outcome))
    agree, decisions = outcome.recomputed.get("agree"), outcome.recomputed.get("decisions")
    verdict = "holds" if outcome.ledger.get("ok") else "does NOT hold"
    console.print(
        f"The ledger {verdict}; {agree} of {decisions} decisions, decided again, come out the same."
    )


def _ended(outcome: Outcome) -> Table:
    counts: dict[str, int] = {}
    for case in outcome.cases:
        words = str(case.get("outcome") or f"under way: {case.get('awaits') or case.get('state')}")
        counts[words] = counts.get(words, 0) + 1
    table = Table(title="Where the referrals stand", title_justify="left", header_style="bold")
    table.add_column("what became of it")
    table.add_column("how many", justify="right")
    for words, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        table.add_row(words.replace("_", " "), str(count))
    return table


def _waiting(outcome: Outcome) -> Table:
    table = Table(title="What waits for people", title_justify="left", header_style="bold", show_lines=True)
    for column in ("who has heard", "what is asked", "why software stopped", "by when"):
        table.add_column(column, overflow="fold")
    for card in outcome.cards:
        heard = f"{card.get('team', '')} ({card.get('role', 'owner')})"
        table.add_row(heard, str(card.get("asked", "")), str(card.get("why", "")), _by_when(card))
    return table


def _by_when(card: Said) -> str:
    due = str(card.get("due_at") or "")
    return f"{datetime.fromisoformat(due).astimezone(ZONE):%a %d %b %H:%M}" if due else ""


def _lines(running: Processes, *arguments: str) -> list[Said]:
    said = running.run(command("careengine"), *arguments)
    lines = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    return lines or [{"error": said.stderr.strip()[-300:]}]


def _last(lines: list[Said]) -> Said:
    return lines[-1]
