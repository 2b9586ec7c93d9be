"""What a search box finds: people by name or record number, else cards by what they ask."""

from dataclasses import replace
from uuid import UUID

from careengine.engine.composition import Engine
from careengine.entrypoints.words import Words
from careengine.record.query import query_of
from careengine.runtime.database import Connection
from careengine.trust.access import NotAllowed
from careengine.trust.charts import Charts
from careengine.worklist.answers import ANSWERS
from careengine.worklist.listing import Filter

_MOST = "50"


def found_by(
    conn: Connection, charts: Charts, engine: Engine, words: str, wanted: Filter, language: str
) -> Filter:
    """Narrow a list to what ``words`` find; nothing found is an empty list, never the whole one."""
    if not words:
        return wanted
    people = people_called(charts, words)
    if people:
        return replace(wanted, subjects=people)
    asked = Words(conn, engine.book, language).now(engine.clock.now().date())
    kinds = [kind for kind in kinds_of(engine) if words.casefold() in asked.question(kind).casefold()]
    return replace(wanted, kinds=tuple(kinds))


def kinds_of(engine: Engine) -> tuple[str, ...]:
    """Return every kind of card that people answer here."""
    return tuple(sorted(engine.book.value(ANSWERS, engine.clock.now().date()).answers))


def people_called(charts: Charts, words: str) -> tuple[UUID, ...]:
    """Return the people of this name or record number, as far as the reader may know them."""
    by = "identifier" if any(letter.isdigit() for letter in words) else "name"
    try:
        asked = (*((by, part) for part in words.split()), ("_count", _MOST))
        _, found = charts.search(query_of("Patient", asked))
    except NotAllowed:
        return ()
    return tuple(one.subject for one in found.values() if one.subject is not None)
