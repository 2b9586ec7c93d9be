"""Names and numbers as X12 can carry them: plain capitals, no separators, no longer than an element."""

import re
import unicodedata

_UNFIT = re.compile(r"[^A-Z0-9 .,'&()/+=!?;-]")
_LETTERS = {"ß": "SS", "Æ": "AE", "æ": "AE", "Ø": "O", "ø": "O", "Ł": "L", "ł": "L", "Đ": "D", "đ": "D"}


def plain(text: str, longest: int) -> str:
    """Return a name in the basic character set; what it cannot carry becomes a space."""
    spelt = "".join(_LETTERS.get(letter, letter) for letter in text)
    apart = unicodedata.normalize("NFKD", spelt).upper()
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(_UNFIT.sub(" ", bare).split())[:longest].strip()
