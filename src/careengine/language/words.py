"""Cut free text into words that keep their place, and prepare a lexicon for looking words up."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from careengine.language.lexicon import Kind, Lexicon, Phrase, Start

NUMBER = "#"
YEAR = "#year"
_WORD = re.compile(
    r"[^\W_]{1,2}/[^\W_]{1,2}(?![^\W_])"  # h/o, s/p
    r"|\d+(?:[.,]\d+)*"
    r"|(?:[^\W\d_][\u0300-\u036f]*)+(?:['\u2019](?:[^\W\d_][\u0300-\u036f]*)+)?"
)
_END = re.compile(r"[.!?;\n\r•]")


class Word(NamedTuple):
    """One word of a text: folded to plain lower case, with its place and its sentence.

    A named tuple, not a dataclass: thousands are made a second.
    """

    plain: str
    start: int
    end: int
    sentence: int
    after_comma: bool
    kinds: tuple[str, ...] = ()
    """What it counts as besides itself: a number, a year before this one."""

    @property
    def value(self) -> float | None:
        """Return the number written here, if it is one."""
        if not self.plain[0].isdecimal():
            return None
        try:
            return float(self.plain.replace(",", "."))
        except ValueError:
            return None


def fold(text: str) -> str:
    """Return the text in lower case without accents: ``Súbita`` becomes ``subita``."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in parts if not unicodedata.combining(c)).replace("\u2019", "'")


def cut(text: str, lexicon: Lexicon, year: int) -> tuple[Word, ...]:
    """Return the words of ``text`` in order; a sentence ends at ``. ! ? ;`` or a new line.

    ``year`` is the year of reading; only an earlier one counts as a year.
    """
    words: list[Word] = []
    lower = text.lower() if text.isascii() else ""
    sentence, reached, before = 0, 0, ""
    for found in _WORD.finditer(text):
        start, end = found.span()
        between = text[reached:start]
        plain = lower[start:end] if lower else fold(found.group())
        comma = False
        if between != " ":
            comma = "," in between
            sentence += bool(before) and _ends(between, before, lexicon.abbreviations)
        kinds = _kinds(plain, lexicon.numbers, year)
        words.append(Word(plain, start, end, sentence, comma, kinds))
        reached, before = end, plain
    return tuple(words)


def _ends(between: str, before: str, abbreviations: frozenset[str]) -> bool:
    if _END.search(between) is None:
        return False
    return not (between.strip() == "." and before in abbreviations)


def _kinds(plain: str, numbers: frozenset[str], year: int) -> tuple[str, ...]:
    if plain[0].isdecimal():
        past = len(plain) == 4 and plain.isdecimal() and 1900 <= int(plain) < year
        return (YEAR, NUMBER) if past else (NUMBER,)
    return (NUMBER,) if plain in numbers else ()


def phrases(written: str) -> tuple[Phrase, ...]:
    """Read ``sudden|abrupt loss of? vision|sight /2``.

    Words in order; ``|`` separates words that would do in one place, ``?`` ends a place
    that may be missing, ``/2`` lets up to two other words stand between two places.
    """
    parts = fold(written).split()
    gap = int(parts.pop()[1:]) if re.fullmatch(r"/\d", parts[-1]) else 0
    readings: list[tuple[frozenset[str], ...]] = [()]
    for part in parts:
        place = frozenset(part.removesuffix("?").split("|"))
        with_it = [(*reading, place) for reading in readings]
        readings = with_it + readings if part.endswith("?") else with_it
    return tuple(Phrase(reading, gap) for reading in readings if reading)


def prepared(lexicon: Lexicon) -> Lexicon:
    """Return the lexicon with its indexes: first words, known words, and their one-letter misspellings."""
    starts: dict[str, list[Start]] = {}
    groups = (
        (Kind.SIGN, [s.phrases for s in lexicon.signs]),
        (Kind.MODIFIER, [m.phrases for m in lexicon.modifiers]),
        (Kind.NEUTRAL, [lexicon.neutral]),
    )
    for kind, owners in groups:
        for index, phrases in enumerate(owners):
            for one in phrases:
                for word in one.places[0]:
                    starts.setdefault(word, []).append(Start(kind, index, one))
    known = {w for found in starts.values() for s in found for place in s.phrase.places for w in place}
    correctable = {
        w
        for s in lexicon.signs
        for one in s.phrases
        for place in one.places
        for w in place
        if len(w) >= lexicon.tolerance_from
    }
    return replace(
        lexicon,
        begins=frozenset(w for w, found in starts.items() if any(s.kind is Kind.SIGN for s in found)),
        starts={word: tuple(found) for word, found in starts.items()},
        vocabulary=frozenset(known),
        spellings=_spellings(correctable),
    )


def _spellings(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for word in words:
        for shorter in (word, *one_left_out(word)):
            found.setdefault(shorter, set()).add(word)
    return {shorter: tuple(sorted(longer)) for shorter, longer in found.items()}


def one_left_out(word: str) -> set[str]:
    """Return the word with each one of its letters left out."""
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


@lru_cache(maxsize=20_000)  # the same words come again and again
def corrected(word: str, lexicon: Lexicon) -> str:
    """Return the word of the lexicon that ``word`` misspells by one letter, or ``word`` itself.

    One letter too many, too few, wrong, or two swapped; numbers, short words and the
    words the policy keeps are never changed.
    """
    if (
        word in lexicon.vocabulary
        or len(word) < lexicon.tolerance_from - 1
        or word in lexicon.kept
        or word[0].isdecimal()
    ):
        return word
    return near(word, lexicon.spellings)


def near(word: str, spellings: Mapping[str, tuple[str, ...]]) -> str:
    """Return the first of the words in ``spellings`` that is one letter away, or ``word`` itself."""
    candidates = {longer for shorter in (word, *one_left_out(word)) for longer in spellings.get(shorter, ())}
    return min((c for c in candidates if one_apart(word, c)), default=word)


def one_apart(one: str, other: str) -> bool:
    """Say whether one letter added, left out, changed, or two neighbours swapped make them equal."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    i = 0
    while i < min(len(one), len(other)) and one[i] == other[i]:
        i += 1
    if len(one) == len(other):
        swapped = one[i : i + 2] == other[i : i + 2][::-1] and one[i + 2 :] == other[i + 2 :]
        return swapped or one[i + 1 :] == other[i + 1 :]
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[i + 1 :] == shorter[i:]
