"""Run a replay and keep it: how far it has come, and every case that would have gone otherwise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec

from careengine.engine.composition import Engine
from careengine.engine.journey import Journey
from careengine.engine.recompute import Pinned
from careengine.engine.replay import Changed, Counts, Place, Replay, Span
from careengine.kernel.errors import NotFound
from careengine.oversight.studio.policy import ReplayPolicy
from careengine.oversight.studio.summing import Share, Sums, harm_of, sums_for
from careengine.policy.book import DatedPolicy, as_if_always
from careengine.policy.file import PolicySource
from careengine.policy.schemas import Schemas
from careengine.runtime.codec import pack, unpack
from careengine.runtime.database import Connection

_BEGIN = """
    insert into replay (
        id, journey, policy, draft, digest, since, until, begun_at, begun_by, place, counts)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_SAVE = "update replay set place = %s, counts = %s, ended_at = %s where id = %s"
_KEPT = """
    select journey, policy, draft, since, until, place, counts, ended_at, begun_by from replay
    where id = %s
"""
_CHANGE = """
    insert into replay_change (replay, case_id, decision, at, harm, direction, body)
    values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_CHANGED = "select case_id from replay_change where replay = %s order by case_id"
_WORST = """
    select case_id, decision, at, harm, direction, body from replay_change where replay = %s
    order by harm desc, case_id limit %s
"""
_KEEP_EVERY = 25
"""Pages after which a replay is kept: some seconds of work."""
_STOPPED = "select stopped_at is not null from replay where id = %s"


class NoSuchReplay(NotFound):
    """There is no replay of this id."""


class Kept(msgspec.Struct):
    """What a replay has counted so far."""

    counts: Counts
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A replay: of which journey, since when and until, under which draft, asked for by whom."""

    id: int
    journey: str
    since: datetime
    until: datetime
    draft: PolicySource | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worse:
    """One changed case as it is listed."""

    case: int
    decision: int
    at: datetime
    harm: float
    direction: str
    was: Mapping[str, str]
    becomes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a replay so far."""

    id: int
    ended: bool
    replayed: int
    same: int
    changed: int
    after_a_change: int
    not_replayable: int
    why_not: Mapping[str, int]
    effects_sent: int
    """What left while it ran, by its doing: it reads in transactions that cannot write."""
    directions: Mapping[str, int]
    shares: tuple[Share, ...]
    worst: tuple[Worse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What replays need: two connections, as one reads history while the other keeps what was found."""

    reading: Connection
    keeping: Connection
    engine: Engine
    journeys: Mapping[tuple[str, int], Journey]
    pinned: Pinned
    schemas: Schemas
    policy: ReplayPolicy


def begin(here: Studio, asked: Asked, *, real: datetime) -> None:
    """Keep that a replay was asked for; nothing is replayed yet."""
    draft, journey = asked.draft, here.engine.codes.id("journey", asked.journey)
    told = (
        (as_if_always(draft, here.schemas).name, pack(draft.body()), draft.digest()) if draft else (None,) * 3
    )
    kept, place = Kept(Counts(), sums_for(here.policy)), Place()
    span = (asked.since, asked.until, real, asked.by)
    values = (asked.id, journey, *told, *span, place.decision, _packed(kept))
    here.keeping.execute(_BEGIN, values)
    here.keeping.commit()


