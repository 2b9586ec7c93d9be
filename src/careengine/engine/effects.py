"""Effects on their way: read under a lease, their outcomes recorded in one transaction with their events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from careengine.engine.case import EFFECT_DELIVERED, EFFECT_FAILED
from careengine.engine.composition import Engine
from careengine.engine.delivery import DELIVERY, DeliveryPolicy, wait_before
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.engine.leasing import Lease
from careengine.engine.outgoing import Delivered, EffectStatus, Outcome, Outgoing, Rejected, TryAgain
from careengine.runtime.codec import pack, unpack
from careengine.runtime.database import Connection


@dataclass(frozen=True, slots=True)
class Held:
    """Not sent after all, and no attempt made: the lane stopped, or the lease ran out (``at_once`` again)."""

    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Not sent and never to be: ``status`` says whether it was voided, too late, or not allowed."""

    status: EffectStatus
    why: str


Result = Outcome | Held | Withdrawn


@dataclass(frozen=True, slots=True)
class Leased:
    """One effect under a lease; ``recorded_at`` finds its row."""

    outgoing: Outgoing
    recorded_at: datetime
    void_asked: bool


_READ = """
    select id, recorded_at, key, kind, case_id, subject, journey, site, attempts, not_after, void_asked, body
    from effect where id = any(%b::bigint[]) and lease = %b and status = 0 order by id
"""
_LOCK = """
    select e.id from effect e join unnest(%b::bigint[], %b::timestamptz[]) u(id, recorded_at)
        on e.id = u.id and e.recorded_at = u.recorded_at
    where e.lease = %b and e.status = 0 order by e.id for no key update of e
"""
_RECORD = """
    update effect e set lease = null, lease_until = null, next_try = u.next_try, why = u.why,
        attempts = e.attempts - u.back,
        status = case when u.status = 0 and e.void_asked then %b::smallint else u.status end
    from unnest(%b::bigint[], %b::timestamptz[], %b::smallint[], %b::timestamptz[], %b::text[],
                %b::smallint[]) u(id, recorded_at, status, next_try, why, back)
    where e.id = u.id and e.recorded_at = u.recorded_at and e.lease = %b and e.status = 0
    returning e.id
"""
_DONE = "delete from sending where lease = %b"
_TERMS = "select threads, until from sending where lease = %b"
_TOLD = frozenset({
    EffectStatus.REJECTED, EffectStatus.EXHAUSTED, EffectStatus.EXPIRED, EffectStatus.WITHHELD,
})  # fmt: skip
"""What is told to the case as a failure; a voided effect is not, since the case asked for it."""


@dataclass(frozen=True, slots=True)
class _Row:
    """How an effect's row will stand."""

    leased: Leased
    status: EffectStatus
    next_try: datetime
    why: str | None
    back: int
    reply: Delivered | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How many requests a lease may have under way, and until when (real time) it is valid."""

    threads: int
    until: datetime


def terms_of(conn: Connection, token: int) -> Terms | None:
    """Return the terms of a lease; ``None`` when it is over, and its effects are somebody else's."""
    with conn.cursor(binary=True) as cursor:
        row = cursor.execute(_TERMS, (token,)).fetchone()
    return None if row is None else Terms(*row)


def read(conn: Connection, engine: Engine, taken: Lease) -> list[Leased]:
    """Return those of the effects that are still under this lease."""
    name = engine.codes.name
    leased = []
    with conn.cursor(binary=True) as cursor:
        for row in cursor.execute(_READ, (list(taken.effects), taken.token)):
            said = orjson.loads(unpack(row[11]))
            out = Outgoing(
                id=row[0], key=row[2].hex, kind=name("effect", row[3]), partner=taken.partner, case=row[4],
                subject=row[5], journey=name("journey", row[6]), site=name("site", row[7]),
                purpose=said["purpose"], attempts=row[8], not_after=row[9], body=said["body"],
            )  # fmt: skip
            leased.append(Leased(out, row[1], row[10]))
    return leased


def record(
    conn: Connection,
    engine: Engine,
    token: int,
    results: Sequence[tuple[Leased, Result]],
    *,
    now: datetime,
    real: datetime,
) -> int:
    """Record outcomes and put down their events, in the caller's transaction; return how many counted.

    The outcome of an effect whose lease has passed to another sender does not count:
    that sender's will. The partner has seen the same key from both.
    """
    if not results:
        return 0
    policy = engine.book.value(DELIVERY, now.date())
    rows = [_row(leased, result, policy, real) for leased, result in results]
    places = ([r.leased.outgoing.id for r in rows], [r.leased.recorded_at for r in rows])
    with conn.cursor(binary=True) as cursor:
        cursor.execute(_LOCK, (*places, token))
        values = (
            int(EffectStatus.VOID), *places, [int(r.status) for r in rows], [r.next_try for r in rows],
            [r.why for r in rows], [r.back for r in rows], token,
        )  # fmt: skip
        counted = {found for (found,) in cursor.execute(_RECORD, values).fetchall()}
    events = [_event(row, now) for row in rows if row.leased.outgoing.id in counted and _is_told(row)]
    if events:
        post(conn, engine, events, recorded_at=real)
    return len(counted)


def finish(conn: Connection, token: int) -> None:
    """Give back the connections a batch used. The caller commits."""
    with conn.cursor(binary=True) as cursor:
        cursor.execute(_DONE, (token,))


def _row(leased: Leased, result: Result, policy: DeliveryPolicy, real: datetime) -> _Row:
    out = leased.outgoing
    if isinstance(result, Delivered):
        return _Row(leased, EffectStatus.DELIVERED, real, None, 0, result)
    if isinstance(result, Rejected):
        return _Row(leased, EffectStatus.REJECTED, real, result.why, 0)
    if isinstance(result, Withdrawn):
        return _Row(leased, result.status, real, result.why, 1)
    if isinstance(result, Held):
        back_at = real if result.at_once else real + policy.held_back
        return _Row(leased, EffectStatus.QUEUED, back_at, "held", 1)
    return _again(leased, out, result, policy, real)


def _again(leased: Leased, out: Outgoing, result: TryAgain, policy: DeliveryPolicy, real: datetime) -> _Row:
    if out.attempts >= policy.attempts:
        return _Row(leased, EffectStatus.EXHAUSTED, real, result.why, 0)
    wait = wait_before(out.attempts, out.key, policy, result.after_s)
    return _Row(leased, EffectStatus.QUEUED, real + wait, result.why, 0)


def _is_told(row: _Row) -> bool:
    return row.reply is not None or row.status in _TOLD


def _event(row: _Row, now: datetime) -> NewEvent:
    out = row.leased.outgoing
    said: dict[str, object] = {"effect": out.id, "effect_kind": out.kind}
    if row.reply is not None:
        said["reply"] = row.reply.reply
    else:
        said["why"] = f"{row.status.name.lower()}:{row.why}"
    return NewEvent(
        kind=EFFECT_DELIVERED if row.reply is not None else EFFECT_FAILED,
        at=now,
        key=key_of("effect", out.id, "outcome"),
        actor=f"partner:{out.partner}",
        ref=str(out.body.get("about") or ""),
        subject=out.subject,
        cases=(out.case,),
        body=pack(orjson.dumps(said)),
    )
