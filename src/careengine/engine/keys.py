"""Keys that make an act happen once: short digests, so that an index row stays narrow."""

import hashlib
from uuid import UUID


def key_of(*parts: object) -> UUID:
    """Return a 128-bit key of the parts; the same parts always give the same key."""
    text = "\x1f".join(map(str, parts))
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])


def content_key(content: bytes, *parts: object) -> UUID:
    """Return a key that also changes with the content: a different act is not a repetition."""
    return key_of(*parts, hashlib.sha256(content).hexdigest())
