"""What each partner received: its own log, by Idempotency-Key, so that nothing done twice can hide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import orjson


@dataclass(slots=True)
class Tally:
    """One partner's count of what it was asked and what it did."""

    processed: dict[str, bytes] = field(default_factory=dict)
    """Key → the answer given when it was first done."""
    repeats: int = 0
    """Requests whose key had been done already: answered again, not done again."""
    last: dict[str, str] = field(default_factory=dict)
    """What it is about → its newest business status, or what was asked for."""
    doubled: list[str] = field(default_factory=list)
    """Keys that said or asked again what another key had just said about it: the sender's fault."""


class PartnerLog:
    """Keeps the tallies, and a line in a file for each act done."""

    def __init__(self, path: Path | None = None) -> None:
        self._tallies: dict[str, Tally] = {}
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")

    def done_before(self, partner: str, key: str) -> bytes | None:
        """Return the answer already given for ``key``, and count the repetition."""
        tally = self._tally(partner)
        answer = tally.processed.get(key)
        if answer is not None:
            tally.repeats += 1
        return answer

    def do(self, partner: str, key: str, body: Mapping[str, Any], answer: bytes) -> None:
        """Do what was asked once, and write it down."""
        tally = self._tally(partner)
        focus = str(body.get("focus", {}).get("reference", ""))
        status = _code(body.get("businessStatus"))
        act = status or " ".join([_code(body.get("code")), *_items(body)])
        tally.processed[key] = answer
        if focus and tally.last.get(focus) == act:
            tally.doubled.append(key)
        tally.last[focus] = act
        if self._file:
            line = {
                "partner": partner,
                "key": key,
                "focus": focus,
                "status": body.get("status"),
                "business_status": status,
            }
            self._file.write(orjson.dumps(line).decode() + "\n")

    def answer_for(self, partner: str, key: str) -> bytes | None:
        """Return what was answered for ``key``, for a sender who asks after a restore; counts nothing."""
        return self._tally(partner).processed.get(key)

    def keys(self, partner: str) -> frozenset[str]:
        """Return every key this partner has done."""
        return frozenset(self._tally(partner).processed)

    def summary(self) -> dict[str, dict[str, int]]:
        """Return each partner's counts: done, repeats (harmless), doubled (must be 0)."""
        return {
            partner: {"done": len(tally.processed), "repeats": tally.repeats, "doubled": len(tally.doubled)}
            for partner, tally in sorted(self._tallies.items())
        }

    def flush(self) -> None:
        """Hand the lines written so far to the operating system."""
        if self._file:
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _tally(self, partner: str) -> Tally:
        return self._tallies.setdefault(partner, Tally())


def _code(concept: object) -> str:
    coding = concept.get("coding") if isinstance(concept, dict) else None
    return str(coding[0].get("code", "")) if isinstance(coding, list) and coding else ""


def _items(body: Mapping[str, Any]) -> list[str]:
    """Return what a Task asks for, by its codes."""
    return sorted(_code(one.get("valueCodeableConcept")) for one in body.get("input", ()))
