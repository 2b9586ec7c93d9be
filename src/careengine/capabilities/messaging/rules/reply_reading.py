"""What does a patient's text say, word by word, and does it ask us to stop or for help? Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from careengine.capabilities.messaging.model import ReplyPolicy
from careengine.language.pieces import LEFT_OVER, Piece, Token, cut_up, tokens
from careengine.language.reading import PRESENT, Finding, read
from careengine.language.times import TIME_KINDS, Said

FILLER, SIGNED, NAME = "filler", "signed", "name"
_NAMES = 2
"""So many words in a row, at most, are taken for the name of who writes."""


@dataclass(frozen=True)
class Reading:
    """A text cut into known pieces, with the words that stayed unknown."""

    text: str
    tokens: tuple[Token, ...]
    pieces: tuple[Piece, ...]

    @cached_property
    def says(self) -> frozenset[str]:
        """What it says besides days and times: ``yes``, ``cancel``, ``thanks``, ``unsure``."""
        return frozenset(p.meaning.removeprefix("say:") for p in self.pieces if p.meaning.startswith("say:"))

    @cached_property
    def times(self) -> tuple[Said, ...]:
        """The pieces that may belong to a day, a time or the number of an option."""
        found = tuple(one for one in map(self._said, self.pieces) if one.kind in TIME_KINDS)
        return tuple(one for i, one in enumerate(found) if one.text not in _ONE or _counts(found, i))

    def _said(self, piece: Piece) -> Said:
        text = self.tokens[piece.first].plain
        return Said(f"ordinal:{text}" if piece.meaning == "nth" else piece.meaning, text)

    @cached_property
    def left(self) -> tuple[Piece, ...]:
        """The words nobody knows."""
        return tuple(p for p in self.pieces if p.meaning == LEFT_OVER)

    @cached_property
    def commands(self) -> tuple[str, ...]:
        """The words of command in it: ``full``, ``first``, ``alone``, ``cancel``, ``help``."""
        return tuple(
            p.meaning.removeprefix("command:") for p in self.pieces if p.meaning.startswith("command:")
        )

    @cached_property
    def concerns(self) -> tuple[tuple[str, Piece], ...]:
        """Signs that stand for a concern by themselves."""
        return tuple(
            (p.meaning.removeprefix("concern:"), p) for p in self.pieces if p.meaning.startswith("concern:")
        )


_ONE = frozenset({"one", "uno"})
_COUNTED_BY = frozenset({"option", "at", "after", "before", "month"})
_COUNTED_IN = frozenset({"am", "pm", "oclock", "half", "quarter", "month"})


def _counts(found: Sequence[Said], at: int) -> bool:
    """Say whether "one" is a number here: not so in "the Tuesday one"."""
    before = found[at - 1].kind if at else ""
    after = found[at + 1].kind if at + 1 < len(found) else ""
    return len(found) == 1 or before in _COUNTED_BY or after in _COUNTED_IN


def read_reply(text: str, policy: ReplyPolicy) -> Reading:
    """Return the text cut into pieces; a name where somebody signs is known to be one."""
    said = tokens(text[: policy.scanned])
    return Reading(text, said, _named(text, said, cut_up(said, policy.book), policy))


def _named(
    text: str, said: tuple[Token, ...], pieces: tuple[Piece, ...], policy: ReplyPolicy
) -> tuple[Piece, ...]:
    """Take unknown capitalised words for a name, where a thank-you or "this is" stands before them."""
    found = list(pieces)
    for i, piece in enumerate(pieces):
        run = [p for p in pieces[i + 1 : i + 1 + _NAMES] if _like_a_name(text, said, p, policy)]
        if not run or run[0] != pieces[i + 1]:
            continue
        rest = pieces[i + 1 + len(run) :]
        if piece.meaning == "say:not_me":
            found[i] = piece._replace(meaning="say:wrong_number")
        if piece.meaning in {"signed", "say:not_me"} or (
            piece.meaning in {"say:thanks", "say:blessing"} and said[run[0].first].after_pause and not rest
        ):
            for k, one in enumerate(run):
                found[i + 1 + k] = one._replace(meaning=NAME)
    return tuple(found)


def _like_a_name(text: str, said: tuple[Token, ...], piece: Piece, policy: ReplyPolicy) -> bool:
    written = text[piece.start : piece.end]
    return (
        piece.meaning == LEFT_OVER
        and written.istitle()
        and written.isalpha()
        and said[piece.first].plain not in policy.concerns.vocabulary
    )


def is_stop(text: str, policy: ReplyPolicy) -> bool:
    """Say whether the text asks for no more texts, in any reasonable wording, whatever else it says.

    The one word "cancel" does too, where the policy follows the law to the letter.
    """
    return stops(read_reply(text, policy), policy)


def is_help(text: str, policy: ReplyPolicy) -> bool:
    """Say whether the text is the one word "help" or its like, and asks for nothing else."""
    return helps(read_reply(text, policy))


def stops(reading: Reading, policy: ReplyPolicy) -> bool:
    """Say whether a text that was read asks for no more texts."""
    if "full" in reading.commands:
        return True
    if _wishes(reading, policy):
        return True
    polite = {"say:thanks", "say:sorry", "say:ok", "say:no"}
    opening = next((p for p in reading.pieces if p.meaning not in polite), None)
    if opening is not None and opening.meaning == "command:first":
        return True
    telling = [p for p in reading.pieces if p.meaning not in polite | {FILLER}]
    alone = {"command:first", "command:alone"} | ({"command:cancel"} if policy.cancel_alone_stops else set())
    return bool(telling) and all(p.meaning in alone for p in telling)


def _wishes(reading: Reading, policy: ReplyPolicy) -> tuple[Finding, ...]:
    found = read(reading.text[: policy.scanned], policy.stopping, year=1, source="")
    return tuple(one for one in found if one.meaning == PRESENT)


def beside_the_stop(reading: Reading, policy: ReplyPolicy) -> tuple[Piece, ...]:
    """Return the unknown words that are no part of a wish for no more texts."""
    wishes = _wishes(reading, policy)
    return tuple(
        p for p in reading.left if not any(one.start <= p.start and p.end <= one.end for one in wishes)
    )


def cancels_only(reading: Reading) -> bool:
    """Say whether the text is the word "cancel" and no more."""
    return {*reading.commands} == {"cancel"}


def helps(reading: Reading) -> bool:
    """Say whether a text that was read asks for help, and for nothing else."""
    rest = [p for p in reading.pieces if p.meaning not in {FILLER, "say:thanks"}]
    return bool(rest) and all(p.meaning == "command:help" for p in rest)
