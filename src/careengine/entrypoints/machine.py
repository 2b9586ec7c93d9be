"""What a program does with cards and cases, in one transaction each: the same acts as on the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from careengine.engine.case_views import case_called, story_of, subject_of
from careengine.engine.composition import Engine
from careengine.entrypoints.acting import Acting
from careengine.entrypoints.agents import ANSWER, HAND_OVER, SNOOZE, permit, record, undo_batch
from careengine.entrypoints.answering import AnswerGiven, post_answer
from careengine.entrypoints.explaining import explained, shown_card, shown_cards
from careengine.entrypoints.recomputing import recomputed
from careengine.entrypoints.staff import Person
from careengine.kernel.errors import Refused
from careengine.kernel.team import Team
from careengine.runtime.database import Connection
from careengine.trust.access import Access
from careengine.trust.actor import Purpose, Reader
from careengine.worklist.listing import Filter

Told = Mapping[str, Any]
MOST = 100
"""Cards or events in one answer."""
_EVENTS = """
    select e.id, e.recorded_at, e.happened_at, k.name, e.actor from event e
    join code k on k.kind = 'event' and k.id = e.kind where e.id > %s order by e.id limit %s
"""
_USUAL = (Purpose.TREATMENT, Purpose.PAYMENT, Purpose.OPERATIONS)


class NoSuchTeam(Refused):
    """A team that is not one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Somebody at work by program, in one transaction; the caller commits."""

    conn: Connection
    engine: Engine
    access: Access
    person: Person

    def cards(self, *, team: str = "", kind: str = "", limit: int = MOST) -> Sequence[Told]:
        """Return open cards of the program's teams, the one to take first on top; no name stands in them."""
        mine = tuple(sorted(one.value for one in self.person.teams))
        teams = (team,) if team in mine else mine
        wanted = Filter(teams=teams, kinds=(kind,) if kind in self._kinds() else None if not kind else ())
        return shown_cards(self.conn, self.engine, wanted, limit=min(limit, MOST), language="en")

    def card(self, card: int) -> Told:
        """Return one card whole: reasons, evidence with quotes, what would flip it, what may be answered."""
        return shown_card(self.conn, self.engine, self.access, card, language="en", reader=self._reader())

    def answer(self, card: int, answer: str, *, reason: str, version: int | None, batch: str) -> Told:
        """Answer a card; what may be answered is data, and refusing or denying anything is never among it."""
        found = permit(self.conn, self.engine, self.person, card, ANSWER, answer)
        given = AnswerGiven(card=card, answer=answer, actor=self.person.login, reason=reason, version=version)
        receipt = post_answer(self.conn, self.engine, given)
        record(self.conn, self.person, batch, found, ANSWER)
        return asdict(receipt)

    def hand_over(self, card: int, *, team: str, reason: str, batch: str) -> Told:
        """Pass a card to another team, saying what was tried."""
        found = permit(self.conn, self.engine, self.person, card, HAND_OVER)
        self._acting().hand_over(card, to=_team(team), reason=reason)
        record(self.conn, self.person, batch, found, HAND_OVER)
        return {"card": card, "team": team}

    def snooze(self, card: int, *, hours: int, batch: str) -> Told:
        """Put a card aside for some hours, never past its clock."""
        found = permit(self.conn, self.engine, self.person, card, SNOOZE)
        self._acting().snooze(card, hours=hours)
        record(self.conn, self.person, batch, found, SNOOZE)
        return {"card": card, "hours": hours}

    def undo(self, card: int) -> Told:
        """Take back one's own answer while the engine has not taken it."""
        self._acting().withdraw(card)
        return {"card": card}

    def undo_batch(self, batch: str) -> Told:
        """Take back everything of a batch as far as it is not too late; each act says what became of it."""
        return {"batch": batch, "acts": [asdict(one) for one in undo_batch(
            self.conn, self.engine, self.person, batch
        )]}  # fmt: skip

    def case(self, case: int) -> Told:
        """Return a case and everything that happened in it; codes and ids, no word of a chart."""
        view = asdict(case_called(self.conn, self.engine, case))
        view.pop("data")
        told = {"subject": str(subject_of(self.conn, case)), **story_of(self.conn, self.engine, case)}
        return {**view, **told}

    def decision(self, decision: int) -> Told:
        """Return a recorded decision whole."""
        return explained(self.conn, self.engine, self.access, decision, language="en", reader=self._reader())

    def recompute(self, decision: int) -> Told:
        """Decide a recorded decision again, and check its place in the chain."""
        return asdict(recomputed(self.conn, self.engine, decision))

    def events(self, after: int) -> list[Told]:
        """Return what happened after an event, oldest first; kinds and moments, no content."""
        names = ("id", "recorded_at", "happened_at", "kind", "actor")
        rows = self.conn.execute(_EVENTS, (after, MOST)).fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _acting(self) -> Acting:
        return Acting(self.conn, self.engine, self.person)

    def _reader(self) -> Reader:
        for purpose in _USUAL:
            reader = self.person.reader(purpose)
            if self.access.allows(reader, ("Patient",)):
                return reader
        return self.person.reader(Purpose.OPERATIONS)

    def _kinds(self) -> frozenset[str]:
        from careengine.worklist.answers import ANSWERS

        return frozenset(self.engine.book.value(ANSWERS, self.engine.clock.now().date()).answers)


def _team(name: str) -> Team:
    try:
        return Team(name)
    except ValueError:
        raise NoSuchTeam(f"There is no team '{name[:40]}'.") from None
