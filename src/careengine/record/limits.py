"""How much the record takes in at once; larger things are refused with a sentence that says so."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Technical bounds of one request, so that no sender can fill the memory."""

    entries: int = 10_000
    """Entries of one transaction or batch; what is larger comes in parts or as NDJSON."""
    body: int = 64 * _MIB
    """Bytes of one request or of one bundle file, unpacked."""
    line: int = 16 * _MIB
    """Bytes of one NDJSON line."""
    page: int = 1000
    """Resources of one page of a search."""


LIMITS = Limits()
