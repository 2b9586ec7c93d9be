"""The words of a simple PDF letter, read without any library: enough to see whose address stands on it."""

import re
import zlib
from base64 import a85decode

_STREAM = re.compile(rb"<<((?:(?!stream).)*?)>>\s*stream\r?\n(.*?)\r?\n?endstream", re.S)
_SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\)\s*(?:Tj|'|\")|\[((?:\((?:\\.|[^\\()])*\)|[^\]])*)\]\s*TJ", re.S)
_PIECE = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.S)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.S)


def is_pdf(raw: bytes) -> bool:
    """Say whether this begins and ends as a PDF does."""
    return raw.startswith(b"%PDF-") and b"%%EOF" in raw[-1024:]


def lines_of(raw: bytes) -> list[str]:
    """Return the lines of text that the pages show, in the order they are drawn."""
    return [line for kind, stream in _STREAM.findall(raw) for line in _lines(_unpacked(kind, stream))]


def _unpacked(kind: bytes, stream: bytes) -> bytes:
    try:
        if b"ASCII85Decode" in kind:
            stream = a85decode(stream.strip().removesuffix(b"~>"))
        return zlib.decompress(stream) if b"FlateDecode" in kind else stream
    except (ValueError, zlib.error):
        return b""


def _lines(drawn: bytes) -> list[str]:
    if b"BT" not in drawn:
        return []
    found = []
    for plain, pieces in _SHOWN.findall(drawn):
        words = plain if plain else b"".join(_PIECE.findall(pieces))
        if text := _ESCAPE.sub(_unescaped, words).decode("cp1252", "replace").strip():
            found.append(text)
    return found


def _unescaped(found: re.Match[bytes]) -> bytes:
    said = found.group(1)
    if said[:1].isdigit():
        return bytes([int(said, 8) & 0xFF])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(said, said)
