"""The invariants of R4's questionnaires, terminology, plans and other definitions."""

from collections.abc import Iterator, Mapping
from typing import Any

from careengine.record.conditions import (
    Make,
    distinct,
    either,
    holds,
    is_in,
    is_not,
    needed_when,
    needs,
    not_both,
    only_when,
    some,
)

Node = Mapping[str, Any]

_WITH_OPTIONS = (
    "choice",
    "open-choice",
    "decimal",
    "integer",
    "date",
    "dateTime",
    "time",
    "string",
    "quantity",
)
_WITH_LENGTH = ("boolean", "decimal", "integer", "string", "text", "url", "open-choice")
_BY_NAME = ("capabilities", "search", "transaction", "history")


def _link_ids(node: Node) -> Iterator[Any]:
    for item in node.get("item", ()):
        yield item.get("linkId")
        yield from _link_ids(item)


def _codes(node: Node) -> Iterator[Any]:
    for concept in node.get("concept", ()):
        yield concept.get("code")
        yield from _codes(concept)


def _each_once(many: str, *keys: str) -> Make:
    def test(node: Node) -> bool:
        return distinct([tuple(each.get(key) for key in keys) for each in node.get(many, ())])

    return holds(test)


def _preferred_once(node: Node) -> bool:
    return distinct([each.get("type") for each in node.get("uniqueId", ()) if each.get("preferred") is True])


def _target(node: Node) -> bool:
    how = sum(key in node for key in ("targetId", "url", "params"))
    return "sourceId" in node or how == 1 or node.get("type", {}).get("code") in _BY_NAME


def _stratifier(node: Node) -> bool:
    parts = ("code", "description", "criteria")
    return all(
        any(part in each for part in parts) != ("component" in each) for each in node.get("stratifier", ())
    )


def _without(many: str, key: str) -> Make:
    return holds(lambda node: all(key not in each for each in node.get(many, ())))


_ACTION = either("operation", "assert")
_OPERATION = ("needs one target, or a kind that needs none", holds(_target))
_SOFTWARE = (
    ("implementation is needed for an instance", needed_when(is_in("kind", "instance"), "implementation")),
    ("implementation is not for a capability", only_when("implementation", is_not("kind", "capability"))),
    ("software is needed for a capability", needed_when(is_in("kind", "capability"), "software")),
    (
        "software and implementation are not for requirements",
        only_when("software", is_not("kind", "requirements")),
    ),
    (
        "software and implementation are not for requirements",
        only_when("implementation", is_not("kind", "requirements")),
    ),
    ("description, software or implementation is needed", some("description", "software", "implementation")),
)


def _software(*keys: str) -> tuple[tuple[str, str, Make], ...]:
    return tuple((key, what, make) for key, (what, make) in zip(keys, _SOFTWARE, strict=True))


