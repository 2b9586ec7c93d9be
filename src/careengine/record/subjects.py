"""Who the record is about, under ids of our own, so that two charts of one person can be joined and parted.

A merge moves nothing: each resource keeps the subject it was written for, and ``subject.root`` says who that
person is now. So an unmerge gives back exactly what each chart held, with what arrived meanwhile.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from careengine.kernel.errors import Conflict, NotFound
from careengine.kernel.refs import Ref
from careengine.record.resource_types import PATIENT, type_code
from careengine.runtime.database import Connection

MERGED = 2
UNMERGED = 3
_ONE_AT_A_TIME = 0x6D65726765
"""The advisory lock under which chains of merges are changed."""


class MergeRefused(Conflict):
    """Two subjects cannot be joined or parted as asked."""


def subject_of(conn: Connection, refs: Iterable[Ref]) -> dict[Ref, UUID]:
    """Return the subject each resource was written for; the unknown and those about no one are left out."""
    wanted = list(dict.fromkeys(ref.newest() for ref in refs))
    rows = conn.execute(
        "select w.n, r.subject from unnest(%b::smallint[], %b::text[]) with ordinality w(type, id, n)"
        " join resource r on r.type = w.type and r.id = w.id where r.subject is not null",
        ([type_code(ref.type) for ref in wanted], [ref.id for ref in wanted]),
    ).fetchall()
    return {wanted[n - 1]: subject for n, subject in rows}


def subjects_known_as(
    conn: Connection, aliases: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], set[UUID]]:
    """Return the people each identifier (system, value) names, merged ones as the survivor.

    More than one for an identifier means it does not tell two people apart: let a person choose.
    """
    rows = conn.execute(
        "select a.system, a.value, s.root from unnest(%b::text[], %b::text[]) w(system, value)"
        " join subject_alias a on a.system = w.system and a.value = w.value"
        " join subject s on s.id = a.subject",
        ([system for system, _ in aliases], [value for _, value in aliases]),
    ).fetchall()
    found: dict[tuple[str, str], set[UUID]] = {alias: set() for alias in aliases}
    for system, value, root in rows:
        found[system, value].add(root)
    return found


def roots(conn: Connection, subjects: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return who each subject is now: itself, or the one its merges lead to."""
    rows = conn.execute("select id, root from subject where id = any(%b)", (list(subjects),)).fetchall()
    return dict(rows)


def same_person(conn: Connection, subjects: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Return, for each subject, every subject that is the same person now, itself included."""
    rows = conn.execute(
        "select a.id, b.id from subject a join subject b on b.root = a.root where a.id = any(%b)",
        (list(subjects),),
    ).fetchall()
    found: dict[UUID, set[UUID]] = {}
    for subject, other in rows:
        found.setdefault(subject, set()).add(other)
    return found


def merge(conn: Connection, from_: UUID, into: UUID, *, actor: str, at: datetime) -> None:
    """Let ``from_`` be the same person as ``into`` from now on; the charts are read as one.

    Raises :class:`MergeRefused` when ``from_`` is already merged or ``into`` leads back to it.
    """
    known = _locked(conn, (from_, into))
    if known[from_][0] is not None:
        raise MergeRefused("This subject is already merged into another; undo that merge first.")
    if known[into][1] == from_ or from_ == into:
        raise MergeRefused("A subject cannot be merged into itself, nor into one that is merged into it.")
    conn.execute("update subject set merged_into = %b where id = %b", (into, from_))
    conn.execute("update subject set root = %b where root = %b", (known[into][1], from_))
    _note(conn, from_, into, actor=actor, at=at, undone=False)


def unmerge(conn: Connection, from_: UUID, *, actor: str, at: datetime) -> None:
    """Part ``from_`` from the one it was merged into, with everything that was merged into it before."""
    into = _locked(conn, (from_,))[from_][0]
    if into is None:
        raise MergeRefused("This subject is not merged into another; there is nothing to undo.")
    conn.execute("update subject set merged_into = null where id = %b", (from_,))
    conn.execute(
        "with recursive of_it(id) as (select %b::uuid union"
        " select s.id from subject s join of_it on s.merged_into = of_it.id)"
        " update subject set root = %b where id in (select id from of_it)",
        (from_, from_),
    )
    _note(conn, from_, into, actor=actor, at=at, undone=True)


def _locked(conn: Connection, subjects: tuple[UUID, ...]) -> dict[UUID, tuple[UUID | None, UUID]]:
    conn.execute("select pg_advisory_xact_lock(%b)", (_ONE_AT_A_TIME,))
    rows = conn.execute(
        "select id, merged_into, root from subject where id = any(%b) order by id for update",
        (list(subjects),),
    ).fetchall()
    if len(rows) < len(set(subjects)):
        raise NotFound("The record knows no such subject; look it up again by the patient's id.")
    return {subject: (merged_into, root) for subject, merged_into, root in rows}


def _note(conn: Connection, from_: UUID, into: UUID, *, actor: str, at: datetime, undone: bool) -> None:
    """Write what happened, and announce the patients concerned in the change feed."""
    conn.execute(
        "insert into subject_merge (at, subject, merged_into, undone, actor) values (%b, %b, %b, %b, %b)",
        (at, from_, into, undone, actor),
    )
    conn.execute(
        "insert into record_change (rid, recorded_at, subject, version, type, what, id)"
        " select rid, %b, subject, version, type, %b, id from resource where subject = any(%b) and type = %b",
        (at, UNMERGED if undone else MERGED, [from_, into], PATIENT),
    )
