"""Sentences in the words in force when a thing was recorded; missing words are said, never a crash."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from careengine.entrypoints.compose import pinned
from careengine.kernel.decision import Reason
from careengine.kernel.policy import Scalar
from careengine.policy.book import PolicyBook
from careengine.policy.store import moves_of
from careengine.policy.wording import SCHEMA, MissingWording, UnfitParameters, Wording
from careengine.runtime.database import Connection

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)$")
_CODE = re.compile(r"[a-z]+(?:[._][a-z]+)+")


class Words:
    """Every sentence in one language, as it read at any moment.

    With a ``zone``, moments in a sentence are told on that clock, and codes in words: for people.
    """

    def __init__(
        self, conn: Connection, book: PolicyBook, language: str, zone: ZoneInfo | None = None
    ) -> None:
        self._conn = conn
        self._zone = zone
        self._book = book
        self._language = language
        self._moves = moves_of(conn, SCHEMA)
        self._made: dict[tuple[tuple[tuple[str, int], ...] | None, date], Said] = {}

    def then(self, recorded_at: datetime, day: date) -> "Said":
        """Return the words that were live at ``recorded_at`` (real time) and hold on ``day``."""
        pins = {move.name: move.version for move in self._moves if move.at <= recorded_at}
        key = (tuple(sorted(pins.items())), day)
        if key not in self._made:
            then = pinned(self._conn, self._book, pins)
            self._made[key] = Said(Wording(then, day), self._language, self._zone)
        return self._made[key]

    def now(self, day: date) -> "Said":
        """Return the words that are live now: for what a screen says around a decision."""
        if (None, day) not in self._made:
            self._made[None, day] = Said(Wording(self._book, day), self._language, self._zone)
        return self._made[None, day]


class Said:
    """The words of one moment in one language."""

    def __init__(self, wording: Wording, language: str, zone: ZoneInfo | None = None) -> None:
        self._wording = wording
        self._language = language
        self._zone = zone

    def reason(self, reason: Reason) -> str:
        """Return a reason as a sentence."""
        return self.sentence(reason.code, reason.params)

    def reasons(self, reasons: Iterable[Reason]) -> list[str]:
        """Return each reason as a sentence."""
        return [self.reason(reason) for reason in reasons]

    def sentence(self, code: str, params: Mapping[str, Scalar]) -> str:
        """Return a sentence; without words for it, the code and that its words are missing."""
        try:
            told = {name: self._told(name, value) for name, value in params.items()}
            return self._wording.sentence(code, told, self._language)
        except (MissingWording, UnfitParameters):
            given = ", ".join(f"{name} {value}" for name, value in params.items())
            return f"[{code}{': ' if given else ''}{given}; no words in '{self._language}']"

    def _told(self, name: str, value: Scalar) -> Scalar:
        """Return a parameter as people say it: a moment on their clock, a code in words."""
        if not isinstance(value, str):
            return value
        if self._zone is not None and _MOMENT.match(value):
            return f"{datetime.fromisoformat(value).astimezone(self._zone):%Y-%m-%d %H:%M}"
        if self._zone is not None and _CODE.fullmatch(value):
            return self.called(name, value)
        return value

    def question(self, name: str) -> str:
        """Return a question as a sentence; without words for it, its name and that they are missing."""
        try:
            return self._wording.question(name, self._language)
        except MissingWording:
            return f"[{name}; no words in '{self._language}']"

    def called(self, kind: str, name: str) -> str:
        """Return what a code of one kind is called (``awaits``, ``our_check``); without words, the code."""
        try:
            return self._wording.sentence(f"{kind}.{name}", {}, self._language)
        except MissingWording:
            return name.rpartition(".")[2].replace("_", " ")
