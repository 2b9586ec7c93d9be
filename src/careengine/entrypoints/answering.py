"""A person's answer to a card: who they are, whether the card offers it, and the decision that is theirs."""

from dataclasses import dataclass

from careengine.engine.composition import Engine
from careengine.entrypoints.authorizing import authorize_work
from careengine.entrypoints.staff import Person, person_called
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.worklist.acts import Doer
from careengine.worklist.answers import ANSWERS, checked
from careengine.worklist.deciding import Answer, Receipt, answered, decide, undo
from careengine.worklist.listing import card_called


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGiven:
    """What a person answered on a command line or a page."""

    card: int
    answer: str
    actor: str
    reason: str = ""
    version: int | None = None
    """The card's version they looked at; ``None`` takes it as it is now."""
    at_once: bool = False
    """Leave out the seconds in which it could be undone."""


def answer_card(conn: Connection, engine: Engine, said: AnswerGiven) -> Receipt:
    """Post an answer and commit it; raises as :func:`post_answer`."""
    receipt = post_answer(conn, engine, said)
    conn.commit()
    return receipt


def post_answer(conn: Connection, engine: Engine, said: AnswerGiven) -> Receipt:
    """Post a person's answer; the caller commits.

    Raises:
        UnknownPerson: nobody of that login sits in a team.
        NotTheirCard: the card waits for another team.
        UnlistedAnswer: the card's kind does not offer this answer; the message lists those it does.
        ReasonMissing: it is not the plain acceptance of the proposal, and gives no reason.
        AlreadyDecided, CardChanged: somebody was faster, or the card is another one by now.
    """
    person = person_called(engine.organisation, said.actor)
    card = card_called(conn, engine, said.card, now=engine.clock.now())
    today = engine.clock.now().date()
    authorize_work(engine, person, card)
    checked(card.kind, said.answer, policy=engine.book.value(ANSWERS, today))
    given = Answer(
        card=card.id, version=said.version or card.version,
        decision=answered(card.proposal, said.answer), reason=said.reason,
    )  # fmt: skip
    return decide(conn, engine, given, by=_doer(engine, person), at_once=said.at_once)


def take_back(conn: Connection, engine: Engine, card: int, *, actor: str) -> None:
    """Withdraw one's own answer before the engine takes it, and commit; raises ``TooLateToUndo``."""
    withdraw(conn, engine, card, actor=actor)
    conn.commit()


def withdraw(conn: Connection, engine: Engine, card: int, *, actor: str) -> None:
    """Withdraw one's own answer as :func:`take_back` does; the caller commits."""
    undo(conn, engine, card, by=_doer(engine, person_called(engine.organisation, actor)))


def _doer(engine: Engine, person: Person) -> Doer:
    return Doer(actor=person.login, actor_kind=person.kind, at=engine.clock.now(), real=real_now())
