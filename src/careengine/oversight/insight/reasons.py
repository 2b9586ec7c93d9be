"""Which decision led to a step: its first reason as a code, read from the ledger for some steps at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from careengine.oversight.insight.arrays import Ints
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection

PERSON_DECIDED = "worklist.person_decided"
"""The reason every person's answer begins with; the one it answered follows it."""
_A_TIME = 5_000
_LED_THERE = """
    select u.case_id, u.version, r.question, r.policy, d.actor_kind, d.body
    from unnest(%(cases)s::bigint[], %(versions)s::int[]) u(case_id, version)
    cross join lateral (
        select rule, actor_kind, body from decision d
        where d.case_id = u.case_id and d.case_version <= u.version
        order by d.case_version desc, d.ordinal desc limit 1
    ) d join decision_rule r on r.key = d.rule
"""


class _Reason(msgspec.Struct):
    code: str
    params: dict[str, Any] = {}


class _Body(msgspec.Struct):
    because: list[_Reason] = []


_read = msgspec.json.Decoder(_Body).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """The decision that led to a step, or the last one before it."""

    case: int
    version: int
    question: str
    policy: str
    by_person: bool
    reason: str
    """Its first reason's code; empty once its text was purged."""
    params: Mapping[str, Any]


def led_to(conn: Connection, cases: Ints, versions: Ints) -> Iterator[Led]:
    """Yield for each step the decision that led to it; a step before any decision is left out."""
    for start in range(0, len(cases), _A_TIME):
        part = slice(start, start + _A_TIME)
        values = {"cases": cases[part].tolist(), "versions": versions[part].tolist()}
        with conn.cursor(binary=True) as cursor:
            rows = cursor.execute(_LED_THERE, values).fetchall()
        conn.commit()
        for case, version, question, policy, actor_kind, body in rows:
            code, params = _first(reasons_of(body))
            yield Led(
                case=case, version=version, question=question, policy=policy, by_person=actor_kind != 0,
                reason=code, params=params,
            )  # fmt: skip


def reasons_of(body: bytes | None) -> Sequence[_Reason]:
    """Return the reasons of a decision as it is kept, and nothing else of it; none once it was purged."""
    return [] if body is None else _read(unpack(body)).because


def _first(reasons: Sequence[_Reason]) -> tuple[str, Mapping[str, Any]]:
    told = [reason for reason in reasons if reason.code != PERSON_DECIDED] or list(reasons)
    return (told[0].code, told[0].params) if told else ("", {})
