"""What the town's referrers know and write: clinics, usual questions, urgent words and decoys."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Ask:
    """What one referral says: the reason, and the question to the specialist."""

    reason: str
    note: str
    words: str = ""
    """The words that make it urgent, as they stand in ``note``."""
    kind: str = ""
    """For a decoy: why its alarming words are harmless."""
    language: str = "en"
    value: float | None = None
    """A result that belongs to this story instead of the clinic's usual one."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a clinic wants to see with a referral, and for how many days it stays good."""

    kind: str
    loinc: str
    display: str
    days: int
    says: str = ""
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Clinic:
    """A clinic as its referrers know it."""

    name: str
    code: str
    display: str
    specialty: str
    suits: tuple[str, ...]
    item: Item | None
    asks: tuple[Ask, ...]
    urgent: tuple[Ask, ...]
    decoys: tuple[Ask, ...]

    def suits_condition(self, words: str) -> bool:
        """Say whether a condition of this name is one that the clinic sees."""
        return any(word in words for word in self.suits)


@dataclass(frozen=True, slots=True)
class Sender:
    """A practice that refers; ``partner`` is where its acknowledgements go, if anywhere."""

    name: str
    title: str
    prefix: str
    partner: str | None

    @property
    def numbers(self) -> str:
        """Return the system of this sender's own referral numbers."""
        return f"https://{self.name}.example/referrals"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A service that no clinic here offers."""

    code: str
    display: str
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """All of it."""

    clinics: tuple[Clinic, ...]
    unknown: Unknown
    senders: tuple[Sender, ...]
    stranger: Sender


@cache
def phrasebook() -> Phrasebook:
    """Read the phrasebook that comes with the town."""
    raw = yaml.safe_load(files("caretown").joinpath("phrasebook.yaml").read_text(encoding="utf-8"))
    return Phrasebook(
        clinics=tuple(_clinic(one) for one in raw["clinics"]),
        unknown=Unknown(**raw["unknown"]),
        senders=tuple(Sender(**one) for one in raw["senders"]),
        stranger=Sender(**raw["stranger"]),
    )


def _clinic(raw: dict[str, Any]) -> Clinic:
    item = Item(**raw["item"]) if raw["item"] else None
    plain = {key: raw[key] for key in ("name", "code", "display", "specialty")}
    return Clinic(
        **plain,
        suits=tuple(raw["suits"]),
        item=item,
        asks=_asks(raw["asks"]),
        urgent=_asks(raw["urgent"]),
        decoys=_asks(raw["decoys"]),
    )


def _asks(raw: list[dict[str, Any]]) -> tuple[Ask, ...]:
    return tuple(Ask(**one) for one in raw)
