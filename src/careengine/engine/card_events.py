"""A person's answer to a card as an event's body, and back: the worklist posts it, the engine consumes it."""

from datetime import datetime

import msgspec

from careengine.engine.case import CARD_DECIDED, CardDecided
from careengine.kernel.decision import Decision
from careengine.kernel.errors import CareError
from careengine.trust.actor import ActorKind
from careengine.trust.encoding import decode_decision, encode_decision


class CardAnswerUnreadable(CareError):
    """The stored answer to a card cannot be read; it was damaged or written by another version."""


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    card: int
    card_kind: str
    answer: str
    reason: str
    actor: str
    actor_kind: int
    decision_kind: int
    decision: msgspec.Raw


_decode = msgspec.json.Decoder(_Body).decode
_encode = msgspec.json.Encoder().encode


def card_decided_body(
    *, card: int, card_kind: str, decision: Decision, reason: str, actor: str, actor_kind: ActorKind
) -> bytes:
    """Return the body of a ``card.decided`` event; the answer is the decision's own."""
    kind, raw = encode_decision(decision)
    return _encode(
        _Body(card, card_kind, decision.answer, reason, actor, int(actor_kind), int(kind), msgspec.Raw(raw))
    )


def card_decided_from(*, id: int, at: datetime, actor: str, ref: str, body: bytes) -> CardDecided:  # noqa: A002  an event's own word
    """Return the event whose body :func:`card_decided_body` made; raise :class:`CardAnswerUnreadable`."""
    try:
        said = _decode(body)
        decision = decode_decision(said.decision_kind, bytes(said.decision))
    except (msgspec.MsgspecError, ValueError, KeyError) as error:
        raise CardAnswerUnreadable(
            f"The answer in event {id} cannot be read back. Ask its author to decide the card again."
        ) from error
    return CardDecided(
        id=id, kind=CARD_DECIDED, at=at, actor=actor, ref=ref, card=said.card, card_kind=said.card_kind,
        answer=said.answer, reason=said.reason, decision=decision,
        person=said.actor_kind == ActorKind.PERSON,
    )  # fmt: skip
