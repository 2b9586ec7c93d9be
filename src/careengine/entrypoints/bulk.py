"""Many answers to cards in one go: each is posted and committed by itself, and one refused stops no other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from careengine.engine.composition import Engine
from careengine.entrypoints.answering import AnswerGiven, answer_card
from careengine.entrypoints.explaining import shown_cards
from careengine.kernel.errors import CareError, Refused
from careengine.runtime.database import Connection
from careengine.worklist.deciding import Receipt
from careengine.worklist.listing import Filter

_MOST = 10_000
_MUST = ("card", "answer", "actor")
_KNOWN = frozenset({*_MUST, "reason", "version", "now"})


class NotAnAnswer(Refused):
    """A line of a file of answers cannot be read as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """An answer that was refused, and why, in the words a single one is refused with."""

    line: int
    card: int | None
    refused: str
    error: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The open cards, as ``careengine cards list`` shows them."""

    cards: list[dict[str, Any]]


def answer_cards(
    conn: Connection, engine: Engine, lines: Iterable[str], *, language: str = "en"
) -> Iterator[Receipt | NotTaken | Listed]:
    """Post each line's answer as it comes: one JSON object a line, blank lines passed over.

    The line ``{"list": true}`` asks for the cards that are open at that moment.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        card: int | None = None
        try:
            if _object(line) == {"list": True}:
                yield Listed(shown_cards(conn, engine, Filter(), limit=_MOST, language=language))
                conn.rollback()  # what is read from a pipe may stay away for long
                continue
            given = answer_of(line)
            card = given.card
            yield answer_card(conn, engine, given)
        except CareError as error:
            conn.rollback()
            yield NotTaken(line=number, card=card, refused=type(error).__name__, error=str(error))


def answer_of(line: str) -> AnswerGiven:
    """Read ``{"card": 7, "answer": "accept", "actor": "nurse.ines"}``; reason, version and now may follow.

    Raises:
        NotAnAnswer: The line is no such object.
    """
    said = _object(line)
    missing = [name for name in _MUST if name not in said]
    strange = sorted(set(said) - _KNOWN)
    if missing or strange:
        what = f"lacks {', '.join(missing)}" if missing else f"holds {', '.join(strange)}, which nobody reads"
        raise NotAnAnswer(f"An answer {what}. Give {', '.join(_MUST)}, and if needed reason, version, now.")
    if not _fits(said):
        raise NotAnAnswer(
            "In an answer, card and version are numbers, now is true or false, the rest is text."
        )
    return AnswerGiven(
        card=said["card"], answer=said["answer"], actor=said["actor"], reason=said.get("reason", ""),
        version=said.get("version"), at_once=said.get("now", False),
    )  # fmt: skip


def _object(line: str) -> dict[str, Any]:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise NotAnAnswer("This line is no JSON. Write one object a line.") from error
    if not isinstance(said, dict):
        raise NotAnAnswer("This line is no JSON object. Write one object a line.")
    return said


def _fits(said: dict[str, Any]) -> bool:
    numbers = (said["card"], said.get("version") or 0)
    texts = (said["answer"], said["actor"], said.get("reason", ""))
    return (
        all(isinstance(one, int) and not isinstance(one, bool) for one in numbers)
        and all(isinstance(one, str) for one in texts)
        and isinstance(said.get("now", False), bool)
    )
