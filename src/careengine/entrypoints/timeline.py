"""Everything that happened around one person, by date: steps of cases, decisions, messages, visits, acts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.engine.composition import Engine
from careengine.record.subjects import same_person
from careengine.runtime.database import Connection
from careengine.trust.access import NotAllowed
from careengine.trust.charts import Charts, Stored

STEP, DECISION, MESSAGE, VISIT, DOCUMENT, ACT = "step", "decision", "message", "visit", "document", "act"
KINDS = (STEP, DECISION, MESSAGE, VISIT, DOCUMENT, ACT)
_MOST = 300
_CASES = """
    select id, journey, journey_version, state, owner, opened_at, due_at, closed_at from engine_case
    where subject = any(%s) order by closed_at is null desc, opened_at desc limit 100
"""
_STEPS = """
    select h.case_id, h.at, h.from_state, h.to_state from case_event h
    where h.case_id = any(%s) and h.from_state <> h.to_state order by h.at desc limit 300
"""
_DECISIONS = """
    select d.id, d.case_id, d.at, r.question, d.answer, d.actor from decision d
    join decision_rule r on r.key = d.rule where d.case_id = any(%s) order by d.at desc limit 300
"""
_ACTS = """
    select c.case_id, a.at, a.act, a.actor, a.what, a.reason from card_act a join card c on c.id = a.card_id
    where c.case_id = any(%s) order by a.id desc limit 300
"""
_READ = {
    "Communication": (MESSAGE, ("sent", "received")),
    "Appointment": (VISIT, ("start",)),
    "DocumentReference": (DOCUMENT, ("date",)),
    "DiagnosticReport": (DOCUMENT, ("issued", "effectiveDateTime")),
    "ServiceRequest": (DOCUMENT, ("authoredOn",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    at: datetime
    kind: str
    case: int | None = None
    ref: str = ""
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One case of a person."""

    id: int
    journey: str
    state: str
    owner: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None


def cases_of(conn: Connection, engine: Engine, subject: UUID) -> list[Standing]:
    """Return a person's cases under whatever id they were opened, open ones first."""
    name = engine.codes.name
    everyone = list(same_person(conn, [subject]).get(subject, {subject}))
    return [
        Standing(
            id=row[0], journey=name("journey", row[1]), state=name("state", row[3]),
            owner=name("team", row[4]), opened_at=row[5], due_at=row[6], closed_at=row[7],
        )
        for row in conn.execute(_CASES, (everyone,))
    ]  # fmt: skip


def timeline(
    conn: Connection, engine: Engine, charts: Charts, subject: UUID, cases: Sequence[int]
) -> list[Entry]:
    """Return what happened, the latest first; what the reader may not read is left out."""
    found = [
        *_steps(conn, engine, cases),
        *_decisions(conn, cases),
        *_acts(conn, cases),
        *_record(charts, subject),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:_MOST]


def _steps(conn: Connection, engine: Engine, cases: Sequence[int]) -> Iterable[Entry]:
    name = engine.codes.name
    for case, at, was, to in conn.execute(_STEPS, (list(cases),)):
        yield Entry(at=at, kind=STEP, case=case, said={"from": name("state", was), "to": name("state", to)})


def _decisions(conn: Connection, cases: Sequence[int]) -> Iterable[Entry]:
    for id_, case, at, question, answer, actor in conn.execute(_DECISIONS, (list(cases),)):
        said = {"id": id_, "question": question, "answer": answer, "actor": actor}
        yield Entry(at=at, kind=DECISION, case=case, said=said)


def _acts(conn: Connection, cases: Sequence[int]) -> Iterable[Entry]:
    for case, at, act, actor, what, reason in conn.execute(_ACTS, (list(cases),)):
        said = {"act": act, "actor": actor, "what": what, "reason": reason}
        yield Entry(at=at, kind=ACT, case=case, said=said)


def _record(charts: Charts, subject: UUID) -> Iterable[Entry]:
    """Read each kind by itself: who may not read one still sees the others."""
    for kind, (told_as, dates) in _READ.items():
        try:
            stored = charts.of_subjects([subject], kinds=(kind,)).get(subject, [])
        except NotAllowed:
            continue
        for one in stored[:_MOST]:
            resource = orjson.loads(one.raw)
            yield Entry(at=_at(resource, dates, one), kind=told_as, ref=str(one.ref), said=resource)


def _at(resource: Mapping[str, Any], dates: Sequence[str], stored: Stored) -> datetime:
    for name in dates:
        try:
            said = datetime.fromisoformat(str(resource.get(name, "")))
        except ValueError:
            continue
        return said if said.tzinfo else said.replace(tzinfo=stored.updated.tzinfo)
    return stored.updated
