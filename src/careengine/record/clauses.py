"""From the criteria of a search to SQL: what must be looked up first, then one condition each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from careengine.record.columns import DATE, PATIENT_PARAMS, columns_of
from careengine.record.index_value import Kind
from careengine.record.keys import LONGEST_WORD, folded, key, number
from careengine.record.parameters import Parameter
from careengine.record.query import Criterion, Query, SearchRefused
from careengine.record.ranges import dates, numbers, prefixed
from careengine.record.references import local
from careengine.record.resource_types import PATIENT, type_code
from careengine.runtime.database import Connection

_PATIENT = "Patient/"
# S608 below: what varies in the text are comparisons written in this file; every value is bound.
_BEHIND = chr(0x10FFFF)
"""Sorts behind every character a string goes on with."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition on ``resource r`` with the values it binds."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(slots=True)
class Known:
    """What the database says before the search: which words mean which codes, and who the patients are."""

    systems: dict[str, set[str]] = field(default_factory=dict)
    subjects: dict[str, UUID] = field(default_factory=dict)
    spilled: set[bytes] = field(default_factory=set)
    """Keys of column parameters that some resource also has among its index rows."""


def look_up(conn: Connection, query: Query) -> Known:
    """Learn what the criteria need: one exchange with the database, or two when a code names no system."""
    known = Known()
    words = [value for c in query.criteria for value in _words(c)]
    if words:
        sql = "select distinct value, system from term where value = any(%b::text[])"
        for value, system in conn.execute(sql, (words,)):
            known.systems.setdefault(value, set()).add(system)
    patients = [value for c in query.criteria for value in _patients(c)]
    columns = columns_of(query.type)
    keys = [
        UUID(bytes=digest)
        for c in query.criteria
        if c.parameter.name in columns or c.parameter.name in PATIENT_PARAMS
        for digest in _keys(c, known)
    ]
    if not patients and not keys:
        return known
    with conn.pipeline():
        people = conn.execute(
            "select id, subject from resource"
            " where type = %b and id = any(%b::text[]) and subject is not null",
            (PATIENT, patients),
        )
        spilled = conn.execute(
            "select k from unnest(%b::uuid[]) k where exists (select from sp where sp.key = k)", (keys,)
        )
        known.subjects = dict(people.fetchall())
        known.spilled = {row[0].bytes for row in spilled.fetchall()}
    return known


def clauses(query: Query, known: Known) -> list[Clause]:
    """Return the condition of each criterion."""
    return [_CLAUSE[c.parameter.kind](query.type, c, known) for c in query.criteria]


def _words(criterion: Criterion) -> Sequence[str]:
    """Return the values whose code system is not named and must be looked up."""
    if criterion.parameter.name == "_id":
        return ()
    if criterion.parameter.kind is Kind.TOKEN:
        return [value for value in criterion.values if "|" not in value]
    if criterion.parameter.kind is Kind.QUANTITY:
        parts = [value.split("|") for value in criterion.values]
        return [part[2] for part in parts if len(part) == 3 and not part[1]]
    return ()


def _patients(criterion: Criterion) -> list[str]:
    if criterion.parameter.name not in PATIENT_PARAMS or criterion.parameter.kind is not Kind.REFERENCE:
        return []
    return [name.removeprefix(_PATIENT) for name in _targets(criterion) if name.startswith(_PATIENT)]


def _targets(criterion: Criterion) -> list[str]:
    """Return what references may be written as: an id alone may mean any type the parameter leads to."""
    found: list[str] = []
    for value in criterion.values:
        if "/" in value or ":" in value or not criterion.parameter.targets:
            named = local(value)
            found.append(f"{named[0]}/{named[1]}" if named else value)
        else:
            found += [f"{target}/{value}" for target in sorted(criterion.parameter.targets)]
    return found


def _keys(criterion: Criterion, known: Known) -> list[bytes]:
    """Return the index keys any of which satisfies a token, reference or uri criterion."""
    name = criterion.parameter.name
    if criterion.parameter.kind is Kind.REFERENCE:
        return [key(name, "", target) for target in _targets(criterion)]
    if criterion.parameter.kind is Kind.URI:
        return [key(name, "", value) for value in criterion.values]
    return [
        key(name, system, code)
        for value in criterion.values
        for system, code in _tokens(criterion.parameter, value, known)
    ]