DEFINITIONAL: Mapping[str, tuple[tuple[str, str, Make], ...]] = {
    "CapabilityStatement": (
        ("cpb-1", "rest, messaging or document is needed", some("rest", "messaging", "document")),
        ("cpb-7", "a document's profile and mode stand twice", _each_once("document", "profile", "mode")),
        *_software("cpb-14", "cpb-15", "cpb-15", "cpb-16", "cpb-16", "cpb-2"),
    ),
    "CapabilityStatement.rest": (("cpb-9", "a resource type stands twice", _each_once("resource", "type")),),
    "CapabilityStatement.rest.resource": (
        ("cpb-12", "a search parameter stands twice", _each_once("searchParam", "name")),
    ),
    "CodeSystem": (("csd-1", "a code stands twice", holds(lambda node: distinct(list(_codes(node))))),),
    "ConceptMap.group.element.target": (
        (
            "cmd-1",
            "a narrower or inexact map needs a comment",
            needed_when(is_in("equivalence", "narrower", "inexact"), "comment"),
        ),
    ),
    "ConceptMap.group.unmapped": (
        ("cmd-2", "a fixed map needs a code", needed_when(is_in("mode", "fixed"), "code")),
        ("cmd-3", "an other map needs its url", needed_when(is_in("mode", "other-map"), "url")),
    ),
    "Measure.group": (("mea-1", "a stratifier has criteria or components", holds(_stratifier)),),
    "NamingSystem": (
        (
            "nsd-1",
            "a root system has no uuid",
            holds(
                lambda n: (
                    n.get("kind") != "root" or all(u.get("type") != "uuid" for u in n.get("uniqueId", ()))
                )
            ),
        ),
        ("nsd-2", "one preferred id of each type", holds(_preferred_once)),
    ),
    "OperationDefinition.parameter": (
        ("opd-1", "type or parts are needed", some("type", "part")),
        ("opd-2", "searchType is for strings", only_when("searchType", is_in("type", "string"))),
        (
            "opd-3",
            "targetProfile is for references",
            only_when("targetProfile", is_in("type", "Reference", "canonical")),
        ),
    ),
    "Questionnaire": (
        ("que-2", "a linkId stands twice", holds(lambda node: distinct(list(_link_ids(node))))),
    ),
    "Questionnaire.item": (
        ("que-1", "a group needs items", needed_when(is_in("type", "group"), "item")),
        ("que-1", "a display has no items", only_when("item", is_not("type", "display"))),
        ("que-3", "a display has no code", only_when("code", is_not("type", "display"))),
        ("que-4", "answerOption or answerValueSet, not both", not_both("answerOption", "answerValueSet")),
        (
            "que-5",
            "this type of item has no options",
            only_when("answerOption", is_in("type", *_WITH_OPTIONS)),
        ),
        (
            "que-5",
            "this type of item has no options",
            only_when("answerValueSet", is_in("type", *_WITH_OPTIONS)),
        ),
        (
            "que-6",
            "a display is neither required nor repeated",
            only_when("required", is_not("type", "display")),
        ),
        (
            "que-6",
            "a display is neither required nor repeated",
            only_when("repeats", is_not("type", "display")),
        ),
        (
            "que-8",
            "a group or display has no initial value",
            only_when("initial", is_not("type", "group", "display")),
        ),
        ("que-9", "a display is not readOnly", only_when("readOnly", is_not("type", "display"))),
        (
            "que-10",
            "this type of item has no maxLength",
            only_when("maxLength", is_in("type", *_WITH_LENGTH)),
        ),
        ("que-11", "answerOption or initial, not both", not_both("answerOption", "initial")),
        (
            "que-12",
            "several enableWhen need enableBehavior",
            needed_when(lambda node: len(node.get("enableWhen", ())) > 2, "enableBehavior"),
        ),
        (
            "que-13",
            "several initial values need repeats",
            holds(lambda node: node.get("repeats") is True or len(node.get("initial", ())) <= 1),
        ),
    ),
    "Questionnaire.item.enableWhen": (
        (
            "que-7",
            "the operator exists compares with true or false",
            needed_when(is_in("operator", "exists"), "answerBoolean"),
        ),
    ),
    "SearchParameter": (
        ("spd-1", "xpath needs its usage", needs("xpath", "xpathUsage")),
        ("spd-2", "a chain is for references", only_when("chain", is_in("type", "reference"))),
    ),
    "StructureDefinition": (
        ("sdf-4", "a concrete type needs its base", needed_when(is_not("abstract", True), "baseDefinition")),
        ("sdf-6", "a snapshot or a differential is needed", some("snapshot", "differential")),
        (
            "sdf-18",
            "contextInvariant is for extensions",
            only_when("contextInvariant", is_in("type", "Extension")),
        ),
    ),
    "StructureDefinition.mapping": (("sdf-2", "a name or a uri is needed", some("name", "uri")),),
    "StructureDefinition.snapshot": (
        ("sdf-8b", "an element has no base", holds(lambda n: all("base" in e for e in n.get("element", ())))),
    ),
    "StructureMap.group.rule.target": (
        ("smp-1", "element needs context", needs("element", "context")),
        ("smp-2", "context needs contextType", needs("context", "contextType")),
    ),
    "TerminologyCapabilities": _software("tcp-3", "tcp-4", "tcp-4", "tcp-5", "tcp-5", "tcp-2"),
    "TerminologyCapabilities.codeSystem": (
        (
            "tcp-1",
            "several versions need their codes",
            holds(lambda n: len(n.get("version", ())) <= 1 or all("code" in v for v in n["version"])),
        ),
    ),
    "TestReport.setup.action": (("inv-1", "an operation or an assert, one of them", _ACTION),),
    "TestReport.test.action": (("inv-2", "an operation or an assert, one of them", _ACTION),),
    "TestScript.metadata": (
        (
            "tst-4",
            "a capability is required or validated",
            holds(lambda n: any("required" in c or "validated" in c for c in n.get("capability", ()))),
        ),
    ),
    "TestScript.setup.action": (("tst-1", "an operation or an assert, one of them", _ACTION),),
    "TestScript.test.action": (("tst-2", "an operation or an assert, one of them", _ACTION),),
    "TestScript.setup.action.operation": (("tst-7", *_OPERATION),),
    "TestScript.variable": (
        (
            "tst-3",
            "expression, headerField or path, not all three",
            holds(lambda n: not ("expression" in n and "headerField" in n and "path" in n)),
        ),
    ),
    "ValueSet.compose.include": (
        ("vsd-1", "a system or value sets are needed", some("valueSet", "system")),
        ("vsd-2", "concepts need their system", needs("concept", "system")),
        ("vsd-2", "filters need their system", needs("filter", "system")),
        ("vsd-3", "concepts or filters, not both", not_both("concept", "filter")),
    ),
    "ValueSet.expansion.contains": (
        ("vsd-6", "a code or a display is needed", some("code", "display")),
        ("vsd-9", "a code is needed unless abstract", needed_when(is_not("abstract", True), "code")),
        ("vsd-10", "a code needs its system", needs("code", "system")),
    ),
}
