"""The only way to read a chart: as someone, for a purpose, naming the kinds; and it leaves a trace."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import orjson

from careengine.kernel.refs import Ref
from careengine.record import read
from careengine.record.clauses import Clause
from careengine.record.query import Query
from careengine.record.read import Stored
from careengine.record.search import Page, search
from careengine.runtime.database import Connection
from careengine.trust.access import Access, Chart, NotAllowed
from careengine.trust.actor import Purpose, Reader
from careengine.trust.audit import AuditEntry
from careengine.trust.break_glass import open_to
from careengine.trust.consent import Question, Rule, answer, consents_of
from careengine.trust.sharing import SHARING, carries

__all__ = ["ChartClosed", "Charts", "Stored"]

__all__ = ["ChartClosed", "Charts", "Stored"]
Row = tuple[UUID | None, Stored]
"""A resource and whose chart it was found in; ``None`` for one that belongs to nobody."""
Fetch = Callable[[Sequence[UUID]], list[Row]]
"""Reads the rows asked for; what carries one of the given labels comes withheld."""


class Holds(Protocol):
    """Which things (slots) cases hold at this moment; the engine hands it in. It tells nothing of a chart."""

    def by(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Return which of these keys are held, and by which case."""
        ...

    def free(self, prefix: str) -> Clause:
        """Return the condition on ``resource r`` that nobody holds the key ``prefix`` with its id."""
        ...


