"""One card as somebody sees it: about whom, why software stopped, the evidence, what may be answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from careengine.engine.case_views import CaseView, case_called
from careengine.engine.composition import Engine
from careengine.entrypoints.explaining import Shown, shown_card
from careengine.entrypoints.staff import Person
from careengine.entrypoints.web.house import House
from careengine.entrypoints.web.naming import EVENTS
from careengine.entrypoints.web.passages import Passage, passages
from careengine.entrypoints.web.people import Somebody, somebodies
from careengine.entrypoints.web.reading import reader_of_chart
from careengine.entrypoints.web.rows import zone_here
from careengine.entrypoints.web.stages import Stage, line_of
from careengine.entrypoints.words import Said, Words
from careengine.runtime.database import Connection
from careengine.worklist.acts import history_of
from careengine.worklist.listing import card_called


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer a card offers."""

    answer: str
    label: str
    proposed: bool
    """It is what software proposes: no reason is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """What the page of a card shows."""

    shown: Shown
    who: Somebody
    subject: UUID
    line: Sequence[Stage]
    choices: Sequence[Choice]
    lately: Sequence[tuple[str, int]]
    history: Sequence[Any]
    flips: Sequence[str]
    wakes: Sequence[str]
    """Kinds of events that its case hears and somebody would wait for."""
    passages: Sequence[Passage]
    """The texts it quotes from, the quotes marked; empty for whoever may not read them."""

    @property
    def id(self) -> int:
        """Return the card's id."""
        return int(self.shown["id"])

    @property
    def open(self) -> bool:
        """Say whether it still waits."""
        return bool(self.shown["status"] == "open")

    @property
    def usual(self) -> Choice | None:
        """Return the answer that one key gives: what is proposed, else the first offered."""
        proposed = next((one for one in self.choices if one.proposed), None)
        return proposed or next(iter(self.choices), None)


def card_view(conn: Connection, house: House, person: Person, card: int, *, language: str) -> CardView:
    """Return a card for ``person``; raises :class:`NoSuchCard`. Its trace is kept."""
    engine = house.engine
    now, zone = engine.clock.now(), zone_here(engine)
    found = card_called(conn, engine, card, now=now)
    reader = reader_of_chart(conn, house, person, found.subject)
    charts = house.desk.charts(conn, reader)
    who = somebodies(charts, {found.subject}, now=now)[found.subject]
    seen_as = None if who.closed else reader
    texts = [] if who.closed else passages(charts, found.proposal.evidence)
    house.desk.seal(conn, charts)
    shown = shown_card(conn, engine, house.access, card, language=language, reader=seen_as, zone=zone)
    words = Words(conn, engine.book, language, zone).now(now.date())

    def called(answer: str) -> str:
        return words.called("worklist.answer", answer).capitalize()

    case = case_called(conn, engine, found.case)
    offered = shown["answers"]
    return CardView(
        shown=shown, who=who, subject=found.subject, line=line_of(engine, case),
        choices=[Choice(answer=one, label=called(one), proposed=one == shown["proposal"]) for one in offered],
        lately=[(called(answer), count) for answer, count in shown["lately"].items()],
        history=history_of(conn, card), flips=_flips(words, shown), passages=texts,
        wakes=_wakes(engine, case),
    )  # fmt: skip


def _wakes(engine: Engine, case: CaseView) -> list[str]:
    heard = {
        kind for state, kind in engine.newest(case.journey).journey.ons if state in {"", case.state}
    }  # fmt: skip
    return [kind for kind in EVENTS if kind in heard]


def _flips(words: Said, shown: Shown) -> list[str]:
    given = (
        {"fact": flip.fact, "becomes": flip.becomes or "-", "answer": flip.answer} for flip in shown["flips"]
    )
    return [words.sentence("worklist.flip", one) for one in given]
