"""Read a request's body: bounded, unpacked if it came as gzip, and only in the formats offered."""

from collections.abc import Collection

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
    return await bytes_of(request, limits.body, _JSON, "application/fhir+json")


async def bytes_of(request: Request, largest: int, media: Collection[str], wanted: str) -> bytes:
    """Return a body of at most ``largest`` bytes in one of the formats; ``wanted`` names them in words."""
    sent = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if sent not in media:
        raise MediaRefused(f"Send {wanted}; other formats are not offered.")
    said = request.headers.get("content-length", "0")
    if said.isdecimal() and int(said) > largest:
        raise _too_large(largest)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            raise _too_large(largest)
        parts.append(part)
    coding = request.headers.get("content-encoding", "identity").lower()
    if coding not in {"identity", "gzip"}:
        raise MediaRefused("Of content encodings, gzip and identity are offered.")
    body = b"".join(parts)
    return unpacked(body, largest) if coding == "gzip" else body


def _too_large(largest: int) -> UnpackingRefused:
    return UnpackingRefused(
        f"The body is larger than the {largest} bytes taken at once. Send it in parts, or import NDJSON."
    )
