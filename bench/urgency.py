"""How well urgent referrals are told from harmless ones, on the published sentences of ``data/urgency.yaml``.

Half of the sentences were looked at while the lexicon was written; the other half is
what is reported. Which is which is the sentence's own digest. What each kind of trap
costs is printed beside it; the sentences that were read wrongly are listed for the
first half only, so that the reported half stays unseen.
"""

import argparse
import hashlib
import json
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from careengine.capabilities.referrals import URGENCY, Referral, Role, Words, decide_urgency
from careengine.capabilities.referrals.wiring import POLICY_SCHEMAS
from careengine.kernel.decision import Route
from careengine.policy.book import book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources

SENTENCES = Path(__file__).parent / "data" / "urgency.yaml"
TODAY = date(2026, 3, 5)
SOURCE = "ServiceRequest/one@1#note[0].text"


@dataclass(frozen=True)
class Read:
    """One sentence, what it is, and what was made of it."""

    half: str
    how: str
    text: str
    urgent: bool
    asked: bool


def half_of(text: str) -> str:
    """Return whether a sentence was looked at while the lexicon was written, or is reported."""
    return "reported" if hashlib.sha256(text.encode()).digest()[0] % 2 else "tuned"


def read_all() -> tuple[list[Read], float]:
    """Read every sentence; return what was made of each, and the seconds it took."""
    name = URGENCY.name
    book = book_of({name: all_sources()[name]}, Schemas.of(POLICY_SCHEMAS))
    policy = book.value(URGENCY, TODAY)
    said: list[dict[str, Any]] = yaml.safe_load(SENTENCES.read_text("utf-8"))
    read = []
    began = time.perf_counter()
    for one in said:
        decision = decide_urgency(_referral(one["text"]), policy=policy, today=TODAY)
        asked = decision.route is Route.ASK
        read.append(Read(half_of(one["text"]), one["how"], one["text"], one["is"] == "urgent", asked))
    return read, time.perf_counter() - began


def _referral(text: str) -> Referral:
    return Referral(
        ref="ServiceRequest/one@1",
        received=datetime(2026, 3, 5, 12, tzinfo=UTC),
        status="active",
        intent="order",
        priority="routine",
        words=(Words(SOURCE, text, Role.QUESTION),),
    )


def figures(read: list[Read]) -> dict[str, float | int]:
    """Return sensitivity (urgent ones asked about) and the share of harmless ones asked about."""
    urgent = [r for r in read if r.urgent]
    harmless = [r for r in read if not r.urgent]
    return {
        "urgent": len(urgent),
        "found": sum(r.asked for r in urgent),
        "sensitivity": round(sum(r.asked for r in urgent) / len(urgent), 4),
        "harmless": len(harmless),
        "false_alarms": sum(r.asked for r in harmless),
        "false_alarm_rate": round(sum(r.asked for r in harmless) / len(harmless), 4),
    }


def main() -> None:
    """Print the figures of both halves; with --json the last line is the reported half's."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="end with one line of JSON")
    as_json = options.parse_args().json
    read, took = read_all()
    by_half = {half: figures([r for r in read if r.half == half]) for half in ("tuned", "reported")}
    for half, found in by_half.items():
        print(f"{half:9} " + "  ".join(f"{name} {value}" for name, value in found.items()))
    wrong: dict[str, int] = defaultdict(int)
    for r in read:
        wrong[r.how] += r.urgent != r.asked
    print("read wrongly, by kind: " + ", ".join(f"{how} {n}" for how, n in sorted(wrong.items())))
    for r in read:
        if r.half == "tuned" and r.urgent != r.asked:
            print(f"  {'missed' if r.urgent else 'false alarm'}: {r.text}")
    if as_json:
        print(json.dumps({**by_half["reported"], "sentences_per_s": round(len(read) / took)}))


if __name__ == "__main__":
    main()
