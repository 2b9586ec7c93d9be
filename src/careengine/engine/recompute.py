"""Decide recorded decisions again, on exactly what their functions saw, and compare them to the bit."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec

from careengine.engine import inputs
from careengine.engine.deciding import decide, find_call
from careengine.engine.journey import Journey
from careengine.kernel.decision import Decision
from careengine.kernel.errors import CareError, NotFound
from careengine.policy.book import PolicyBook
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection
from careengine.trust.encoding import encode_decision

_PAGE = """
    select d.id, d.recorded_at, d.ordinal, d.kind, d.body, d.input, r.function, r.code_version, i.body
    from decision d
    join decision_rule r on r.key = d.rule
    left join decision_input i
        on i.digest = d.input and i.month = date_trunc('month', d.recorded_at at time zone 'UTC')::date
    where (d.recorded_at, d.id) > (%b, %b) and (%b::bigint is null or d.id = %b)
    order by d.recorded_at, d.id limit %b
"""
PAGE = 500
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before the first decision of any ledger."""
Pinned = Callable[[Mapping[str, int]], PolicyBook]
"""Gives the policies in exactly these published versions."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One decision as the ledger keeps it, with its input if that was not purged."""

    id: int
    recorded_at: datetime
    ordinal: int
    kind: int
    body: bytes | None
    input: bytes | None
    function: str
    code_version: str
    seen: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A decision that does not come out as it is recorded."""

    decision: int
    function: str
    why: str


@dataclass(slots=True)
class Recomputed:
    """What came of it, added up."""

    decisions: int = 0
    agree: int = 0
    differ: int = 0
    other_code_version: int = 0
    """Decided by another release; of these, too, it is said whether they agree or differ."""
    purged: int = 0
    differences: list[Difference] = field(default_factory=list)


def recompute(
    conn: Connection,
    journeys: Mapping[tuple[str, int], Journey],
    pinned: Pinned,
    *,
    code_version: str,
    only: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Recomputed:
    """Decide every recorded decision again, or the one called ``only``, in short transactions.

    Nothing is written or sent. Raises :class:`NotFound` when ``only`` does not exist.
    """
    found = Recomputed()
    for stored in _stored(conn, only):
        found.decisions += 1
        found.other_code_version += stored.code_version != code_version
        _judge(found, stored, journeys, pinned)
        progress(found.decisions)
    if only is not None and not found.decisions:
        raise NotFound(f"There is no decision {only} in the ledger.")
    return found


def _judge(
    found: Recomputed, stored: Stored, journeys: Mapping[tuple[str, int], Journey], pinned: Pinned
) -> None:
    if stored.body is None:
        found.purged += 1
        return
    why = _difference(stored, journeys, pinned)
    if not why:
        found.agree += 1
        return
    found.differ += 1
    found.differences.append(Difference(decision=stored.id, function=stored.function, why=why))


def _difference(stored: Stored, journeys: Mapping[tuple[str, int], Journey], pinned: Pinned) -> str:
    """Return why a decision differs, or nothing when it comes out the same to the bit."""
    if stored.seen is None or stored.body is None:
        return "its input is missing"
    try:
        recorded = unpack(stored.body)
    except CareError:
        return "it cannot be read any more"
    try:
        raw = unpack(stored.seen)
        if hashlib.sha256(raw).digest() != stored.input:
            return "its input was changed after it was decided"
        again = _decide_again(raw, journeys, pinned)
        kind, body = encode_decision(again[stored.ordinal])
    except (CareError, IndexError, KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
        return f"it cannot be decided again: {type(error).__name__}"
    same = (int(kind), body) == (stored.kind, recorded)
    return "" if same else "it comes out differently"


def _decide_again(
    raw: bytes, journeys: Mapping[tuple[str, int], Journey], pinned: Pinned
) -> tuple[Decision, ...]:
    seen = inputs.decode(raw)
    call = replace(find_call(journeys, seen.function), event=seen.typed_event(), seen_event=seen.event)
    facts = seen.typed_facts(call.needs)
    return decide(call, case=seen.case, facts=facts, book=pinned(seen.pins), now=seen.now).next.because


def _stored(conn: Connection, only: int | None) -> Iterator[Stored]:
    after, last = BEGINNING, 0
    while True:
        with conn.cursor(binary=True) as cursor:
            rows = cursor.execute(_PAGE, (after, last, only, only, PAGE)).fetchall()
        conn.rollback()
        for row in rows:
            yield Stored(*row)
        if len(rows) < PAGE:
            return
        last, after = rows[-1][0], rows[-1][1]
