"""What people do with cards short of answering them: take, hand over, put aside for an event, push up."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from careengine.engine.clocks import ClockPolicy, Ladder
from careengine.engine.composition import Engine
from careengine.engine.journey import State
from careengine.kernel.errors import Conflict, Refused
from careengine.kernel.policy import PolicyName
from careengine.kernel.team import Team
from careengine.runtime.database import Connection
from careengine.trust.actor import ActorKind
from careengine.worklist.listing import DECIDED, OPEN, NoSuchCard
from careengine.worklist.order import ReasonMissing


class Act(StrEnum):
    """What was done with a card."""

    ASSIGNED = "assigned"
    HANDED_OVER = "handed_over"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"
    DECIDED = "decided"
    UNDONE = "undone"


class AlreadyDecided(Conflict):
    """Somebody else answered the card first."""


class CardChanged(Conflict):
    """The card is not the one that was looked at any more."""


class PastItsClock(Refused):
    """A card was to be put aside for longer than its clock allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """Who acts, and when: ``at`` in domain time, ``real`` in real time."""

    actor: str
    actor_kind: ActorKind
    at: datetime
    real: datetime


@dataclass(frozen=True, slots=True)
class LockedCard:
    """A card under the caller's lock."""

    id: int
    case: int
    version: int
    status: int
    journey: int
    state: int
    kind: int
    rung: int
    due_at: datetime
    urgent: bool
    subject: UUID
    body: bytes


_LOCK = """
    select id, case_id, version, status, journey, state, kind, rung, due_at, urgent, subject, body
    from card where id = %s for update
"""
_ACT = """
    insert into card_act (id, card_id, card_version, recorded_at, at, act, actor, actor_kind, what, reason,
        event_id)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_REASON = """
    select a.reason from card c join card_act a on a.card_id = c.id where c.case_id = %s and a.event_id = %s
    order by a.id limit 1
"""
_LATELY = """
    select a.what, count(*) from (
        select card_id, card_version, what from card_act where act = 'decided' order by id desc limit 1000
    ) a
    join card c on c.id = a.card_id where c.kind = %s and not exists (
        select from card_act u where u.card_id = a.card_id and u.card_version = a.card_version
            and u.act = 'undone')
    group by a.what order by count(*) desc, a.what
"""
_LAST = "select actor from card_act where card_id = %s order by id desc limit 1"
_HISTORY = """
    select recorded_at, act, actor, what, reason from card_act where card_id = %s order by id desc limit 50
"""
_ANSWER = """
    select actor, what, recorded_at from card_act where card_id = %s and act = 'decided'
    order by id desc limit 1
"""


def reason_given(conn: Connection, case: int, event: int) -> str:
    """Return the reason a person gave with the answer that became ``event``; empty if none."""
    row = conn.execute(_REASON, (case, event)).fetchone()
    return str(row[0]) if row else ""


def answered_lately(conn: Connection, engine: Engine, kind: str) -> dict[str, int]:
    """Count how people answered cards of this kind, among their latest thousand answers of all kinds."""
    rows = conn.execute(_LATELY, (engine.codes.id("card", kind),)).fetchall()
    return {str(answer): int(cards) for answer, cards in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One act in a card's history."""

    at: datetime
    act: Act
    actor: str
    what: str
    reason: str


def history_of(conn: Connection, card: int) -> list[Done]:
    """Return what was done with a card, the latest first."""
    rows = conn.execute(_HISTORY, (card,)).fetchall()
    return [Done(at=at, act=Act(act), actor=who, what=what, reason=why) for at, act, who, what, why in rows]


def lock_card(conn: Connection, card: int, *, version: int | None = None) -> LockedCard:
    """Lock an open card.

    Raises:
        NoSuchCard: there is none of this id.
        AlreadyDecided: somebody answered it; the message says who and what.
        CardChanged: it was answered and withdrawn, or closed by the case going on.
    """
    found = lock_any(conn, card)
    if found.status != OPEN:
        raise _gone(conn, found)
    if version is not None and found.version != version:
        raise CardChanged(f"Card {card} changed since you looked at it. Look again, then decide.")
    return found


def lock_any(conn: Connection, card: int) -> LockedCard:
    """Lock a card, open or not; raises :class:`NoSuchCard`."""
    row = conn.execute(_LOCK, (card,)).fetchone()
    if row is None:
        raise NoSuchCard(f"There is no card {card}. `careengine cards list` shows those there are.")
    return LockedCard(*row)


