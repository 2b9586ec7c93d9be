"""Read a request's body: bounded, unpacked if it came as gzip, and only JSON."""

from starlette.requests import Request

from careengine.kernel.errors import Refused
from careengine.record.limits import Limits
from careengine.record.unpacking import UnpackingRefused, unpacked

_JSON = {"application/fhir+json", "application/json", "application/fhir+json;fhirversion=4.0", ""}


class MediaRefused(Refused):
    """A body in a format that is not offered."""

    status = 415


async def body_of(request: Request, limits: Limits) -> bytes:
    """Return the body; raises for one that is too large, not JSON, or badly compressed."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in _JSON:
        raise MediaRefused("Send application/fhir+json; other formats are not offered.")
    said = request.headers.get("content-length", "0")
    if said.isdecimal() and int(said) > limits.body:
        raise _too_large(limits)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limits.body:
            raise _too_large(limits)
        parts.append(part)
    coding = request.headers.get("content-encoding", "identity").lower()
    if coding not in {"identity", "gzip"}:
        raise MediaRefused("Of content encodings, gzip and identity are offered.")
    body = b"".join(parts)
    return unpacked(body, limits.body) if coding == "gzip" else body


def _too_large(limits: Limits) -> UnpackingRefused:
    return UnpackingRefused(
        f"The body is larger than the {limits.body} bytes taken at once. Send it in parts, or import NDJSON."
    )
