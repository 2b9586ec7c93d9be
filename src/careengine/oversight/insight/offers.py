"""Which times were offered to whom, and to which group they belong: from the ledger, not from charts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from careengine.engine.composition import Engine
from careengine.oversight.insight.arrays import Ints
from careengine.oversight.insight.pages import ROWS_A_PAGE, known_codes, places_in
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.reasons import reasons_of
from careengine.runtime.database import Connection

UNKNOWN = "unknown"
"""The group of those whose group nobody recorded."""
_RULES = "select key from decision_rule where question = any(%s)"
# One pass over a span's decisions; of a case's offers only the newest is opened, for its group.
_DECIDED = """
    select case_id, max(actor_kind) <> 0, count(*) filter (where rule = any(%(rules)s)),
        (array_agg(body order by id desc) filter (where rule = any(%(rules)s)))[1]
    from decision where case_id between %(first)s and %(last)s and (actor_kind <> 0 or rule = any(%(rules)s))
    group by case_id
"""
_COORDINATORS = "select id from engine_case where journey = any(%s::smallint[]) order by id"
_SHARED = """
    select id, body from decision where case_id = %(case)s and rule = any(%(rules)s) and id > %(after)s
    order by id limit %(page)s
"""


class Decided(NamedTuple):
    """What was decided about one case, as far as a report asks."""

    case: int
    by_people: bool
    """Whether any of it was decided by a person, or an agent of one."""
    offers: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offers:
    """How often each selected case was offered a time, and the group recorded with the newest offer."""

    times: Ints
    group: Sequence[str]


def rules_of(conn: Connection, questions: Sequence[str]) -> list[UUID]:
    """Return the keys of all rules that ever answered one of the questions."""
    return [key for (key,) in conn.execute(_RULES, (list(questions),))]


def decided_in(conn: Connection, rules: Sequence[UUID], span: Mapping[str, Any]) -> Iterator[Decided]:
    """Yield what was decided about each case of a span that people touched, or that was offered a time."""
    with conn.cursor(binary=True) as cursor:
        for case, by_people, offers, body in cursor.execute(_DECIDED, {**span, "rules": list(rules)}):
            yield Decided(case, by_people, offers, group_in(body))


def group_in(body: bytes | None) -> str:
    """Return the group that a decision's reasons name."""
    if body is None:
        return UNKNOWN
    groups = (reason.params.get("group") for reason in reasons_of(body))
    return next((str(group) for group in groups if group), UNKNOWN)


def shared_offers(conn: Connection, engine: Engine, policy: ReferralsPolicy) -> Iterator[tuple[int, str]]:
    """Yield case and group of each offer by a coordinator: each reason that names a case is one."""
    rules = rules_of(conn, policy.shared_offers)
    for coordinator in coordinators(conn, engine, policy) if rules else ():
        values = {"case": coordinator, "rules": rules, "after": 0, "page": ROWS_A_PAGE}
        while True:
            with conn.cursor(binary=True) as cursor:
                page = cursor.execute(_SHARED, values).fetchall()
            conn.commit()
            if not page:
                break
            values["after"] = page[-1][0]
            for _, body in page:
                yield from _each(body)


def coordinators(conn: Connection, engine: Engine, policy: ReferralsPolicy) -> list[int]:
    """Return the cases that give freed slots away, one a clinic."""
    journeys = known_codes(engine, "journey", policy.waitlists)
    found = conn.execute(_COORDINATORS, (journeys,)).fetchall()
    conn.commit()
    return [case for (case,) in found]


def gathered(cases: Ints, decided: Sequence[Decided], shared: Iterable[tuple[int, str]]) -> Offers:
    """Return the offers to ``cases``: their own, and those of coordinators."""
    times, group = np.zeros(len(cases), dtype=np.int64), [UNKNOWN] * len(cases)
    place, known = places_in(cases, np.array([one.case for one in decided], dtype=np.int64))
    for at, there, one in zip(place.tolist(), known.tolist(), decided, strict=True):
        if there:
            times[at], group[at] = one.offers, one.group
    others = list(shared)
    place, known = places_in(cases, np.array([case for case, _ in others], dtype=np.int64))
    for at, there, (_, name) in zip(place.tolist(), known.tolist(), others, strict=True):
        if there:
            times[at] += 1
            group[at] = name if group[at] == UNKNOWN else group[at]
    return Offers(times=times, group=group)


def _each(body: bytes | None) -> Iterator[tuple[int, str]]:
    for reason in reasons_of(body):
        case = str(reason.params.get("case") or "")
        if case.isdecimal():
            yield int(case), str(reason.params.get("group") or UNKNOWN)
