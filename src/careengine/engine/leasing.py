"""Take effects out to be sent: as many as the partner's limits allow, by one sender at a time."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from careengine.engine import volume
from careengine.engine.composition import Engine
from careengine.engine.delivery import DELIVERY
from careengine.engine.guards import Scope, Stops
from careengine.runtime.codes import Codes, UnknownCode
from careengine.runtime.database import Connection

_REGISTER = """
    insert into partner (id, concurrency, per_second, burst, tokens, refilled_at)
    select id, concurrency, per_second, burst, burst, %b from unnest(
        %b::smallint[], %b::smallint[], %b::float8[], %b::float8[]) u(id, concurrency, per_second, burst)
    on conflict (id) do update set concurrency = excluded.concurrency, per_second = excluded.per_second,
        burst = excluded.burst, tokens = least(partner.tokens, excluded.burst)
"""
_WITH_WORK = """
    select p.id from partner p where
        exists (select from effect e where e.partner = p.id and e.status = 0
                and e.not_before is null and e.next_try <= %(real)b)
        or exists (select from effect e where e.partner = p.id and e.status = 0
                   and e.not_before <= %(now)b and e.next_try <= %(real)b)
    order by p.id
"""
_LOCK = (
    "select concurrency, per_second, burst, tokens, refilled_at from partner where id = %b for no key update"
)
_FORGET_LOST = "delete from sending where partner = %b and until <= %b"
_IN_USE = "select coalesce(sum(threads), 0)::int from sending where partner = %b"
_CLAIM = """
    select id, recorded_at, journey, kind, attempts, lease is not null from effect
    where partner = %(partner)b and status = 0 and next_try <= %(real)b and {time}
        and not journey = any(%(lanes)b::smallint[]) and not site = any(%(sites)b::smallint[])
    order by {order} limit %(limit)b for no key update skip locked
"""
_CLAIM_LATER = _CLAIM.format(time="not_before <= %(now)b", order="not_before")
_CLAIM_NOW = _CLAIM.format(time="not_before is null", order="next_try")
_LEASE = """
    update effect e set lease = %b, lease_until = %b, next_try = %b, attempts = e.attempts + 1,
        takeovers = e.takeovers + (e.lease is not null)::int::smallint
    from unnest(%b::bigint[], %b::timestamptz[]) u(id, recorded_at)
    where e.id = u.id and e.recorded_at = u.recorded_at
"""
_SENDING = "insert into sending (lease, partner, threads, until) values (%b, %b, %b, %b)"
_SPEND = "update partner set tokens = %b, refilled_at = %b, takeovers = takeovers + %b where id = %b"


@dataclass(frozen=True, slots=True)
class Lease:
    """Effects taken out together. ``token`` is what a sender shows to record their outcomes."""

    token: int
    partner: str
    effects: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: int
    recorded_at: datetime
    journey: int
    kind: int
    attempts: int
    was_leased: bool


@dataclass(frozen=True, slots=True)
class _Room:
    """What a partner can take now."""

    threads: int
    tokens: float


def register_partners(conn: Connection, engine: Engine, *, real: datetime) -> None:
    """Copy each partner's limits from the organisation, so that all senders share them."""
    settings = sorted(engine.organisation.partners.items())
    if not settings:
        return
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            _REGISTER,
            (
                real, [engine.codes.id("partner", name) for name, _ in settings],
                [s.concurrency for _, s in settings], [s.per_second for _, s in settings],
                [float(s.burst) for _, s in settings],
            ),
        )  # fmt: skip


def partners_with_work(conn: Connection, codes: Codes, *, now: datetime, real: datetime) -> list[str]:
    """Return the partners for whom something may leave."""
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(_WITH_WORK, {"now": now, "real": real}).fetchall()
    return [codes.name("partner", code) for (code,) in rows]


def lease(
    conn: Connection, engine: Engine, partner: str, *, now: datetime, real: datetime, stops: Stops
) -> Lease | None:
    """Take out up to a batch of ``partner``'s effects; ``None`` if nothing may leave now.

    ``now`` is domain time, for when an effect may leave; ``real`` is for leases and
    limits. Effects of stopped lanes and sites stay. The caller commits, and only then
    may anything be sent.
    """
    if stops.of(partner=partner) is not None:
        return None
    code = engine.codes.id("partner", partner)
    policy = engine.book.value(DELIVERY, now.date())
    room = _room(conn, code, real)
    threads = min(room.threads, policy.threads)
    most = min(policy.batch, int(room.tokens))
    if threads < 1 or most < 1:
        return None
    claimed = _claim(conn, engine, code, most, now=now, real=real, stops=stops)
    first_time = Counter((c.journey, c.kind) for c in claimed if c.attempts == 0)
    held = volume.admit(conn, engine, first_time, now=now, real=real)
    claimed = [c for c in claimed if (c.journey, c.kind) not in held]
    if not claimed:
        return None
    timeout = timedelta(seconds=engine.organisation.partners[partner].timeout_s)
    token, until = engine.ids.next(), real + max(policy.lease, 2 * timeout)
    with conn.cursor(binary=True) as cursor:
        ids = [c.id for c in claimed]
        cursor.execute(_LEASE, (token, until, until, ids, [c.recorded_at for c in claimed]))
        cursor.execute(_SENDING, (token, code, min(threads, len(ids)), until))
        lost = sum(c.was_leased for c in claimed)
        cursor.execute(_SPEND, (room.tokens - len(ids), real, lost, code))
    return Lease(token, partner, tuple(ids))


def _room(conn: Connection, partner: int, real: datetime) -> _Room:
    """Lock the partner and return what it can take: free connections, and tokens with the refill since."""
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(_LOCK, (partner,)).fetchone()
        if row is None:
            return _Room(0, 0.0)
        concurrency, per_second, burst, tokens, refilled_at = row
        cursor.execute(_FORGET_LOST, (partner, real))
        in_use = _one(cursor.execute(_IN_USE, (partner,)).fetchone())
    since = max((real - refilled_at).total_seconds(), 0.0)
    return _Room(concurrency - in_use, min(burst, tokens + since * per_second))


def _claim(  # noqa: PLR0913  whose, how many, at both times, and what may not leave
    conn: Connection, engine: Engine, partner: int, most: int, *, now: datetime, real: datetime, stops: Stops
) -> list[_Claimed]:
    """Lock what is due: first what had to wait for its hour, then the rest in order."""
    wanted: dict[str, Any] = {
        "partner": partner, "now": now, "real": real, "limit": most,
        "lanes": _codes(engine.codes, "journey", stops.names(Scope.LANE)),
        "sites": _codes(engine.codes, "site", stops.names(Scope.SITE)),
    }  # fmt: skip
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(_CLAIM_LATER, wanted).fetchall()
        if len(rows) < most:
            rows += cursor.execute(_CLAIM_NOW, {**wanted, "limit": most - len(rows)}).fetchall()
    return [_Claimed(*row) for row in rows]


def _codes(codes: Codes, kind: str, names: Sequence[str]) -> list[int]:
    """Return the codes of the names this database knows; a switch may name what never ran here."""
    found = []
    for name in names:
        with suppress(UnknownCode):
            found.append(codes.id(kind, name))
    return found


def _one(row: tuple[Any, ...] | None) -> int:
    return int(row[0]) if row is not None else 0
