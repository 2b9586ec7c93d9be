"""Is a text written in a language that nobody here reads by software? Pure."""

import unicodedata
from functools import lru_cache

from careengine.capabilities.messaging.model import ReplyPolicy
from careengine.capabilities.messaging.rules.reply_reading import Reading

UNKNOWN = "unknown"


def foreign_language(said: Reading, policy: ReplyPolicy, language: str) -> str:
    """Return the language we lack: by its letters, by its common words, or by what the patient speaks.

    Of a patient whose language we lack, only numbers and signs are taken for what they are.
    """
    words = [one.plain for one in said.tokens if any(map(str.isalpha, one.plain))]
    if any(not _latin(letter) for word in words for letter in word if letter.isalpha()):
        return UNKNOWN
    left = [said.tokens[p.first].plain for p in said.left]
    known = next((policy.elsewhere[word] for word in left if word in policy.elsewhere), "")
    if known:
        return known
    return language if words and language and language not in policy.languages else ""


@lru_cache(maxsize=4096)
def _latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith(("LATIN", "FULLWIDTH LATIN"))
