"""Policies in the database: the truth at run time, published version by version, never changed afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from careengine.kernel.errors import Conflict, Refused
from careengine.policy.book import DatedPolicy, PolicyBook, draft
from careengine.policy.file import PolicyFile, PolicySource, read_policy
from careengine.policy.findings import UnknownPolicy
from careengine.policy.schemas import PolicySchema, Schemas
from careengine.runtime.codec import pack, unpack
from careengine.runtime.database import Connection

INSTALLER = "system:install"
"""Who publishes the package's own policies at the first start."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What a start found among the package's (and packs') policies."""

    published: tuple[str, ...]
    """New names: now live as version 1."""
    available: tuple[tuple[str, int], ...]
    """Changed texts of names that are live already: kept as a version, waiting for a person to publish it."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a policy as the list of versions shows it."""

    name: str
    version: int
    live: bool
    offered_at: datetime
    offered_by: str
    published_at: datetime | None
    published_by: str | None
    approved_by: str | None
    note: str
    supersedes: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """From ``at`` (real time) on, ``version`` was the live one."""

    name: str
    at: datetime
    version: int


def install(
    conn: Connection, sources: Mapping[str, PolicySource], schemas: Schemas, *, at: datetime
) -> Installed:
    """Publish each policy the database does not know as version 1; keep changed texts as available.

    A site's live version is never replaced here: that is :func:`publish`, by a person. Safe to
    run at every start and from several processes at once.

    Raises:
        BrokenPolicy: a file cannot be read, or a new one does not fit its schema or has a
            broken table; nothing is installed then.
    """
    files = [read_policy(source) for _, source in sorted(sources.items())]
    published, available = [], []
    with conn.transaction():
        conn.execute("lock table policy_version in share row exclusive mode")
        known = _known(conn)
        for file in files:
            have = known.get(file.name, {})
            if file.source.digest() in have:
                continue
            _refuse_unfit(file, schemas)
            version = _offer(conn, file, at=at, by=INSTALLER)
            if have:
                available.append((file.name, version))
            else:
                publish(
                    conn, file.name, version, at=at, by=INSTALLER, approved_by=INSTALLER, note="as installed"
                )
                published.append(file.name)
    return Installed(tuple(published), tuple(available))


def _refuse_unfit(file: PolicyFile, schemas: Schemas) -> None:
    policy = draft(file.source, schemas)
    for index in range(len(file.periods)):
        policy.build(index)


def offer(conn: Connection, source: PolicySource, *, at: datetime, by: str) -> int:
    """Keep a new text of a policy as its next version, not yet live, and return the version's number.

    The same text again is the version it already is. Run ``check_source`` before: this only reads.
    """
    file = read_policy(source)
    with conn.transaction():
        conn.execute("lock table policy_version in share row exclusive mode")
        have = _known(conn).get(file.name, {})
        return have.get(file.source.digest()) or _offer(conn, file, at=at, by=by)


def publish(  # noqa: PLR0913  an act of two people, named in full
    conn: Connection, name: str, version: int, *, at: datetime, by: str, approved_by: str, note: str
) -> None:
    """Make ``version`` the live one; an older version again is a roll-back, in the same one act.

    Raises:
        UnknownPolicy: there is no such version.
        Refused: the same person publishes and approves.
        Conflict: it is the live one already.
    """
    if by == approved_by and by != INSTALLER:
        raise Refused(f"{name} version {version} needs a second person: {by} cannot approve their own act.")
    with conn.transaction():
        now_live = conn.execute(
            "select version from policy_live where name = %s for update", (name,)
        ).fetchone()
        before = now_live[0] if now_live else None
        if before == version:
            raise Conflict(f"{name} version {version} is live already; there is nothing to publish.")
        found = conn.execute(
            "update policy_version set published_at = %s, published_by = %s, approved_by = %s, note = %s, "
            "supersedes = %s where name = %s and version = %s and published_at is null",
            (at, by, approved_by, note, before, name, version),
        )
        if not found.rowcount:
            stored_body(conn, name, version)  # an older version again, or one that never was
        conn.execute(
            "insert into policy_live (name, version) values (%s, %s) "
            "on conflict (name) do update set version = excluded.version",
            (name, version),
        )
        conn.execute(
            "insert into policy_move (name, moved_at, moved_by, approved_by, from_version, to_version, note) "
            "values (%s, %s, %s, %s, %s, %s, %s)",
            (name, at, by, approved_by, before, version, note),
        )


def load_book(
    conn: Connection,
    schemas: Iterable[PolicySchema] | Schemas,
    *,
    pins: Mapping[str, int] | None = None,
    known: PolicyBook | None = None,
) -> PolicyBook:
    """Return every live policy, with ``pins`` in place of the live version where given.

    With ``known``, an earlier book, versions it already holds are shared with all they have
    built, and only what moved is read: cheap enough to ask before every batch.

    Raises:
        UnknownPolicy: a pinned version does not exist.
    """
    live = dict(conn.execute("select name, version from policy_live").fetchall())
    wanted = {**live, **(pins or {})}
    kept = _shared(wanted, known)
    missing = [(name, version) for name, version in wanted.items() if name not in kept]
    return PolicyBook(
        {**kept, **{policy.name: policy for policy in load_versions(conn, schemas, missing).values()}}
    )


def load_versions(
    conn: Connection, schemas: Iterable[PolicySchema] | Schemas, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], DatedPolicy]:
    """Return exactly these versions, by name and number; lay them over a book with ``overlay``.

    Raises:
        UnknownPolicy: one of them does not exist.
    """
    pairs = sorted(set(wanted))
    if not pairs:
        return {}
    shapes = schemas if isinstance(schemas, Schemas) else Schemas.of(schemas)
    bodies = _bodies(conn, pairs)
    lost = [f"{name} version {version}" for name, version in pairs if (name, version) not in bodies]
    if lost:
        raise UnknownPolicy(
            f"These policies are not in the database: {', '.join(lost)}. Restore it, or correct them."
        )
    return {
        (name, version): DatedPolicy(name, version, source_of(name, version, body), shapes, schema)
        for (name, version), (schema, body) in bodies.items()
    }