def _tokens(parameter: Parameter, value: str, known: Known) -> list[tuple[str, str]]:
    system, bar, code = value.rpartition("|")
    if not bar and len(value) > LONGEST_WORD:
        raise SearchRefused(f"A code of more than {LONGEST_WORD} characters is found by system|code only.")
    if not bar:
        return [(system, value) for system in sorted(known.systems.get(value, set()) | {""})]
    if not code:
        raise SearchRefused("A token must name a code: system|code, |code or code.")
    return [(system, code), ("", code)] if system in parameter.systems else [(system, code)]


def _by_key(type_: str, criterion: Criterion, known: Known) -> Clause:
    if criterion.parameter.name == "_id":
        return _negated(criterion, Clause("r.id = any(%b::text[])", (list(criterion.values),)))
    keys = _keys(criterion, known)
    column = columns_of(type_).get(criterion.parameter.name)
    if criterion.parameter.name in PATIENT_PARAMS and criterion.parameter.kind is Kind.REFERENCE:
        subjects = [known.subjects[id_] for id_ in _patients(criterion) if id_ in known.subjects]
        return _in_column("subject", subjects, keys, known)
    if column is None or column == DATE:
        return _negated(criterion, _in_index(keys))
    found = _in_column(column, [UUID(bytes=digest) for digest in keys], keys, known)
    return _negated(criterion, found)


def _negated(criterion: Criterion, clause: Clause) -> Clause:
    if criterion.modifier != "not":
        return clause
    return Clause(f"({clause.sql}) is not true", clause.values)


def _in_index(keys: Sequence[bytes]) -> Clause:
    uuids = [UUID(bytes=digest) for digest in keys]
    if len(uuids) == 1:
        return Clause("r.rid in (select rid from sp where key = %b)", (uuids[0],))
    return Clause("r.rid in (select rid from sp where key = any(%b::uuid[]))", (uuids,))


def _in_column(column: str, values: Sequence[UUID], keys: Sequence[bytes], known: Known) -> Clause:
    """Compare a column; its index rows only where some resource has further values there."""
    if len(values) == 1:
        clause = Clause(f"r.{column} = %b", (values[0],))
    else:
        clause = Clause(f"r.{column} = any(%b::uuid[])", (list(values),))
    spilled = [digest for digest in keys if digest in known.spilled]
    if not spilled:
        return clause
    further = _in_index(spilled)
    return Clause(f"({clause.sql} or {further.sql})", clause.values + further.values)


_DATES = {
    "eq": ("{low} >= %b and {high} <= %b", (0, 1)),
    "ne": ("not ({low} >= %b and {high} <= %b)", (0, 1)),
    "gt": ("{high} > %b", (1,)),
    "ge": ("{high} > %b", (0,)),
    "lt": ("{low} < %b", (0,)),
    "le": ("{low} < %b", (1,)),
    "sa": ("{low} >= %b", (1,)),
    "eb": ("{high} <= %b", (0,)),
}
_INSTANTS = {
    "eq": ("{low} >= %b and {low} < %b", (0, 1)),
    "ne": ("not ({low} >= %b and {low} < %b)", (0, 1)),
    "gt": ("{low} >= %b", (1,)),
    "ge": ("{low} >= %b", (0,)),
    "lt": ("{low} < %b", (0,)),
    "le": ("{low} < %b", (1,)),
    "sa": ("{low} >= %b", (1,)),
    "eb": ("{low} < %b", (0,)),
}
_NUMBERS = {
    "eq": ("{low} < %b and {high} >= %b", (1, 0)),
    "ne": ("not ({low} < %b and {high} >= %b)", (1, 0)),
    "gt": ("{high} >= %b", (1,)),
    "ge": ("{high} >= %b", (0,)),
    "lt": ("{low} < %b", (0,)),
    "le": ("{low} < %b", (1,)),
    "sa": ("{low} >= %b", (1,)),
    "eb": ("{high} < %b", (0,)),
}
_Comparisons = dict[str, tuple[str, tuple[int, ...]]]


