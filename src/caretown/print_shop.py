"""The print shop: takes a letter as a PDF over HTTP, prints it once, and the post brings it days later."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from caretown.agenda import Agenda
from caretown.listener import JSON, Reply, Request, says
from caretown.mailbox import Arrived, Kind, Mailbox
from caretown.oddities import Odd, Plan
from caretown.pdf_text import is_pdf, lines_of
from caretown.town_plan import PostPlan

NAME = "print"
"""The partner's name in ``organisation.yaml``."""
_PLACE = re.compile(r"\b[A-Za-z]{2,},? \d{5}(-\d{4})?$")
"""State and ZIP: the last line of an address."""
_PHONE = re.compile(r"[\d\s()+.-]{7,}")
_HEAD = 14
"""An address stands among so many first lines."""


@dataclass(slots=True)
class PrintShop:
    """``answer`` is its HTTP application: ``POST`` of a PDF to any path, keyed by Idempotency-Key."""

    plan: PostPlan
    mailbox: Mailbox
    agenda: Agenda
    now: Callable[[], datetime]
    oddities: Plan = field(default_factory=Plan)
    done: dict[str, bytes] = field(default_factory=dict)
    again: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """Take one letter."""
        oddity = self.oddities.next(NAME)
        if oddity and oddity.kind in {Odd.DOWN, Odd.NONSENSE}:
            return Reply(None)
        if oddity and oddity.kind in {Odd.ERROR, Odd.BUSY}:
            return says(503, {"error": "the machine is being cleaned"}, JSON, b"retry-after: 1\r\n")
        if request.method != "POST":
            return says(405, {"error": "POST a letter"}, JSON)
        key = request.headers.get(b"idempotency-key", b"").decode("latin-1")
        if key and key in self.done:
            self.again += 1
            return says(201, {"letter": key, "printed": True}, JSON)
        fault = self._fault(request.body)
        if fault:
            self.refused[fault] = self.refused.get(fault, 0) + 1
            return says(422, {"error": fault}, JSON)
        return self._print(request.body, key or f"letter-{len(self.done)}")

    def _fault(self, raw: bytes) -> str:
        if not is_pdf(raw):
            return "this is no PDF"
        return "" if _address(lines_of(raw)) else "no address stands on the first page"

    def _print(self, raw: bytes, key: str) -> Reply:
        self.done[key] = raw
        lines = lines_of(raw)
        address = "\n".join(_address(lines))
        self.agenda.at(
            self.now() + timedelta(days=self.plan.days), lambda: self._bring(address, "\n".join(lines), key)
        )
        return says(201, {"letter": key, "printed": True}, JSON)

    def _bring(self, address: str, body: str, key: str) -> None:
        self.mailbox.put(Arrived(Kind.LETTER, self.now(), address, body, {"key": key}))

    def told(self) -> dict[str, Any]:
        """Return the counts."""
        return {"letters": len(self.done), "again": self.again, "refused": dict(self.refused)}


def _address(lines: list[str]) -> list[str]:
    """Return the first address on the page: up to four lines that end with a state and a ZIP.

    What stands above it is the head, whose last line may be a telephone number.
    """
    end = next((number for number, line in enumerate(lines[:_HEAD]) if _PLACE.search(line)), None)
    if end is None:
        return []
    found = lines[max(0, end - 3) : end + 1]
    heads = [number for number, line in enumerate(found) if _PHONE.fullmatch(line)]
    return found[heads[-1] + 1 :] if heads else found
