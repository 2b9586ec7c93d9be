"""Say in sentences how two versions of one policy differ, for the person who approves the newer one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any, Literal

from careengine.policy.file import PolicyFile, PolicySource, Span, read_policy
from careengine.policy.findings import UnknownPolicy
from careengine.policy.jdm import Jdm
from careengine.policy.store import source_of, stored_body
from careengine.policy.table import drawn_table
from careengine.runtime.database import Connection

_HEAD = ("schema_", "question", "owner", "approver", "jurisdiction", "applies_by", "review_by")
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    kind: Literal["changed", "added", "removed", "moved"]
    where: str
    """The field, the value or the row: ``owner``, ``2026-07-01 days``, ``2026-07-01 row r1 Age``."""
    sentence: str


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """What ``careengine policy diff`` says."""

    name: str
    before: int
    after: int
    """0 is the draft in the files."""
    changes: tuple[Change, ...]


def policy_diff(
    conn: Connection, name: str, *, to: int | PolicySource, from_: int | None = None
) -> PolicyDiff:
    """Compare version ``from_`` (by default the live one) with version ``to``, or with a draft's text.

    Raises:
        UnknownPolicy: the policy, or one of the versions, is not in the database.
    """
    if from_ is None:
        row = conn.execute("select version from policy_live where name = %s", (name,)).fetchone()
        if row is None:
            raise UnknownPolicy(f"No policy {name} is published here. Publish it, or correct the name.")
        from_ = int(row[0])
    before = _stored(conn, name, from_)
    after = read_policy(to) if isinstance(to, PolicySource) else _stored(conn, name, to)
    return PolicyDiff(name, from_, to if isinstance(to, int) else 0, diff_policies(before, after))


def _stored(conn: Connection, name: str, version: int) -> PolicyFile:
    return read_policy(source_of(name, version, stored_body(conn, name, version)))


def diff_policies(before: PolicyFile, after: PolicyFile) -> tuple[Change, ...]:
    """Return every difference that matters to somebody: the head, the dates, the values, the rows."""
    return (*_head(before, after), *_versions(before, after))


def _head(before: PolicyFile, after: PolicyFile) -> Iterator[Change]:
    for field in _HEAD:
        name = field.rstrip("_")
        yield from _value(name, str(getattr(before.header, field)), str(getattr(after.header, field)))
    old = {reference.href: reference.title for reference in before.header.references}
    new = {reference.href: reference.title for reference in after.header.references}
    yield from _values("references", old, new)
    yield from _values("guardrails", _guardrails(before), _guardrails(after))


def _guardrails(file: PolicyFile) -> dict[str, Any]:
    return {name: bound.model_dump(exclude_none=True) for name, bound in file.header.guardrails.items()}


def _versions(before: PolicyFile, after: PolicyFile) -> Iterator[Change]:
    old = dict(enumerate(before.header.effective))
    new = dict(enumerate(after.header.effective))
    for index, twin in _same_day(old, new):
        yield from _end(old.pop(index), new[twin])
        yield from _content(str(new.pop(twin).from_), (before, index), (after, twin))
    for index, twin in _same_content((before, old), (after, new)):
        was, now = old.pop(index), new.pop(twin)
        yield Change("moved", f"{now.from_}", f"The version from {was.from_} begins on {now.from_} instead.")
        yield from _end(was, now)
    for span in old.values():
        yield Change("removed", f"{span.from_}", f"The version from {span.from_} is taken out.")
    for index, span in new.items():
        yield Change("added", f"{span.from_}", f"A new version begins on {span.from_}.")
        earlier = _before(before, span.from_)
        if earlier is not None:
            yield from _content(str(span.from_), (before, earlier), (after, index))


def _same_day(old: Mapping[int, Span], new: Mapping[int, Span]) -> list[tuple[int, int]]:
    days = {span.from_: index for index, span in new.items()}
    return [(index, days[span.from_]) for index, span in old.items() if span.from_ in days]


def _same_content(
    before: tuple[PolicyFile, Mapping[int, Span]], after: tuple[PolicyFile, Mapping[int, Span]]
) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    free = list(after[1])
    for index in before[1]:
        twin = next((one for one in free if not any(_content("", (before[0], index), (after[0], one)))), None)
        if twin is not None:
            free.remove(twin)
            pairs.append((index, twin))
    return pairs


def _before(file: PolicyFile, day: date) -> int | None:
    """Return which version held on ``day``, or was the last to hold before it."""
    held = [index for index, span in enumerate(file.header.effective) if span.from_ <= day]
    return held[-1] if held else None


def _end(was: Span, now: Span) -> Iterator[Change]:
    if was.until != now.until:
        before, after = was.until or "the next one begins", now.until or "the next one begins"
        sentence = f"The version from {now.from_} holds until {after}; it was until {before}."
        yield Change("moved", f"{now.from_} until", sentence)


def _content(since: str, before: tuple[PolicyFile, int], after: tuple[PolicyFile, int]) -> Iterator[Change]:
    was = before[0].header.effective[before[1]]
    now = after[0].header.effective[after[1]]
    if was.values is not None and now.values is not None:
        yield from _values(since, was.values, now.values)
    elif was.table is not None and now.table is not None:
        yield from _tables(since, drawn_table(*before), drawn_table(*after))
    else:
        kind = "a decision table" if now.table else "plain values"
        yield Change("changed", since, f"From {since}: it becomes {kind}.")


def _values(where: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _values(f"{where} {key}", before.get(key, _NOTHING), after.get(key, _NOTHING))
    elif _are_parts(before) and _are_parts(after):
        yield from _values(where, dict(enumerate(before, 1)), dict(enumerate(after, 1)))
    else:
        yield from _value(where, before, after)


def _are_parts(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(part, Mapping) for part in value)


def _value(where: str, before: Any, after: Any) -> Iterator[Change]:
    if before is _NOTHING:
        yield Change("added", where, f"{where} is new: {_shown(after)}.")
    elif after is _NOTHING:
        yield Change("removed", where, f"{where} is taken out; it was {_shown(before)}.")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list(where, before, after)
    elif before != after:
        yield Change("changed", where, f"{where} changes from {_shown(before)} to {_shown(after)}.")


def _list(where: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    for part in after:
        if part not in before:
            yield Change("added", where, f"{where} gains {_shown(part)}.")
    for part in before:
        if part not in after:
            yield Change("removed", where, f"{where} loses {_shown(part)}.")
    if before != after and sorted(map(str, before)) == sorted(map(str, after)):
        yield Change("moved", where, f"{where} changes its order to {_shown(after)}.")


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tables(since: str, before: Jdm, after: Jdm) -> Iterator[Change]:
    names = {**_columns(before), **_columns(after)}
    old = {rule["_id"]: _cells(before, rule) for rule in before.content.rules}
    new = {rule["_id"]: _cells(after, rule) for rule in after.content.rules}
    for row in dict.fromkeys((*old, *new)):
        where = f"{since} row {row}"
        if row not in old:
            yield Change("added", where, f"{where} is new: {_row(new[row], names)}.")
        elif row not in new:
            yield Change("removed", where, f"{where} is taken out; it was: {_row(old[row], names)}.")
        else:
            for field in dict.fromkeys((*old[row], *new[row])):
                cells = old[row].get(field, ""), new[row].get(field, "")
                yield from _value(f"{where} {names[field]}", *(cell or "any" for cell in cells))
    yield from _order(since, [row for row in old if row in new], [row for row in new if row in old])


def _columns(table: Jdm) -> dict[str, str]:
    columns = (*table.content.inputs, *table.content.outputs)
    return {**{column.field: column.name or column.field for column in columns}, "_description": "reference"}


def _cells(table: Jdm, rule: Mapping[str, str]) -> dict[str, str]:
    columns = (*table.content.inputs, *table.content.outputs)
    cells = {column.field: rule.get(column.id, "").strip() for column in columns}
    return {**cells, "_description": rule.get("_description", "")}


def _row(cells: Mapping[str, str], names: Mapping[str, str]) -> str:
    return ", ".join(f"{names[field]} {cell}" for field, cell in cells.items() if cell)


def _order(since: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """Name the rows that changed places: the first match wins, so the order decides."""
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    kept = {row for block in matcher.get_matching_blocks() for row in after[block.b : block.b + block.size]}
    for place, row in enumerate(after, 1):
        if row not in kept:
            where = f"{since} row {row}"
            yield Change("moved", where, f"{where} moves to place {place}; the first matching row wins.")
