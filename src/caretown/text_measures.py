"""What the town itself counts about the texts its people get, by rules of its own."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from caretown.phrasebook import phrasebook

MORNING, EVENING = 8, 20
"""A text may arrive from the first hour on and before the second, where its reader is."""
_SPECIALTIES = (
    "cardiolog", "gastroenterolog", "orthopaedic", "orthopedic", "dermatolog", "physiotherap", "endocrinolog",
    "neurolog", "ophthalmolog", "oncolog", "psychiatr", "cardiología", "dermatología", "neurología",
    "fisioterapia",    "oftalmología", "endocrinología", "gastroenterología", "ortopedia", "traumatología",
)  # fmt: skip
_ILLS = ("cancer", "hiv", "pregnan", "depress", "diagnos", "melanoma", "stroke", "angina", "infarct")


@dataclass(slots=True)
class TextMeasures:
    """Counts, and the first few examples of what must not be."""

    private: re.Pattern[str]
    by_number: Counter[str] = field(default_factory=Counter)
    outside_window: int = 0
    after_stop: int = 0
    """Delivered to somebody who had said STOP before; the one confirmation is not among them."""
    refused_after_stop: int = 0
    """Tried after a STOP that the vendor had seen; it refused them."""
    repeated: int = 0
    """The same words to the same number within a day."""
    private_texts: int = 0
    examples: dict[str, list[str]] = field(default_factory=dict)
    _last: dict[tuple[str, bytes], datetime] = field(default_factory=dict)

    def delivered(
        self, to: str, body: str, at: datetime, zone: str, *, stopped: bool, answers: bool = False
    ) -> None:
        """Count one text that reached a phone; one that ``answers`` theirs at once may come at any hour."""
        self.by_number[to] += 1
        local = at.astimezone(ZoneInfo(zone))
        if not answers and not MORNING <= local.hour < EVENING:
            self.outside_window += 1
            self._keep("outside_window", f"{local.isoformat()} {body}")
        if stopped:
            self.after_stop += 1
            self._keep("after_stop", body)
        if self.private.search(body):
            self.private_texts += 1
            self._keep("private", body)
        self._repetition(to, body, at)

    def told(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "texts": self.by_number.total(),
            "numbers": len(self.by_number),
            "most_to_one_number": max(self.by_number.values(), default=0),
            "outside_window": self.outside_window,
            "after_stop": self.after_stop,
            "refused_after_stop": self.refused_after_stop,
            "repeated": self.repeated,
            "private_texts": self.private_texts,
            "examples": {name: list(found) for name, found in self.examples.items()},
        }

    def _repetition(self, to: str, body: str, at: datetime) -> None:
        key = (to, sha256(body.encode("utf-8")).digest()[:16])
        before = self._last.get(key)
        if before is not None and (at - before).total_seconds() < 86_400:
            self.repeated += 1
            self._keep("repeated", body)
        self._last[key] = at

    def _keep(self, name: str, body: str) -> None:
        kept = self.examples.setdefault(name, [])
        if len(kept) < 5:
            kept.append(body)


def private_words(conditions: Iterable[str]) -> re.Pattern[str]:
    """Return what finds a specialty, or a condition by its name, in a text."""
    suits = {word.lower() for clinic in phrasebook().clinics for word in clinic.suits}
    named = {re.sub(r"\s*\([^)]*\)$", "", one).strip().lower() for one in conditions}
    words = {word for word in suits | named | set(_SPECIALTIES) | set(_ILLS) if len(word) > 2}
    return re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(words))) + ")", re.I)
