"""Read a C-CDA document: its kind, its words, its entries as FHIR. Hostile and faulty XML does no harm."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from careengine.kernel.errors import Refused

LARGEST = 8 * 1024 * 1024
"""Bytes of the largest document that is read; one with pictures inside belongs on another way."""
MOST_ELEMENTS = 200_000
MOST_SECTIONS = 60
"""Sections tried one by one when the document cannot be converted as a whole."""
_HL7 = "{urn:hl7-org:v3}"
_LINES = frozenset({"paragraph", "item", "tr", "caption", "br", "title", "list", "table"})
_CELLS = frozenset({"td", "th"})
_one_at_a_time = threading.Lock()
"""The converter keeps what it made for one document in a global: two at once would share it."""


class CcdaUnreadable(Refused):
    """A document that cannot be read; ``why`` is a code, and nothing of its content is repeated."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This C-CDA document cannot be read ({why}). It is kept as it came, for a person.")
        self.why = why


@dataclass(frozen=True, slots=True)
class Number:
    """Somebody's number for something: a FHIR identifier's system and value."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its LOINC code, and its words as lines of plain text."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CcdaDocument:
    """What a document says, and what could not be read of it."""

    id: Number
    set_id: Number
    version: int
    kind: str
    """LOINC code of what the document is."""
    written: str
    """When it was written, as the document has it."""
    sections: tuple[Section, ...]
    resources: tuple[Mapping[str, Any], ...]
    """Its header and entries as FHIR R4, referring to each other as ``urn:uuid:…``."""
    unread: tuple[str, ...] = ()
    """LOINC codes of the sections, and templates, whose entries could not be converted."""


_ONE_AT_A_TIME = threading.Lock()
"""The converter keeps what it works on in its module: two documents at once lose sections of each other."""


def read_ccda(raw: bytes) -> CcdaDocument:
    """Read a document; raises :class:`CcdaUnreadable` for what is none, or would do harm.

    No entity is expanded and nothing is fetched. When an entry cannot be converted, its
    section is left out and named; its words are there all the same.
    """
    root = _parsed(raw)
    numbers = [_number(one) for one in root.findall(f"{_HL7}id")]
    if not numbers or numbers[0] is None:
        raise CcdaUnreadable("no_id")
    own = numbers[0]
    set_id = next((n for one in root.findall(f"{_HL7}setId") if (n := _number(one))), own)
    with _ONE_AT_A_TIME:
        resources, unread = _converted(root)
    if not any(one["resourceType"] == "Patient" for one in resources):
        raise CcdaUnreadable("no_patient")
    return CcdaDocument(
        id=own,
        set_id=set_id,
        version=_version(_attribute(root, "versionNumber", "value")),
        kind=_attribute(root, "code", "code"),
        written=_attribute(root, "effectiveTime", "value"),
        sections=tuple(_sections(root)),
        resources=resources,
        unread=unread,
    )


def _parsed(raw: bytes) -> Any:
    """Return the root of the document, free of doctype and entities."""
    from lxml import etree  # type: ignore[import-untyped]  # it brings no types

    if len(raw) > LARGEST:
        raise CcdaUnreadable("too_large")
    # C-CDA has no DTD. Looked for before anything is parsed, in whatever width its letters come.
    plain = raw.replace(b"\0", b"")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise CcdaUnreadable("has_dtd")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise CcdaUnreadable("not_xml") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise CcdaUnreadable("has_dtd")
    if root.tag != f"{_HL7}ClinicalDocument":
        raise CcdaUnreadable("not_clinical_document")
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise CcdaUnreadable("too_large")
    return root


def _attribute(root: Any, name: str, attribute: str) -> str:
    found = root.find(f"{_HL7}{name}")
    return "" if found is None else str(found.get(attribute, ""))


def _number(element: Any) -> Number | None:
    root, extension = element.get("root", ""), element.get("extension", "")
    if not root or element.get("nullFlavor"):
        return None
    if extension:
        return Number(f"urn:oid:{root}", extension)
    return Number("urn:ietf:rfc:3986", f"urn:oid:{root}")


def _version(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 1


def _sections(root: Any) -> Iterator[Section]:
    for section in root.iter(f"{_HL7}section"):
        text = section.find(f"{_HL7}text")
        if text is not None:
            yield Section(_attribute(section, "code", "code"), "\n".join(_lines(text)))


def _lines(text: Any) -> list[str]:
    """Return the words of a narrative: a line a paragraph, list item and table row."""
    parts: list[str] = []
    _gather(text, parts)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return [line for line in lines if line]


def _gather(element: Any, parts: list[str]) -> None:
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    parts.append("\n" if name in _LINES else " " if name in _CELLS else "")
    parts.append(element.text or "")
    for child in element:
        _gather(child, parts)
        parts.append(child.tail or "")
    parts.append("\n" if name in _LINES else "; " if name in _CELLS else "")


def _converted(root: Any) -> tuple[tuple[Mapping[str, Any], ...], tuple[str, ...]]:
    """Convert the whole; when that fails, what can be converted section by section."""
    whole = _attempt(root)
    if whole is not None:
        return whole
    sections = _with_entries(root)
    if len(sections) > MOST_SECTIONS:
        raise CcdaUnreadable("not_converted")
    faulty = [n for n in range(len(sections)) if _attempt(_keeping(root, [n])) is None]
    rest = _attempt(_keeping(root, [n for n in range(len(sections)) if n not in faulty]))
    if rest is None:
        raise CcdaUnreadable("not_converted")
    resources, unread = rest
    return resources, (*(_attribute(sections[n], "code", "code") for n in faulty), *unread)


def _with_entries(root: Any) -> list[Any]:
    return [one for one in root.iter(f"{_HL7}section") if one.find(f"{_HL7}entry") is not None]


def _keeping(root: Any, kept: Sequence[int]) -> Any:
    """Return a copy in which only these sections have their entries."""
    copy = deepcopy(root)
    for n, section in enumerate(_with_entries(copy)):
        if n not in kept:
            for entry in section.findall(f"{_HL7}entry"):
                section.remove(entry)
    return copy


def _attempt(root: Any) -> tuple[tuple[Mapping[str, Any], ...], tuple[str, ...]] | None:
    """Return the resources and the templates that failed; nothing when the converter refuses the document."""
    from lxml import etree

    convert = _converter()
    with _one_at_a_time:
        try:
            result = convert(etree.tostring(root, encoding="unicode"))
        except Exception:  # noqa: BLE001  its errors quote the document, so none of them goes any further
            return None
    resources = tuple(entry["resource"] for entry in result["bundle"]["entry"])
    errors = tuple(sorted({str(one["template_id"]) for one in result["metadata"]["errors"]}))
    return resources, errors


def _converter() -> Any:
    """Return the converter with its mouth shut: it logs what it reads, names included."""
    from ccda_to_fhir import convert_document  # type: ignore[import-untyped]  # nor does it

    logging.getLogger("ccda_to_fhir").setLevel(logging.CRITICAL + 1)  # also of loggers it makes later
    for name in [known for known in logging.root.manager.loggerDict if known.startswith("ccda_to_fhir")]:
        logging.getLogger(name).disabled = True
    return convert_document
