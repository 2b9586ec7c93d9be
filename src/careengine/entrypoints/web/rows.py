"""The rows of a list: what is asked, why it stopped, by when, whose, about whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from careengine.engine.calendars import instant
from careengine.engine.composition import Engine
from careengine.entrypoints.staff import Person
from careengine.entrypoints.web.asking import PAGE, Asked
from careengine.entrypoints.web.counting import teams_of
from careengine.entrypoints.web.house import House
from careengine.entrypoints.web.people import NOBODY, Somebody, somebodies
from careengine.entrypoints.web.reading import reader_for
from careengine.entrypoints.web.searching import found_by, kinds_of
from careengine.entrypoints.words import Words
from careengine.runtime.database import Connection
from careengine.trust.charts import Charts
from careengine.worklist.listing import Card, Filter, list_cards


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One card as a list shows it."""

    card: Card
    asked: str
    why: str
    here: str
    who: Somebody

    @property
    def owner(self) -> str:
        """Return the initials of who has it."""
        parts = (self.card.assignee or "").split("@")[0].replace("_", ".").split(".")
        return "".join(part[0] for part in parts if part)[:2].upper()


def filter_of(engine: Engine, person: Person, asked: Asked, *, now: datetime) -> Filter:
    """Return which cards a list holds: only those of the teams somebody sits in."""
    mine = teams_of(person)
    teams = (asked.team,) if asked.team in mine else mine
    kinds = (asked.kind,) if asked.kind in kinds_of(engine) else None
    return Filter(
        teams=teams, kinds=kinds,
        assignee=person.login if asked.view == "mine" else None,
        unassigned=asked.view == "unassigned",
        due_before=_end_of_today(engine, now) if asked.view == "today" else None,
        rung=1 if asked.view == "escalated" else 0,
        only_snoozed=asked.view == "snoozed",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, and which cards the whole list holds."""

    rows: list[Row]
    wanted: Filter


def rows_of(
    conn: Connection, house: House, person: Person, asked: Asked, *, language: str, now: datetime
) -> list[Row]:
    """Return a page of a list, the card to take first on top."""
    return listed(conn, house, person, asked, language=language, now=now).rows


def listed(
    conn: Connection, house: House, person: Person, asked: Asked, *, language: str, now: datetime
) -> Listed:
    """Return a page of a list and what it holds; whoever is named was read, on the record."""
    engine = house.engine
    charts = house.desk.charts(conn, reader_for(house.access, person))
    wanted = wanted_of(conn, charts, engine, person, asked, language=language)
    cards = list_cards(conn, engine, wanted, now=now, limit=asked.page * PAGE)[(asked.page - 1) * PAGE :]
    rows = rows_for(conn, engine, charts, cards, language=language, now=now)
    house.desk.seal(conn, charts)
    return Listed(rows, wanted)


def matching(conn: Connection, house: House, person: Person, asked: Asked, *, language: str) -> Filter:
    """Return which cards a list and its search hold, for counting them or acting on all of them."""
    charts = house.desk.charts(conn, reader_for(house.access, person))
    found = wanted_of(conn, charts, house.engine, person, asked, language=language)
    house.desk.seal(conn, charts)
    return found


def wanted_of(
    conn: Connection, charts: Charts, engine: Engine, person: Person, asked: Asked, *, language: str
) -> Filter:
    """Narrow somebody's list to what its address and its search ask for."""
    wanted = filter_of(engine, person, asked, now=engine.clock.now())
    return found_by(conn, charts, engine, asked.q, wanted, language)


def rows_for(
    conn: Connection, engine: Engine, charts: Charts, cards: Sequence[Card], *, language: str, now: datetime
) -> list[Row]:
    """Return cards as rows."""
    words = Words(conn, engine.book, language, zone_here(engine))
    who = somebodies(charts, {card.subject for card in cards if _about_a_person(card)}, now=now)
    return [_row(card, words, who.get(card.subject, NOBODY), now) for card in cards]


def _row(card: Card, words: Words, who: Somebody, now: datetime) -> Row:
    then = words.then(card.recorded_at, card.opened_at.date())
    return Row(
        card=card, asked=then.question(card.proposal.question),
        why=" ".join(then.reasons(card.proposal.because)), here=words.now(now.date()).reason(card.here),
        who=who,
    )  # fmt: skip


def _about_a_person(card: Card) -> bool:
    return card.subject != UUID(int=0)


def zone_here(engine: Engine) -> ZoneInfo:
    """Return the clock that pages show: that of the first site."""
    return ZoneInfo(next(iter(engine.organisation.sites.values())).zone)


def _end_of_today(engine: Engine, now: datetime) -> datetime:
    zone = zone_here(engine)
    return instant(now.astimezone(zone).date() + timedelta(days=1), datetime.min.time(), zone.key)
