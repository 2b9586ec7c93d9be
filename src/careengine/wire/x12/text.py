"""Names and numbers as X12 can carry them: plain capitals, no separators, no longer than an element."""

import re

from careengine.language.letters import bare

_UNFIT = re.compile(r"[^A-Z0-9 .,'&()/+=!?;-]")


def plain(text: str, longest: int) -> str:
    """Return a name in the basic character set; what it cannot carry becomes a space."""
    return " ".join(_UNFIT.sub(" ", bare(text).upper()).split())[:longest].strip()