def note(  # noqa: PLR0913  what was done to what, by whom, why, and the event it made
    conn: Connection,
    engine: Engine,
    card: LockedCard,
    act: Act,
    by: Doer,
    *,
    what: str = "",
    reason: str = "",
    event: int | None = None,
) -> None:
    """Write an act into the card's history."""
    values = (
        engine.ids.next(), card.id, card.version, by.real, by.at, act, by.actor, by.actor_kind, what, reason,
        event,
    )  # fmt: skip
    conn.execute(_ACT, values)


def assign(conn: Connection, engine: Engine, card: int, *, to: str, by: Doer) -> None:
    """Give a card to a person, or take it oneself. The caller commits."""
    found = lock_card(conn, card)
    conn.execute("update card set assignee = %s where id = %s", (to, card))
    note(conn, engine, found, Act.ASSIGNED, by, what=to)


def hand_over(conn: Connection, engine: Engine, card: int, *, to: Team, reason: str, by: Doer) -> None:
    """Route a card to another team, whose clock it keeps. The caller commits."""
    if not reason.strip():
        raise ReasonMissing(f"Say why card {card} goes to {to}; they must know what you already tried.")
    found = lock_card(conn, card)
    team = engine.codes.id("team", to.value)
    conn.execute("update card set team = %s, assignee = null where id = %s", (team, card))
    note(conn, engine, found, Act.HANDED_OVER, by, what=to.value, reason=reason)


def give_back(
    conn: Connection, engine: Engine, card: int, *, team: Team, owner: str | None, by: Doer
) -> None:
    """Take one's own last act back: team and owner as they were, not put aside. The caller commits.

    Raises :class:`CardChanged` when the last act with the card was somebody else's.
    """
    found = lock_card(conn, card)
    last = conn.execute(_LAST, (card,)).fetchone()
    if last is None or last[0] != by.actor:
        raise CardChanged(f"Card {card} was taken up by somebody else meanwhile. It stays as it is.")
    conn.execute(
        "update card set team = %s, assignee = %s, snoozed_until = null, snoozed_for = null where id = %s",
        (engine.codes.id("team", team.value), owner, card),
    )
    note(conn, engine, found, Act.UNDONE, by, what=team.value)


def snooze(conn: Connection, engine: Engine, card: int, *, until: datetime, event: str, by: Doer) -> None:
    """Put a card aside until an event of kind ``event`` reaches its case, at the latest ``until``.

    Without an event only time wakes it. Never past its clock: raises :class:`PastItsClock`.
    The caller commits.
    """
    found = lock_card(conn, card)
    if until > found.due_at or until <= by.at:
        raise PastItsClock(
            f"Card {card} can be put aside until its clock ends, not longer and not into the past. "
            "Choose an earlier time, or ask for help by escalating it."
        )
    if event:
        engine.codes.id("event", event)
    conn.execute(
        "update card set snoozed_until = %s, snoozed_for = %s, snoozed_at = %s where id = %s",
        (until, event or None, by.real, card),
    )
    note(conn, engine, found, Act.SNOOZED, by, what=event or until.isoformat())


def escalate(conn: Connection, engine: Engine, card: int, *, reason: str, by: Doer) -> str:
    """Push a card one rung up before its clock does; return the role that hears of it. The caller commits."""
    if not reason.strip():
        raise ReasonMissing(f"Say why card {card} must go up; whoever gets it should not have to ask.")
    found = lock_card(conn, card)
    ladder = _ladder(engine, found, by.at)
    rung = min(found.rung + 1, len(ladder.rungs) - 1)
    conn.execute(
        "update card set rung = %s, snoozed_until = null, snoozed_for = null where id = %s", (rung, card)
    )
    note(conn, engine, found, Act.ESCALATED, by, what=ladder.role(rung), reason=reason)
    return ladder.role(rung)


def _ladder(engine: Engine, card: LockedCard, at: datetime) -> Ladder:
    coded = next(c for c in engine.coded.values() if c.code == card.journey)
    state = coded.state(card.state)
    if not isinstance(state, State):
        raise CardChanged(f"The case of card {card.id} has ended; there is nothing to escalate.")
    clock = engine.book.value(PolicyName(state.clock, ClockPolicy), at.date())
    return engine.book.value(PolicyName(clock.ladder, Ladder), at.date())


def _gone(conn: Connection, card: LockedCard) -> Conflict:
    row = conn.execute(_ANSWER, (card.id,)).fetchone()
    if row is None:
        return CardChanged(f"Card {card.id} is closed: its case went on without it. There is nothing to do.")
    actor, what, at = row
    state = "and can still be taken back by them" if card.status == DECIDED else "and the case has gone on"
    return AlreadyDecided(
        f"Card {card.id} was answered by {actor} with '{what}' at {at:%H:%M:%S} UTC, {state}."
    )
