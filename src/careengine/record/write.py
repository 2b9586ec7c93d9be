"""Write versions of resources with everything they are found by, in the caller's transaction.

The bytes are kept as they came. The newest version lies in ``resource``; the one it replaces moves unchanged
to ``resource_version``. Whatever the number of resources, the database is asked a fixed number of times.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from psycopg.errors import UniqueViolation

from careengine.kernel.errors import CareError, Conflict
from careengine.kernel.refs import Ref
from careengine.record import rows
from careengine.record.columns import PATIENT_PARAMS
from careengine.record.draft import Before, Draft, NewVersion, Outcome, Written
from careengine.record.extracting import Extracted, extract
from careengine.record.keys import key
from careengine.record.parameters import index_values
from careengine.record.resource_types import PATIENT, type_code
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids, SystemIds

__all__ = [
    "NewVersion",
    "Outcome",
    "VersionConflict",
    "Written",
    "WrittenMeanwhile",
    "store_versions",
    "write_versions",
]

_KEEPS = (Outcome.UNCHANGED, Outcome.DELETED)

_UUIDS = SystemIds(0)
"""Makes uuids only, which are random and need no process number."""


class VersionConflict(CareError):
    """Somebody wrote the resource since it was read."""

    status = 412


class WrittenMeanwhile(Conflict):
    """Two transactions made the same resource at once; the same write tried again will succeed."""


def write_versions(
    conn: Connection, versions: Sequence[NewVersion], *, recorded_at: datetime, ids: Ids = _UUIDS
) -> list[Ref]:
    """Write versions and return what each is called now; one identical to the newest changes nothing.

    Raises :class:`VersionConflict` for a version that is not the expected one, and
    :class:`WrittenMeanwhile` when another transaction creates the same resource at this moment.
    """
    return [written.ref for written in store_versions(conn, versions, recorded_at=recorded_at, ids=ids)]


def store_versions(
    conn: Connection, versions: Sequence[NewVersion], *, recorded_at: datetime, ids: Ids = _UUIDS
) -> list[Written]:
    """Do as :func:`write_versions`, and say of each whether it was created, updated, unchanged or deleted."""
    done: dict[int, Written] = {}
    for wave in _waves(versions):
        written = _write(conn, [versions[n] for n in wave], recorded_at, ids)
        done.update(zip(wave, written, strict=True))
    return [done[n] for n in range(len(versions))]


def _waves(versions: Sequence[NewVersion]) -> list[list[int]]:
    """Split so that each part names a resource once: several versions of one follow each other."""
    seen: dict[tuple[str, str], int] = {}
    waves: list[list[int]] = []
    for n, version in enumerate(versions):
        turn = seen[version.type, version.id] = seen.get((version.type, version.id), -1) + 1
        if turn == len(waves):
            waves.append([])
        waves[turn].append(n)
    return waves


def _write(
    conn: Connection, versions: Sequence[NewVersion], recorded_at: datetime, ids: Ids
) -> list[Written]:
    extracted = [_extract(version) for version in versions]
    known = _look(conn, versions, extracted)
    drafts = [
        _draft(version, found, known, recorded_at) for version, found in zip(versions, extracted, strict=True)
    ]
    _name_subjects(drafts, known, ids)
    try:
        rows.write(conn, drafts, recorded_at)
    except UniqueViolation as error:
        raise WrittenMeanwhile(
            "Another transaction created one of these resources at this moment. Try the same write again."
        ) from error
    return [draft.written() for draft in drafts]


def _extract(version: NewVersion) -> Extracted:
    if version.deleted:
        return Extracted()
    resource = orjson.loads(version.raw) if version.resource is None else version.resource
    return extract(version.type, index_values(resource))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says before the write."""

    before: Mapping[tuple[int, str], Before]
    patients: Mapping[str, UUID]
    numbers: Iterator[int]


_BEFORE = (
    "select r.type, r.id, r.rid, r.version, r.deleted, r.updated, r.subject, r.body"
    " from unnest(%b::smallint[], %b::text[]) w(type, id) join resource r on r.type = w.type and r.id = w.id"
    " order by r.rid for no key update of r"
)


def _look(conn: Connection, versions: Sequence[NewVersion], extracted: Sequence[Extracted]) -> _Known:
    """Lock what is there already, and learn whom the named patients stand for, in one exchange."""
    targets = [(type_code(version.type), version.id) for version in versions]
    patients = list({found.patient.removeprefix("Patient/") for found in extracted if found.patient})
    with conn.pipeline():
        before = conn.execute(_BEFORE, ([type_ for type_, _ in targets], [id_ for _, id_ in targets]))
        people = conn.execute(
            "select id, subject from resource where type = %b and id = any(%b) and subject is not null",
            (PATIENT, patients),
        )
        numbers = conn.execute("select nextval('resource_rid') from generate_series(1, %b)", (len(versions),))
        return _Known(
            {(row[0], row[1]): Before(*row[2:]) for row in before.fetchall()},
            dict(people.fetchall()),
            (row[0] for row in numbers.fetchall()),
        )


def _draft(version: NewVersion, found: Extracted, known: _Known, recorded_at: datetime) -> Draft:
    type_ = type_code(version.type)
    before = known.before.get((type_, version.id))
    newest = 0 if before is None or before.deleted else before.version
    if version.if_version is not None and version.if_version != newest:
        raise VersionConflict(
            f"{version.type}/{version.id} is at version {newest}, not {version.if_version}."
            " Read it again and decide again."
        )
    outcome = _outcome(version, before)
    rid = next(known.numbers) if before is None else before.rid
    return Draft(version, type_, found, before, outcome, rid, recorded_at)


def _outcome(version: NewVersion, before: Before | None) -> Outcome:
    if version.deleted:
        return Outcome.UNCHANGED if before is None or before.deleted else Outcome.DELETED
    if before is None or before.deleted:
        return Outcome.CREATED
    return Outcome.UNCHANGED if unpack(before.body) == version.raw else Outcome.UPDATED


def _name_subjects(drafts: Sequence[Draft], known: _Known, ids: Ids) -> None:
    """Give each draft its subject: the caller's, its own for a patient, else that of the patient it names."""
    people = dict(known.patients)
    for draft in drafts:
        if draft.type == PATIENT and draft.outcome is not Outcome.UNCHANGED:
            draft.subject = draft.asked.subject or (draft.before and draft.before.subject) or ids.uuid()
            people[draft.asked.id] = draft.subject
    for draft in drafts:
        if draft.subject is None:
            kept = draft.before.subject if draft.before and draft.outcome in _KEEPS else None
            named = people.get(draft.found.patient.removeprefix("Patient/"))
            draft.subject = draft.asked.subject or kept or named
        if draft.found.patient and draft.subject is None:
            draft.found.keys |= {key(name, "", draft.found.patient) for name in PATIENT_PARAMS}