def _compared(table: _Comparisons, value: str, range_: tuple[Any, Any], low: str, high: str) -> Clause:
    sql, order = table[value]
    return Clause(sql.format(low=low, high=high), tuple(range_[n] for n in order))


def _any(parts: Sequence[Clause]) -> Clause:
    return Clause(
        f"({' or '.join(part.sql for part in parts)})", tuple(v for part in parts for v in part.values)
    )


def _date(type_: str, criterion: Criterion, known: Known) -> Clause:
    del known
    name = criterion.parameter.name
    asked = [(prefix, dates(rest)) for prefix, rest in map(prefixed, criterion.values)]
    if name == "_lastUpdated":
        return _any([_compared(_INSTANTS, prefix, range_, "r.updated", "") for prefix, range_ in asked])
    rows = _any([_compared(_DATES, prefix, range_, "d.low", "d.high") for prefix, range_ in asked])
    inside = Clause(
        f"exists (select from sp_date d where d.rid = r.rid and d.param = %b and {rows.sql})",
        (number(name), *rows.values),
    )
    if columns_of(type_).get(name) != DATE:
        return inside
    column = _any([_compared(_DATES, prefix, range_, "r.date_lo", "r.date_hi") for prefix, range_ in asked])
    several = "select from sp_date s where s.rid = r.rid and s.param = %b"
    exact = Clause(
        f"({column.sql} and not exists ({several}) or {inside.sql})",
        (*column.values, number(name), *inside.values),
    )
    return _bounded(exact, asked)


_BEFORE = {"eq": 1, "lt": 0, "le": 1, "eb": 0}


def _bounded(clause: Clause, asked: Sequence[tuple[str, tuple[Any, Any]]]) -> Clause:
    """Say also what must hold of the column in any case, so that an index on it can be used."""
    if len(asked) != 1 or asked[0][0] not in _BEFORE:
        return clause
    prefix, range_ = asked[0]
    return Clause(f"(r.date_lo < %b and {clause.sql})", (range_[_BEFORE[prefix]], *clause.values))


def _number(type_: str, criterion: Criterion, known: Known) -> Clause:
    del type_
    parts = []
    for value in criterion.values:
        prefix, rest = prefixed(value)
        amount, *unit = rest.split("|")
        part = _compared(_NUMBERS, prefix, numbers(amount), "n.low", "n.high")
        parts.append(_with_unit(part, unit, known))
    rows = _any(parts)
    return Clause(
        f"r.rid in (select n.rid from sp_number n where n.param = %b and {rows.sql})",  # noqa: S608
        (number(criterion.parameter.name), *rows.values),
    )


def _with_unit(part: Clause, unit: Sequence[str], known: Known) -> Clause:
    if not any(unit):
        return part
    if len(unit) != 2 or not unit[1]:
        raise SearchRefused("A quantity must be written number, number|system|code or number||code.")
    systems = [unit[0]] if unit[0] else sorted(known.systems.get(unit[1], set()) | {""})
    keys = [UUID(bytes=key("", system, unit[1])) for system in systems]
    return Clause(f"({part.sql} and n.unit = any(%b::uuid[]))", (*part.values, keys))


def _string(type_: str, criterion: Criterion, known: Known) -> Clause:
    del type_, known
    starts = [folded(value) for value in criterion.values]
    rows = _any([Clause("s.value >= %b and s.value < %b", (start, start + _BEHIND)) for start in starts])
    return Clause(
        f"r.rid in (select s.rid from sp_string s where s.param = %b and {rows.sql})",  # noqa: S608
        (number(criterion.parameter.name), *rows.values),
    )


_CLAUSE = {
    Kind.TOKEN: _by_key,
    Kind.REFERENCE: _by_key,
    Kind.URI: _by_key,
    Kind.DATE: _date,
    Kind.NUMBER: _number,
    Kind.QUANTITY: _number,
    Kind.STRING: _string,
}


def type_clause(query: Query) -> Clause:
    """Return the condition every search begins with."""
    return Clause("r.type = %b and not r.deleted", (type_code(query.type),))
