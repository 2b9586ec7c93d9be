"""How well patients' replies are understood, on the published texts of ``data/replies.yaml``.

Half of the texts were looked at while the rules were written; the other half is what is
reported. Which is which is the text's own digest. For each half it prints, by class:
right (software answered as it should, or the right team was asked), left to a person
though software could have answered, asked of the other team, and wrong: answered by
software, and not as it should. Beside it a baseline that knows numbers and key words.
What was read wrongly is listed for the first half only.
"""

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import urgency
import yaml

from careengine.capabilities.messaging import (
    REPLIES,
    Asked,
    Message,
    Option,
    ReplyPolicy,
    decide_reply,
    is_help,
    is_stop,
    option_of,
    wish_of,
)
from careengine.capabilities.messaging.wiring import POLICY_SCHEMAS
from careengine.kernel.decision import Decision, Route
from careengine.policy.book import book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources

DATA = Path(__file__).parent / "data" / "replies.yaml"
CLINICAL = {"symptom", "distress", "pregnancy", "medication", "clinical"}
RIGHT, LEFT, OTHER_TEAM, WRONG = "right", "left_to_a_person", "other_team", "wrong"
VISIT = timedelta(minutes=30)


@dataclass(frozen=True)
class Said:
    """One reply, the question it follows, and the right answer."""

    text: str
    how: str
    language: str
    answer: str
    option: str
    wish: str
    stop: bool
    help: bool
    asked: Asked
    now: datetime
    zone: ZoneInfo

    @property
    def half(self) -> str:
        """Return whether it was looked at while the rules were written, or is reported."""
        return urgency.half_of(self.text)

    @property
    def clinical(self) -> bool:
        """Say whether a nurse must see it."""
        return self.answer == "nurse"


@dataclass(frozen=True)
class Understood:
    """What was made of a reply."""

    answer: str
    software: bool
    option: str = ""
    wish: str = ""
    stop: bool = False
    help: bool = False


def read_data() -> list[Said]:
    """Return every reply with its question."""
    data = yaml.safe_load(DATA.read_text("utf-8"))
    return [_said(one, data["questions"][one["to"]]) for one in data["replies"]]


def _said(one: dict[str, Any], question: dict[str, Any]) -> Said:
    zone = ZoneInfo(question["zone"])
    starts = [datetime.fromisoformat(start).replace(tzinfo=zone) for start in question["options"]]
    options = tuple(Option(f"Slot/{n}", start, start + VISIT) for n, start in enumerate(starts, start=1))
    now = datetime.combine(question["today"], datetime.min.time(), zone) + timedelta(hours=8, minutes=30)
    return Said(
        text=one["text"] * one.get("repeat", 1),
        how=one["how"],
        language="es" if one["lang"] == "es" else "en",
        answer=str(one["is"]),
        option=f"Slot/{one['option']}" if "option" in one else "",
        wish=one.get("wish", ""),
        stop=one.get("stop", False),
        help=one.get("help", False),
        asked=Asked(kind=question["kind"], options=options),
        now=now,
        zone=zone,
    )


def by_the_rules(said: Said, policy: ReplyPolicy) -> Understood:
    """Return what the rules make of it."""
    decision = _decided(said, policy)
    return Understood(
        answer=decision.answer,
        software=decision.route is Route.PROCEED,
        option=option_of(decision),
        wish=wish_of(decision),
        stop=is_stop(said.text, policy),
        help=is_help(said.text, policy),
    )


def _decided(said: Said, policy: ReplyPolicy) -> Decision:
    return decide_reply(
        Message(ref="Communication/one@1", at=said.now, text=said.text),
        asked=said.asked,
        policy=policy,
        now=said.now,
        zone=said.zone,
        language=said.language,
    )


def by_key_words(said: Said) -> Understood:
    """Return what a plain program makes of it: a number, or the first key word it finds."""
    text = said.text.strip().casefold()
    if re.fullmatch(r"(stop|stopall|unsubscribe|cancel|end|quit|alto)[.!]?", text):
        return Understood("stop", software=True, stop=True)
    if re.fullmatch(r"(help|info|ayuda)[.!]?", text):
        return Understood("help", software=True, help=True)
    number = re.search(r"\b([123])\b", text)
    if said.asked.kind == "offer" and number:
        return Understood("choose", software=True, option=f"Slot/{number[1]}")
    for words, answer in _KEY_WORDS:
        if re.search(rf"\b({words})\b", text):
            meant = {"early": {"confirm": "yes"}}.get(said.asked.kind, {}).get(answer, answer)
            return Understood(meant, software=True)
    return Understood("person", software=False)


_KEY_WORDS = (
    ("wrong number|numero equivocado", "wrong_number"),
    ("who is this|quien es", "who"),
    ("cancel|cancelar", "cancel"),
    ("reschedule|rebook|can't|cant|reprogramar", "rebook"),
    ("yes|y|c|confirm|ok|si", "confirm"),
    ("no|n", "no"),
    ("late|tarde", "running_late"),
    ("thanks|thank you|gracias", "thanks"),
)