class NothingHeld:
    """Where no case is at work."""

    def by(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Return that none is held."""
        del keys
        return {}

    def free(self, prefix: str) -> Clause:
        """Return a condition that holds of everything."""
        del prefix
        return Clause("true")


NOTHING_HELD = NothingHeld()


class ChartClosed(NotAllowed):
    """A chart is restricted, or one's own: it opens only behind glass, or not at work."""


class Charts:
    """Charts for one reader at one time. Every reading adds an entry to ``audits``; the caller seals them."""

    def __init__(
        self, conn: Connection, *, reader: Reader, access: Access, at: datetime, held: Holds = NOTHING_HELD
    ) -> None:
        self._conn = conn
        self._reader = reader
        self._access = access
        self._at = at
        self._held = held
        self._policy = access.book.value(SHARING, at.astimezone(UTC).date())
        self._consents: dict[UUID, list[Rule]] = {}
        self._opened: set[UUID] = set()
        self.audits: list[AuditEntry] = []
        """One entry for each reading so far, refused ones too."""

    @property
    def at(self) -> datetime:
        """The moment, in domain time, at which the charts are read."""
        return self._at

    def held(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Return which of these things (slots) are held, by which case."""
        return self._held.by(keys) if keys else {}

    def resources(self, refs: Iterable[Ref], *, kinds: Iterable[str]) -> dict[Ref, Stored]:
        """Return the resources named, the version named or the newest, under the reference asked for.

        ``kinds`` must cover them. What is unknown, deleted, closed by a label or refused
        by the patient is left out.
        """
        wanted = list(dict.fromkeys(refs))
        if not wanted:
            return {}
        asked = sorted({*kinds})
        granted = self._grant(asked, ())
        self._refuse_undeclared(wanted, asked)
        exact = [ref for ref in wanted if ref.version]
        newest = [ref for ref in wanted if not ref.version]
        means = {ref: ref for ref in exact}

        def fetch(hidden: Sequence[UUID]) -> list[Row]:
            found = read.current(self._conn, newest, hidden=hidden) if newest else {}
            older = read.versions(self._conn, exact, hidden=hidden) if exact else {}
            means.update((ref, one.ref) for ref, one in found.items())
            return [(one.subject, one) for one in (*found.values(), *older.values()) if not one.deleted]

        found = fetch(self._hidden())
        subjects = list(dict.fromkeys(whose for whose, _ in found if whose is not None))
        self._open_charts(subjects, asked)
        shown = {one.ref: one for _, one in self._permitted(found, fetch)}
        self._note("read", subjects, asked, _why(granted, len({one.ref for _, one in found}) - len(shown)))
        return {ref: shown[means[ref]] for ref in wanted if means.get(ref) in shown}

    def of_subjects(
        self,
        subjects: Iterable[UUID],
        *,
        kinds: Iterable[str],
        codes: Sequence[tuple[str, str]] | None = None,
        since: datetime | None = None,
    ) -> dict[UUID, list[Stored]]:
        """Return what each person's chart holds of these kinds, newest date first, merged charts as one.

        ``codes`` are (system, code) of the main code; ``since`` leaves out what ended
        before. Everybody asked for has an entry, empty when all of it is closed.
        """
        wanted = list(dict.fromkeys(subjects))
        if not wanted:
            return {}
        asked = sorted({*kinds})
        granted = self._grant(asked, wanted)
        self._open_charts(wanted, asked)

        def fetch(hidden: Sequence[UUID]) -> list[Row]:
            found = read.by_subject(self._conn, wanted, asked, codes=codes or (), since=since, hidden=hidden)
            return [(subject, one) for subject, stored in found.items() for one in stored]

        found = fetch(self._hidden())
        shown = self._permitted(found, fetch)
        self._note("read", wanted, asked, _why(granted, len(found) - len(shown)))
        charts: dict[UUID, list[Stored]] = {subject: [] for subject in wanted}
        for whose, one in shown:
            if whose is not None:
                charts[whose].append(one)
        return charts

    def search(self, query: Query, *, unheld: str = "") -> tuple[Page, dict[Ref, Stored]]:
        """Search one kind; return the page and what may be shown of it, under references without version.

        What a label closes is neither found nor counted, so that no number gives it away;
        with the patient's consent it is still read by name or with the whole chart. With
        ``unheld``, what a case holds under that prefix and the resource's id is left out.
        """
        granted = self._grant([query.type], ())
        also = (self._held.free(unheld),) if unheld else ()
        page = search(self._conn, query, hidden=self._hidden(), also=also)
        if not page.found:
            self._note("read", (), [query.type], _why(granted, 0))
            return page, {}
        return page, self.resources([ref.newest() for ref in page.found], kinds=[query.type])

    def _hidden(self) -> list[UUID]:
        """Return the labels that keep a resource closed; in an emergency none does (42 CFR 2.51)."""
        return [] if self._reader.purpose is Purpose.EMERGENCY else self._policy.part2_keys

    def _permitted(self, rows: list[Row], fetch: Fetch) -> list[Row]:
        """Leave out what the patient refused, and what is labelled unless the patient agreed to share it."""
        if self._reader.purpose is Purpose.EMERGENCY:
            return rows
        people = {whose for whose, _ in rows if whose is not None}
        self._load_consents(people)
        agreed = {whose for whose in people if self._says(whose, labelled=True)}
        refused = {whose for whose in people if self._says(whose, labelled=False) is False}
        if any(one.withheld and whose in agreed for whose, one in rows):
            opened = {one.ref: one for _, one in fetch(())}
            rows = [(who, opened.get(one.ref, one) if who in agreed else one) for who, one in rows]
        return [
            (whose, one)
            for whose, one in rows
            if not one.withheld
            and (whose not in refused or one.ref.type == "Consent")
            and (whose in agreed or not self._labelled(one))
        ]

    def _labelled(self, stored: Stored) -> bool:
        """Say whether this very version carries a label: the index knows only those of the newest."""
        return b'"security' in stored.raw and carries(orjson.loads(stored.raw), self._policy.part2_labels)

    def _says(self, person: UUID, *, labelled: bool) -> bool | None:
        labels = self._policy.part2_labels if labelled else frozenset[tuple[str, str]]()
        question = Question(purpose=self._reader.purpose, at=self._at, labels=labels)
        return answer(self._consents.get(person, ()), question)

    def _load_consents(self, people: Iterable[UUID]) -> None:
        unknown = [person for person in people if person not in self._consents]
        self._consents.update(consents_of(self._conn, unknown))

    def _grant(self, kinds: Sequence[str], subjects: Sequence[UUID]) -> tuple[str, ...]:
        try:
            return self._access.grant(self._reader, kinds)
        except NotAllowed:
            self._note("refused", subjects, kinds, "kinds")
            raise

    def _refuse_undeclared(self, refs: Iterable[Ref], kinds: Sequence[str]) -> None:
        undeclared = sorted({ref.type for ref in refs} - {*kinds})
        if undeclared:
            self._note("refused", (), kinds, f"undeclared: {', '.join(undeclared)}")
            raise NotAllowed(
                f"{self._reader.actor} asks for {', '.join(undeclared)} without naming the kind. Name it."
            )

    def _open_charts(self, subjects: Sequence[UUID], kinds: Sequence[str]) -> None:
        """Refuse a person the charts they may not open; each chart is asked about once."""
        if self._reader.journey is not None:
            return
        for subject, opens in self._asked_about(subjects).items():
            if not opens:
                self._note("refused", (subject,), kinds, "chart closed")
                raise ChartClosed(
                    f"This chart is closed to {self._reader.actor} for {self._reader.purpose}. "
                    "In an emergency, open it with a reason."
                )
            self._opened.add(subject)

    def openable(self, subjects: Iterable[UUID]) -> set[UUID]:
        """Return those of the subjects whose charts the reader may open: what a list may show more of."""
        wanted = list(dict.fromkeys(subjects))
        return {subject for subject in wanted if subject in self._opened} | {
            subject for subject, opens in self._asked_about(wanted).items() if opens
        }

    def _asked_about(self, subjects: Sequence[UUID]) -> dict[UUID, bool]:
        """Return whether the reader may open each chart that was not opened before."""
        new = [subject for subject in subjects if subject not in self._opened]
        if self._reader.journey is not None or not new:
            return dict.fromkeys(new, True)
        patients = read.by_subject(self._conn, new, ("Patient",), hidden=self._policy.restricted_keys)
        emergency = self._reader.purpose is Purpose.EMERGENCY
        glass = open_to(self._conn, self._reader.actor, new, self._at) if emergency else set()
        found = {}
        for subject in new:
            chart = Chart(
                restricted=any(one.withheld for one in patients[subject]),
                own=subject == self._reader.subject,
                glass=subject in glass,
            )
            found[subject] = self._access.opens(self._reader, chart)
        return found

    def _note(self, act: str, subjects: Iterable[UUID], kinds: Iterable[str], why: str) -> None:
        self.audits.append(
            AuditEntry(
                act=act, actor=self._reader.actor, actor_kind=self._reader.actor_kind,
                purpose=self._reader.purpose, at=self._at, subjects=tuple(subjects), kinds=tuple(kinds),
                journey=self._reader.journey or "", why=why,
            )
        )  # fmt: skip


def _why(granted: Iterable[str], closed: int) -> str:
    """Return by which rules the reading was allowed, and how many resources stayed closed."""
    return "; ".join((*granted, *((f"closed {closed}",) if closed else ())))
