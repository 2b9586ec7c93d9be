"""A person's answer to a card: an event that can be undone for some seconds, one for each card version."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from careengine.engine.card_events import card_decided_body
from careengine.engine.case import CARD_DECIDED
from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.kernel.decision import Decision, Reason, Route
from careengine.kernel.errors import Conflict
from careengine.runtime.codec import pack, unpack
from careengine.runtime.database import Connection
from careengine.trust.actor import Purpose
from careengine.trust.audit import AuditEntry
from careengine.trust.encoding import decode_decision
from careengine.trust.ledger import Pen
from careengine.worklist.acts import Act, AlreadyDecided, Doer, LockedCard, lock_any, lock_card, note
from careengine.worklist.listing import DECIDED, OPEN
from careengine.worklist.order import DECIDING, ReasonMissing, needs_reason

_WITHDRAW = """
    delete from inbox where case_id = %s and event_id = %s and not_before > %s returning event_id
"""
_LAST_ANSWER = """
    select event_id, actor, what from card_act where card_id = %s and act = 'decided' order by id desc limit 1
"""


class TooLateToUndo(Conflict):
    """The engine has taken the answer, or somebody else gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person says to a card, and the version of it they looked at."""

    card: int
    version: int
    decision: Decision
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What happened to an answer: the event it became, and until when (real time) it can be undone."""

    card: int
    answer: str
    event: int
    undo_until: datetime | None


def proposal_of(card: LockedCard) -> Decision:
    """Return what the card proposes."""
    said = orjson.loads(unpack(card.body))
    return decode_decision(said["kind"], orjson.dumps(said["decision"]))


def answered(proposal: Decision, answer: str) -> Decision:
    """Return a person's favourable decision on what was proposed: same question and evidence, their answer.

    A refusal or an adverse decision is another class and is built by who is licensed to make it.
    """
    reasons = (Reason("worklist.person_decided", {"answer": answer}), *proposal.because)
    return Decision(
        question=proposal.question, route=Route.PROCEED, answer=answer, because=reasons,
        policy=proposal.policy, evidence=proposal.evidence, model=proposal.model,
    )  # fmt: skip


def decide(conn: Connection, engine: Engine, answer: Answer, *, by: Doer, at_once: bool = False) -> Receipt:
    """Post a person's answer; the engine takes it after the seconds in which it can be undone.

    Urgent cards are taken at once. The caller commits.

    Raises:
        AlreadyDecided: somebody was first; the message says who and what.
        CardChanged: the card is not the one they looked at.
        ReasonMissing: it is not the plain acceptance of the proposal, and gives no reason.
    """
    card = lock_card(conn, answer.card, version=answer.version)
    if needs_reason(proposal_of(card), answer.decision.answer) and not answer.reason.strip():
        raise ReasonMissing(f"Card {card.id} proposed something else. Say why you decide otherwise.")
    undo = engine.book.value(DECIDING, by.at.date()).undo
    until = None if card.urgent or at_once or not undo else by.real + undo
    event = _post(conn, engine, card, answer, by, until)
    # Whose it is, and until when it was put aside, stays as it was: taking the answer back restores the card.
    conn.execute("update card set status = %s where id = %s", (DECIDED, card.id))
    note(conn, engine, card, Act.DECIDED, by, what=answer.decision.answer, reason=answer.reason, event=event)
    return Receipt(card=card.id, answer=answer.decision.answer, event=event, undo_until=until)


def undo(conn: Connection, engine: Engine, card: int, *, by: Doer) -> None:
    """Take an answer back before the engine takes it; the card is open again. The caller commits.

    Raises :class:`TooLateToUndo` when the engine was faster, or the answer was somebody else's.
    """
    found = lock_any(conn, card)
    row = conn.execute(_LAST_ANSWER, (card,)).fetchone()
    if row is None or found.status != DECIDED:
        raise TooLateToUndo(f"Card {card} has no answer that could be taken back.")
    event, actor, what = row
    if actor != by.actor:
        raise TooLateToUndo(f"Card {card} was answered by {actor}; only they can take it back.")
    if conn.execute(_WITHDRAW, (found.case, event, by.real)).fetchone() is None:
        raise TooLateToUndo(f"The engine has taken the answer to card {card} already. Reopen it in the case.")
    conn.execute("update card set status = %s, version = version + 1 where id = %s", (OPEN, card))
    note(conn, engine, found, Act.UNDONE, by, what=what, event=event)
    _audit(conn, engine, found, by)


def _post(
    conn: Connection, engine: Engine, card: LockedCard, answer: Answer, by: Doer, until: datetime | None
) -> int:
    body = card_decided_body(
        card=card.id, card_kind=engine.codes.name("card", card.kind), decision=answer.decision,
        reason=answer.reason, actor=by.actor, actor_kind=by.actor_kind,
    )  # fmt: skip
    event = NewEvent(
        kind=CARD_DECIDED, at=by.at, key=key_of("card", card.id, card.version), actor=by.actor,
        ref="", subject=card.subject, cases=(card.case,), not_before=until, body=pack(body),
    )  # fmt: skip
    posted = post(conn, engine, [event], recorded_at=by.real)
    if event.key not in posted:
        raise AlreadyDecided(f"Card {card.id} was answered by somebody else a moment ago. Look again.")
    return posted[event.key]


def _audit(conn: Connection, engine: Engine, card: LockedCard, by: Doer) -> None:
    """Keep in the sealed audit that an answer was given and taken back."""
    pen, batch = Pen(engine.ids), engine.ids.next()
    entry = AuditEntry(
        act="withdraw", actor=by.actor, actor_kind=by.actor_kind, purpose=Purpose.OPERATIONS, at=by.at,
        subjects=(card.subject,), things=(card.id,),
    )  # fmt: skip
    leaves = pen.write(conn, batch=batch, recorded_at=by.real, entries=(), inputs={}, audits=(entry,))
    pen.seal(conn, batch=batch, leaves=leaves, recorded_at=by.real)
