"""What an agent may do: the answers granted to it, its budget and pace, and its batches undone as one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from careengine.engine.composition import Engine
from careengine.entrypoints.acting import Acting
from careengine.entrypoints.staff import AGENT, Person
from careengine.kernel.errors import CareError, Refused
from careengine.kernel.team import Team
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.runtime.organisation import AgentSetting
from careengine.trust.actor import ActorKind
from careengine.worklist.listing import Card, card_called

ANSWER, HAND_OVER, SNOOZE = "answer", "hand_over", "snooze"
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_LATELY = """
    select count(*) filter (where at > %(day)s), count(*) filter (where at > %(minute)s)
    from batch_act where actor = %(actor)s and at > %(day)s
"""
_UNDO = """
    select ordinal, card_id, act, team, owner from batch_act
    where actor = %s and batch = %s and undone_at is null order by ordinal desc
"""


class NotGranted(Refused):
    """An agent tries what its entry in organisation.yaml does not grant."""


class BudgetSpent(CareError):
    """An agent has done today, or this minute, as much as it may."""

    status = 429


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of one act of a batch that is taken back."""

    card: int
    act: str
    why: str
    """Why it could not be taken back; empty when it was."""


def permit(conn: Connection, engine: Engine, person: Person, card: int, act: str, answer: str = "") -> Card:
    """Return the card if an act with it is granted; people are judged by their teams alone, elsewhere.

    Raises :class:`NotGranted` and :class:`BudgetSpent`; each says what the agent's owner can change.
    """
    found = card_called(conn, engine, card, now=engine.clock.now())
    if person.kind is not ActorKind.AGENT:
        return found
    setting = engine.organisation.agents[person.login.removeprefix(AGENT)]
    _refuse_ungranted(person, setting, found, act, answer)
    conn.execute("select pg_advisory_xact_lock(hashtext(%s))", (person.login,))
    _refuse_spent(conn, person, setting)
    return found


def _refuse_ungranted(person: Person, setting: AgentSetting, card: Card, act: str, answer: str) -> None:
    may = answer in setting.answers.get(card.kind, ()) if act == ANSWER else setting.hands_over
    if not may:
        what = f"answer '{answer}' to {card.kind}" if act == ANSWER else act.replace("_", " ")
        raise NotGranted(
            f"{person.login} may not {what}. A person does it, or {setting.owner} grants it to the agent."
        )


def _refuse_spent(conn: Connection, person: Person, setting: AgentSetting) -> None:
    now = real_now()
    given = {"actor": person.login, "day": now - _DAY, "minute": now - _MINUTE}
    today, lately = conn.execute(_LATELY, given).fetchone() or (0, 0)
    if today >= setting.acts_per_day:
        raise BudgetSpent(
            f"{person.login} has done {today} acts in a day, as many as it may; ask {setting.owner}."
        )
    if lately >= setting.acts_per_minute:
        raise BudgetSpent(f"{person.login} has done {lately} acts in a minute, as many as it may. Wait.")


def record(conn: Connection, person: Person, batch: str, card: Card, act: str) -> None:
    """Keep an act with how the card stood before, in the transaction of the act itself."""
    conn.execute(
        "insert into batch_act (batch, actor, card_id, act, team, owner, at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (batch, person.login, card.id, act, card.team, card.assignee, real_now()),
    )


def undo_batch(conn: Connection, engine: Engine, person: Person, batch: str) -> list[Undone]:
    """Take back every act of a batch, the last one first; what is too late for it says so and stays."""
    acting, told = Acting(conn, engine, person), list[Undone]()
    for ordinal, card, act, team, owner in conn.execute(_UNDO, (person.login, batch)).fetchall():
        why = ""
        try:
            with conn.transaction():
                _undo_one(acting, card, act, team, owner)
                _mark(conn, person, batch, ordinal, real_now())
        except CareError as error:
            why = str(error)
        told.append(Undone(card, act, why))
    return told


def _undo_one(acting: Acting, card: int, act: str, team: str, owner: str | None) -> None:
    if act == ANSWER:
        acting.withdraw(card)
    else:
        acting.give_back(card, team=Team(team), owner=owner)


def _mark(conn: Connection, person: Person, batch: str, ordinal: int, at: datetime) -> None:
    conn.execute(
        "update batch_act set undone_at = %s where actor = %s and batch = %s and ordinal = %s",
        (at, person.login, batch, ordinal),
    )
