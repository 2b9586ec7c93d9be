"""Advance cases in batches: claim, fold their events, decide, write, seal, commit. One transaction each.

A refusal by the database is one of two kinds: a conflict is tried again; a content
that it will not take is halved until the guilty case is alone, which becomes a card.
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg import errors

from careengine.engine import quarantine
from careengine.engine.batch import Batch, Counts, OpenCard
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.database_says_no import CONFLICTS, CONTENT
from careengine.engine.folding import Folding, Work
from careengine.engine.guards import IN_FORCE, Stops
from careengine.engine.rows import INBOX_OF, CaseRow, EventRow, claim, claim_these, events_by_case
from careengine.engine.writing import OPEN_CARDS, cards_by_case, seal_and_commit, write
from careengine.kernel.errors import CareError
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.runtime.organisation import Site
from careengine.runtime.telemetry import get_logger
from careengine.trust.access import Access
from careengine.trust.ledger import Pen

TRIES = 5
"""How often a batch in conflict is tried again before its cases are left for the next poll."""


class Dispatcher:
    """One worker's hand on the cases of one database. Not shared between threads."""

    def __init__(
        self,
        conn: Connection,
        engine: Engine,
        *,
        access: Access,
        batch_size: int = 300,
        counts: Counts | None = None,
    ) -> None:
        self._conn = conn
        self._engine = engine
        self._access = access
        self._size = batch_size
        self._pen = Pen(engine.ids)
        self._sites = coded_sites(engine)
        self.counts = Counts() if counts is None else counts

    def advance(self) -> int:
        """Advance one batch of cases that have events or are due; return how many cases were claimed."""
        try:
            return self._advance_claimed()
        except CONFLICTS:
            self._conn.rollback()
            self.counts.refused += 1
            return 0

    def _advance_claimed(self) -> int:
        now, real = self._engine.clock.now(), real_now()
        rows = claim(self._conn, now=now, real=real, size=self._size)
        if not rows:
            self._conn.rollback()
            return 0
        ids = [row.id for row in rows]
        try:
            self._decide_and_write(rows, now, real)
        except CONFLICTS:
            self._conn.rollback()
            self.counts.refused += 1
            self._again(ids)
        except Exception as error:  # noqa: BLE001  told apart below: what is not content goes on up
            self._conn.rollback()
            self._refused(ids, error)
        return len(ids)

    def _again(self, ids: Sequence[int]) -> None:
        """Decide the same cases again on fresh rows; leave them for the next poll if it will not do."""
        for _ in range(TRIES):
            try:
                self._once(ids)
            except errors.UniqueViolation as error:
                self._conn.rollback()
                self._refused(ids, error)
                return
            except CONFLICTS:
                self._conn.rollback()
                continue
            except Exception as error:  # noqa: BLE001  told apart below: what is not content goes on up
                self._conn.rollback()
                self._refused(ids, error)
            return

    def _refused(self, ids: Sequence[int], error: Exception) -> None:
        """Halve a batch the database or a loader will not take, until the guilty case is alone."""
        if isinstance(error, psycopg.Error) and not isinstance(error, CONTENT):
            raise error
        self.counts.refused += 1
        if len(ids) == 1:
            self._one_event_at_a_time(ids[0])
            return
        middle = len(ids) // 2
        for half in (ids[:middle], ids[middle:]):
            self._again(half)

    def _one_event_at_a_time(self, case: int) -> None:
        """Advance the guilty case by its first event alone; if that is the one, set it apart."""
        try:
            self._once([case], most=1)
        except errors.UniqueViolation as error:
            # No race, since it is so again and again: what would be put down stands there already.
            self._conn.rollback()
            self._set_apart(case, error)
        except CONFLICTS:
            self._conn.rollback()
        except Exception as error:
            self._conn.rollback()
            if isinstance(error, psycopg.Error) and not isinstance(error, CONTENT):
                raise
            self._set_apart(case, error)

    def _set_apart(self, case: int, error: Exception) -> None:
        """Open a card for the case; if even that is refused, let it rest so that the others go on."""
        now, real = self._engine.clock.now(), real_now()
        try:
            rows = claim_these(self._conn, [case])
            if rows:
                clocks = ClockDesk(self._engine.book, self._sites, now)
                quarantine.set_apart(self._conn, self._engine, rows[0], error=error, clocks=clocks, real=real)
            self._conn.commit()
        except (*CONTENT, CareError) as worse:
            self._conn.rollback()
            get_logger().error("case rests", case=case, exc_info=worse)
            quarantine.let_rest(self._conn, case, now=now, real=real)
            self._conn.commit()

    def _once(self, ids: Sequence[int], *, most: int | None = None) -> None:
        now, real = self._engine.clock.now(), real_now()
        rows = claim_these(self._conn, ids)
        if rows:
            self._decide_and_write(rows, now, real, most=most)
        else:
            self._conn.rollback()

    def _around(
        self, ids: list[int], real: datetime
    ) -> tuple[dict[int, list[EventRow]], dict[int, list[OpenCard]], Stops]:
        """Read what else is needed of claimed cases, in one exchange with the database."""
        with (
            self._conn.cursor(binary=True) as inbox, self._conn.cursor(binary=True) as cards,
            self._conn.cursor() as stops, self._conn.pipeline(),
        ):  # fmt: skip
            inbox.execute(INBOX_OF, (ids, real))
            cards.execute(OPEN_CARDS, (ids,))
            stops.execute(IN_FORCE)
            return (
                events_by_case(inbox.fetchall()),
                cards_by_case(cards.fetchall()),
                Stops.of_rows(stops.fetchall()),
            )

    def _decide_and_write(
        self, rows: Sequence[CaseRow], now: datetime, real: datetime, *, most: int | None = None
    ) -> None:
        """Decide for claimed cases, each by at most ``most`` of its events, and commit."""
        ids = [row.id for row in rows]
        inbox, cards, stops = self._around(ids, real)
        batch = Batch(id=self._engine.ids.next(), now=now, recorded_at=real)
        clocks = ClockDesk(self._engine.book, self._sites, now)
        folding = Folding(self._conn, self._engine, batch, clocks=clocks, access=self._access, stops=stops)
        folding.run([Work(row, inbox.get(row.id, [])[:most], cards.get(row.id, [])) for row in rows])
        if batch.is_empty():
            self._conn.rollback()
            return
        leaves = write(self._conn, self._engine, batch, self._pen, folding.audits(), clocks)
        seal_and_commit(self._conn, batch, self._pen, leaves)
        self.counts.add(batch)


def coded_sites(engine: Engine) -> dict[int, Site]:
    """Return the organisation's sites by their codes."""
    return {engine.codes.id("site", name): site for name, site in engine.organisation.sites.items()}
