"""What somebody outside refers to: which of these cases are open, and which effect has this key."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import orjson

from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection

_OPEN = """
    select c.id, coalesce(s.root, c.subject) from engine_case c left join subject s on s.id = c.subject
    where c.id = any(%b::bigint[]) and c.closed_at is null
"""
_CALLED = """
    select e.case_id, e.subject, e.body, c.closed_at is null from effect_key k
    join effect e on e.id = k.effect_id join engine_case c on c.id = e.case_id where k.key = %b
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """The effect a partner speaks of: whose it is, and what it was about."""

    case: int
    subject: UUID
    about: str
    is_open: bool
    """Its case still waits for something."""


def open_cases(conn: Connection, cases: Collection[int]) -> dict[int, UUID]:
    """Return those of the cases that are open, and whom each is about now, merges followed."""
    if not cases:
        return {}
    with conn.cursor(binary=True) as cursor:
        return dict(cursor.execute(_OPEN, (list(cases),)).fetchall())


def effect_called(conn: Connection, key: UUID) -> Called | None:
    """Return the effect of this key; nothing when there is none."""
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(_CALLED, (key,)).fetchone()
    if row is None:
        return None
    body = orjson.loads(unpack(row[2]))["body"]
    return Called(case=row[0], subject=row[1], about=str(body.get("about") or ""), is_open=row[3])
