"""How the engine is: what is oldest, what lies dead, and whether there is nothing to do at this moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from careengine.engine.composition import Engine
from careengine.engine.feed_reading import feed_unread
from careengine.runtime.database import Connection

_SUMS = """
    select
        (select min(due_at) from engine_case where due_at is not null),
        (select min(recorded_at) from inbox where not_before is null or not_before <= %(real)b),
        (select count(*) from unrouted),
        exists (select from inbox),
        (select count(*) from effect where status in (2, 3)),
        (select coalesce(sum(takeovers), 0)::bigint from partner),
        (select count(*) from lane_stop where resumed_at is null)
"""
_EFFECTS = """
    select min(e.next_try) filter (where e.not_before is null or e.not_before <= %(now)b),
        min(e.not_before) filter (where e.not_before > %(now)b)
    from partner p cross join lateral (
        (select next_try, not_before from effect
            where partner = p.id and status = 0 and not_before is null order by next_try limit 1)
        union all
        (select next_try, not_before from effect
            where partner = p.id and status = 0 and not_before <= %(now)b order by not_before limit 1)
        union all
        (select next_try, not_before from effect
            where partner = p.id and status = 0 and not_before > %(now)b order by not_before limit 1)
    ) e
"""
_PATIENCE = timedelta(seconds=3)
"""An effect to be tried again this soon is still work in hand: a stepped clock should not leap over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What ``/readyz`` tells; times called real are real, the others are domain time."""

    oldest_due: datetime | None
    """The case longest due; ``None`` when none is due."""
    oldest_event: datetime | None
    """Real time at which the oldest unconsumed event was recorded."""
    unrouted: int
    effect_lag_s: float
    """Real seconds by which the oldest effect is late."""
    dead_letters: int
    lease_takeovers: int
    stopped: int
    """Switches in force."""
    next_due: datetime | None
    """When the next case or effect is due, if nothing is due now."""
    idle: bool
    """Nothing is left to do at this domain time."""


def read_health(conn: Connection, engine: Engine, *, now: datetime, real: datetime) -> Health:
    """Read how the engine is at domain time ``now``; cheap enough to be asked often."""
    wanted = {"now": now, "real": real}
    with conn.cursor(binary=True) as cursor:
        ((first_due, oldest_event, unrouted, any_inbox, dead, takeovers, stopped),) = cursor.execute(
            _SUMS, wanted
        ).fetchall()
        ((next_try, effect_later),) = cursor.execute(_EFFECTS, wanted).fetchall()
    is_due = first_due is not None and first_due <= now
    sending = next_try is not None and next_try <= real + _PATIENCE and not stopped
    is_idle = not (
        is_due or any_inbox or unrouted or sending or _sending(conn, real) or feed_unread(conn, engine)
    )
    ahead = [at for at in (first_due, effect_later) if at is not None]
    return Health(
        oldest_due=first_due if is_due else None,
        oldest_event=oldest_event,
        unrouted=unrouted,
        effect_lag_s=max((real - next_try).total_seconds(), 0.0) if next_try is not None else 0.0,
        dead_letters=dead,
        lease_takeovers=takeovers,
        stopped=stopped,
        next_due=min(ahead, default=None),
        idle=is_idle,
    )


def _sending(conn: Connection, real: datetime) -> bool:
    """Say whether a batch is on its way; one whose lease ran out is not, its sender is gone."""
    row = conn.execute("select exists (select from sending where until > %s)", (real,)).fetchone()
    return bool(row and row[0])
