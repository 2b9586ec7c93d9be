"""What this server can do, told truthfully: made from the tables that the code itself works by."""

from functools import cache
from typing import Any

import orjson

from careengine.record.index_value import Kind
from careengine.record.query import MODIFIERS, searchable
from careengine.record.resource_types import RESOURCE_TYPES

_KINDS = {
    Kind.TOKEN: "token", Kind.STRING: "string", Kind.REFERENCE: "reference", Kind.DATE: "date",
    Kind.NUMBER: "number", Kind.QUANTITY: "quantity", Kind.URI: "uri",
}  # fmt: skip
_INTERACTIONS = ("read", "vread", "create", "update", "delete", "history-instance", "search-type")
_NOT_STORED = {"Bundle", "OperationOutcome", "Parameters", "CapabilityStatement"}
_PUBLISHED = "2026-11-22"


@cache
def capability_statement() -> bytes:
    """Return the CapabilityStatement."""
    rest = {
        "mode": "server",
        "documentation": "A token of a partner is shown as Authorization: Bearer.",
        "resource": [_resource(name) for name in RESOURCE_TYPES if name not in _NOT_STORED],
        "interaction": [{"code": "transaction"}, {"code": "batch"}],
    }
    return orjson.dumps(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": _PUBLISHED,
            "kind": "instance",
            "software": {"name": "CareEngine"},
            "implementation": {"description": "The record of one organisation's CareEngine"},
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [rest],
        }
    )


def _resource(name: str) -> dict[str, Any]:
    return {
        "type": name,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-match",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "local", "enforced"],
        "searchParam": [_parameter(code, kind) for code, kind in sorted(_parameters(name).items())],
    }


def _parameters(name: str) -> dict[str, Kind]:
    return {code: parameter.kind for code, parameter in searchable(name).items()}


def _parameter(code: str, kind: Kind) -> dict[str, Any]:
    modifiers = sorted(MODIFIERS[kind] - {""})
    said = {"name": code, "type": _KINDS[kind]}
    return {**said, "documentation": f"Modifiers: {', '.join(modifiers)}"} if modifiers else said
