"""Find in free text the words that a lexicon lists, and tell whether they are meant."""

from collections.abc import Sequence
from dataclasses import dataclass

from careengine.language.lexicon import Kind, Lexicon, Modifier, Phrase, Sign
from careengine.language.words import Word, corrected, cut

PRESENT = "present"
_NUMBER_WITHIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A sign found in a text: the words, their place, and what the sentence makes of them."""

    sign: str
    level: str
    source: str
    words: str
    start: int
    end: int
    meaning: str = PRESENT
    """``present``, or the kind of the modifier that reaches it: denied, past, family, other, if."""
    by: tuple[int, int] | None = None
    """Where that modifier stands."""
    alike: float = 1.0
    """1 when spelt as in the lexicon; lower for a misspelling."""


@dataclass(frozen=True, slots=True)
class _Match:
    kind: Kind
    index: int
    first: int
    last: int

    def covers(self, other: "_Match") -> bool:
        return self.first <= other.first and other.last <= self.last


def read(text: str, lexicon: Lexicon, *, year: int, source: str) -> tuple[Finding, ...]:
    """Return every sign in the text, in order, each with what its sentence makes of it.

    ``source`` is where the text stands; ``year`` is the year of reading: what is said of an
    earlier one is past.
    """
    words = cut(text, lexicon, year)
    plain = [corrected(w.plain, lexicon) for w in words]
    if lexicon.begins.isdisjoint(plain):
        return ()
    matches = _matches(words, plain, lexicon)
    kept = _without_neutral(matches)
    modifiers = _longest([m for m in kept if m.kind is Kind.MODIFIER])
    measured = [m for m in kept if m.kind is Kind.SIGN and _measured(m, words, lexicon)]
    signs = {(m.first, m.last): m for m in reversed(_longest(measured))}.values()
    return tuple(_finding((source, text), words, plain, m, modifiers, lexicon) for m in reversed(signs))


def _matches(words: Sequence[Word], plain: Sequence[str], lexicon: Lexicon) -> list[_Match]:
    found = []
    for first, word in enumerate(plain):
        for key in (word, *words[first].kinds):
            for start in lexicon.starts.get(key, ()):
                last = _reach(start.phrase, first, words, plain, lexicon)
                if last is not None:
                    found.append(_Match(start.kind, start.index, first, last))
    return found


def _reach(
    phrase: Phrase, first: int, words: Sequence[Word], plain: Sequence[str], lexicon: Lexicon
) -> int | None:
    """Return the last word of the phrase that begins at ``first``, or nothing; it stays in its sentence."""
    at = first
    for place in phrase.places[1:]:
        for ahead in range(at + 1, min(at + 2 + phrase.gap, len(plain))):
            if words[ahead].sentence != words[first].sentence:
                return None
            if words[ahead].after_comma and not phrase.gap:
                return None
            if plain[ahead] in place or any(kind in place for kind in words[ahead].kinds):
                at = ahead
                break
            if plain[ahead] in lexicon.unspanned:
                return None
        else:
            return None
    return at


def _without_neutral(matches: Sequence[_Match]) -> list[_Match]:
    neutral = [m for m in matches if m.kind is Kind.NEUTRAL]
    return [m for m in matches if m.kind is not Kind.NEUTRAL and not any(n.covers(m) for n in neutral)]


def _longest(matches: Sequence[_Match]) -> list[_Match]:
    """Keep, of matches within one another, the longest; in the order of the text."""
    kept = [
        match
        for match in dict.fromkeys(matches)
        if not any(other.covers(match) and not match.covers(other) for other in matches)
    ]
    return sorted(kept, key=lambda m: (m.first, m.last, m.index))


def _measured(match: _Match, words: Sequence[Word], lexicon: Lexicon) -> bool:
    """Say whether a sign that is a measured value is followed by a number that counts."""
    ranges = lexicon.signs[match.index].ranges
    if not ranges:
        return True
    for word in words[match.last + 1 : match.last + 1 + _NUMBER_WITHIN]:
        value = word.value
        if value is not None and word.sentence == words[match.last].sentence:
            return any(low <= value <= high for low, high in ranges)
    return False


def _finding(
    said: tuple[str, str],
    words: Sequence[Word],
    plain: Sequence[str],
    match: _Match,
    modifiers: Sequence[_Match],
    lexicon: Lexicon,
) -> Finding:
    sign: Sign = lexicon.signs[match.index]
    source, text = said
    start, end = words[match.first].start, words[match.last].end
    by = _nearest(match, [m for m in modifiers if _reaches(m, match, words, plain, lexicon)])
    changed = [i for i in range(match.first, match.last + 1) if plain[i] != words[i].plain]
    return Finding(
        sign=sign.id,
        level=sign.level,
        source=source,
        words=text[start:end],
        start=start,
        end=end,
        meaning=lexicon.modifiers[by.index].kind if by else PRESENT,
        by=(words[by.first].start, words[by.last].end) if by else None,
        alike=min((1 - 1 / len(plain[i]) for i in changed), default=1.0),
    )


def _nearest(match: _Match, modifiers: Sequence[_Match]) -> _Match | None:
    def distance(m: _Match) -> tuple[int, int]:
        return (match.first - m.last if m.last < match.first else m.first - match.last, m.first)

    return min(modifiers, key=distance, default=None)


def _reaches(by: _Match, sign: _Match, words: Sequence[Word], plain: Sequence[str], lexicon: Lexicon) -> bool:
    """Say whether a modifier reaches a sign: same sentence, near enough, nothing between that stops it."""
    modifier: Modifier = lexicon.modifiers[by.index]
    if words[by.first].sentence != words[sign.first].sentence:
        return False
    if modifier.before:
        reaches = by.last < sign.first and _carries(modifier, by.last + 1, sign, words, plain, lexicon)
    else:
        between = range(sign.last + 1, by.first)
        reaches = sign.last < by.first and len(between) <= modifier.reach
        reaches = reaches and not any(plain[i] in modifier.stops for i in between)
    return reaches and not (modifier.kind == "past" and _again(sign, words, plain, lexicon))


def _carries(
    modifier: Modifier,
    low: int,
    sign: _Match,
    words: Sequence[Word],
    plain: Sequence[str],
    lexicon: Lexicon,
) -> bool:
    """Say whether what stands before reaches the sign: directly, or through a list of short items."""
    item = _Item()
    for i in range(low, len(words)):
        if words[i].sentence != words[sign.first].sentence:
            break
        begins = (words[i].after_comma or plain[i] in lexicon.joins) and not sign.first < i <= sign.last
        if begins and i > sign.last:
            break
        if begins and (not modifier.lists or (item.listed and item.fresh and item.long(lexicon))):
            return False
        item = _Item(listed=True) if begins else item
        item.add(plain[i], lexicon, joins=plain[i] in lexicon.joins)
        if i < sign.first and (
            plain[i] in modifier.stops or (not item.listed and item.words > modifier.reach)
        ):
            return False
        if i <= sign.last and item.listed and item.words > lexicon.list_item_words:
            return False
    return not (item.listed and item.fresh)


@dataclass(slots=True)
class _Item:
    """One item of a list as it is read; the first stretch after a modifier is not yet one."""

    listed: bool = False
    words: int = 0
    fresh: bool = False

    def add(self, word: str, lexicon: Lexicon, *, joins: bool) -> None:
        self.words += not joins
        self.fresh = self.fresh or word in lexicon.fresh

    def long(self, lexicon: Lexicon) -> bool:
        return self.words > lexicon.short_item_words


def _again(sign: _Match, words: Sequence[Word], plain: Sequence[str], lexicon: Lexicon) -> bool:
    after = range(sign.last + 1, min(sign.last + 1 + lexicon.again_within, len(words)))
    here = words[sign.first].sentence
    return any(plain[i] in lexicon.again for i in after if words[i].sentence == here)
