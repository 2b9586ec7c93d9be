"""Read files and bodies that may be compressed, never unpacking more than was allowed."""

import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from careengine.kernel.errors import Refused

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


class UnpackingRefused(Refused):
    """A compressed body or file is damaged, cut off, or becomes larger than is allowed."""

    status = 413


def unpacked(body: bytes, largest: int) -> bytes:
    """Return a gzip body unpacked; at most ``largest`` bytes are ever made of it."""
    made = bytearray()
    for part in _inflated(io.BytesIO(body)):
        made += part
        if len(made) > largest:
            raise UnpackingRefused(f"The body unpacks to more than the {largest} bytes taken at once.")
    return bytes(made)


def is_packed(path: Path) -> bool:
    """Say whether a file is gzip, by its first bytes."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def whole_file(path: Path, largest: int) -> bytes:
    """Return a file's bytes, unpacked; raises when there are more than ``largest``."""
    if is_packed(path):
        return unpacked(path.read_bytes(), largest)
    if path.stat().st_size > largest:
        raise UnpackingRefused(f"The file is larger than the {largest} bytes taken at once.")
    return path.read_bytes()


def lines(path: Path, longest: int) -> Iterator[bytes | None]:
    """Yield a file's lines without ends, few at a time in memory; None for one longer than ``longest``."""
    with path.open("rb") as file:
        yield from _lines(
            _inflated(file) if is_packed(path) else iter(lambda: file.read(_CHUNK), b""), longest
        )


def _lines(parts: Iterator[bytes], longest: int) -> Iterator[bytes | None]:
    rest = b""
    skipping = False
    for part in parts:
        *done, rest = (rest + part).split(b"\n")
        for line in done:
            yield None if skipping or len(line) > longest else line.strip()
            skipping = False
        if len(rest) > longest:
            rest, skipping = b"", True
    if skipping or rest.strip():
        yield None if skipping else rest.strip()


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """Yield the parts of a gzip stream; each is bounded, however much was packed into it."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    begun = False
    for packed in iter(lambda: file.read(_CHUNK), b""):
        waiting = packed
        while waiting:
            try:
                yield inflater.decompress(waiting, _CHUNK)
            except zlib.error as error:
                raise UnpackingRefused("The gzip data are damaged; send them again.") from error
            begun, waiting = True, inflater.unconsumed_tail
            if inflater.eof:
                waiting = inflater.unused_data
                inflater, begun = zlib.decompressobj(zlib.MAX_WBITS | 16), False
    if begun:
        raise UnpackingRefused("The gzip data are cut off; send them again.")
