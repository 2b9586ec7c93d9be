"""Links that prove themselves: a token says which case it opens, until when, and that we made it."""

import base64
import binascii
import hmac
import struct
from datetime import UTC, datetime

from careengine.kernel.errors import CareError

_HEAD = struct.Struct(">QI")
"""The case, and the second of expiry."""
_MAC_BYTES = 16
_TOKEN_BYTES = _HEAD.size + _MAC_BYTES


class LinkRefused(CareError):
    """A link that is not ours, was changed, is for something else, or is over."""

    status = 404


def sign(secret: str, *, case: int, purpose: str, until: datetime) -> str:
    """Return the token of a link to ``purpose`` of a case; the same input gives the same token."""
    head = _HEAD.pack(case, int(until.timestamp()))
    return base64.urlsafe_b64encode(head + _mac(secret, head, purpose)).decode().rstrip("=")


def verify(secret: str, token: str, *, purpose: str, now: datetime) -> int:
    """Return the case a token opens for ``purpose``; raises :class:`LinkRefused`."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    head, mac = raw[: _HEAD.size], raw[_HEAD.size :]
    right = secret and len(raw) == _TOKEN_BYTES and hmac.compare_digest(mac, _mac(secret, head, purpose))
    # One token has one writing: the spare bits of base64 change nothing and would give it others.
    if not right or base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
        raise LinkRefused("This link does not open anything. Ask for a new one.")
    case, until = _HEAD.unpack(head)
    if now.astimezone(UTC).timestamp() >= until:
        raise LinkRefused("This link is over. Ask for a new one.")
    return int(case)


def _mac(secret: str, head: bytes, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode() + b"\x00" + head, "sha256")[:_MAC_BYTES]
