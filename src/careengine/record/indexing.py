"""How each FHIR datatype becomes search values: R4's table of search types, datatype by datatype."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import inf
from typing import Any

from careengine.record.index_value import IndexValue, Kind
from careengine.record.moments import moment
from careengine.record.reference_target import reference_path

Node = Mapping[str, Any]
Value = tuple[str, str, Any, Any]
"""System, value, low, high: an index value before its parameter is put to it."""
Values = Callable[[Any], Iterator[Value]]

_NAME_PARTS = ("family", "given", "prefix", "suffix", "text")
_ADDRESS_PARTS = ("line", "city", "district", "state", "postalCode", "country", "text")
_CURRENCIES = "urn:iso:std:iso:4217"


def _coding(node: Node) -> Iterator[Value]:
    code = node.get("code")
    if code is not None:
        yield node.get("system", ""), code, None, None


def _concept(node: Node) -> Iterator[Value]:
    for coding in node.get("coding", ()):
        yield from _coding(coding)


def _valued(node: Node) -> Iterator[Value]:
    """An Identifier, or a ContactPoint without its system, which is no code system."""
    value = node.get("value")
    if value is not None:
        yield node.get("system", ""), value, None, None


def _contact(node: Node) -> Iterator[Value]:
    value = node.get("value")
    if value is not None:
        yield "", value, None, None


def _plain(value: str) -> Iterator[Value]:
    yield "", value, None, None


def _truth(value: bool) -> Iterator[Value]:  # noqa: FBT001  the JSON value itself
    yield "", "true" if value else "false", None, None


def _parts(*keys: str) -> Values:
    def values(node: Node) -> Iterator[Value]:
        for key in keys:
            part = node.get(key)
            for text in part if isinstance(part, list) else (part,):
                if text is not None:
                    yield "", text, None, None

    return values


def _reference(node: Node) -> Iterator[Value]:
    path = reference_path(node)
    if path:
        yield "", path, None, None


def _canonical(value: str) -> Iterator[Value]:
    yield "", value, None, None
    url, _, version = value.partition("|")
    if version:
        yield "", url, None, None


def _inline(node: Node) -> Iterator[Value]:
    if "id" in node:
        yield "", f"{node['resourceType']}/{node['id']}", None, None


def _nothing(_value: object) -> Iterator[Value]:
    return iter(())


def _moment(value: str) -> Iterator[Value]:
    found = moment(value)
    if found is not None:
        yield "", "", *found


def _period(node: Node) -> Iterator[Value]:
    start, end = moment(node.get("start", "")), moment(node.get("end", ""))
    if start or end:
        yield "", "", start and start[0], end and end[1]


def _timing(node: Node) -> Iterator[Value]:
    """Only the outer limits of a Timing are searched."""
    lows: list[datetime] = []
    highs: list[datetime] = []
    for text in node.get("event", ()):
        found = moment(text) if text else None
        if found is not None:
            lows.append(found[0])
            highs.append(found[1])
    if lows:
        yield "", "", min(lows), max(highs)
    else:
        yield from _period(node.get("repeat", {}).get("boundsPeriod", {}))


def _number(value: Any) -> Iterator[Value]:
    yield "", "", float(value), float(value)


def _range(node: Node) -> Iterator[Value]:
    low, high = node.get("low", {}), node.get("high", {})
    unit = low if "value" in low else high
    if "value" in unit:
        yield *_unit(unit), float(low.get("value", -inf)), float(high.get("value", inf))


def _unit(node: Node) -> tuple[str, str]:
    if "code" in node:
        return node.get("system", ""), node["code"]
    return "", node.get("unit", "")


def _quantity(node: Node) -> Iterator[Value]:
    if "value" not in node:
        return
    value = float(node["value"])
    comparator = node.get("comparator", "")
    low = -inf if comparator[:1] == "<" else value
    high = inf if comparator[:1] == ">" else value
    system, code = _unit(node)
    yield system, code, low, high
    unit = node.get("unit", code)
    if unit != code:
        yield "", unit, low, high


def _money(node: Node) -> Iterator[Value]:
    if "value" in node:
        value = float(node["value"])
        yield _CURRENCIES, node.get("currency", ""), value, value


_TOKENS: Mapping[str, Values] = {
    "CodeableConcept": _concept, "Coding": _coding, "Identifier": _valued, "ContactPoint": _contact,
    "boolean": _truth, "code": _plain, "id": _plain, "string": _plain, "uri": _plain,
}  # fmt: skip
_STRINGS: Mapping[str, Values] = {
    "HumanName": _parts(*_NAME_PARTS), "Address": _parts(*_ADDRESS_PARTS),
    "string": _plain, "markdown": _plain,
}  # fmt: skip
_REFERENCES: Mapping[str, Values] = {
    "Reference": _reference, "canonical": _canonical, "uri": _plain, "Resource": _inline,
    "Attachment": _nothing,  # Consent.source as Attachment refers to nothing in the record
}  # fmt: skip
_DATES: Mapping[str, Values] = {
    "date": _moment, "dateTime": _moment, "instant": _moment, "Period": _period, "Timing": _timing,
    "Age": _nothing, "Range": _nothing, "string": _nothing,  # performed or occurred at no known date
}  # fmt: skip
_NUMBERS: Mapping[str, Values] = {"decimal": _number, "integer": _number, "Range": _range}
_QUANTITIES: Mapping[str, Values] = {
    "Quantity": _quantity, "Age": _quantity, "Duration": _quantity, "Money": _money, "Range": _range,
    "SampledData": _nothing,  # a curve has no value to compare
}  # fmt: skip
_URIS: Mapping[str, Values] = {"uri": _plain, "url": _plain, "canonical": _canonical}

VALUES: Mapping[Kind, Mapping[str, Values]] = {
    Kind.TOKEN: _TOKENS, Kind.STRING: _STRINGS, Kind.REFERENCE: _REFERENCES, Kind.DATE: _DATES,
    Kind.NUMBER: _NUMBERS, Kind.QUANTITY: _QUANTITIES, Kind.URI: _URIS,
}  # fmt: skip
"""Kind of parameter → FHIR type of the element → its values."""


def emitter(params: tuple[str, ...], kind: Kind, fhir_type: str) -> Callable[[Any, list[IndexValue]], None]:
    """Make the function that appends an element's values for each of the parameters that read it."""
    values = VALUES[kind][fhir_type]

    def emit(element: Any, into: list[IndexValue]) -> None:
        for system, value, low, high in values(element):
            for param in params:
                into.append(IndexValue(param, kind, system, value, low, high))  # noqa: PERF401  the hot path

    return emit
