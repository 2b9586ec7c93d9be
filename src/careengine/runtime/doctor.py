"""Is this installation fit to carry patients' work? Each check says what it found and what to do."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from careengine.kernel.errors import CareError
from careengine.runtime.clock import clock_from, real_now
from careengine.runtime.database import Connection
from careengine.runtime.embedded import CLUSTER
from careengine.runtime.organisation import Organisation, load_organisation
from careengine.runtime.partitions import missing_partitions, rows_in_default
from careengine.runtime.settings import Mode, Settings, SettingsInvalid

MINIMUM_VERSION = 150000
"""PostgreSQL 15, in the server's own notation."""
_GB = 1024**3
_ROOM_GB = 5
"""Free space below which a busy day's history may no longer fit."""
_OLD_S = 600
"""Seconds after which an open transaction slows every poll, since its snapshot keeps dead rows."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: whether it is as it must be, and a sentence saying what was found."""

    name: str
    ok: bool
    say: str


def checks(settings: Settings, conn: Connection) -> list[Check]:
    """Look at everything; a check that cannot be made has failed."""
    found: list[Check] = []
    for look in _LOOKS:
        try:
            found.extend(look(settings, conn))
        except CareError as error:
            found.append(Check(look.__name__.strip("_"), ok=False, say=str(error)))
    return found


def _show(conn: Connection, name: str) -> str:
    row = conn.execute("select current_setting(%s, true)", (name,)).fetchone()
    return str(row[0]) if row and row[0] is not None else ""


def _judge(name: str, fit: object, *, well: str, else_say: str) -> Check:
    return Check(name, bool(fit), well if fit else else_say)


def _database(settings: Settings, conn: Connection) -> Iterator[Check]:
    embedded = settings.database_url is None or _show(conn, "cluster_name") == CLUSTER
    yield _judge(
        "database",
        not (embedded and settings.mode is Mode.PRODUCTION),
        well="embedded, for trying out" if embedded else "a server of your own",
        else_say="The embedded PostgreSQL is for trying out. Set CAREENGINE_DATABASE_URL to your own.",
    )
    version = conn.info.server_version
    yield _judge(
        "server version",
        version >= MINIMUM_VERSION,
        well=f"PostgreSQL {version // 10000}",
        else_say=f"PostgreSQL {version // 10000} is too old. Upgrade to {MINIMUM_VERSION // 10000} or newer.",
    )


def _durability(_settings: Settings, conn: Connection) -> Iterator[Check]:
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        value = _show(conn, name)
        yield _judge(
            name,
            value != "off",
            well=f"{name} is {value}",
            else_say=f"{name} is off: what was committed may be lost. Set {name} = on in postgresql.conf.",
        )


def _log_size(settings: Settings, conn: Connection) -> Iterator[Check]:
    """Look at the write-ahead log: how long a crash recovery takes, and whether backups can be continuous."""
    row = conn.execute("select setting::bigint from pg_settings where name = 'max_wal_size'").fetchone()
    size = int(row[0]) if row else 0
    yield _judge(
        "max_wal_size",
        512 <= size <= 16 * 1024,
        well=f"max_wal_size is {size} MB",
        else_say=f"max_wal_size is {size} MB. Set 512MB to 16GB: less slows work, more slows recovery.",
    )
    level = _show(conn, "wal_level")
    yield _judge(
        "wal_level",
        level != "minimal" or settings.mode is Mode.TRY,
        well=f"wal_level is {level}",
        else_say="wal_level is minimal. Set wal_level = replica, so that backups can run.",
    )


def _partitions(_settings: Settings, conn: Connection) -> Iterator[Check]:
    full = rows_in_default(conn)
    yield _judge(
        "default partitions",
        not full,
        well="empty",
        else_say=f"rows in {', '.join(sorted(full))}. Run `careengine init`, which moves them.",
    )
    missing = missing_partitions(conn, real_now(), months_ahead=1)
    yield _judge(
        "months ahead",
        not missing,
        well="made",
        else_say=f"{len(missing)} are missing ({', '.join(missing[:1])} first). Run `careengine init`.",
    )


def _snapshots(_settings: Settings, conn: Connection) -> Iterator[Check]:
    row = conn.execute(
        "select max(extract(epoch from (clock_timestamp() - xact_start)))::bigint from pg_stat_activity"
        " where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()"
    ).fetchone()
    oldest = int(row[0]) if row and row[0] is not None else 0
    yield _judge(
        "open transactions",
        oldest < _OLD_S,
        well="none is old",
        else_say=f"one is {oldest // 60} minutes old and slows every poll. End it (pg_stat_activity).",
    )


def _clock(settings: Settings, conn: Connection) -> Iterator[Check]:
    if settings.clock != "system" and settings.mode is Mode.PRODUCTION:
        yield Check("clock", ok=False, say="Domain time is stepped. Set CAREENGINE_CLOCK=system.")
        return
    clock_from(settings.clock).now()
    row = conn.execute("select clock_timestamp()").fetchone()
    there: datetime = row[0] if row else real_now()
    apart = abs((there - real_now()).total_seconds())
    yield _judge(
        "clock",
        apart < 2,
        well=f"{settings.clock.partition(':')[0]} time",
        else_say=f"This machine and the database are {apart:.0f} s apart. Synchronise both (NTP).",
    )


def _disk(settings: Settings, _conn: Connection) -> Iterator[Check]:
    place = settings.home if settings.home.exists() else settings.home.absolute().parent
    free = shutil.disk_usage(place).free / _GB
    yield _judge(
        "disk",
        free >= _ROOM_GB,
        well=f"{free:.0f} GB free at {settings.home}",
        else_say=f"Only {free:.1f} GB are free at {settings.home}. Make room, at least {_ROOM_GB} GB.",
    )


def _organisation(settings: Settings, _conn: Connection) -> Iterator[Check]:
    read = load_organisation(settings.organisation)
    yield Check("organisation", ok=True, say=f"{read.name}: {len(read.sites)} sites, {len(read.teams)} teams")
    yield from _partners(settings, read)


def _partners(settings: Settings, read: Organisation) -> Iterator[Check]:
    for name, partner in read.partners.items():
        if partner.secret is not None:
            try:
                settings.secret(partner.secret)
            except SettingsInvalid as error:
                yield Check(f"partner {name}", ok=False, say=str(error))
                continue
        yield _judge(
            f"partner {name}",
            partner.url.startswith(("https:", "smtps:")) or settings.mode is Mode.TRY,
            well="configured",
            else_say=f"Partner {name} is reached without TLS. Give it an https or smtps address.",
        )


_LOOKS: tuple[Callable[[Settings, Connection], Iterator[Check]], ...] = (
    _database, _durability, _log_size, _partitions, _snapshots, _clock, _disk, _organisation,
)  # fmt: skip
