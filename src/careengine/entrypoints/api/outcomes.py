"""Answers as FHIR writes them: resources with their version, bundles of results, and what was wrong."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from careengine.kernel.errors import CareError
from careengine.kernel.refs import Ref
from careengine.record.bundle import EntryResult
from careengine.record.refusal import BundleRefused, EntryProblem

FHIR_JSON = "application/fhir+json"

_CODES: Mapping[int, str] = {
    400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported",
    409: "conflict", 410: "deleted", 412: "conflict", 413: "too-costly", 415: "not-supported",
    422: "processing", 503: "transient",
}  # fmt: skip
_BUG = "Something failed that should not have; nothing was stored. The log of this server says where."


def instant(at: datetime) -> str:
    """Write a time as FHIR does."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def etag(version: int) -> str:
    """Write a version as an ETag."""
    return f'W/"{version}"'


def headers_of(ref: Ref, updated: datetime | None) -> dict[str, str]:
    """Return the headers that name a version."""
    headers = {"ETag": etag(ref.version)}
    if updated is not None:
        headers["Last-Modified"] = format_datetime(updated.astimezone(UTC), usegmt=True)
    return headers


def answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a resource."""
    return Response(body, status, dict(headers or {}), media_type=FHIR_JSON)


def outcome(status: int, issues: Iterable[Mapping[str, Any]]) -> Response:
    """Return an OperationOutcome."""
    return answer(orjson.dumps({"resourceType": "OperationOutcome", "issue": list(issues)}), status)


def failure(error: Exception) -> Response:
    """Say what was wrong; of an unexpected error only that it happened."""
    if isinstance(error, BundleRefused):
        return outcome(error.status, (issue(problem, error.status) for problem in error.problems))
    if isinstance(error, CareError):
        return outcome(error.status, [_issue(error.status, str(error))])
    return outcome(500, [_issue(500, _BUG)])


def issue(problem: EntryProblem, status: int, of: str = "") -> dict[str, Any]:
    """Return one problem of a bundle's entry, or of the resource ``of``."""
    found = _issue(status, problem.what)
    if of:
        found["expression"] = [problem.path or of]
    elif problem.entry >= 0:
        inside = problem.path.partition(".")[2] if problem.path[:1].isupper() else problem.path
        where = (
            f".resource.{inside}" if problem.path[:1].isupper() and inside else f".{inside}" if inside else ""
        )
        found["expression"] = [f"Bundle.entry[{problem.entry}]{where}"]
        found["diagnostics"] = f"entry {problem.entry}: {problem.what}"
    return found


def _issue(status: int, text: str) -> dict[str, Any]:
    return {"severity": "error", "code": _CODES.get(status, "exception"), "diagnostics": text}


def results(kind: str, entries: Sequence[EntryResult]) -> bytes:
    """Return the answer to a transaction or batch."""
    bundle = {
        "resourceType": "Bundle",
        "type": f"{kind}-response",
        "entry": [{"response": _response(entry)} for entry in entries],
    }
    return orjson.dumps(bundle)


def _response(entry: EntryResult) -> dict[str, Any]:
    made: dict[str, Any] = {"status": f"{entry.status} {HTTPStatus(entry.status).phrase}"}
    if entry.ref is not None and entry.ref.version:
        made["location"] = f"{entry.ref.type}/{entry.ref.id}/_history/{entry.ref.version}"
        made["etag"] = etag(entry.ref.version)
    elif entry.ref is not None:
        made["location"] = f"{entry.ref.type}/{entry.ref.id}"
    if entry.updated is not None:
        made["lastModified"] = instant(entry.updated)
    if entry.problems:
        issues = [issue(problem, entry.status) for problem in entry.problems]
        made["outcome"] = {"resourceType": "OperationOutcome", "issue": issues}
    return made
