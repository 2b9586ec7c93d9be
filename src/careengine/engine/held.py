"""Which things cases hold at a moment, for those who look for what is free."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from careengine.record.clauses import Clause
from careengine.runtime.database import Connection

_BY = "select key, case_id from hold where key = any(%b::text[]) and until > %b"
_FREE = 'not exists (select from hold h where h.key = (%b || r.id) collate "default" and h.until > %b)'


class HeldNow:
    """The holds as this transaction sees them; one past its time counts as free."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now

    def by(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Return which of these keys are held, and by which case."""
        return dict(self._conn.execute(_BY, (list(keys), self._now), binary=True).fetchall())

    def free(self, prefix: str) -> Clause:
        """Return the condition on ``resource r`` that nobody holds the key ``prefix`` with its id."""
        return Clause(_FREE, (prefix, self._now))
