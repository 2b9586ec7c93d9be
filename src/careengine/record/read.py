"""Read the record: the newest version, earlier ones, everything about a person. Only ``trust`` calls this."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from careengine.kernel.refs import Ref
from careengine.record.columns import CODE, columns_of
from careengine.record.keys import key
from careengine.record.resource_types import type_code, type_name
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection


@dataclass(frozen=True, slots=True)
class Stored:
    """One version as it lies in the record."""

    ref: Ref
    """With its version."""
    raw: bytes
    """The bytes as they came in, references of the same message resolved; empty for a deletion."""
    subject: UUID | None
    updated: datetime
    """When it was recorded (real time)."""
    deleted: bool = False
    withheld: bool = False
    """It carries one of the labels the reader named; its bytes stayed in the database."""


_WITHHELD = "exists (select from sp where sp.rid = r.rid and sp.key = any(%b::uuid[]))"
"""Whether the newest version carries one of these labels, given as keys of the search index."""


def current(conn: Connection, refs: Iterable[Ref], *, hidden: Sequence[UUID] = ()) -> dict[Ref, Stored]:
    """Return the newest version of each, keyed without version; deleted and unknown ones are left out.

    What carries a label of ``hidden`` (keys of the search index) comes without its bytes, marked withheld.
    """
    wanted = list(dict.fromkeys(ref.newest() for ref in refs))
    rows = conn.execute(
        "select w.n, r.version, r.subject, r.updated, withheld, case when not withheld then r.body end"  # noqa: S608  constants above
        " from unnest(%b::smallint[], %b::text[]) with ordinality w(type, id, n)"
        " join resource r on r.type = w.type and r.id = w.id"
        f" cross join lateral (select {_WITHHELD} as withheld) l where not r.deleted",
        (*_arrays(wanted), list(hidden)),
        binary=True,
    ).fetchall()
    found = {}
    for n, version, subject, updated, withheld, body in rows:
        ref = wanted[n - 1]
        found[ref] = Stored(
            Ref(ref.type, ref.id, version), _unpacked(body), subject, updated, withheld=withheld
        )
    return found


def versions(conn: Connection, refs: Iterable[Ref], *, hidden: Sequence[UUID] = ()) -> dict[Ref, Stored]:
    """Return exactly the versions named, deletions too; unknown ones are left out.

    The labels that count for ``hidden`` are those of the newest version.
    """
    wanted = list(dict.fromkeys(refs))
    rows = conn.execute(
        "select w.n, r.subject, v.recorded_at, v.deleted, withheld, case when not withheld then v.body end"  # noqa: S608  constants above
        " from unnest(%b::smallint[], %b::text[], %b::int[]) with ordinality w(type, id, version, n)"
        " join resource r on r.type = w.type and r.id = w.id"
        " cross join lateral (select r.updated as recorded_at, r.deleted, r.body where r.version = w.version"
        " union all select recorded_at, deleted, body from resource_version"
        " where rid = r.rid and version = w.version) v"
        f" cross join lateral (select {_WITHHELD} as withheld) l",
        (*_arrays(wanted), [ref.version for ref in wanted], list(hidden)),
        binary=True,
    ).fetchall()
    return {
        wanted[n - 1]: Stored(wanted[n - 1], _unpacked(body), subject, recorded_at, deleted, withheld)
        for n, subject, recorded_at, deleted, withheld, body in rows
    }


def by_subject(
    conn: Connection,
    subjects: Iterable[UUID],
    types: Sequence[str],
    *,
    codes: Sequence[tuple[str, str]] = (),
    since: datetime | None = None,
    hidden: Sequence[UUID] = (),
) -> dict[UUID, list[Stored]]:
    """Return what the record holds of each person, whatever chart it was written to, newest date first.

    ``codes`` are (system, code) of the type's main code (see ``record.columns``), in any of its codings;
    ``since`` leaves out what ended earlier. Subjects of one merged person get the same answer;
    ``hidden`` as in :func:`current`.
    """
    wanted = list(dict.fromkeys(subjects))
    digests = [UUID(bytes=key(_main_code(type_), *code)) for type_ in types for code in codes]
    rows = conn.execute(
        "select q.id, r.type, r.id, r.version, r.subject, r.updated, withheld,"  # noqa: S608  constants above
        " case when not withheld then r.body end from subject q"
        " join subject s on s.root = q.root join resource r on r.subject = s.id and r.type = any(%b)"
        f" cross join lateral (select {_WITHHELD} as withheld) l"
        " where q.id = any(%b) and not r.deleted and (%b::uuid[] = '{}' or r.code = any(%b::uuid[])"
        " or exists (select from sp where sp.rid = r.rid and sp.key = any(%b::uuid[])))"
        " and (%b::timestamptz is null or coalesce(r.date_hi, r.updated) > %b)"
        " order by r.date_lo desc nulls last, r.rid",
        ([type_code(name) for name in types], list(hidden), wanted, digests, digests, digests, since, since),
        binary=True,
    ).fetchall()
    found: dict[UUID, list[Stored]] = {subject: [] for subject in wanted}
    for subject, type_, id_, version, own, updated, withheld, body in rows:
        ref = Ref(type_name(type_), id_, version)
        found[subject].append(Stored(ref, _unpacked(body), own, updated, withheld=withheld))
    return found


def _unpacked(body: bytes | None) -> bytes:
    return b"" if body is None else unpack(body)


def _main_code(type_: str) -> str:
    return next((param for param, column in columns_of(type_).items() if column == CODE), "code")


def _arrays(refs: Sequence[Ref]) -> tuple[list[int], list[str]]:
    return [type_code(ref.type) for ref in refs], [ref.id for ref in refs]
