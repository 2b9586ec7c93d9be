"""Payers that answer an eligibility question (X12 270) slowly, not at all, or with nonsense.

``POST /slow_payer`` answers well but late, ``/dead_payer`` hangs up, ``/babel_payer`` talks a new nonsense
each time.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from caretown.listener import Reply, Request, http_bytes, outcome

ODD_PAYERS = ("slow_payer", "dead_payer", "babel_payer")
"""The partners' names in ``organisation.yaml``."""
_X12 = b"application/edi-x12"
_ISA_LENGTH = 106


@dataclass(frozen=True, slots=True)
class Asked:
    """A 270 as far as an answer needs it."""

    sender: str
    receiver: str
    control: str
    reference: str
    payer: tuple[str, ...]
    provider: tuple[str, ...]
    subscriber: tuple[str, ...]
    born: str
    trace: tuple[str, ...]
    day: str


@dataclass(slots=True)
class OddPayers:
    """``answer`` is their HTTP application."""

    now: Callable[[], datetime]
    seconds: float = 3.0
    asked: Counter[str] = field(default_factory=Counter)
    spoke: Counter[str] = field(default_factory=Counter)
    """How often each nonsense was talked."""

    def answer(self, request: Request) -> Reply:
        """Answer one question."""
        name = request.path.strip("/").split("/")[0]
        self.asked[name] += 1
        if name == "dead_payer":
            return Reply(None)
        asked = read_270(request.body)
        if asked is None:
            return outcome(400, "structure", "this is no 270")
        if name == "slow_payer":
            return Reply(_x12(well(asked, self.now())), after_s=self.seconds)
        if name == "babel_payer":
            kind = tuple(_NONSENSE)[(self.asked[name] - 1) % len(_NONSENSE)]
            self.spoke[kind] += 1
            return Reply(_NONSENSE[kind](asked, self.now()))
        return outcome(404, "not-found", "no such payer")

    def told(self) -> dict[str, Any]:
        """Return the counts."""
        return {"asked": dict(self.asked), "spoke": dict(self.spoke)}


def read_270(raw: bytes) -> Asked | None:
    """Read a 270; ``None`` if it is none."""
    text = raw.decode("utf-8", "replace")
    if not text.startswith("ISA") or len(text) < _ISA_LENGTH:
        return None
    star, end = text[3], text[105]
    rows = [segment.strip().split(star) for segment in text.split(end) if segment.strip()]
    if not any(row[:2] == ["ST", "270"] for row in rows):
        return None
    named = {row[1]: tuple(row) for row in rows if row[0] == "NM1" and len(row) > 1}
    return Asked(
        sender=rows[0][6],
        receiver=rows[0][8],
        control=rows[0][13],
        reference=_field(rows, "BHT", 3),
        payer=named.get("PR", ()),
        provider=named.get("1P", ()),
        subscriber=named.get("IL", ()),
        born=_field(rows, "DMG", 2),
        trace=tuple(next((row for row in rows if row[0] == "TRN"), ())),
        day=_field(rows, "DTP", 3),
    )


def _field(rows: list[list[str]], name: str, at: int) -> str:
    return next((row[at] for row in rows if row[0] == name and len(row) > at), "")


def well(asked: Asked, now: datetime, changes: Mapping[str, str] | None = None) -> bytes:
    """Write a good 271: this person is covered. ``changes`` replaces their ``member`` or ``born``."""
    subscriber = list(asked.subscriber or ("NM1", "IL", "1"))
    subscriber += [""] * (10 - len(subscriber))
    changed = changes or {}
    subscriber[8:10] = "MI", changed.get("member", subscriber[9])
    trace = ["TRN", "2", *asked.trace[2:]] if asked.trace else []
    born = changed.get("born", asked.born)
    inside = [
        ["ST", "271", "0001", "005010X279A1"],
        ["BHT", "0022", "11", asked.reference, f"{now:%Y%m%d}", f"{now:%H%M}"],
        ["HL", "1", "", "20", "1"], list(asked.payer),
        ["HL", "2", "1", "21", "1"], list(asked.provider),
        ["HL", "3", "2", "22", "0"], trace, subscriber, ["DMG", "D8", born] if born else [],
        ["DTP", "346", "D8", f"{now:%Y}0101"], ["EB", "1", "IND", "30", "", "PLAN A"],
    ]  # fmt: skip
    said = [row for row in inside if row]
    return _enveloped(asked, now, [*said, ["SE", str(len(said) + 1), "0001"]])


def _enveloped(asked: Asked, now: datetime, rows: list[list[str]]) -> bytes:
    control = asked.control.rjust(9, "0")
    isa = [
        "ISA", "00", " " * 10, "00", " " * 10, "ZZ", asked.receiver.ljust(15), "ZZ", asked.sender.ljust(15),
        f"{now:%y%m%d}", f"{now:%H%M}", "^", "00501", control, "0", "P", ":",
    ]  # fmt: skip
    gs = [
        "GS", "HB", asked.receiver.strip(), asked.sender.strip(), f"{now:%Y%m%d}", f"{now:%H%M}",
        str(int(control or 0)), "X", "005010X279A1",
    ]  # fmt: skip
    ends = [["GE", "1", gs[6]], ["IEA", "1", control]]
    return "".join("*".join(row) + "~" for row in [isa, gs, *rows, *ends]).encode("ascii", "replace")


def _x12(raw: bytes) -> bytes:
    return http_bytes(200, raw, _X12)


def _malformed(asked: Asked, now: datetime) -> bytes:
    return _x12(well(asked, now).replace(b"~HL*3", b"~~HL*x*", 1).replace(b"EB*1", b"EB*??", 1))


def _cut(asked: Asked, now: datetime) -> bytes:
    whole = well(asked, now)
    return _x12(whole[: len(whole) * 2 // 3])


def _another_person(asked: Asked, now: datetime) -> bytes:
    return _x12(well(asked, now, {"member": "ZZ00000001", "born": "19010101"}))


def _web_page(_asked: Asked, _now: datetime) -> bytes:
    return http_bytes(200, b"<html><body>Scheduled maintenance</body></html>", b"text/html")


def _nothing(_asked: Asked, _now: datetime) -> bytes:
    return _x12(b"")


_NONSENSE: Mapping[str, Callable[[Asked, datetime], bytes]] = {
    "malformed": _malformed,
    "another_person": _another_person,
    "web_page": _web_page,
    "nothing": _nothing,
    "cut": _cut,
}