def go_on(
    here: Studio, replay: int, *, clock: Callable[[], datetime], progress: Callable[[int], None]
) -> bool:
    """Replay from where it was left, until its end or until somebody stops it; say whether it is ended.

    What is found is kept together with how far it came, so that an interruption costs some pages and counts
    nothing twice. Raises :class:`NoSuchReplay`.
    """
    row = _row(here.keeping, replay)
    kept, span = _unpacked(row[6]), Span(journey=row[0], since=row[3], until=row[4])
    draft = _draft(row, here.schemas)
    before = [case for (case,) in here.keeping.execute(_CHANGED, (replay,))]
    here.keeping.rollback()
    running = Replay(
        here.journeys, here.pinned, draft=draft, changed_before=before,
        look=lambda seen: kept.sums.look(seen, here.policy),
    )  # fmt: skip
    running.counts = kept.counts
    pending: list[Changed] = []
    for n, step in enumerate(running.run(here.reading, span, Place(row[5])), start=1):
        pending += step.changed
        stopped = _is_stopped(here.keeping, replay)
        if stopped or step.last or n % _KEEP_EVERY == 0:
            _keep(here, replay, step.place, kept, pending)
            pending = []
        progress(kept.counts.replayed)
        if stopped:
            return False
    here.keeping.execute("update replay set ended_at = %s where id = %s", (clock(), replay))
    here.keeping.commit()
    return True


def stop(conn: Connection, replay: int, *, real: datetime) -> None:
    """Let a replay stop after the page it is at; :func:`resume` lets it go on. The caller commits."""
    _row(conn, replay)
    conn.execute("update replay set stopped_at = %s where id = %s and ended_at is null", (real, replay))


def resume(conn: Connection, replay: int) -> None:
    """Let a stopped replay go on. The caller commits, and calls :func:`go_on`."""
    _row(conn, replay)
    conn.execute("update replay set stopped_at = null where id = %s", (replay,))


def found(conn: Connection, replay: int, policy: ReplayPolicy, *, worst: int = 100) -> Found:
    """Return what came of a replay so far, the cases that need looking at first on top."""
    row = _row(conn, replay)
    kept = _unpacked(row[6])
    changed = [case for (case,) in conn.execute(_CHANGED, (replay,))]
    listed = [
        Worse(
            case=case, decision=decision, at=at, harm=harm, direction=way, **msgspec.json.decode(unpack(body))
        )
        for case, decision, at, harm, way, body in conn.execute(_WORST, (replay, worst))
    ]
    counts = kept.counts
    return Found(
        id=replay, ended=row[7] is not None, replayed=counts.replayed, same=counts.same,
        changed=counts.changed,
        after_a_change=counts.after_a_change,
        not_replayable=sum(counts.not_replayable.values()),
        why_not=counts.not_replayable, effects_sent=counts.written, directions=kept.sums.directions,
        shares=tuple(kept.sums.shares(changed, policy)), worst=tuple(listed),
    )  # fmt: skip


def _keep(here: Studio, replay: int, place: Place, kept: Kept, changed: Sequence[Changed]) -> None:
    """Keep some pages' findings and the place after them in one transaction."""
    for one in changed:
        kept.sums.change(one)
    with here.keeping.cursor() as cursor:
        cursor.executemany(_CHANGE, [_line(replay, one, here.policy) for one in changed])
        cursor.execute(_SAVE, (place.decision, _packed(kept), None, replay))
    here.keeping.commit()


def _is_stopped(conn: Connection, replay: int) -> bool:
    row = conn.execute(_STOPPED, (replay,)).fetchone()
    conn.rollback()
    return bool(row and row[0])


def _line(replay: int, one: Changed, policy: ReplayPolicy) -> tuple[Any, ...]:
    body = pack(msgspec.json.encode({"was": asdict(one.was), "becomes": asdict(one.becomes)}))
    return (replay, one.case, one.decision, one.at, harm_of(one, policy), one.direction.value, body)


def _row(conn: Connection, replay: int) -> tuple[Any, ...]:
    row = conn.execute(_KEPT, (replay,)).fetchone()
    if row is None:
        raise NoSuchReplay(f"There is no replay {replay}.")
    return tuple(row)


def _draft(row: tuple[Any, ...], schemas: Schemas) -> DatedPolicy | None:
    if row[1] is None:
        return None
    return as_if_always(PolicySource.from_body(f"the draft of {row[1]}", unpack(row[2])), schemas)


def _packed(kept: Kept) -> bytes:
    return pack(msgspec.json.encode(kept))


def _unpacked(body: bytes) -> Kept:
    return msgspec.json.decode(unpack(body), type=Kept)
