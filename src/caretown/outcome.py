"""What a town came to: the engine's own account from its command line, and the town's from its own books."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from caretown import reckoning
from caretown.door import Door
from caretown.playing import Played, spent
from caretown.processes import Processes, command
from caretown.stage import TOKEN, Stage
from caretown.town_clock import ZONE

Said = dict[str, Any]
_REFERRALS = frozenset({"referral_to_visit", "referral_acknowledged"})
_NURSE_KINDS = frozenset({"referrals.urgency", "referrals.triage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The engine's own account, and the town's."""

    sums: Said
    cases: tuple[Said, ...]
    cards: tuple[Said, ...]
    ledger: Said
    recomputed: Said
    town: Said = field(default_factory=dict)

    def told(self) -> Said:
        """Return the numbers of the demo's last line."""
        return {
            **self.sums,
            "ledger_ok": bool(self.ledger.get("ok", False)),
            "decisions": self.recomputed.get("decisions", 0),
            "agree": self.recomputed.get("agree", 0),
            **self.town,
        }


def ask(provider: Processes, payer: Processes, played: Played, base: str) -> Outcome:
    """Ask the engine what is finished, what waits, whether its ledger holds; ask the town for the rest."""
    cases = _lines(provider, "cases", "list", "--limit", "10000", "--json")
    cards = _lines(provider, "cards", "list", "--limit", "10000", "--json")
    ledger = _lines(provider, "ledger", "verify", "--json")
    recomputed = _lines(provider, "decision", "recompute", "--all", "--json")
    town = _town(played, tuple(cards[:-1]), Door(base, TOKEN))
    town["payer_answered"] = _last(_lines(payer, "cases", "list", "--limit", "1", "--json")).get("cases", 0)
    return Outcome(
        sums=_last(cases),
        cases=tuple(cases[:-1]),
        cards=tuple(cards[:-1]),
        ledger=_last(ledger),
        recomputed=_last(recomputed),
        town=town,
    )


def _town(played: Played, cards: tuple[Said, ...], door: Door) -> Said:
    """Return what the town counts by itself."""
    servers, truths = played.servers, [letter.truth for letter in played.made.post.letters]
    book, log = servers.book, servers.log()
    found = reckoning.reckon(truths, book)
    before_nurses = {str(card["about"]).partition("@")[0] for card in cards if card.get("urgent")}
    seen = frozenset(before_nurses | _seen_by_nurses(played))
    missed = reckoning.urgent_missed(truths, book, seen_by_nurses=seen, now=played.now)
    return {
        **reckoning.shares(found),
        **reckoning.verified(book, _answers(door)),
        **reckoning.refill(book, now=played.now),
        "visits_kept": log["ehr"]["visits_kept"],
        "no_shows": log["ehr"].get("noshow", 0),
        "texts_sent": log["sms"]["texts"],
        "texts_received": log["sms"]["received"],
        "letters_sent": log["print"]["letters"],
        "outside_window": log["sms"]["outside_window"],
        "after_stop": log["sms"]["after_stop"],
        "private_texts": log["sms"]["private_texts"],
        "double_booked": log["ehr"]["double_booked"],
        "urgent_missed": len(missed),
        "by_group": reckoning.waits_by_group(found, played.made.town),
        "letters": played.progress.letters,
        "refused": played.progress.refused,
        "answered": played.progress.answered,
        "rang": played.progress.rang,
        "handed_to_people": played.progress.answered + len(cards),
        "calls": dict(played.desk.did),
        "people_did": dict(played.folks.did),
        "forms": dict(played.links.did),
        "partners": log["referrers"]["partners"],
        "servers": log,
    }


def _seen_by_nurses(played: Played) -> set[str]:
    return {about for about, kinds in played.staff.answered_about.items() if kinds & _NURSE_KINDS}


def _answers(door: Door) -> dict[str, list[datetime]]:
    """Return when a payer said something usable about each patient, as the provider's record has it."""
    found: dict[str, list[datetime]] = {}
    for one in door.search("CoverageEligibilityResponse"):
        if one.get("outcome") == "complete":
            patient = str(one["patient"]["reference"]).rpartition("/")[2]
            found.setdefault(patient, []).append(_instant(str(one["created"])))
    return found


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=ZONE)


def costs(played: Played, stage: Stage) -> Said:
    """Return where the real time went."""
    return {"spent": spent(played, stage)}


def tell(outcome: Outcome, console: Console) -> None:
    """Say what was finished alone, and what waits for whom and why."""
    sums = outcome.sums
    owed = f"{sums.get('without_owner', 0)} without an owner, {sums.get('without_due', 0)} without a due time"
    console.print(
        f"\n[bold]{sums.get('cases', 0)} cases.[/] {sums.get('finished_alone', 0)} were finished "
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
        if case.get("journey") not in _REFERRALS:
            continue
        words = str(case.get("outcome") or f"under way: {case.get('awaits') or case.get('state')}")
        counts[words] = counts.get(words, 0) + 1
    table = Table(title="Where the referrals stand", title_justify="left", header_style="bold")
    table.add_column("what became of it")
    table.add_column("how many", justify="right")
    for words, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        table.add_row(words.replace("_", " "), str(count))
    return table


def _waiting(outcome: Outcome) -> Table:
    """Return a row for each question that waits with somebody, with the reason most often given."""
    rows: dict[tuple[str, str, str], list[Said]] = {}
    for card in outcome.cards:
        heard = f"{card.get('team', '')} ({card.get('role', 'owner')})"
        rows.setdefault((heard, str(card.get("asked", "")), str(card.get("kind", ""))), []).append(card)
    table = Table(title="What waits for people", title_justify="left", header_style="bold", show_lines=True)
    for column in ("who has heard", "what is asked", "how many", "why software stopped", "first is due"):
        table.add_column(column, overflow="fold")
    for (heard, asked, _), cards in sorted(rows.items(), key=lambda row: -len(row[1])):
        first = min(cards, key=lambda card: str(card.get("due_at") or "9999"))
        table.add_row(heard, asked, str(len(cards)), str(first.get("why", "")), _by_when(first))
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
