"""What patients read, as its file states it: judged for length, words, names and ease before it is used."""

import re
from collections.abc import Iterator
from datetime import time

from pydantic import Field

from careengine.capabilities.messaging.model import (
    SMS,
    WORDS,
    Calendar,
    Hours,
    SendingPolicy,
    TemplatePolicy,
)
from careengine.capabilities.messaging.rules.rendering import LONG, render, segments
from careengine.kernel.policy import PolicyRef
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Given, PolicyValues
from careengine.policy.wording import WordingValues, lint_wording

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_VOWELS = re.compile(r"[aeiouyáéíóúü]+", re.IGNORECASE)
_OPT_OUT = re.compile(r"\bSTOP\b")


class CalendarValues(PolicyValues):
    """How a moment is written."""

    days: tuple[str, ...] = Field(min_length=7, max_length=7)
    months: tuple[str, ...] = Field(min_length=12, max_length=12)
    short: str
    long_days: tuple[str, ...] = Field(min_length=7, max_length=7)
    long_months: tuple[str, ...] = Field(min_length=12, max_length=12)
    long: str
    date: str


class TemplateValues(WordingValues):
    """Wording for patients, with what its lint must know."""

    conversation: frozenset[str]
    """Answers to what the patient wrote: they need not say how to end the texts."""
    letters: frozenset[str]
    """Never sent as a text."""
    longest_params: dict[str, int]
    """How long each parameter may become in a text."""
    easy: dict[str, float]
    """English: at most this school grade (Flesch-Kincaid). Spanish: at least this ease (Fernández Huerta)."""
    subjects: dict[str, str]
    words: dict[str, dict[str, str]]
    calendars: dict[str, CalendarValues]


def build_templates(values: TemplateValues, ref: PolicyRef) -> TemplatePolicy:
    """Return the value the rules receive."""
    return TemplatePolicy(
        ref=ref,
        sentences={code: {str(k): v for k, v in said.items()} for code, said in values.sentences.items()},
        subjects=values.subjects,
        words=values.words,
        calendars={name: Calendar(**one.model_dump()) for name, one in values.calendars.items()},
        never_say=tuple(values.never_say),
        longest_words=values.longest_params.get(WORDS, 0),
    )


def lint_templates(values: TemplateValues) -> Iterator[tuple[Path, str, str]]:
    """Yield what no patient should get: told secrets, no sender, no number, two parts, hard words."""
    yield from lint_wording(values)
    for code, said in values.sentences.items():
        for language, sentence in said.items():
            yield from _template(code, ("sentences", code, language), sentence, str(language), values)
    languages = set(values.languages)
    for name, told in (("subjects", values.subjects), ("calendars", values.calendars), ("easy", values.easy)):
        for language in sorted(languages - set(told)):
            yield (name,), f"It says nothing for {language}.", "Add it."
    for word, called in values.words.items():
        for language in sorted(languages):
            if len(called.get(language, "")) not in range(1, values.longest_params.get("item", 0) + 1):
                yield (
                    ("words", word),
                    f"It has no word in {language}, or a longer one than item may be.",
                    "Write one.",
                )


def _template(
    code: str, place: Path, sentence: str, language: str, values: TemplateValues
) -> Iterator[tuple[Path, str, str]]:
    named = set(_PLACE.findall(sentence))
    for name in sorted({"org", "phone"} - named):
        yield place, f"It does not name {{{name}}}: who writes, and where to call.", "Name it."
    is_text = not code.endswith(LONG) and code not in values.letters
    if is_text and code not in values.conversation and not _OPT_OUT.search(sentence):
        yield place, "It does not say how to end the texts.", "Say STOP, or list it under conversation."
    parts = segments(at_its_longest(sentence, values.longest_params)) if is_text else 1
    if parts > 1:
        yield place, f"With its longest parameters it is sent in {parts} parts.", "Say it in 160 characters."
    if not is_easy(sentence, language, values.easy.get(language, 0.0)):
        yield (
            place,
            "It is harder to read than a sixth-grader finds easy.",
            "Use shorter words and sentences.",
        )


def at_its_longest(sentence: str, longest: dict[str, int]) -> str:
    """Return the sentence with every parameter as long as it may become."""
    return _PLACE.sub(lambda match: "x" * longest.get(match[1], 1000), sentence)


def is_easy(sentence: str, language: str, bound: float) -> bool:
    """Say whether the sentence is easy enough, by the formula its language has."""
    plain = _PLACE.sub("it", sentence)
    words = re.findall(r"[^\W\d_]+", plain)
    sentences = max(len(re.findall(r"[.!?:\n]+(?:\s|$)", plain)), 1)
    syllables = sum(max(len(_VOWELS.findall(word)) - _silent(word, language), 1) for word in words)
    per_sentence, per_word = len(words) / sentences, syllables / max(len(words), 1)
    if language == "es":
        return 206.84 - 60 * per_word - 1.02 * per_sentence >= bound
    return 0.39 * per_sentence + 11.8 * per_word - 15.59 <= bound


def _silent(word: str, language: str) -> int:
    return int(language == "en" and len(word) > 3 and word.lower().endswith("e"))


def answer_templates(policy: TemplatePolicy, given: Given) -> Answer:
    """Answer a case: ``given: {template, language, zone, channel?, params}``."""
    text = render(
        given["template"],
        given.get("params", {}),
        channel=given.get("channel", SMS),
        language=given["language"],
        templates=policy,
        sending=example_sender(),
        zone=given["zone"],
    )
    return {"text": text, "segments": segments(text)}


def example_sender() -> SendingPolicy:
    """Return who writes in the cases of policies that say nothing about the sender."""
    day = Hours(start=time(8), end=time(20))
    return SendingPolicy(
        ref=PolicyRef("messaging.example", 1), name="Harbour Health", phone="617-555-0100", text_from="",
        mail_from="", channels=(), hours=day, hours_of={}, per_day=1, per_week=3, answers_free_hours=0,
        urgent_within_hours=0, when_unstated="en", link_days=1, asks=frozenset(), open_days=1, failures={},
    )  # fmt: skip
