"""A last look at charts just before something leaves, only to keep it back; nothing seen goes anywhere."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from careengine.record import read
from careengine.record.read import Stored
from careengine.runtime.database import Connection


def last_look(
    conn: Connection, subjects: Iterable[UUID], kinds: Sequence[str], *, since: datetime | None = None
) -> dict[UUID, list[Stored]]:
    """Return what each person's charts hold of these kinds, for a check that may only say no.

    As with consent, it is the patient's protection that is looked up, so nobody's consent
    can hide it, and it leaves no trace of a reading: nobody learns anything from it.
    """
    wanted = list(dict.fromkeys(subjects))
    return read.by_subject(conn, wanted, kinds, since=since) if wanted else {}
