"""Does a text begin with words that are obeyed at once: stop, or help? Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from careengine.capabilities.messaging.model import CommandPolicy
from careengine.kernel.decision import Decision, Evidence, Reason, Route

STOP, HELP, NONE = "stop", "help", "none"
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_READ = 200
"""Letters at the beginning that are looked at; a command is short."""


def decide_command(text: str, *, source: str, policy: CommandPolicy, wished: bool = False) -> Decision:
    """Say whether the text is ``stop`` or ``help``, or neither.

    ``wished`` says that the wish for no more texts was found anywhere else in it. The words
    found stand in the evidence; their language is in the reason, where it can be told.
    """
    words = _words(text[:_READ])
    language = _stopped(words, policy) or ("unknown" if wished else "")
    if language:
        return _decision(
            policy, STOP, Reason("messaging.asked_to_stop", {"language": language}), source, words
        )
    language = _asked(words, policy.help) if len(words) <= policy.longest_words else ""
    if language:
        return _decision(
            policy, HELP, Reason("messaging.asked_for_help", {"language": language}), source, words
        )
    return _decision(policy, NONE, Reason("messaging.no_command", {}), source, ())


def _stopped(words: tuple[str, ...], policy: CommandPolicy) -> str:
    alone = {_words(one): lang for lang, some in policy.stop_alone.items() for one in some}
    if words in alone:
        return alone[words]
    for language, phrase in _longest_first(policy.stop):
        if words[: len(phrase)] == phrase:
            after = words[len(phrase) : len(phrase) + 1]
            return "" if len(phrase) == 1 and {*after} & policy.stop_not_before else language
    return ""


def _asked(words: tuple[str, ...], phrases: Mapping[str, Iterable[str]]) -> str:
    return next((lang for lang, phrase in _longest_first(phrases) if words[: len(phrase)] == phrase), "")


def _longest_first(phrases: Mapping[str, Iterable[str]]) -> list[tuple[str, tuple[str, ...]]]:
    every = [(lang, _words(one)) for lang, some in phrases.items() for one in some]
    return sorted(every, key=lambda one: -len(one[1]))


def _words(text: str) -> tuple[str, ...]:
    apart = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return tuple(word.replace("'", "") for word in _WORD.findall(plain))


def _decision(
    policy: CommandPolicy, answer: str, reason: Reason, source: str, words: tuple[str, ...]
) -> Decision:
    return Decision(
        question="messaging.command",
        route=Route.PROCEED,
        answer=answer,
        because=(reason,),
        policy=policy.ref,
        evidence=(Evidence(source=source, words=" ".join(words)),),
    )
