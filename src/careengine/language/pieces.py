"""Cut a short message into pieces that a phrase book knows, and say what is left over.

Where :mod:`careengine.language.reading` finds a few words that matter in much text, this
wants all of a little text: every word belongs to a piece with a meaning, or is left over.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from careengine.language.lexicon import Phrase
from careengine.language.words import fold, near, one_left_out

LEFT_OVER = ""
DIGITS = "#n"
CLOCK = "#:"
DAY = "#/"
_JOINERS = "\ufe0e\ufe0f\u20e3\u200d"
_TOKEN = re.compile(
    r"\d{1,2}/\d{1,2}(?:/\d{4}|/\d{2})?(?![\d/])"  # 3/12
    r"|\d{1,2}[:.h]\d{2}(?!\d)"  # 10:30, 10h30
    r"|\d(?=\ufe0f?\u20e3)"  # a keycap
    r"|\d+(?=(?:st|nd|rd|th|er|ro|ra|do|da|am|pm|p|h|hs|hrs|min|mins|ish)\b)"  # 2pm, 3rd
    r"|[^\W_]+(?:['\u2019\u02bc][^\W_]+)*"
    r"|[^\s\w]|_",
    re.IGNORECASE,
)
_SILENT = frozenset(".,!?;:()\"'\u2026-\u2013\u2014*~\u00bf\u00a1\u201c\u201d\u2018\u2019/+")
"""Punctuation that means nothing by itself in a text message."""


class Token(NamedTuple):
    """One word, number or sign of a message, folded, with its place."""

    plain: str
    start: int
    end: int
    kind: str = ""
    after_pause: bool = False
    """Punctuation or a new line stands before it."""


class Piece(NamedTuple):
    """Tokens that mean something together; ``meaning`` is empty when nobody knows what."""

    meaning: str
    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhraseBook:
    """Phrases by their first word, each with what it means, and the words they are made of."""

    starts: Mapping[str, tuple[tuple[str, Phrase], ...]]
    known: frozenset[str]
    spellings: Mapping[str, tuple[str, ...]]
    kept: frozenset[str]
    """Words never taken for a misspelling."""
    tolerance_from: int
    """Words this long or longer may be misspelt by one letter."""


@lru_cache(maxsize=20_000)  # the same words come again and again
def corrected(word: str, book: PhraseBook) -> str:
    """Return the known word that ``word`` misspells by one letter, or ``word`` itself."""
    if word in book.known or word in book.kept or len(word) < book.tolerance_from - 1 or not word.isalpha():
        return word
    return near(word, book.spellings)


def phrase_book(
    meanings: Iterable[tuple[str, Phrase]], *, tolerance_from: int, kept: frozenset[str]
) -> PhraseBook:
    """Prepare phrases for looking up; of two with the same words, the first one counts."""
    starts: dict[str, list[tuple[str, Phrase]]] = {}
    known: set[str] = set()
    for meaning, phrase in meanings:
        known.update(word for place in phrase.places for word in place)
        for word in phrase.places[0]:
            starts.setdefault(word, []).append((meaning, phrase))
    spellings: dict[str, set[str]] = {}
    for word in known:
        if len(word) >= tolerance_from and word.isalpha():
            for shorter in (word, *one_left_out(word)):
                spellings.setdefault(shorter, set()).add(word)
    return PhraseBook(
        starts={word: tuple(found) for word, found in starts.items()},
        known=frozenset(known),
        spellings={shorter: tuple(sorted(longer)) for shorter, longer in spellings.items()},
        kept=kept,
        tolerance_from=tolerance_from,
    )


def tokens(text: str) -> tuple[Token, ...]:
    """Return every word, number and sign of the text that could mean something, in order."""
    found: list[Token] = []
    pause = False
    reached = 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        pause = pause or "\n" in text[reached:start]
        reached = end
        plain = _plain(match.group())
        if not plain or plain in _SILENT:
            pause = pause or bool(plain)
            continue
        found.append(Token(plain, start, end, _kind(plain), pause))
        pause = False
    return tuple(found)


def _plain(written: str) -> str:
    """Return the token folded; empty when it is no more than a joiner, a tone or a control sign."""
    if written.isascii():
        return "" if len(written) == 1 and not written.isprintable() else _bare(written.lower())
    if len(written) == 1 and (written in _JOINERS or unicodedata.category(written) in {"Cf", "Cc", "Mn"}):
        return ""
    if "\U0001f3fb" <= written <= "\U0001f3ff":
        return ""
    folded = fold(unicodedata.normalize("NFKC", written))
    return _bare(folded.replace("\u02bc", "'"))


def _bare(word: str) -> str:
    """Return a word without its apostrophes: people leave them out."""
    return word.replace("'", "") or word


def _kind(plain: str) -> str:
    if not plain[0].isdecimal():
        return ""
    if "/" in plain:
        return DAY
    if plain.isdecimal():
        return DIGITS
    return CLOCK if re.fullmatch(r"\d{1,2}[:.h]\d{2}", plain) else ""


def cut_up(said: Sequence[Token], book: PhraseBook) -> tuple[Piece, ...]:
    """Return the message as pieces in order: as few tokens left over as can be, then as few pieces.

    A number that is in no phrase is a piece that means its kind.
    """
    plain = [corrected(one.plain, book) for one in said]
    best: list[tuple[int, int, int, str]] = [(0, 0, 0, "")] * (len(said) + 1)
    for at in range(len(said) - 1, -1, -1):
        over, count, _, _ = best[at + 1]
        lone = said[at].kind
        choices = [(over + (not lone), count + 1, at + 1, lone or LEFT_OVER)]
        for meaning, phrase in (*book.starts.get(plain[at], ()), *book.starts.get(lone, ())):
            after = at + len(phrase.places)
            if after <= len(said) and _stands(phrase, at, plain, said):
                choices.append((best[after][0], best[after][1] + 1, after, meaning))
        best[at] = min(choices, key=lambda one: one[:2])
    pieces = []
    at = 0
    while at < len(said):
        _, _, after, meaning = best[at]
        pieces.append(Piece(meaning, at, after - 1, said[at].start, said[after - 1].end))
        at = after
    return tuple(pieces)


def _stands(phrase: Phrase, at: int, plain: Sequence[str], said: Sequence[Token]) -> bool:
    for i, place in enumerate(phrase.places[1:], at + 1):
        if plain[i] not in place and not (said[i].kind and said[i].kind in place):
            return False
    return True
