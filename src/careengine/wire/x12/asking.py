"""The 270: a question about one person, written and read."""

from collections.abc import Sequence
from datetime import date

from careengine.wire.x12.envelope import X12Unreadable, day_of, opened, sealed
from careengine.wire.x12.text import plain
from careengine.wire.x12.values import Inquiry, Person

LEVELS = {"20": "A", "21": "B", "22": "C", "23": "D"}
"""HL03 → the letter of its loops."""


def build_270(inquiry: Inquiry) -> bytes:
    """Return the question as bytes; raises :class:`X12Unsendable` when the record cannot fill it."""
    at = inquiry.created
    has_dependent = inquiry.dependent is not None
    segments: list[Sequence[str]] = [
        ("ST", "270", "0001", "005010X279A1"),
        ("BHT", "0022", "13", inquiry.trace, f"{at:%Y%m%d}", f"{at:%H%M}"),
        ("HL", "1", "", "20", "1"),
        ("NM1", "PR", "2", plain(inquiry.payer_name, 60), "", "", "", "", "PI", plain(inquiry.payer_id, 80)),
        ("HL", "2", "1", "21", "1"),
        ("NM1", "1P", "2", plain(inquiry.asker_name, 60), "", "", "", "", "XX", plain(inquiry.asker_id, 80)),
        ("HL", "3", "2", "22", "1" if has_dependent else "0"),
    ]
    trace = ("TRN", "1", inquiry.trace, inquiry.origin)
    question = _question(inquiry)
    if inquiry.dependent is None:
        return _sealed(inquiry, [*segments, trace, *person("IL", inquiry.subscriber), *question])
    subscriber = person("IL", inquiry.subscriber)
    dependent = person("03", inquiry.dependent)
    level = ("HL", "4", "3", "23", "0")
    return _sealed(inquiry, [*segments, *subscriber, level, trace, *dependent, *question])


def person(role: str, who: Person) -> list[Sequence[str]]:
    """Return NM1 and DMG of a subscriber (``IL``) or a dependent (``03``)."""
    number = ("MI", plain(who.member, 80)) if role == "IL" and who.member else ()
    said: list[Sequence[str]] = [
        ("NM1", role, "1", plain(who.last, 60), plain(who.first, 35), "", "", "", *number)
    ]
    if who.born is not None:
        sex = who.sex if who.sex in {"F", "M"} else ""
        said.append(("DMG", "D8", f"{who.born:%Y%m%d}", sex))
    return said


def read_270(raw: bytes) -> Inquiry:
    """Read a question about exactly one person; raises :class:`X12Unreadable` for anything else."""
    envelope = opened(raw, "270")
    found = _Reading()
    for segment in envelope.body:
        found.take(segment, envelope.repetition)
    found.refuse_incomplete()
    subscriber = _person(found.who["C"], found.born.get("C"), found.sex.get("C", ""))
    dependent = None
    if "D" in found.who:
        dependent = _person(found.who["D"], found.born.get("D"), found.sex.get("D", ""))
    return Inquiry(
        sender=envelope.sender,
        receiver=envelope.receiver,
        control=envelope.control,
        created=envelope.created,
        trace=found.trace[0],
        origin=found.trace[1],
        payer_id=at(found.who["A"], 9),
        payer_name=at(found.who["A"], 3),
        asker_id=at(found.who["B"], 9),
        asker_name=at(found.who["B"], 3),
        subscriber=subscriber,
        dependent=dependent,
        day=found.day,
        services=tuple(found.services),
    )


class _Reading:
    """What was read so far, by level: a question has one payer, one provider, one person."""

    def __init__(self) -> None:
        self.level = ""
        self.who: dict[str, Sequence[str]] = {}
        self.born: dict[str, date | None] = {}
        self.sex: dict[str, str] = {}
        self.trace: tuple[str, str] = ("", "")
        self.day: date | None = None
        self.services: list[str] = []

    def take(self, segment: Sequence[str], repetition: str) -> None:
        """Take what a segment says."""
        match segment[0]:
            case "HL":
                self.level = LEVELS.get(at(segment, 3), "")
                if not self.level or self.level in self.who:
                    raise X12Unreadable("several_people" if self.level else "wrong_levels")
            case "NM1" if self.level and self.level not in self.who:
                self.who[self.level] = segment
            case "TRN" if self.level in {"C", "D"} and at(segment, 1) == "1":
                self.trace = (at(segment, 2), at(segment, 3))
            case "DMG":
                self.born[self.level] = day_of(at(segment, 2))
                self.sex[self.level] = at(segment, 3)
            case "DTP" if at(segment, 1) == "291":
                self.day = day_of(at(segment, 3))
            case "EQ":
                self.services.extend(one for one in at(segment, 1).split(repetition) if one)

    def refuse_incomplete(self) -> None:
        """Refuse a question that does not say who asks whom about whom, or cannot be told apart."""
        for level, why in (("A", "no_payer"), ("B", "no_provider"), ("C", "no_subscriber")):
            if level not in self.who:
                raise X12Unreadable(why)
        if not self.trace[0]:
            raise X12Unreadable("no_trace")


def at(segment: Sequence[str], index: int) -> str:
    """Return an element, empty when the segment is shorter."""
    return segment[index].strip() if index < len(segment) else ""


def _person(segment: Sequence[str], born: date | None, sex: str) -> Person:
    member = at(segment, 9) if at(segment, 8) == "MI" else ""
    return Person(last=at(segment, 3), first=at(segment, 4), member=member, born=born, sex=sex)


def _question(inquiry: Inquiry) -> list[Sequence[str]]:
    said: list[Sequence[str]] = []
    if inquiry.day is not None:
        said.append(("DTP", "291", "D8", f"{inquiry.day:%Y%m%d}"))
    said.extend(("EQ", service) for service in inquiry.services or ("30",))
    return said


def _sealed(inquiry: Inquiry, segments: Sequence[Sequence[str]]) -> bytes:
    return sealed(
        segments, sender=inquiry.sender, receiver=inquiry.receiver, control=inquiry.control,
        created=inquiry.created,
    )  # fmt: skip
