"""What a lexicon is made of: the phrases that mean something, and the words that change what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sequence of words to be found: each place holds the words that would do."""

    places: tuple[frozenset[str], ...]
    gap: int = 0
    """How many other words may stand between two places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Words that mean something to whoever asks, and how much they weigh."""

    id: str
    level: str
    phrases: tuple[Phrase, ...]
    ranges: tuple[tuple[float, float], ...] = ()
    """For a measured value: it counts only when a number in one of these ranges follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modifier:
    """Words that change what a sign near them means: denied, past, family, and so on."""

    kind: str
    phrases: tuple[Phrase, ...]
    before: bool
    """It stands before the sign; otherwise after it."""
    reach: int
    """How many words it reaches, at most, not counting a list's later items; never out of its sentence."""
    lists: bool
    """It reaches every item of a list that begins with it."""
    stops: frozenset[str]
    """Words it never reaches across: ``but``, ``however``, ``pero``, ``patient``."""


class Kind(StrEnum):
    """What a phrase of the lexicon is."""

    SIGN = "sign"
    MODIFIER = "modifier"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Start:
    """A phrase that may begin with a word, and whose it is."""

    kind: Kind
    index: int
    phrase: Phrase


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lexicon:
    """The signs and modifiers of every language read here, prepared for looking up."""

    signs: tuple[Sign, ...]
    modifiers: tuple[Modifier, ...]
    neutral: tuple[Phrase, ...]
    """Phrases that look like a sign or a modifier and are none: ``no improvement``, ``urgent care``."""
    joins: frozenset[str]
    """Words between the items of a list: ``and``, ``y``; a comma counts as one too."""
    unspanned: frozenset[str]
    """Words that may not stand inside a sign: ``mole has not changed`` is none."""
    fresh: frozenset[str]
    """Words that say something is happening now; a list item holding one is not part of a denial."""
    again: frozenset[str]
    """Words that bring something past back: ``again``, ``recurrent``."""
    abbreviations: frozenset[str]
    """Words whose full stop does not end a sentence."""
    numbers: frozenset[str]
    """Numbers in words: ``three``, ``varios``."""
    list_item_words: int
    """An item this long is no item of a list."""
    short_item_words: int
    """An item no longer than this may hold a fresh word (``new aches``) without ending its list."""
    again_within: int
    """How many words after a sign something can bring it back."""
    tolerance_from: int
    """Words this long or longer may be misspelt by one letter."""
    kept: frozenset[str]
    """Words never taken for a misspelling."""
    begins: frozenset[str] = frozenset()
    """First words of signs: a text without any of them says nothing urgent."""
    starts: Mapping[str, tuple["Start", ...]] = field(default_factory=dict)
    """First word → what might begin there."""
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A word, or a word with one letter left out → the words of the lexicon it may have been."""
    vocabulary: frozenset[str] = frozenset()
