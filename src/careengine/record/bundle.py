"""Take in bundles: a transaction whole or not at all, a batch entry by entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from careengine.kernel.errors import CareError
from careengine.kernel.refs import Ref
from careengine.record.admitting import admit, refuse_dangling
from careengine.record.feed import announce
from careengine.record.incoming import Incoming, take_apart
from careengine.record.limits import LIMITS, Limits
from careengine.record.planned import Planned, plan
from careengine.record.refusal import BundleRefused, EntryProblem, whole
from careengine.record.write import Outcome, VersionConflict, Written, WrittenMeanwhile, store_versions
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids, SystemIds

_UUIDS = SystemIds(0)
_ATTEMPTS = 3
"""How often a group is tried when others write the same resources at the same moment."""
_STATUS = {Outcome.CREATED: 201, Outcome.UPDATED: 200, Outcome.UNCHANGED: 200, Outcome.DELETED: 204}


@dataclass(frozen=True, slots=True)
class EntryResult:
    """What became of one entry."""

    status: int
    """As HTTP would say it: 201 created, 200 updated or as it was, 204 deleted, 4xx refused."""
    ref: Ref | None = None
    """The resource with its newest version; None when refused."""
    updated: datetime | None = None
    outcome: Outcome | None = None
    problems: tuple[EntryProblem, ...] = ()
    leans: bool = False
    """Refused because a reference leads to nothing, or to nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """How a message is taken in."""

    recorded_at: datetime
    ids: Ids = _UUIDS
    keep_ids: bool = False
    """Resources sent for creation keep the sender's ids, as an import does."""
    limits: Limits = LIMITS


def take_bundle(conn: Connection, raw: bytes, taking: Taking) -> tuple[str, list[EntryResult]]:
    """Take in a transaction or batch in the caller's transaction; return its type and each entry's result.

    Raises :class:`BundleRefused` when nothing was stored: for a transaction with any invalid entry, with
    every problem named, and for what cannot be read as a bundle at all.
    """
    incoming = take_apart(raw, taking.limits)
    if incoming.type == "transaction":
        return incoming.type, take_transaction(conn, incoming, taking)
    if incoming.type == "batch":
        planned = planned_entries(incoming, taking)
        return incoming.type, take_each(conn, planned, taking)
    raise whole(
        "Only bundles of type transaction or batch are processed; import others with `careengine import`."
    )


def planned_entries(incoming: Incoming, taking: Taking) -> list[Planned]:
    """Read what each entry asks."""
    return [plan(n, entry, taking.ids, keep_ids=taking.keep_ids) for n, entry in enumerate(incoming.entries)]


def take_transaction(conn: Connection, incoming: Incoming, taking: Taking) -> list[EntryResult]:
    """Store every entry, or raise :class:`BundleRefused` naming each guilty one."""
    entries = planned_entries(incoming, taking)
    _refuse_repeated(entries)
    referring = admit(conn, entries, taking.ids)
    _refuse_repeated([planned for planned in entries if planned.condition])
    if not any(planned.problems for planned in entries):
        refuse_dangling(conn, entries, referring)
    _raise_for(entries)
    try:
        return _written(conn, entries, taking)
    except VersionConflict as error:
        raise BundleRefused([EntryProblem(-1, "", str(error))], entries=len(entries), status=412) from error


def _raise_for(entries: Sequence[Planned]) -> None:
    guilty = [planned for planned in entries if planned.problems]
    if guilty:
        problems = [problem for planned in guilty for problem in planned.problems]
        raise BundleRefused(problems, entries=len(entries), status=guilty[0].status)


def _refuse_repeated(entries: Sequence[Planned]) -> None:
    """Refuse an entry that names a resource another one of the transaction names already."""
    urls: dict[str, int] = {}
    names: dict[tuple[str, str], int] = {}
    for planned in entries:
        before = urls.setdefault(planned.full_url, planned.n) if planned.full_url else planned.n
        if before == planned.n and planned.id:
            before = names.setdefault((planned.type, planned.id), planned.n)
        if before != planned.n and not planned.problems:
            planned.refuse(f"names the same resource as entry {before}", "request.url", 400)


def take_each(conn: Connection, entries: Sequence[Planned], taking: Taking) -> list[EntryResult]:
    """Store every entry that may be stored; the others keep no one back."""
    referring = admit(conn, entries, taking.ids)
    refuse_dangling(conn, entries, referring)
    for _ in range(_ATTEMPTS):
        try:
            with conn.transaction():
                return _written(conn, entries, taking)
        except WrittenMeanwhile:
            continue
        except VersionConflict:
            break
    return [result for planned in entries for result in _alone(conn, planned, taking)]


def _alone(conn: Connection, planned: Planned, taking: Taking) -> list[EntryResult]:
    """Store one entry by itself, so that a conflict is its own."""
    try:
        with conn.transaction():
            return _written(conn, [planned], taking)
    except (VersionConflict, WrittenMeanwhile) as error:
        return [_refused(planned, error)]


def _refused(planned: Planned, error: CareError) -> EntryResult:
    return EntryResult(error.status, problems=(EntryProblem(planned.n, "", str(error)),))


def _written(conn: Connection, entries: Sequence[Planned], taking: Taking) -> list[EntryResult]:
    writing = [planned for planned in entries if planned.writes]
    written = store_versions(
        conn, [planned.version() for planned in writing], recorded_at=taking.recorded_at, ids=taking.ids
    )
    if any(each.outcome is not Outcome.UNCHANGED for each in written):
        announce(conn)
    done = {planned.n: _result(each) for planned, each in zip(writing, written, strict=True)}
    return [done.get(planned.n) or _not_written(planned) for planned in entries]


def _result(written: Written) -> EntryResult:
    return EntryResult(_STATUS[written.outcome], written.ref, written.updated, written.outcome)


def _not_written(planned: Planned) -> EntryResult:
    if planned.problems:
        return EntryResult(planned.status, problems=tuple(planned.problems), leans=planned.leans)
    status = 204 if planned.act == "DELETE" else 200
    ref = Ref(planned.type, planned.id) if planned.id else None
    return EntryResult(status, ref, None, Outcome.UNCHANGED)
