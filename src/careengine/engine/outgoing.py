"""One outward act on its way: what a runner is given, what it answers, and how a partner's reply is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

import orjson

from careengine.kernel.effect import Json
from careengine.wire.http import HttpPartner, Reply, Unreachable


class EffectStatus(IntEnum):
    """Where an effect stands; only ``QUEUED`` may still leave."""

    QUEUED = 0
    DELIVERED = 1
    REJECTED = 2
    EXHAUSTED = 3
    EXPIRED = 4
    VOID = 5
    WITHHELD = 6


DEAD_LETTERS = (EffectStatus.REJECTED, EffectStatus.EXHAUSTED)
"""What a partner would not take, however often it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An effect as its runner sees it; ``key`` names the act for the partner, the same at every attempt."""

    id: int
    key: str
    kind: str
    partner: str
    case: int
    subject: UUID
    journey: str
    site: str
    purpose: str
    attempts: int
    """Counts this attempt, from 1."""
    not_after: datetime | None = None
    body: Mapping[str, Json] = field(default_factory=dict)
    enclosed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The resources that the body's ``enclose`` names, read just before the wire, under those names."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The partner took it. ``reply`` holds references and codes, never chart text: it becomes an event."""

    reply: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The partner will not take it, however often it is sent; ``why`` is a reason code."""

    why: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It may work later; ``after_s`` is how many seconds the partner asked us to wait."""

    why: str
    after_s: float | None = None


Outcome = Delivered | Rejected | TryAgain
Runner = Callable[[Outgoing, Any], Outcome]
"""Does one outward act with the partner it knows how to speak to (``wire.partner.Partner``).

It may be called again for the same act, and must then send the same key."""

ReadReply = Callable[[bytes], Mapping[str, Json]]
"""Takes from a partner's answer what the case needs; raises ``ValueError`` for one it cannot read."""

_LATER = frozenset({408, 425, 429})
"""Statuses below 500 that mean "not now" (RFC 9110, RFC 8470, RFC 6585)."""


def nothing_to_read(_: bytes) -> Mapping[str, Json]:
    """Take a reply whose body does not matter."""
    return {}


def json_object(body: bytes) -> Mapping[str, Json]:
    """Read a reply that must be one JSON object; raise ``ValueError`` if it is anything else."""
    said = orjson.loads(body)
    if not isinstance(said, dict):
        raise ValueError("not an object")  # noqa: TRY004  a partner's words are wrong in value, not our types
    return said


def send(  # noqa: PLR0913  one request, each part named
    outgoing: Outgoing,
    partner: HttpPartner,
    path: str,
    content: bytes,
    *,
    content_type: str = "application/json",
    read: ReadReply = nothing_to_read,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Outcome:
    """Send ``content`` with the effect's key and say what came of it.

    2xx that ``read`` understands is delivered, other 2xx, redirects and 4xx are
    rejected, and 408, 425, 429, 5xx and silence are to be tried again.
    """
    sent = {
        "Content-Type": content_type,
        "Idempotency-Key": outgoing.key,
        "traceparent": f"00-{outgoing.case:032x}-{outgoing.id & 0xFFFFFFFFFFFFFFFF:016x}-01",
        **(headers or {}),
    }
    try:
        reply = partner.request(method, path, content, sent)
    except Unreachable as error:
        return TryAgain(f"partner.{error.why}")
    return outcome_of(reply, read)


def outcome_of(reply: Reply, read: ReadReply = nothing_to_read) -> Outcome:
    """Classify a partner's reply; its words are kept only as far as ``read`` names them."""
    if reply.status in _LATER or reply.status >= 500:
        return TryAgain(f"partner.status_{reply.status}", reply.retry_after_s)
    if not 200 <= reply.status < 300:
        return Rejected(f"partner.status_{reply.status}")
    if reply.cut:
        return Rejected("partner.reply_too_long")
    try:
        return Delivered(read(reply.body))
    except (ValueError, KeyError, TypeError):
        return Rejected("partner.reply_unreadable")
