"""Exactly what a handler saw, as bytes: kept with its decisions, read back to decide the same again."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from careengine.engine.case import Case, Event, Instant
from careengine.engine.events import event_from
from careengine.kernel.need import Need


class SeenEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event as it was stored; its typed form is built again from the body."""

    id: int
    kind: str
    at: Instant
    actor: str
    ref: str
    body: msgspec.Raw


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of a handler: function, case, facts by need, event, time, policy versions."""

    function: str
    case: Case
    now: Instant
    pins: dict[str, int]
    facts: Mapping[str, Any]
    event: SeenEvent | None = None


class SeenRaw(msgspec.Struct, frozen=True):
    """The same, with facts not yet decoded: their types are the needs'."""

    function: str
    case: Case
    now: Instant
    pins: dict[str, int]
    facts: dict[str, msgspec.Raw]
    event: SeenEvent | None = None

    def typed_facts(self, needs: Sequence[Need[Any]]) -> dict[str, Any]:
        """Decode each fact as its need's type."""
        return {need.name: msgspec.json.decode(self.facts[need.name], type=need.kind) for need in needs}

    def typed_event(self) -> Event | None:
        """Build the event the handler was given."""
        seen = self.event
        if seen is None:
            return None
        return event_from(
            id=seen.id, kind=seen.kind, at=seen.at, actor=seen.actor, ref=seen.ref, body=bytes(seen.body)
        )


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(SeenRaw)


def seen_event(event: Event, body: bytes) -> SeenEvent:
    """Return an event as it is kept; ``body`` is its JSON as it was stored."""
    return SeenEvent(event.id, event.kind, event.at, event.actor, event.ref, msgspec.Raw(body))


def encode(seen: Seen) -> tuple[bytes, bytes]:
    """Return the input's bytes and their SHA-256 digest, the name they are kept under."""
    raw = _encoder.encode(seen)
    return hashlib.sha256(raw).digest(), raw


def decode(raw: bytes) -> SeenRaw:
    """Read an input back."""
    return _decoder.decode(raw)
