"""Letters without what other alphabets add to them, so that a name written two ways is one name."""

import unicodedata

_SPELT = str.maketrans({
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i",
    "Æ": "AE", "Œ": "OE", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "İ": "I",
})  # fmt: skip
"""Letters that no decomposition of Unicode takes apart."""


def bare(text: str) -> str:
    """Return the text with its accents taken off: ``Søren Núñez`` becomes ``Soren Nunez``."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_SPELT))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
