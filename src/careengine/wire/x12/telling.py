"""The 271: a payer's answer about one person, written and read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from careengine.wire.x12.asking import LEVELS, at, person
from careengine.wire.x12.envelope import X12Unreadable, conforms, day_of, last_day_of, opened, sealed
from careengine.wire.x12.text import plain
from careengine.wire.x12.values import Answer, Benefit, Inquiry, Person, Rejected, Said

_BEGINS = frozenset({"346", "356", "348"})
"""DTP01 of a first day: plan begin, eligibility begin, benefit begin."""
_ENDS = frozenset({"347", "357", "349"})
_SPANS = frozenset({"291", "307", "292"})
"""DTP01 of a whole span: plan, eligibility, benefit."""


def build_271(inquiry: Inquiry, said: Said) -> bytes:
    """Return the answer to ``inquiry`` as bytes, under the number the question came with."""
    when = said.at
    by_level: dict[str, list[Sequence[str]]] = {level: [] for level in ("2000A", "2100A", "2100B")}
    patient = "2100D" if inquiry.dependent is not None else "2100C"
    by_level |= {"2100C": [], "2100D": []}
    for one in said.rejected:
        level = one.level if one.level in by_level else patient
        by_level[level].append(("AAA", "N", "", one.code, one.follow_up or "N"))
    segments: list[Sequence[str]] = [
        ("ST", "271", "0001", "005010X279A1"),
        ("BHT", "0022", "11", inquiry.trace, f"{when:%Y%m%d}", f"{when:%H%M}"),
        ("HL", "1", "", "20", "1"),
        *by_level["2000A"],
        ("NM1", "PR", "2", plain(inquiry.payer_name, 60), "", "", "", "", "PI", plain(inquiry.payer_id, 80)),
        *by_level["2100A"],
        ("HL", "2", "1", "21", "1"),
        ("NM1", "1P", "2", plain(inquiry.asker_name, 60), "", "", "", "", "XX", plain(inquiry.asker_id, 80)),
        *by_level["2100B"],
        *_of_people(inquiry, said, by_level),
    ]
    return sealed(
        segments, sender=inquiry.receiver, receiver=inquiry.sender, control=inquiry.control, created=when
    )


def _of_people(inquiry: Inquiry, said: Said, by_level: dict[str, list[Sequence[str]]]) -> list[Sequence[str]]:
    trace = ("TRN", "2", inquiry.trace, inquiry.origin)
    plan = _plan(said)
    who = person("IL", inquiry.subscriber)
    if inquiry.dependent is None:
        return [
            ("HL", "3", "2", "22", "0"), trace, who[0], *by_level["2100C"], *who[1:], *plan
        ]  # fmt: skip
    other = person("03", inquiry.dependent)
    return [
        ("HL", "3", "2", "22", "1"), who[0], *by_level["2100C"], *who[1:],
        ("HL", "4", "3", "23", "0"), trace, other[0], *by_level["2100D"], *other[1:], *plan,
    ]  # fmt: skip


def _plan(said: Said) -> list[Sequence[str]]:
    """Return the plan's days, what holds on the day asked, and the other payer there is."""
    if not said.status:
        return []
    told: list[Sequence[str]] = []
    if said.begin is not None:
        told.append(("DTP", "346", "D8", f"{said.begin:%Y%m%d}"))
    if said.end is not None:
        told.append(("DTP", "347", "D8", f"{said.end:%Y%m%d}"))
    told.append(("EB", said.status, "", "30"))
    if said.other:
        told += [
            ("EB", "R", "", "30"), ("LS", "2120"),
            ("NM1", "PRP", "2", "OTHER PAYER", "", "", "", "", "PI", plain(said.other, 80)), ("LE", "2120"),
        ]  # fmt: skip
    return told


def read_271(raw: bytes) -> Answer:
    """Read an answer about exactly one person; raises :class:`X12Unreadable` for anything else."""
    envelope = opened(raw, "271")
    reading = _Reading(envelope.repetition)
    for segment in envelope.body:
        reading.take(segment)
    return replace(reading.answer(), conforms=conforms(envelope.segments, envelope.repetition))


class _Reading:
    """What was read so far: where in the levels we are, and the benefit that hangs open."""

    def __init__(self, repetition: str) -> None:
        self.repetition = repetition
        self.level = ""
        self.named: dict[str, Person] = {}
        self.traces: list[str] = []
        self.rejected: list[Rejected] = []
        self.benefits: list[Benefit] = []
        self.open: Benefit | None = None
        self.begin: date | None = None
        self.end: date | None = None

    def take(self, segment: Sequence[str]) -> None:
        """Take what a segment says; one that eligibility does not need is passed over."""
        match segment[0]:
            case "HL":
                self._level(LEVELS.get(at(segment, 3), ""))
            case "NM1":
                self._name(segment)
            case "TRN" if at(segment, 1) == "2" and at(segment, 2):
                self.traces.append(at(segment, 2))
            case "AAA":
                self.rejected.append(
                    Rejected(level=self._loop(), code=at(segment, 3), follow_up=at(segment, 4))
                )
            case "DMG" if self.level in self.named and self.open is None:
                known = self.named[self.level]
                self.named[self.level] = replace(known, born=day_of(at(segment, 2)), sex=at(segment, 3))
            case "DTP":
                self._days(at(segment, 1), at(segment, 3))
            case "EB":
                self._close()
                services = tuple(one for one in at(segment, 3).split(self.repetition) if one)
                self.open = Benefit(info=at(segment, 1), services=services)

    def answer(self) -> Answer:
        """Return what was said; an answer that rejects nothing must be about a subscriber."""
        self._close()
        if "C" not in self.named and not self.rejected:
            raise X12Unreadable("no_subscriber")
        return Answer(
            traces=tuple(self.traces),
            subscriber=self.named.get("C", Person()),
            dependent=self.named.get("D"),
            rejected=tuple(self.rejected),
            benefits=tuple(self.benefits),
            begin=self.begin,
            end=self.end,
        )

    def _level(self, level: str) -> None:
        self._close()
        if not level:
            raise X12Unreadable("wrong_levels")
        if level in self.named:
            raise X12Unreadable("several_people")
        self.level = level

    def _loop(self) -> str:
        if not self.level:
            raise X12Unreadable("wrong_levels")
        if self.open is not None:
            return f"2110{self.level}"
        return f"2100{self.level}" if self.level in self.named else f"2000{self.level}"

    def _name(self, segment: Sequence[str]) -> None:
        if self.open is not None:
            related = (*self.open.related, (at(segment, 1), at(segment, 9)))
            self.open = replace(self.open, related=related)
        elif self.level and self.level not in self.named:
            member = at(segment, 9) if at(segment, 8) == "MI" else ""
            self.named[self.level] = Person(last=at(segment, 3), first=at(segment, 4), member=member)

    def _days(self, kind: str, text: str) -> None:
        begin = day_of(text) if kind in _BEGINS | _SPANS else None
        end = day_of(text) if kind in _ENDS else last_day_of(text) if kind in _SPANS else None
        if self.open is not None:
            self.open = replace(self.open, begin=begin or self.open.begin, end=end or self.open.end)
        elif self.level in {"C", "D"}:
            self.begin, self.end = begin or self.begin, end or self.end

    def _close(self) -> None:
        if self.open is not None:
            self.benefits.append(self.open)
        self.open = None
