"""How bodies lie in the database: the first byte says how to read the rest, so that this can change later."""

import threading
from importlib.resources import files

import zstandard

from careengine.kernel.errors import CareError

PLAIN = 0
ZSTD = 1
SEALED = 2
"""zstd, then AES-GCM with a key id: reserved, so that encryption at rest can come without moving rows."""
PHRASED = 3
"""zstd with a dictionary of phrases that such bodies repeat; the second byte is its number."""
PHRASES = 1
"""The newest dictionary of ``runtime/phrases``: what decisions, cards and effects are packed with."""
_LEVEL = 3
_SMALL = 64
"""Bytes below which compressing costs more than it saves."""
_local = threading.local()


class StoredBodyDamaged(CareError):
    """A stored body cannot be read back; the row is damaged or was written by a newer version."""


Tools = tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]


def _tools(phrases: int = 0) -> Tools:
    """Return this thread's compressor and decompressor; neither may be shared between threads."""
    made: dict[int, Tools] = _local.__dict__.setdefault("tools", {})
    found = made.get(phrases)
    if found is None:
        found = made[phrases] = _made(phrases)
    return found


def _made(phrases: int) -> Tools:
    if not phrases:
        return zstandard.ZstdCompressor(level=_LEVEL), zstandard.ZstdDecompressor()
    known = zstandard.ZstdCompressionDict(_dictionary(phrases))
    compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=known, write_dict_id=False)
    return compressor, zstandard.ZstdDecompressor(dict_data=known)


def _dictionary(phrases: int) -> bytes:
    file = files("careengine.runtime").joinpath("phrases", f"{phrases}.zdict")
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise StoredBodyDamaged(
            f"A body was packed with phrases {phrases}, unknown to this version; a newer one wrote it."
        ) from None


def pack(raw: bytes, *, compress: bool = True, phrases: int = 0) -> bytes:
    """Return ``raw`` as it is to be stored: a codec byte, then the body, compressed if that makes it smaller.

    ``phrases`` is the number of a dictionary (``runtime/phrases``) for small bodies that
    repeat what it holds: a third of the size, in a fifth of the time.
    """
    if compress and len(raw) >= _SMALL:
        squeezed = _tools(phrases)[0].compress(raw)
        if len(squeezed) < len(raw):
            return (bytes((PHRASED, phrases)) if phrases else b"\x01") + squeezed
    return b"\x00" + raw


def unpack(stored: bytes | memoryview) -> bytes:
    """Return the body as it was packed; raises :class:`StoredBodyDamaged` if it cannot be read."""
    view = memoryview(stored)
    codec = view[0] if view.nbytes else -1
    if codec == PLAIN:
        return bytes(view[1:])
    if codec in {ZSTD, PHRASED}:
        phrases = view[1] if codec == PHRASED and len(view) > 1 else 0
        try:
            return _tools(phrases)[1].decompress(view[1 if codec == ZSTD else 2 :])
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
