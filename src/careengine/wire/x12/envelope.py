"""The envelope of an interchange, opened strictly and written by the library: one transaction in each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from careengine.kernel.errors import Refused

MOST_BYTES = 256 * 1024
"""A real-time eligibility question or answer is a few kilobytes; this is far more."""
_ISA_LENGTH = 106
_ISA_ELEMENTS = 17
_VERSIONS = frozenset({"005010X279A1", "005010X279"})
_SHORTEST = 7
_NAME_LENGTH = 15
_GROUPS = {"270": "HS", "271": "HB"}
"""Transaction → GS01."""
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


class X12Unreadable(Refused):
    """What came is no X12 we can read; ``why`` says what is wrong with it, as a code."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The X12 message cannot be read ({why}). Have its sender look at it.")
        self.why = f"x12.{why}"


class X12Unsendable(Refused):
    """What was to be sent does not fit the guide; a name or number on the record is missing or too long."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The X12 message cannot be written ({why}). Correct the record it is made from.")
        self.why = f"x12.{why}"


@dataclass(frozen=True, slots=True)
class Opened:
    """One transaction out of its envelope: segments as lists of elements, from ST to SE."""

    sender: str
    receiver: str
    control: int
    created: datetime
    segments: tuple[tuple[str, ...], ...]
    repetition: str

    @property
    def body(self) -> tuple[tuple[str, ...], ...]:
        """Return the segments between ST and SE."""
        return self.segments[1:-1]


def opened(raw: bytes, code: str) -> Opened:
    """Open an interchange that must hold exactly one transaction ``code``; raise :class:`X12Unreadable`."""
    text = _text(raw)
    element, repetition, terminator = _separators(text)
    segments = _segments(text, element, terminator)
    isa, gs, ge, iea = segments[0], segments[1], segments[-2], segments[-1]
    if [one[0] for one in (isa, gs, ge, iea)] != ["ISA", "GS", "GE", "IEA"]:
        raise X12Unreadable("truncated" if iea[0] != "IEA" else "wrong_envelope")
    inner = segments[2:-2]
    starts = [one for one in inner if one[0] == "ST"]
    if len(starts) != 1 or sum(one[0] == "SE" for one in inner) != 1:
        raise X12Unreadable("several_transactions" if len(starts) > 1 else "wrong_envelope")
    if inner[0][0] != "ST" or inner[-1][0] != "SE":
        raise X12Unreadable("wrong_envelope")
    _agree(isa, gs, inner, ge, iea)
    if _at(inner[0], 1) != code:
        raise X12Unreadable(f"not_a_{code}")
    if _at(gs, 8) not in _VERSIONS:
        raise X12Unreadable("wrong_version")
    return Opened(
        sender=isa[6].strip(),
        receiver=isa[8].strip(),
        control=int(isa[13]),
        created=_instant(_at(gs, 4), _at(gs, 5)),
        segments=tuple(inner),
        repetition=repetition,
    )


def _text(raw: bytes) -> str:
    if len(raw) > MOST_BYTES:
        raise X12Unreadable("too_long")
    try:
        text = raw.decode("utf-8").strip(" \r\n")
    except UnicodeDecodeError:
        raise X12Unreadable("not_text") from None
    if not text.startswith("ISA"):
        raise X12Unreadable("no_isa")
    if any(ord(letter) < 32 and letter not in "\r\n\x1c\x1d\x1e\x1f" for letter in text):
        raise X12Unreadable("control_characters")
    # The last segment's line end may be its terminator, which strip() took.
    return text + "\n" if len(text) >= _ISA_LENGTH and text[_ISA_LENGTH - 1] in "\r\n" else text


def _separators(text: str) -> tuple[str, str, str]:
    if len(text) < _ISA_LENGTH + _SHORTEST:
        raise X12Unreadable("truncated")
    element, repetition = text[3], text[82]
    component, terminator = text[104], "\n" if text[105] == "\r" else text[105]
    chosen = {element, repetition, component, terminator}
    if len(chosen) != 4 or any(one.isalnum() or one == " " for one in chosen):
        raise X12Unreadable("wrong_separators")
    if text[:_ISA_LENGTH].count(element) != _ISA_ELEMENTS - 1:
        raise X12Unreadable("wrong_separators")
    return element, repetition, terminator


def _segments(text: str, element: str, terminator: str) -> list[tuple[str, ...]]:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if terminator != "\n":
        plain = plain.replace("\n", "")
    if not plain.endswith(terminator):
        raise X12Unreadable("truncated")
    found = [tuple(one.split(element)) for one in plain.split(terminator) if one.strip()]
    if len(found) < _SHORTEST or len(found[0]) != _ISA_ELEMENTS:
        raise X12Unreadable("truncated")
    return [(one[0].strip().upper(), *one[1:]) for one in found]


def _agree(
    isa: Sequence[str],
    gs: Sequence[str],
    inner: Sequence[Sequence[str]],
    ge: Sequence[str],
    iea: Sequence[str],
) -> None:
    """Refuse counts and numbers that contradict each other: something was lost on the way, or added."""
    st, se = inner[0], inner[-1]
    numbers = (isa[13], _at(iea, 1), _at(ge, 1), _at(se, 1))
    if not all(one.isascii() and one.isdecimal() for one in numbers):
        raise X12Unreadable("wrong_counts")
    if (int(_at(iea, 1)), int(_at(ge, 1)), int(_at(se, 1))) != (1, 1, len(inner)):
        raise X12Unreadable("wrong_counts")
    if isa[13] != _at(iea, 2) or _at(gs, 6) != _at(ge, 2) or _at(st, 2) != _at(se, 2):
        raise X12Unreadable("wrong_control_numbers")


def _at(segment: Sequence[str], index: int) -> str:
    return segment[index].strip() if index < len(segment) else ""


def _instant(day: str, at: str) -> datetime:
    try:
        return datetime.strptime(f"{day}{at[:4]}", "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        raise X12Unreadable("wrong_dates") from None


def day_of(text: str) -> date | None:
    """Return the day a D8 date names, or the first day of an RD8 range; nothing for anything else."""
    first = text.partition("-")[0]
    try:
        return datetime.strptime(first, "%Y%m%d").replace(tzinfo=UTC).date() if len(first) == 8 else None
    except ValueError:
        return None


def last_day_of(text: str) -> date | None:
    """Return the last day of an RD8 range; nothing for a single day."""
    return day_of(text.partition("-")[2])


def conforms(segments: Sequence[Sequence[str]], repetition: str = "^") -> bool:
    """Say whether the guide's grammar, as the library knows it, accepts a transaction (ST to SE).

    The library's list of reject reasons for a person (AAA in 2100C and 2100D) is the
    provider's, which holds none of the real ones; those segments are left out.
    """
    from x12sdk.io import X12ModelReader

    body = [list(one) for one in _without_personal_rejections(segments[:-1])]
    judged = [*body, ["SE", str(len(body) + 1), segments[-1][2]]]
    text = _written(judged, sender="A", receiver="B", control=1, at=_SOME_DAY)
    try:
        with X12ModelReader(text.replace("^", repetition)) as reader:
            return len(list(reader.models())) == 1
    except Exception:  # noqa: BLE001  the library fails in any way it likes on what it does not expect
        return False


def _without_personal_rejections(segments: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    personal = False
    for one in segments:
        if one[0] == "HL":
            personal = _at(one, 3) in {"22", "23"}
        if not (personal and one[0] == "AAA"):
            yield one


def sealed(
    segments: Iterable[Sequence[str]], *, sender: str, receiver: str, control: int, created: datetime
) -> bytes:
    """Write one transaction, ST to the segment before SE, in its envelope.

    Raises :class:`X12Unsendable` when it does not fit the guide, as the library knows it.
    """
    body = [_trimmed(one) for one in segments]
    whole = [*body, ["SE", str(len(body) + 1), body[0][2]]]
    for name in (sender, receiver):
        if not (2 <= len(name) <= _NAME_LENGTH and name.isascii() and name.replace("_", "").isalnum()):
            raise X12Unsendable("wrong_name_of_sender_or_receiver")
    if not conforms(whole):
        raise X12Unsendable("does_not_fit_the_guide")
    text = _written(whole, sender=sender, receiver=receiver, control=control, at=created.astimezone(UTC))
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise X12Unsendable("not_plain_text") from None


def _written(
    segments: Sequence[Sequence[str]], *, sender: str, receiver: str, control: int, at: datetime
) -> str:
    number, group = f"{control:09d}", str(control)
    kind = _GROUPS.get(segments[0][1], "HS")
    isa = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{receiver:15}*{at:%y%m%d}*{at:%H%M}*^*00501*"
        f"{number}*0*P*:"
    )
    gs = ["GS", kind, sender, receiver, f"{at:%Y%m%d}", f"{at:%H%M}", group, "X", "005010X279A1"]
    rest = [gs, *segments, ["GE", "1", group], ["IEA", "1", number]]
    return "~".join((isa, *("*".join(one) for one in rest))) + "~"


def _trimmed(segment: Sequence[str]) -> list[str]:
    kept = list(segment)
    while kept and not kept[-1]:
        kept.pop()
    return kept
