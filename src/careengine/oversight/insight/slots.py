"""What became of slots that somebody freed: whether somebody else then took them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np

from careengine.engine.composition import Engine
from careengine.engine.outgoing import EffectStatus
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.offers import coordinators
from careengine.oversight.insight.pages import ROWS_A_PAGE, known_codes
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.selecting import Selection
from careengine.oversight.insight.shares import share_of
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection

_FREED = """
    select e.id, k.id, e.body from engine_case k
    join case_event c on c.case_id = k.id join event e on e.id = c.event_id
    where k.id = %(coordinator)s and e.kind = any(%(kinds)s::smallint[])
      and (%(site)s::smallint is null or k.site = %(site)s)
      and (%(clinic)s::text is null
        or %(clinic)s = convert_from(substring(k.data from 2), 'utf8')::json ->> 'key')
      and (%(since)s::timestamptz is null or e.happened_at >= %(since)s)
      and (%(until)s::timestamptz is null or e.happened_at < %(until)s)
    order by e.id
"""
_BOOKED = """
    select id, case_id, body from effect
    where id > %(after)s and kind = any(%(kinds)s::smallint[]) and status = %(sent)s
    order by id limit %(page)s
"""


class _Freed(msgspec.Struct):
    slot: str


class _Asked(msgspec.Struct):
    slot: str = ""


class _Booked(msgspec.Struct):
    body: _Asked


class Freed(NamedTuple):
    """One time a slot became free; ids of all kinds rise with time."""

    event: int
    slot: str
    coordinator: int


def refilled(
    conn: Connection, engine: Engine, selection: Selection, policy: ReferralsPolicy
) -> Iterator[Figure]:
    """Tell the share of freed slots that were booked again before anybody freed them anew."""
    freed = list(_all_freed(conn, engine, selection, policy))
    if not freed:
        return
    taken = _bookings(conn, engine, policy, freed)
    by_slot: dict[str, list[int]] = defaultdict(list)
    for one in freed:
        by_slot[one.slot].append(one.event)
    takers = [case for slot, events in by_slot.items() for case in _takers(events, taken.get(slot, []))]
    yield Figure(
        name="slots.refilled", unit="share", of=len(freed), cases=np.array(takers, dtype=np.int64),
        found=share_of(len(takers), len(freed), policy.confidence), formula="insight.formula_slots_refilled",
    )  # fmt: skip


def _takers(events: list[int], bookings: list[tuple[int, int]]) -> Iterator[int]:
    """Yield the case of the first booking after each time the slot became free."""
    met: set[int] = set()
    for booking, case in bookings:
        freed = bisect_right(events, booking)
        if freed and freed not in met:
            met.add(freed)
            yield case


def _all_freed(
    conn: Connection, engine: Engine, selection: Selection, policy: ReferralsPolicy
) -> Iterator[Freed]:
    values: dict[str, Any] = {
        "kinds": known_codes(engine, "event", policy.freed), "since": selection.since,
        "until": selection.until, "clinic": selection.clinic or None,
        "site": engine.codes.id("site", selection.site) if selection.site else None,
    }  # fmt: skip
    read = msgspec.json.Decoder(_Freed).decode
    for coordinator in coordinators(conn, engine, policy):
        with conn.cursor(binary=True) as cursor:
            found = cursor.execute(_FREED, {**values, "coordinator": coordinator}).fetchall()
        conn.commit()
        for event, case, body in found:
            yield Freed(event, read(unpack(body)).slot, case)


def _bookings(
    conn: Connection, engine: Engine, policy: ReferralsPolicy, freed: list[Freed]
) -> Mapping[str, list[tuple[int, int]]]:
    """Return by slot the bookings made since the first slot became free: id and case, in order."""
    wanted = {one.slot for one in freed}
    values = {
        "after": min(one.event for one in freed), "kinds": known_codes(engine, "effect", policy.bookings),
        "sent": int(EffectStatus.DELIVERED), "page": ROWS_A_PAGE,
    }  # fmt: skip
    read = msgspec.json.Decoder(_Booked).decode
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    while True:
        with conn.cursor(binary=True) as cursor:
            page = cursor.execute(_BOOKED, values).fetchall()
        conn.commit()
        if not page:
            return found
        values["after"] = page[-1][0]
        for effect, case, body in page:
            slot = read(unpack(body)).body.slot
            if slot in wanted:
                found[slot].append((effect, case))