def judged(said: Said, understood: Understood) -> str:
    """Say how the reading compares with what a careful coordinator would do."""
    if not understood.software:
        if said.answer not in {"person", "nurse"}:
            return LEFT
        return RIGHT if understood.answer == said.answer else OTHER_TEAM
    same = (understood.answer, understood.option, understood.wish) == (said.answer, said.option, said.wish)
    return RIGHT if same else WRONG


def figures(read: list[tuple[Said, Understood]]) -> dict[str, float | int]:
    """Return the figures of some replies."""
    verdicts = Counter(judged(*one) for one in read)
    stops = [u.stop for s, u in read if s.stop]
    return {
        "replies": len(read),
        "understood": round(verdicts[RIGHT] / len(read), 4),
        "left_to_a_person": verdicts[LEFT],
        "other_team": verdicts[OTHER_TEAM],
        "wrong_by_software": verdicts[WRONG],
        "symptom_or_distress": sum(s.clinical for s, _ in read),
        "symptom_or_distress_answered": sum(s.clinical and u.software for s, u in read),
        "stops": len(stops),
        "stop_recall": round(sum(stops) / len(stops), 4),
        "false_stops": sum(u.stop and not s.stop for s, u in read),
        "help_misread": sum(u.help != s.help for s, u in read),
    }


def by_class(read: list[tuple[Said, Understood]]) -> dict[str, Counter[str]]:
    """Return the verdicts of each class."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for said, understood in read:
        found[said.how][judged(said, understood)] += 1
    return found


def _print_classes(read: list[tuple[Said, Understood]]) -> None:
    print(f"  {'class':14}" + "".join(f"{one:>18}" for one in (RIGHT, LEFT, OTHER_TEAM, WRONG)))
    for how, verdicts in sorted(by_class(read).items()):
        counts = "".join(f"{verdicts[one]:>18}" for one in (RIGHT, LEFT, OTHER_TEAM, WRONG))
        print(f"  {how:14}{counts}")


def _print_misread(read: list[tuple[Said, Understood]]) -> None:
    for said, understood in read:
        verdict = judged(said, understood)
        if verdict != RIGHT or said.stop != understood.stop or said.help != understood.help:
            meant = " ".join(filter(None, (understood.answer, understood.option, understood.wish)))
            wanted = " ".join(filter(None, (said.answer, said.option, said.wish)))
            print(f"  {verdict}: to {said.asked.kind} {said.text[:70]!r} read as {meant}, should be {wanted}")


def main() -> None:
    """Print the figures of both halves; with --json the last line is the reported half's."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="end with one line of JSON")
    as_json = options.parse_args().json
    book = book_of({REPLIES.name: all_sources()[REPLIES.name]}, Schemas.of(POLICY_SCHEMAS))
    said = read_data()
    policy = book.value(REPLIES, said[0].now.date())
    began = time.perf_counter()
    read = [(one, by_the_rules(one, policy)) for one in said]
    took = time.perf_counter() - began
    reported: dict[str, float | int] = {}
    for half in ("tuned", "reported"):
        mine = [one for one in read if one[0].half == half]
        reported = figures(mine)
        print(f"{half}: " + "  ".join(f"{name} {value}" for name, value in reported.items()))
        _print_classes(mine)
        if half == "tuned":
            _print_misread(mine)
    plain = figures([(one, by_key_words(one)) for one in said if one.half == "reported"])
    print("reported, by numbers and key words only: " + "  ".join(f"{k} {v}" for k, v in plain.items()))
    sentences, _ = urgency.read_all()
    urgent = {
        half: urgency.figures([r for r in sentences if r.half == half]) for half in ("tuned", "reported")
    }
    for half, found in urgent.items():
        print(f"referral sentences, {half}: " + "  ".join(f"{name} {value}" for name, value in found.items()))
    rate = _rate(said, policy)
    print(f"{rate} replies of a text's length a second of one core; all of them in {took:.1f} s")
    if as_json:
        print(json.dumps(_line(reported, plain, urgent["reported"], rate)))


def _rate(said: list[Said], policy: ReplyPolicy) -> int:
    """Return how many replies, none longer than a text, one core decides in a second of its time."""
    short = [replace(one, text=one.text[:320]) for one in said]
    began = time.process_time()
    for one in short:
        _decided(one, policy)
    return round(len(short) / (time.process_time() - began))


def _line(
    reported: dict[str, float | int],
    plain: dict[str, float | int],
    urgent: dict[str, float | int],
    rate: int,
) -> dict[str, float | int]:
    return {
        **reported,
        "understood_by_key_words": plain["understood"],
        "wrong_by_key_words": plain["wrong_by_software"],
        "clinical_answered_by_key_words": plain["symptom_or_distress_answered"],
        "urgency_sensitivity": urgent["sensitivity"],
        "urgency_false_alarm_rate": urgent["false_alarm_rate"],
        "replies_per_s": rate,
    }


if __name__ == "__main__":
    main()
