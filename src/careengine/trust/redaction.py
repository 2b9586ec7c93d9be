"""Take out who a text is about before it leaves: what is known of the patient, then what looks like it.

For logs, the fields that may stay are listed (``runtime.telemetry``); for anything else
:func:`only` does the same. Free text has no such list: what is known is found exactly,
the rest by its shape (the identifiers of 45 CFR 164.514(b)(2)).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

_SHORTEST = 2
"""Letters a name must have to be looked for: an initial would hit every sentence."""
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(shape, re.IGNORECASE | re.ASCII))
    for kind, shape in (
        ("url", r"\bhttps?://\S+|\bwww\.\S+"),
        ("email", r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
        ("date", r"\b\d{4}-\d\d-\d\d(?:t[\d:.]+(?:z|[+-]\d\d:?\d\d)?)?"),
        ("date", r"\b\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d)\b"),
        ("date", rf"\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b"),
        ("date", rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?\b"),
        ("ssn", r"\b\d{3}[- ]\d{2}[- ]\d{4}\b"),
        ("phone", r"(?<![\w.])(?:\+?1[ .-]?)?(?:\(\d{3}\)\s?|\d{3}[ .-])\d{3}[ .-]\d{4}\b"),
        ("phone", r"(?<!\w)\+\d[\d ()-]{7,17}\d\b"),
        (
            "address",
            r"\b\d{1,5}\s+(?:\w+\s){1,3}(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|court|ct|way|blvd)\b\.?",
        ),
        ("postcode", r"\b\d{5}-\d{4}\b|(?<=\b[a-z]{2}\s)\d{5}\b"),
        ("ip", r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
        ("age", r"\b(?:9\d|1[01]\d)(?=[ -]?(?:years?|yrs?|y/?o)\b)"),
        ("number", r"\b[a-z]{0,4}[-#]?\d[\d-]{5,}\b"),
    )
)


@dataclass(frozen=True, slots=True)
class Known:
    """Something that names the patient, and of what kind it is."""

    kind: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its identifiers; ``hidden`` says what each placeholder stood for, in memory only."""

    text: str
    hidden: Mapping[str, str] = field(repr=False)


def only(values: Mapping[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    """Keep the fields that may leave; whatever nobody listed stays."""
    return {name: value for name, value in values.items() if name in allowed}


def known_of(patient: Mapping[str, Any]) -> tuple[Known, ...]:
    """Return what names this Patient (or related person): names, numbers, addresses, dates of life."""
    return tuple(dict.fromkeys(_known_of(patient)))


def redact(text: str, known: Collection[Known] = ()) -> Redacted:
    """Put a placeholder for everything that names somebody; the same value gets the same placeholder."""
    hidden = _Hidden()
    for one in sorted(known, key=lambda found: -len(found.text)):
        shape = r"\W{0,3}".join(map(re.escape, re.findall(r"\w+", one.text)))
        if shape:
            text = re.sub(rf"(?<!\w)(?:{shape})(?!\w)", hidden.as_(one.kind), text, flags=re.IGNORECASE)
    for kind, pattern in _SHAPES:
        text = pattern.sub(hidden.as_(kind), text)
    return Redacted(text, hidden.values)


class _Hidden:
    """What was taken out of one text so far."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._named: dict[tuple[str, str], str] = {}

    def as_(self, kind: str) -> Callable[[re.Match[str]], str]:
        """Return what puts a placeholder of this kind for a match."""

        def place(found: re.Match[str]) -> str:
            key = (kind, found[0].casefold())
            if key not in self._named:
                number = 1 + sum(one == kind for one, _ in self._named)
                self._named[key] = f"[{kind} {number}]"
                self.values[self._named[key]] = found[0]
            return self._named[key]

        return place


def _known_of(patient: Mapping[str, Any]) -> Iterator[Known]:
    for name in patient.get("name") or ():
        parts = [*(name.get("given") or ()), name.get("family") or "", *(name.get("text") or "").split()]
        yield from (Known("name", part) for part in parts if len(part) >= _SHORTEST)
    for contact in patient.get("contact") or ():
        yield from _known_of(
            {"name": [contact["name"]] if "name" in contact else [], **only(contact, {"telecom"})}
        )
    for point in patient.get("telecom") or ():
        if point.get("value"):
            yield Known("email" if point.get("system") == "email" else "phone", point["value"])
    for identifier in patient.get("identifier") or ():
        if identifier.get("value"):
            yield Known("number", identifier["value"])
    for address in patient.get("address") or ():
        parts = [*(address.get("line") or ()), address.get("city"), address.get("postalCode")]
        yield from (Known("address", part) for part in parts if part)
    for when in (patient.get("birthDate"), (patient.get("deceasedDateTime") or "")[:10]):
        yield from (Known("date", spelled) for spelled in _spelled(when or ""))


def _spelled(text: str) -> Iterator[str]:
    """Yield a day the ways people write it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return
    yield text
    for form in ("%m/%d/%Y", "%m/%d/%y", "%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y"):
        yield day.strftime(form)
    yield f"{day.month}/{day.day}/{day.year}"
