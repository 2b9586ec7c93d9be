"""How bodies lie in the database: the first byte says how to read the rest, so that this can change later."""

import threading

import zstandard

from careengine.kernel.errors import CareError

PLAIN = 0
ZSTD = 1
SEALED = 2
"""zstd, then AES-GCM with a key id: reserved, so that encryption at rest can come without moving rows."""
_LEVEL = 3
_SMALL = 64
"""Bytes below which compressing costs more than it saves."""
_local = threading.local()


class StoredBodyDamaged(CareError):
    """A stored body cannot be read back; the row is damaged or was written by a newer version."""


def _tools() -> tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]:
    """Return this thread's compressor and decompressor; neither may be shared between threads."""
    found: tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor] | None = getattr(_local, "tools", None)
    if found is None:
        found = _local.tools = (zstandard.ZstdCompressor(level=_LEVEL), zstandard.ZstdDecompressor())
    return found


def pack(raw: bytes, *, compress: bool = True) -> bytes:
    """Return ``raw`` as it is to be stored: a codec byte, then the body, compressed where that is smaller."""
    if compress and len(raw) >= _SMALL:
        squeezed = _tools()[0].compress(raw)
        if len(squeezed) < len(raw):
            return b"\x01" + squeezed
    return b"\x00" + raw


def unpack(stored: bytes | memoryview) -> bytes:
    """Return the body as it was packed; raises :class:`StoredBodyDamaged` if it cannot be read."""
    view = memoryview(stored)
    codec = view[0] if view.nbytes else -1
    if codec == PLAIN:
        return bytes(view[1:])
    if codec == ZSTD:
        try:
            return _tools()[1].decompress(view[1:])
        except zstandard.ZstdError as error:
            raise StoredBodyDamaged(
                "A compressed body cannot be read back. Run `careengine ledger verify`, and restore the row "
                "from a backup."
            ) from error
    if codec == SEALED:
        raise StoredBodyDamaged(
            "A body is encrypted and no keys are configured. Use the version that wrote it."
        )
    raise StoredBodyDamaged(
        f"A body begins with the unknown codec {codec}: a newer version wrote it, or it is damaged. Upgrade, "
        "or restore the row from a backup."
    )
