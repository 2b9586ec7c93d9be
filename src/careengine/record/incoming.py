"""Take a bundle apart without reading its resources: each stays the bytes it came as."""

from dataclasses import dataclass, field

import msgspec

from careengine.record.limits import Limits
from careengine.record.refusal import whole


class _Request(msgspec.Struct):
    method: str = ""
    url: str = ""
    if_none_exist: str = msgspec.field(default="", name="ifNoneExist")
    if_match: str = msgspec.field(default="", name="ifMatch")


class _Entry(msgspec.Struct):
    full_url: str = msgspec.field(default="", name="fullUrl")
    resource: msgspec.Raw = msgspec.Raw(b"")
    request: _Request | None = None


class _Bundle(msgspec.Struct):
    resource_type: str = msgspec.field(default="", name="resourceType")
    type: str = ""
    entry: list[_Entry] = []


class Head(msgspec.Struct):
    """The two elements every resource is named by."""

    resource_type: str = msgspec.field(default="", name="resourceType")
    id: str = ""


_bundle = msgspec.json.Decoder(_Bundle)
_head = msgspec.json.Decoder(Head)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as sent."""

    full_url: str
    raw: bytes
    """The resource's bytes; empty when there is none."""
    head: Head
    method: str
    url: str
    if_none_exist: str = ""
    if_match: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A bundle, taken apart."""

    type: str
    entries: list[Entry] = field(default_factory=list)


def head_of(raw: bytes) -> Head:
    """Return a resource's type and id; empty where it has none or cannot be read (validation says why)."""
    try:
        return _head.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Head()


def take_apart(raw: bytes, limits: Limits) -> Incoming:
    """Return the entries of a bundle; raises :class:`BundleRefused` for what is not one, or is too large."""
    if len(raw) > limits.body:
        raise whole(f"The bundle is larger than the {limits.body} bytes taken at once.", status=413)
    try:
        bundle = _bundle.decode(raw)
    except msgspec.ValidationError as error:
        raise whole(f"This is not a bundle as FHIR R4 writes it: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise whole(f"This is not JSON, or it is cut off: {error}") from None
    if bundle.resource_type != "Bundle":
        raise whole("A Bundle is expected here; send other resources to the address of their type.")
    if len(bundle.entry) > limits.entries:
        raise whole(
            f"The bundle has {len(bundle.entry)} entries; at most {limits.entries} are taken at once."
            " Send it in parts, or import the resources as NDJSON.",
            entries=len(bundle.entry),
            status=413,
        )
    return Incoming(bundle.type, [_entry(entry) for entry in bundle.entry])


def _entry(entry: _Entry) -> Entry:
    raw = bytes(entry.resource)
    request = entry.request or _Request()
    return Entry(
        full_url=entry.full_url,
        raw=raw,
        head=head_of(raw) if raw else Head(),
        method=request.method,
        url=request.url,
        if_none_exist=request.if_none_exist,
        if_match=request.if_match,
    )
