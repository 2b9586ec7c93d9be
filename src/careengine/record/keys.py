"""The keys of the search index: a digest that stands for one value of one search parameter."""

import unicodedata
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32


@lru_cache(maxsize=200_000)
def key(param: str, system: str, value: str) -> bytes:
    """Return the sixteen bytes under which a token, reference or uri is found.

    A digest instead of a number from a dictionary: every process computes the same one, without asking the
    database, and a transaction that is rolled back leaves nothing behind that others already rely on.
    """
    return blake2b(f"{param}\0{system}\0{value}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


@lru_cache(maxsize=4096)
def number(param: str) -> int:
    """Return the number of a search parameter in the tables that hold values (a signed 32-bit checksum)."""
    checksum = crc32(param.encode())
    return checksum - (1 << 32) if checksum >= 1 << 31 else checksum


LONGEST_WORD = 500
"""Characters up to which a code or identifier can be looked up without its system; an index holds no more."""
_LONGEST = 200


def folded(text: str) -> str:
    """Return a string as searches compare it: without accents and case, blanks single, cut at 200."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(text.casefold().split())[:_LONGEST]
