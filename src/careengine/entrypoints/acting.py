"""What a person does with cards, on pages and elsewhere: who they are, whether they may, and the act."""

from dataclasses import dataclass
from datetime import timedelta

from careengine.engine.composition import Engine
from careengine.entrypoints.answering import AnswerGiven, answer_card, take_back, withdraw
from careengine.entrypoints.authorizing import authorize_lead, authorize_work
from careengine.entrypoints.staff import Person, person_called
from careengine.kernel.team import Team
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.worklist import acts
from careengine.worklist.deciding import Receipt
from careengine.worklist.listing import Card, card_called


@dataclass(frozen=True, slots=True)
class Acting:
    """One person at work in one transaction; the caller commits."""

    conn: Connection
    engine: Engine
    person: Person

    def decide(self, card: int, answer: str, *, reason: str, version: int | None) -> Receipt:
        """Answer a card; raises as :func:`answer_card`."""
        given = AnswerGiven(card=card, answer=answer, actor=self.person.login, reason=reason, version=version)
        return answer_card(self.conn, self.engine, given)

    def take_back(self, card: int) -> None:
        """Withdraw one's own answer; raises ``TooLateToUndo``."""
        take_back(self.conn, self.engine, card, actor=self.person.login)

    def withdraw(self, card: int) -> None:
        """Withdraw one's own answer as :meth:`take_back` does; the caller commits."""
        withdraw(self.conn, self.engine, card, actor=self.person.login)

    def assign(self, card: int, *, to: str) -> None:
        """Give a card to somebody who sits in its team, or take it oneself."""
        found = self._mine(card)
        authorize_work(self.engine, person_called(self.engine.organisation, to), found)
        acts.assign(self.conn, self.engine, card, to=to, by=self._doer())

    def give(self, card: int, *, to: str) -> None:
        """As who answers for the card's team: give it to somebody who sits there; raises ``NotTheirLead``."""
        found = card_called(self.conn, self.engine, card, now=self.engine.clock.now())
        authorize_lead(self.engine, self.person, Team(found.team))
        authorize_work(self.engine, person_called(self.engine.organisation, to), found)
        acts.assign(self.conn, self.engine, card, to=to, by=self._doer())

    def hand_over(self, card: int, *, to: Team, reason: str) -> None:
        """Route a card to another team."""
        self._mine(card)
        acts.hand_over(self.conn, self.engine, card, to=to, reason=reason, by=self._doer())

    def give_back(self, card: int, *, team: Team, owner: str | None) -> None:
        """Undo a bulk act: the card has the team and owner it had, and waits again."""
        acts.give_back(self.conn, self.engine, card, team=team, owner=owner, by=self._doer())

    def snooze(self, card: int, *, hours: int = 0, event: str = "") -> None:
        """Put a card aside for some hours, or until an event reaches its case; never past its clock."""
        found = self._mine(card)
        until = found.due_at if event else self.engine.clock.now() + timedelta(hours=hours)
        acts.snooze(self.conn, self.engine, card, until=until, event=event, by=self._doer())

    def escalate(self, card: int, *, reason: str) -> str:
        """Push a card one rung up; return the role that hears of it."""
        self._mine(card)
        return acts.escalate(self.conn, self.engine, card, reason=reason, by=self._doer())

    def _mine(self, card: int) -> Card:
        """Return a card of a team the person sits in or may stand in for; raises ``NotTheirCard``."""
        found = card_called(self.conn, self.engine, card, now=self.engine.clock.now())
        authorize_work(self.engine, self.person, found)
        return found

    def _doer(self) -> acts.Doer:
        return acts.Doer(
            actor=self.person.login, actor_kind=self.person.kind, at=self.engine.clock.now(), real=real_now()
        )
