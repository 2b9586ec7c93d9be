"""Bring the report back to who asked: the document and a Communication, in the sender's own number."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from careengine.capabilities.referrals.steps.acknowledging import EFFECT, focus_of
from careengine.capabilities.referrals.steps.asking import TASKS
from careengine.engine.outgoing import Outcome, Outgoing, Rejected, send
from careengine.wire.http import HttpPartner

REVIEWS = "urn:careengine:review"
"""System of the identifier that names our Task waiting for their review."""
_OURS = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(/_history/\d+)?")
_REPORT, _PATIENT = (
    "urn:uuid:00000000-0000-4000-8000-000000000001",
    "urn:uuid:00000000-0000-4000-8000-000000000002",
)
"""Names inside the bundle, which the receiver replaces by its own."""
_STAYS = frozenset({"id", "meta", "text", "basedOn", "context", "encounter", "result", "relatesTo"})
"""Elements that would point back into our record."""


def send_report(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """POST a transaction with the report to the partner's address; its keys make it safe to repeat."""
    bundle = bundle_of(outgoing)
    if bundle is None:
        return Rejected("referrals.report_not_enclosed")
    return send(outgoing, partner, "", orjson.dumps(bundle), content_type="application/fhir+json")


def bundle_of(outgoing: Outgoing) -> dict[str, object] | None:
    """Return the transaction: the report, whose it is by their number, and the note that it came."""
    report = outgoing.enclosed.get(str(outgoing.body["report"]))
    if report is None:
        return None
    others = [one for name, one in outgoing.enclosed.items() if name != outgoing.body["report"]]
    patient: Mapping[str, Any] = next((one for one in others if one.get("resourceType") == "Patient"), {})
    files = {f"Binary/{one['id']}": one for one in others if one.get("resourceType") == "Binary"}
    about = {"identifier": patient["identifier"][0]} if patient.get("identifier") else {}
    sent = _outward(report, about, files) | _named(outgoing, str(report["resourceType"]))
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            _entry(sent, _REPORT, f"{outgoing.key}-report"),
            _entry(_note(outgoing, about), "", outgoing.key),
            _entry(_review(outgoing, about), "", f"{outgoing.key}-review"),
        ],
    }


def _named(outgoing: Outgoing, kind: str) -> dict[str, object]:
    """Say in the document itself which request it answers, and by which number it is known again."""
    named: dict[str, object] = {"identifier": [{"system": EFFECT, "value": f"{outgoing.key}-report"}]}
    if kind == "Composition":
        named["identifier"] = {"system": EFFECT, "value": f"{outgoing.key}-report"}
    focus = focus_of(outgoing.body)
    request = {"identifier": focus["identifier"]} if "identifier" in focus else {}
    if request and kind == "DiagnosticReport":
        named["basedOn"] = [request]
    if request and kind == "DocumentReference":
        named["context"] = {"related": [request]}
    return named


def _note(outgoing: Outgoing, about: Mapping[str, object]) -> dict[str, object]:
    """Say that the report came, and to which of their requests it belongs."""
    focus = focus_of(outgoing.body)
    request = (
        {"identifier": focus["identifier"]} if "identifier" in focus else {"display": focus["reference"]}
    )
    note: dict[str, object] = {
        "resourceType": "Communication",
        "identifier": [{"system": EFFECT, "value": outgoing.key}],
        "status": "completed",
        "basedOn": [request],
        "sent": outgoing.body["at"],
        "payload": [{"contentReference": {"reference": _REPORT}}],
    }
    return note | ({"subject": dict(about)} if about else {})


def _review(outgoing: Outgoing, about: Mapping[str, object]) -> dict[str, object]:
    """Ask them to say that they read it; the answer comes back on the Task that our identifier names."""
    said = outgoing.body
    task: dict[str, object] = {
        "resourceType": "Task",
        "identifier": [
            {"system": EFFECT, "value": f"{outgoing.key}-review"},
            {"system": REVIEWS, "value": said["review"]},
        ],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASKS, "code": "review-report"}]},
        "focus": {"reference": _REPORT},
        "authoredOn": said["at"],
        "restriction": {"period": {"end": said["review_by"]}},
    }
    return task | ({"for": dict(about)} if about else {})


def _entry(resource: Mapping[str, object], full_url: str, value: str) -> dict[str, object]:
    kind = str(resource["resourceType"])
    request = {"method": "POST", "url": kind, "ifNoneExist": f"identifier={EFFECT}|{value}"}
    entry: dict[str, object] = {"resource": dict(resource), "request": request}
    return ({"fullUrl": full_url} if full_url else {}) | entry


def _outward(report: Mapping[str, Any], about: Mapping[str, Any], files: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as it may leave: its files inside it, nothing in it that points into our record."""
    kept = {name: _freed(value, files) for name, value in report.items() if name not in _STAYS}
    return kept | ({"subject": dict(about)} if about else {})


def _freed(value: Any, files: Mapping[str, Any]) -> Any:
    """Replace what refers to our record by what it displays, and an address of a file by the file."""
    if isinstance(value, list):
        return [_freed(one, files) for one in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("url"), str) and value["url"].partition("/_history/")[0] in files:
        file = files[value["url"].partition("/_history/")[0]]
        rest = {name: one for name, one in value.items() if name != "url"}
        return rest | {"contentType": file["contentType"], "data": file.get("data", "")}
    if isinstance(value.get("reference"), str) and _OURS.fullmatch(value["reference"]):
        rest = {name: one for name, one in value.items() if name != "reference"}
        return rest or {"display": value["reference"].partition("/")[0]}
    return {name: _freed(one, files) for name, one in value.items()}
