"""The words of a chart that a decision rests on, in the text around them, marked where they stand."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from careengine.kernel.decision import Evidence
from careengine.kernel.errors import Refused
from careengine.kernel.refs import Ref
from careengine.trust.access import NotAllowed
from careengine.trust.charts import Charts

_STEP = re.compile(r"([A-Za-z]+)(?:\[(\d+)\])?$")
_LONGEST = 6000
"""Characters of one passage that a card shows; the whole stands on the page of its source."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, marked or not."""

    text: str
    bearing: str = ""
    """``supports``, ``contradicts`` and so on; empty for text around the quotes."""
    number: int = 0
    """Which quote it is, counted from 1."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One element of a resource, with the quotes in it."""

    ref: str
    element: str
    pieces: Sequence[Piece]


def passages(charts: Charts, evidence: Sequence[Evidence]) -> list[Passage]:
    """Return the texts that evidence quotes from, as far as the reader may read them."""
    quoted = [one for one in evidence if one.start is not None and one.end is not None]
    refs = {ref for one in quoted if (ref := ref_in(one.source)) is not None}
    try:
        found = charts.resources(refs, kinds={ref.type for ref in refs}) if refs else {}
    except NotAllowed:
        return []
    told = []
    for source in dict.fromkeys(one.source for one in quoted):
        ref = ref_in(source)
        stored = found.get(ref) if ref is not None else None
        text = element_text(orjson.loads(stored.raw), source.partition("#")[2]) if stored else None
        if text is not None:
            marks = [one for one in quoted if one.source == source]
            told.append(Passage(str(ref), source.partition("#")[2], pieces(text[:_LONGEST], marks, evidence)))
    return told


def pieces(text: str, marks: Iterable[Evidence], evidence: Sequence[Evidence] = ()) -> list[Piece]:
    """Cut a text at its quotes; of quotes that overlap the later ones are left out."""
    told, at = [], 0
    for one in sorted(marks, key=lambda mark: (mark.start or 0, mark.end or 0)):
        start, end = one.start or 0, min(one.end or 0, len(text))
        if start < at or end <= start:
            continue
        number = next((n for n, other in enumerate(evidence, 1) if other is one), 0)
        told += [Piece(text[at:start]), Piece(text[start:end], one.bearing.value, number)]
        at = end
    return [piece for piece in (*told, Piece(text[at:])) if piece.text]


def element_text(resource: Mapping[str, Any], path: str) -> str | None:
    """Return the text of an element such as ``payload[0].contentString``; ``None`` where there is none."""
    found: Any = resource
    for step in path.split("."):
        matched = _STEP.match(step)
        if matched is None or not isinstance(found, Mapping):
            return None
        found = found.get(matched.group(1))
        if isinstance(found, list):
            place = int(matched.group(2) or 0)
            found = found[place] if place < len(found) else None
    return found if isinstance(found, str) else None


def ref_in(source: str) -> Ref | None:
    """Return the resource a source lies in; ``None`` when it names none."""
    try:
        return Ref.parse(source.partition("#")[0])
    except Refused:
        return None
