"""Who read whose chart, when, which kinds and why: one entry for each reading, sealed with the decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from careengine.record.subjects import same_person
from careengine.runtime.database import Connection
from careengine.trust.actor import ActorKind, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act upon charts, with every patient it concerned."""

    act: str
    """``read``, ``refused``, ``break_glass``, ``review``, ``purge``, ``withdraw``, ``account``."""
    actor: str
    actor_kind: ActorKind
    purpose: Purpose
    at: datetime
    """Domain time."""
    subjects: tuple[UUID, ...]
    kinds: tuple[str, ...] = ()
    """The kinds of resources asked for."""
    journey: str = ""
    why: str = ""
    things: tuple[int, ...] = ()
    """Ids of what else the act was about: decisions purged, a card withdrawn, a glass broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One act upon a chart as the audit keeps it."""

    id: int
    at: datetime
    recorded_at: datetime
    act: str
    actor: str
    actor_kind: ActorKind
    purpose: str
    journey: str
    kinds: tuple[str, ...]
    why: str
    patients: int
    """How many patients the same act concerned."""


_COLUMNS = "id, at, recorded_at, act, actor, actor_kind, purpose, journey, kinds, why, cardinality(subjects)"
_OF_PATIENT = f"""
    select {_COLUMNS} from audit
    where subjects && %b::uuid[] and recorded_at < coalesce(%b::timestamptz, 'infinity')
    order by recorded_at desc, id desc limit %b
"""  # noqa: S608  the columns are the constant above
_OF_ACTOR = f"""
    select {_COLUMNS} from audit
    where actor = %b and recorded_at < coalesce(%b::timestamptz, 'infinity')
    order by recorded_at desc, id desc limit %b
"""  # noqa: S608  the columns are the constant above


def who_saw(
    conn: Connection, patient: UUID, *, before: datetime | None = None, limit: int = 100
) -> list[Seen]:
    """Return who did what upon this person's charts, newest first, under whatever id they were read."""
    everyone = list(same_person(conn, [patient]).get(patient, {patient}))
    return _seen(conn, _OF_PATIENT, (everyone, before, limit))


def what_they_saw(
    conn: Connection, actor: str, *, before: datetime | None = None, limit: int = 100
) -> list[Seen]:
    """Return what one reader did upon charts, newest first."""
    return _seen(conn, _OF_ACTOR, (actor, before, limit))


def _seen(conn: Connection, statement: LiteralString, given: tuple[object, ...]) -> list[Seen]:
    return [
        Seen(
            id=row[0], at=row[1], recorded_at=row[2], act=row[3], actor=row[4], actor_kind=ActorKind(row[5]),
            purpose=row[6], journey=row[7], kinds=tuple(row[8]), why=row[9], patients=row[10],
        )
        for row in conn.execute(statement, given).fetchall()
    ]  # fmt: skip
