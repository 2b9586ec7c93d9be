"""What people understand of a message, and the words in which they answer: from ``replies_spoken.yaml``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import yaml

_NUMBER = re.compile(r"(?:^|[\s:;,.(])([1-9])[).:=]?\s+(?=[A-Za-zñáéíóú])", re.MULTILINE)
_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message wants from who reads it; ``asks`` is empty when it only tells something."""

    asks: str
    options: tuple[str, ...] = ()
    """The numbers to choose from, as they stand there."""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The town's own words."""

    reads: tuple[tuple[str, tuple[str, ...]], ...]
    says: Mapping[str, Mapping[str, tuple[str, ...]]]
    fills: Mapping[str, Mapping[str, tuple[str, ...]]]
    """What is put for ``{day}``, ``{part}`` and ``{time}``, by language."""

    def understand(self, message: str) -> Understood:
        """Read a message as a person does: what does it ask, and between what may I choose?"""
        folded = message.lower()
        asks = next((asks for asks, words in self.reads if any(word in folded for word in words)), "")
        link = _LINK.search(message)
        return Understood(asks, tuple(_NUMBER.findall(message)), link.group().rstrip(".,") if link else "")

    def has(self, deed: str) -> bool:
        """Say whether this deed is something said."""
        return deed in self.says

    def say(self, deed: str, language: str, rng: Random, *, options: tuple[str, ...] = ()) -> str:
        """Return words for a deed; a language without any of its own for it speaks English."""
        words = self.says[deed]
        own = language if language in words else next(iter(words))
        fills = {
            name: rng.choice(by_language.get(own) or by_language["en"])
            for name, by_language in self.fills.items()
        }
        return rng.choice(words[own]).format(n=rng.choice(options or ("1",)), **fills)


@cache
def spoken() -> Spoken:
    """Read the words that come with the town."""
    raw: dict[str, Any] = yaml.safe_load(
        files("caretown").joinpath("replies_spoken.yaml").read_text(encoding="utf-8")
    )
    return Spoken(
        reads=tuple((one["asks"], tuple(one["words"])) for one in raw["reads"]),
        says={deed: _tuples(by_language) for deed, by_language in raw["says"].items()},
        fills={name: _tuples(raw[f"{name}s"]) for name in ("day", "part", "time")},
    )


def _tuples(by_language: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(words) for language, words in by_language.items()}
