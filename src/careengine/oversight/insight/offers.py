"""Which times were offered to whom, and to which group they belong: from the ledger, not from charts."""

from collections.abc import Iterator, Mapping, Sequence
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
_OWN = """
    select case_id, body from decision
    where case_id between %(first)s and %(last)s and rule = any(%(rules)s) order by case_id, id
"""
_COORDINATORS = "select id from engine_case where journey = any(%s::smallint[]) order by id"
_SHARED = """
    select id, body from decision where case_id = %(case)s and rule = any(%(rules)s) and id > %(after)s
    order by id limit %(page)s
"""


class Offered(NamedTuple):
    """One offer: to which case, and the group that the rule recorded with it."""

    case: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offers:
    """Every offer to a selected case; ``case`` is its place among them."""

    case: Ints
    group: Sequence[str]


def rules_of(conn: Connection, questions: Sequence[str]) -> list[UUID]:
    """Return the keys of all rules that ever answered one of the questions."""
    return [key for (key,) in conn.execute(_RULES, (list(questions),))]


def own_offers(conn: Connection, rules: Sequence[UUID], span: Mapping[str, Any]) -> Iterator[Offered]:
    """Yield the offers that cases with ids in ``span`` made to their own patients, oldest first."""
    if not rules:
        return
    with conn.cursor(binary=True) as cursor:
        for case, body in cursor.execute(_OWN, {**span, "rules": rules}):
            groups = (reason.params.get("group") for reason in reasons_of(body))
            yield Offered(case, next((str(group) for group in groups if group), UNKNOWN))


def shared_offers(conn: Connection, engine: Engine, policy: ReferralsPolicy) -> Iterator[Offered]:
    """Yield the offers that coordinators made: each reason that names a case is one."""
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


def gathered(cases: Ints, offered: Sequence[Offered]) -> Offers:
    """Return the offers to ``cases`` as columns."""
    place, known = places_in(cases, np.array([one.case for one in offered], dtype=np.int64))
    groups = [one.group for one, there in zip(offered, known, strict=True) if there]
    return Offers(case=place[known], group=groups)


def _each(body: bytes | None) -> Iterator[Offered]:
    for reason in reasons_of(body):
        case = str(reason.params.get("case") or "")
        if case.isdecimal():
            yield Offered(int(case), str(reason.params.get("group") or UNKNOWN))
