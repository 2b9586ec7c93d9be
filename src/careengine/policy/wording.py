"""What people read: reason codes become sentences in a person's language, under the version that was pinned.

``policies/<area>/wording*.yaml``, ``schema: wording``::

    values:
      audience: staff                        # or patient
      languages: ["en", "es"]                # each sentence is written in every one of these
      longest: 200                           # characters of a sentence, its parameters not counted
      sentences:
        referrals.missing_element:
          en: "The referral does not say {what}."
          es: "La derivación no indica {what}."
      questions:
        referrals.triage:
          en: "Which clinic sees this referral, and how soon?"
          es: "¿Qué consulta atiende esta derivación y cuándo?"

Wording for patients also says which parameters may stand in it (``may_name``) and which words may
not (``never_say``): a message to a telephone tells nobody what somebody suffers from.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from careengine.kernel.errors import NotFound, Refused
from careengine.kernel.policy import PolicyRef, Scalar
from careengine.policy.book import PolicyBook
from careengine.policy.findings import MisfitPolicy, NoPolicyThatDay
from careengine.policy.plain import Path
from careengine.policy.schemas import Answer, Covered, Given, PolicySchema, PolicyValues

SCHEMA = "wording"
Audience = Literal["staff", "patient"]
Language = Literal["en", "es"]
"""The languages somebody here can check; a new one is added together with its reviewer."""
Sentences = Mapping[str, Mapping[str, str]]

_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class MissingWording(NotFound):
    """There is no sentence for this code in this language; a person says it, somebody writes it."""


class UnfitParameters(Refused):
    """A sentence needs a parameter that the reason does not carry."""


class WordingValues(PolicyValues):
    """What a wording file holds; ``lint_wording`` judges the sentences themselves."""

    audience: Audience
    languages: tuple[Language, ...] = Field(min_length=1)
    longest: int = Field(ge=20)
    may_name: frozenset[str] = frozenset()
    never_say: tuple[str, ...] = ()
    sentences: dict[str, dict[Language, str]] = Field(default_factory=dict)
    questions: dict[str, dict[Language, str]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WordingPage:
    """The sentences of one file on one day."""

    ref: PolicyRef
    audience: str
    sentences: Sentences
    questions: Sentences


class Wording:
    """Every sentence in force on a day; made once for each book and day, and shared."""

    __slots__ = ("_questions", "_sentences")

    def __init__(self, book: PolicyBook, day: date) -> None:
        pages = tuple(_pages(book, day))
        self._sentences = _merged((page.ref.name, page.sentences) for page in pages)
        self._questions = _merged((page.ref.name, page.questions) for page in pages)

    def sentence(self, code: str, params: Mapping[str, Scalar], language: str) -> str:
        """Return the reason ``code`` in words.

        Raises:
            MissingWording: nobody wrote it in this language; it becomes a card.
            UnfitParameters: the sentence names a parameter that ``params`` does not hold.
        """
        return _fill(code, _found(self._sentences, code, language), params)

    def question(self, name: str, language: str) -> str:
        """Return the question ``capability.question`` as one sentence; raises :class:`MissingWording`."""
        return _found(self._questions, name, language)

    def languages(self, code: str) -> frozenset[str]:
        """Return the languages in which the sentence ``code`` exists."""
        return frozenset(self._sentences.get(code, {}))


def _pages(book: PolicyBook, day: date) -> Iterator[WordingPage]:
    for policy in book.with_schema(SCHEMA):
        try:
            page = policy.on(day)
        except NoPolicyThatDay:
            continue  # a file that begins later; whoever needs its sentences hears that they are missing
        if isinstance(page, WordingPage):
            yield page


def _merged(pages: Iterable[tuple[str, Sentences]]) -> dict[str, Mapping[str, str]]:
    merged: dict[str, Mapping[str, str]] = {}
    owner: dict[str, str] = {}
    for name, sentences in pages:
        for code, by_language in sentences.items():
            if code in merged:
                raise MisfitPolicy(
                    f"The sentence {code} stands in {owner[code]} and in {name}. Remove it from one of them."
                )
            merged[code] = by_language
            owner[code] = name
    return merged


def _found(sentences: Mapping[str, Mapping[str, str]], code: str, language: str) -> str:
    try:
        return sentences[code][language]
    except KeyError:
        raise MissingWording(
            f"There is no wording for {code} in the language {language}. Write it in the wording policy of "
            "its area; until then a person has to say it."
        ) from None


def _fill(code: str, sentence: str, params: Mapping[str, Scalar]) -> str:
    def value(match: re.Match[str]) -> str:
        given = params.get(match[1])
        if given is None:
            raise UnfitParameters(
                f"The sentence {code} names {{{match[1]}}} and the reason does not carry it. Correct the "
                "rule or the sentence."
            )
        return str(given)

    return _PLACE.sub(value, sentence)


def build_wording(values: WordingValues, ref: PolicyRef) -> WordingPage:
    """Return the frozen page."""
    return WordingPage(ref, values.audience, _frozen(values.sentences), _frozen(values.questions))


def _frozen(sentences: Mapping[str, Mapping[Language, str]]) -> Sentences:
    return MappingProxyType(
        {
            code: MappingProxyType({str(lang): text for lang, text in said.items()})
            for code, said in sentences.items()
        }
    )


def answer_case(page: WordingPage, given: Given) -> Answer:
    """Answer a case: ``given: {code, language, params}`` or ``{question, language}``."""
    if "question" in given:
        return {"question": _found(page.questions, given["question"], given["language"])}
    said = _found(page.sentences, given["code"], given["language"])
    return {"sentence": _fill(given["code"], said, given.get("params", {}))}


def lint_wording(values: WordingValues) -> Iterator[tuple[Path, str, str]]:
    """Yield what is wrong with the sentences: languages, parameters, length, what no patient must read."""
    if values.audience == "patient" and not values.never_say:
        yield ("never_say",), "Wording for patients must say which words never stand in it.", "List them."
    for kind, sentences in (("sentences", values.sentences), ("questions", values.questions)):
        for code, said in sentences.items():
            if not _CODE.fullmatch(code):
                yield (kind, code), f"{code} is no code.", "Write capability.reason in small letters."
            yield from _languages((kind, code), said, values)
            for language, sentence in said.items():
                yield from _sentence((kind, code, language), sentence, values)


def _languages(
    place: Path, said: Mapping[Language, str], values: WordingValues
) -> Iterator[tuple[Path, str, str]]:
    for language in sorted({*values.languages} - {*said}):
        yield place, f"It is not written in {language}.", "Write it, or take the language off the list."
    for language in sorted({*said} - {*values.languages}):
        yield (
            place,
            f"The language {language} is not on this file's list.",
            "Add it to languages, or remove it.",
        )
    named = {language: frozenset(_PLACE.findall(sentence)) for language, sentence in said.items()}
    if len(set(named.values())) > 1:
        yield place, "The languages do not name the same parameters.", "Name the same ones in each."


def _sentence(place: Path, sentence: str, values: WordingValues) -> Iterator[tuple[Path, str, str]]:
    bare = _PLACE.sub("", sentence)
    if not bare.strip():
        yield place, "The sentence is empty.", "Write it."
    if "{" in bare or "}" in bare:
        yield place, "It has a brace that is no parameter.", "Write parameters as {name}, in small letters."
    if place[0] == "questions" and _PLACE.search(sentence):
        yield place, "A question has no parameters.", "Ask it in general."
    if len(bare) > values.longest:
        yield place, f"It has {len(bare)} characters; {values.longest} are allowed.", "Say it shorter."
    if values.audience == "patient":
        yield from _for_patients(place, sentence, values)


def _for_patients(place: Path, sentence: str, values: WordingValues) -> Iterator[tuple[Path, str, str]]:
    for name in sorted({*_PLACE.findall(sentence)} - values.may_name):
        problem = f"The parameter {{{name}}} may not reach a patient's telephone."
        yield place, problem, "Leave it out, or add it to may_name."
    word = tells(sentence, values.never_say)
    if word:
        yield place, f"It says {word!r}, which a message must not tell.", "Say it without the word."


def tells(text: str, never_say: Iterable[str]) -> str:
    """Return the first word, by its beginning, that a message must not say and that stands in it."""
    plain = _plain(text)
    return next((word for word in never_say if re.search(rf"\b{re.escape(_plain(word))}", plain)), "")


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


WORDING_SCHEMA = PolicySchema(
    SCHEMA, WordingValues, build_wording, answer_case, lint_wording, covered=Covered.VERSIONS
)
WORDING_SCHEMAS = (WORDING_SCHEMA,)
