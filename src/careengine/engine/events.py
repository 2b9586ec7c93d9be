"""Events as rows and as values: the typed event a handler gets is built from the stored body."""

from datetime import datetime
from typing import Any

import orjson

from careengine.engine.card_events import card_decided_from
from careengine.engine.case import (
    CARD_DECIDED,
    EFFECT_DELIVERED,
    EFFECT_FAILED,
    CardDecided,
    EffectDelivered,
    EffectFailed,
    Event,
)


def event_from(*, id: int, kind: str, at: datetime, actor: str, ref: str, body: bytes) -> Event:  # noqa: A002  an event's own words
    """Build the event from its stored parts; ``body`` is the JSON, unpacked."""
    if kind == CARD_DECIDED:
        return card_decided_from(id=id, at=at, actor=actor, ref=ref, body=body)
    said: dict[str, Any] = orjson.loads(body) if body else {}
    if kind == EFFECT_DELIVERED:
        return EffectDelivered(
            id=id, kind=kind, at=at, actor=actor, ref=ref, body=said, effect=said["effect"],
            effect_kind=said["effect_kind"], reply=said.get("reply", {}),
        )  # fmt: skip
    if kind == EFFECT_FAILED:
        return EffectFailed(
            id=id, kind=kind, at=at, actor=actor, ref=ref, body=said, effect=said["effect"],
            effect_kind=said["effect_kind"], why=said["why"],
        )  # fmt: skip
    return Event(id=id, kind=kind, at=at, actor=actor, ref=ref, body=said)


def is_human_act(event: Event | None) -> bool:
    """Say whether a person did this, as the worklist recorded it at the click."""
    return isinstance(event, CardDecided) and event.person
