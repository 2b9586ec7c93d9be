"""Read YAML into plain values without a surprise: nothing is guessed, expanded or doubled."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from careengine.policy.findings import BrokenPolicy, Finding

Plain = str | int | float | bool | None | date | list["Plain"] | dict[str, "Plain"]
"""What a file may hold; a date is written ``2026-01-31``, everything that is a code stands in quotes."""
Path = tuple[str | int, ...]
"""The way to a value: keys and positions from the top."""

LARGEST_FILE = 1 << 20
"""Characters; a bound against accidents and attacks, not a rule of care."""
DEEPEST = 24
LONGEST_NUMBER = 15
"""Digits that a number keeps exactly everywhere; a longer one is an identifier and stands in quotes."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_GUESS = yaml.SafeLoader("").yaml_implicit_resolvers
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER_ELSEWHERE = re.compile(
    r"[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+"
)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "": None}


def dotted(path: Path) -> str:
    """Return the way to a value as a person reads it: ``effective.0.values.days``."""
    return ".".join(str(part) for part in path)


@dataclass(frozen=True, slots=True)
class Document:
    """The values of one file and the line on which each stands (the first is 1)."""

    value: Plain
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """Return the line of the value, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read_plain(where: str, text: str) -> Document:
    """Return the values of ``text``; ``where`` names the file in errors.

    Raises:
        BrokenPolicy: not YAML, too large or too deep, a key twice, an anchor, alias or tag,
            or an unquoted word that one reader takes for text and another for something else.
    """
    if len(text) > LARGEST_FILE:
        raise _broken(
            where, None, f"The file has {len(text)} characters; {LARGEST_FILE} are allowed.", "Split it."
        )
    try:
        return _Reader(where, text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problem = f"This is not YAML: {error.problem or 'it cannot be read'}."
        raise _broken(
            where, mark.line + 1 if mark else None, problem, "Correct the line, or the indentation above it."
        ) from None
    except yaml.YAMLError:
        problem = "The file holds a character that YAML does not allow."
        raise _broken(where, None, problem, "Save it as UTF-8 text without control characters.") from None


def _broken(where: str, line: int | None, problem: str, do: str) -> BrokenPolicy:
    at = f"{where}:{line}" if line else where
    return BrokenPolicy([Finding("", at, problem, do)])


class _Reader:
    """Builds values from YAML's events, so that nothing is left to a library's guess."""

    def __init__(self, where: str, text: str) -> None:
        self._where = where
        self._events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
        self._lines: dict[Path, int] = {}

    def document(self) -> Document:
        value: Plain = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refuse(
                        event, "A second document begins here.", "Keep one document to a file."
                    )
                value = self._value(next(self._events), ())
        return Document(value, self._lines)

    def _value(self, event: Any, path: Path) -> Plain:
        self._refuse_tricks(event, path)
        self._lines[path] = event.start_mark.line + 1
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return event.value if event.style else self._word(event)

    def _mapping(self, path: Path) -> dict[str, Plain]:
        values: dict[str, Plain] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            self._refuse_tricks(event, path)
            key = self._key(event)
            if key in values:
                first = self._lines[*path, key]
                raise self._refuse(
                    event, f"The key {key!r} stands here and on line {first}.", "Keep one of the two."
                )
            values[key] = self._value(next(self._events), (*path, key))
            self._lines[*path, key] = event.start_mark.line + 1
        return values

    def _sequence(self, path: Path) -> list[Plain]:
        values: list[Plain] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refuse(event, "A key is a list or a mapping.", "Use a word as the key.")
        key = event.value if event.style else self._word(event)
        if not isinstance(key, str):
            raise self._refuse(
                event, f"The key {event.value!r} is not text.", f'Write it in quotes: "{event.value}".'
            )
        return str(key)

    def _word(self, event: Any) -> Plain:
        """Say what an unquoted word is, or refuse it when readers differ about it."""
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text) or _FLOAT.fullmatch(text):
            return self._number(event)
        if _DATE.fullmatch(text):
            return self._date(event)
        if _NUMBER_ELSEWHERE.fullmatch(text) or self._is_guessed(text):
            raise self._refuse(
                event,
                f"The unquoted word {text} is text to one reader and a number, a time or yes/no to another.",
                f'Write it in quotes: "{text}".',
            )
        return text

    def _number(self, event: Any) -> Plain:
        text: str = event.value
        if sum(sign.isdigit() for sign in text) > LONGEST_NUMBER:
            raise self._refuse(
                event, f"The number {text} has too many digits to stay exact.", f'Write "{text}".'
            )
        return int(text) if _INT.fullmatch(text) else float(text)

    def _date(self, event: Any) -> Plain:
        try:
            return date.fromisoformat(event.value)
        except ValueError:
            raise self._refuse(
                event, f"There is no day {event.value}.", "Correct the date: year-month-day."
            ) from None

    @staticmethod
    def _is_guessed(text: str) -> bool:
        guesses = _GUESS.get(text[0], []) + _GUESS.get(None, [])
        return any(pattern.match(text) for _, pattern in guesses)

    def _refuse_tricks(self, event: Any, path: Path) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refuse(
                event, "Anchors and aliases (& and *) are not read here.", "Write the value out."
            )
        if getattr(event, "tag", None):
            raise self._refuse(event, f"The tag {event.tag} is not read here.", "Leave the tag out.")
        if len(path) > DEEPEST:
            raise self._refuse(event, f"The values are nested deeper than {DEEPEST}.", "Flatten them.")

    def _refuse(self, event: Any, problem: str, do: str) -> BrokenPolicy:
        return _broken(self._where, event.start_mark.line + 1, problem, do)
