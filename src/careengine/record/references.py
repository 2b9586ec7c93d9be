"""References in the bytes of a resource: found, resolved and rewritten without touching anything else.

Reading a resource and writing it again would turn 1.50 into 1.5; so the bytes are edited in place.
"""

import re
from collections.abc import Callable

import msgspec
import orjson

_REFERENCE = re.compile(rb'("reference"\s*:\s*)"([^"\\]*(?:\\.[^"\\]*)*)"')
_LOCAL = re.compile(r"([A-Z][A-Za-z]{2,40})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def references_in(raw: bytes) -> list[str]:
    """Return every reference of a resource, those of contained resources too, as written."""
    return [_decoded(found) for _, found in _REFERENCE.findall(raw)]


def rewritten(raw: bytes, new: Callable[[str], str]) -> bytes:
    """Return the bytes with every reference replaced by what ``new`` makes of it."""

    def replace(found: re.Match[bytes]) -> bytes:
        old = _decoded(found[2])
        made = new(old)
        return found[0] if made == old else found[1] + orjson.dumps(made)

    return _REFERENCE.sub(replace, raw)


def _decoded(written: bytes) -> str:
    if b"\\" in written:
        return str(orjson.loads(b'"' + written + b'"'))
    return written.decode("utf-8", "replace")


def local(reference: str) -> tuple[str, str] | None:
    """Return type and id of a reference to a resource of this record; None for any other reference."""
    found = _LOCAL.fullmatch(reference)
    return (found[1], found[2]) if found else None


def with_id(raw: bytes, id_: str) -> bytes:
    """Return a resource with this id; every other element keeps its bytes and its place."""
    members = {name: bytes(value) for name, value in _members.decode(raw).items()}
    return _joined({"resourceType": members.pop("resourceType"), **members, "id": orjson.dumps(id_)})


def with_meta(raw: bytes, version: int, updated: str) -> bytes:
    """Return a resource as it is shown: with its version and when it was recorded, in ``meta``."""
    members = {name: bytes(value) for name, value in _members.decode(raw).items()}
    meta = {name: bytes(value) for name, value in _members.decode(members.get("meta", b"{}")).items()}
    meta |= {"versionId": orjson.dumps(str(version)), "lastUpdated": orjson.dumps(updated)}
    return _joined({**members, "meta": _joined(meta)})


def _joined(members: dict[str, bytes]) -> bytes:
    return b"{" + b",".join(orjson.dumps(name) + b":" + value for name, value in members.items()) + b"}"
