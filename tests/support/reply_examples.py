"""The published replies, the policy in force, and a reply decided as a test wants it."""

import hashlib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from careengine.capabilities.messaging import REPLIES, Asked, Message, Option, ReplyPolicy, decide_reply
from careengine.capabilities.messaging.wiring import POLICY_SCHEMAS
from careengine.kernel.decision import Decision
from careengine.policy.book import book_of
from careengine.policy.schemas import Schemas
from careengine.policy.sources import all_sources

PUBLISHED: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "bench" / "data" / "replies.yaml").read_text("utf-8")
)
QUESTIONS: dict[str, dict[str, Any]] = PUBLISHED["questions"]
REPLIES_SAID: list[dict[str, Any]] = [
    {**one, "text": one["text"] * one.get("repeat", 1)} for one in PUBLISHED["replies"]
]


@cache
def reply_policy() -> ReplyPolicy:
    book = book_of({REPLIES.name: all_sources()[REPLIES.name]}, Schemas.of(POLICY_SCHEMAS))
    return book.value(REPLIES, QUESTIONS["offer"]["today"])


def asked(question: str) -> Asked:
    told = QUESTIONS[question]
    zone = ZoneInfo(told["zone"])
    starts = [datetime.fromisoformat(one).replace(tzinfo=zone) for one in told["options"]]
    return Asked(
        kind=told["kind"],
        options=tuple(Option(f"Slot/{n}", at, at + timedelta(minutes=30)) for n, at in enumerate(starts, 1)),
    )


def replied(text: str, to: str = "offer", *, language: str = "en") -> Decision:
    told = QUESTIONS[to]
    zone = ZoneInfo(told["zone"])
    now = datetime.combine(told["today"], datetime.min.time(), zone) + timedelta(hours=9)
    return decide_reply(
        Message(ref="Communication/one@1", at=now, text=text),
        asked=asked(to),
        policy=reply_policy(),
        now=now,
        zone=zone,
        language=language,
    )


def half_of(text: str) -> str:
    return "reported" if hashlib.sha256(text.encode()).digest()[0] % 2 else "tuned"
