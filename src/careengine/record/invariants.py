"""The invariants of R4 that the record keeps, by the type or element they stand on.

Each carries HL7's key and a sentence. Left out on purpose, and listed in the tests: invariants that
are only warnings, those that need a terminology or a resolver, and those that fhirkit or
``careengine.record.validate`` keeps by other means (dom-*, ref-1, ele-1, txt-*, bindings).
"""

from collections.abc import Mapping

from careengine.record.clinical_invariants import CLINICAL
from careengine.record.conditions import (
    Make,
    either,
    holds,
    is_in,
    needed_when,
    needs,
    not_both,
    only_when,
    some,
)
from careengine.record.definitional_invariants import DEFINITIONAL
from careengine.record.moments import not_after

UCUM = "http://unitsofmeasure.org"

Invariants = Mapping[str, tuple[tuple[str, str, Make], ...]]
"""Path → (HL7 key, what is wrong when it is broken, the test)."""


def _is_ucum(node: Mapping[str, object]) -> bool:
    return node.get("system", UCUM) == UCUM


def _whole_number(node: Mapping[str, object]) -> bool:
    value = node.get("value")
    return value is None or isinstance(value, int)


def _range_in_order(node: Mapping[str, dict[str, object]]) -> bool:
    low, high = node.get("low", {}), node.get("high", {})
    if any(low.get(key) != high.get(key) for key in ("system", "code", "unit")):
        return True  # different units cannot be compared without a table of units
    smallest, largest = low.get("value"), high.get("value")
    numbers = isinstance(smallest, int | float) and isinstance(largest, int | float)
    return not numbers or smallest <= largest  # type: ignore[operator]  # both are numbers


def _ratio(node: Mapping[str, object]) -> bool:
    both = ("numerator" in node) == ("denominator" in node)
    return both and ("numerator" in node or "extension" in node)


def _positive(key: str) -> Make:
    return holds(lambda node: not isinstance(node.get(key), int | float) or node[key] >= 0)


_QUANTITY = ("qty-3", "a quantity's code needs its system", needs("code", "system"))
_MEALS = frozenset(("C", "CM", "CD", "CV"))

_DATATYPES: Invariants = {
    "Quantity": (_QUANTITY,),
    "Age": (
        _QUANTITY,
        ("age-1", "an age needs a UCUM code and a value above 0", needs("value", "code")),
        ("age-1", "an age's unit must be of UCUM", holds(_is_ucum)),
        ("age-1", "an age must be above 0", holds(lambda node: node.get("value", 1) > 0)),
    ),
    "Count": (
        _QUANTITY,
        ("cnt-3", "a count needs the code 1", needs("value", "code")),
        ("cnt-3", "a count's unit must be the UCUM code 1", holds(lambda n: n.get("code", "1") == "1")),
        ("cnt-3", "a count's unit must be of UCUM", holds(_is_ucum)),
        ("cnt-3", "a count must be a whole number", holds(_whole_number)),
    ),
    "Distance": (
        _QUANTITY,
        ("dis-1", "a distance needs a UCUM code", needs("value", "code")),
        ("dis-1", "a distance's unit must be of UCUM", holds(_is_ucum)),
    ),
    "Duration": (
        _QUANTITY,
        ("drt-1", "a duration's code needs a value", needs("code", "value")),
        ("drt-1", "a duration's unit must be of UCUM", only_when("code", is_in("system", UCUM))),
    ),
    "Attachment": (("att-1", "data needs its contentType", needs("data", "contentType")),),
    "ContactPoint": (("cpt-2", "a contact's value needs its system", needs("value", "system")),),
    "Period": (("per-1", "a period must not end before it starts", holds(not_after("start", "end"))),),
    "Range": (("rng-2", "a range's low must not be above its high", holds(_range_in_order)),),
    "Ratio": (
        ("rat-1", "a ratio needs numerator and denominator, or neither and an extension", holds(_ratio)),
    ),
    "Extension": (
        ("ext-1", "an extension has a value or extensions, not both", either("extension", "value")),
    ),
    "Expression": (("exp-1", "an expression or a reference is needed", some("expression", "reference")),),
    "DataRequirement.codeFilter": (
        ("drq-1", "path or searchParam, one of them", either("path", "searchParam")),
    ),
    "DataRequirement.dateFilter": (
        ("drq-2", "path or searchParam, one of them", either("path", "searchParam")),
    ),
    "TriggerDefinition": (
        ("trd-1", "data or timing, not both", not_both("data", "timing")),
        ("trd-2", "a condition needs data", needs("condition", "data")),
        ("trd-3", "a named event needs its name", needed_when(is_in("type", "named-event"), "name")),
        ("trd-3", "a periodic event needs its timing", needed_when(is_in("type", "periodic"), "timing")),
        (
            "trd-3",
            "a data event needs its data",
            needed_when(lambda node: str(node.get("type")).startswith("data-"), "data"),
        ),
    ),
    "Timing.repeat": (
        ("tim-1", "a duration needs its unit", needs("duration", "durationUnit")),
        ("tim-2", "a period needs its unit", needs("period", "periodUnit")),
        ("tim-4", "a duration must not be negative", _positive("duration")),
        ("tim-5", "a period must not be negative", _positive("period")),
        ("tim-6", "periodMax needs period", needs("periodMax", "period")),
        ("tim-7", "durationMax needs duration", needs("durationMax", "duration")),
        ("tim-8", "countMax needs count", needs("countMax", "count")),
        ("tim-9", "an offset needs when", needs("offset", "when")),
        (
            "tim-9",
            "an offset may not be given for C, CM, CD or CV",
            only_when("offset", lambda node: _MEALS.isdisjoint(node.get("when", ()))),
        ),
        ("tim-10", "timeOfDay or when, not both", not_both("timeOfDay", "when")),
    ),
    "ElementDefinition.type": (
        (
            "eld-17",
            "targetProfile is for references",
            only_when("targetProfile", is_in("code", "Reference", "canonical")),
        ),
        (
            "eld-4",
            "aggregation is for references",
            only_when("aggregation", is_in("code", "Reference", "canonical")),
        ),
    ),
    "ElementDefinition": (
        ("eld-8", "pattern or fixed, not both", not_both("pattern", "fixed")),
        ("eld-15", "a default or its meaning, not both", not_both("defaultValue", "meaningWhenMissing")),
        ("eld-22", "sliceIsConstraining needs sliceName", needs("sliceIsConstraining", "sliceName")),
        ("eld-18", "a modifier needs its reason", needed_when(is_in("isModifier", True), "isModifierReason")),  # noqa: FBT003  the JSON value itself
    ),
    "ElementDefinition.slicing": (
        ("eld-1", "a discriminator or a description", some("discriminator", "description")),
    ),
    "Parameters.parameter": (
        ("inv-1", "a value, a resource or parts, one of them", either("part", "value", "resource")),
        ("inv-1", "a value or a resource, not both", not_both("value", "resource")),
    ),
}

INVARIANTS: Invariants = {**_DATATYPES, **CLINICAL, **DEFINITIONAL}