def versions(conn: Connection, name: str | None = None) -> tuple[Version, ...]:
    """Return all versions of one policy, or of every policy, oldest first."""
    rows = conn.execute(
        "select v.name, v.version, coalesce(l.version = v.version, false), v.offered_at, v.offered_by, "
        "v.published_at, v.published_by, v.approved_by, v.note, v.supersedes "
        "from policy_version v left join policy_live l on l.name = v.name "
        "where %(name)s::text is null or v.name = %(name)s order by v.name, v.version",
        {"name": name},
    ).fetchall()
    return tuple(Version(*row) for row in rows)


def moves_of(conn: Connection, schema: str) -> tuple[Move, ...]:
    """Return when which version of the policies of one shape became the live one, oldest first."""
    rows = conn.execute(
        "select m.name, m.moved_at, m.to_version from policy_move m "
        "join policy_version v on v.name = m.name and v.version = m.to_version "
        "where v.schema = %s order by m.moved_at, m.name",
        (schema,),
    ).fetchall()
    return tuple(Move(*row) for row in rows)


def source_of(name: str, version: int, body: bytes) -> PolicySource:
    """Return the texts of a stored version; findings about it name the version instead of a file."""
    return PolicySource.from_body(f"{name} version {version}", unpack(body))


def stored_body(conn: Connection, name: str, version: int) -> bytes:
    """Return the stored body of one version; raises :class:`UnknownPolicy`."""
    found = _bodies(conn, [(name, version)]).get((name, version))
    if found is None:
        raise UnknownPolicy(f"There is no version {version} of {name}. See `careengine policy diff --help`.")
    return bytes(found[1])


def _shared(wanted: Mapping[str, int], known: PolicyBook | None) -> dict[str, DatedPolicy]:
    if known is None:
        return {}
    return {
        name: known[name]
        for name, version in wanted.items()
        if name in known and known[name].version == version
    }


def _known(conn: Connection) -> dict[str, dict[bytes, int]]:
    found: dict[str, dict[bytes, int]] = {}
    for name, version, digest in conn.execute("select name, version, digest from policy_version"):
        found.setdefault(name, {})[bytes(digest)] = version
    return found


def _offer(conn: Connection, file: PolicyFile, *, at: datetime, by: str) -> int:
    row = conn.execute(
        "insert into policy_version (name, version, digest, schema, body, offered_at, offered_by) "
        "select %(name)s, coalesce(max(version), 0) + 1, %(digest)s, %(schema)s, %(body)s, %(at)s, %(by)s "
        "from policy_version where name = %(name)s returning version",
        {
            "name": file.name,
            "digest": file.source.digest(),
            "schema": file.schema,
            "body": pack(file.source.body()),
            "at": at,
            "by": by,
        },
    ).fetchone()
    return int(row[0]) if row else 0


def _bodies(conn: Connection, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, Any]]:
    listed = list(pairs)
    rows = conn.execute(
        "select v.name, v.version, v.schema, v.body from policy_version v "
        "join unnest(%s::text[], %s::int[]) as w(name, version) on w.name = v.name and w.version = v.version",
        ([name for name, _ in listed], [version for _, version in listed]),
        binary=True,
    )
    return {(name, version): (schema, body) for name, version, schema, body in rows}
