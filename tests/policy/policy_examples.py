"""A small policy with values, one with a table, and their shapes: as texts, so that a test can spoil one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from careengine.kernel.errors import NotFound
from careengine.kernel.policy import PolicyName, PolicyRef, Table
from careengine.policy.file import PolicySource
from careengine.policy.schemas import Answer, Given, PolicySchema, PolicyValues, Schemas, TableShape

HEAD = """\
policy: {name}
schema: {schema}
question: Within how many days is a referral acknowledged?
owner: access-operations
approver: clinical-safety
references:
  - {{title: "Referral agreement, section 4", href: "https://intranet.example/agreement#4"}}
jurisdiction: US
applies_by: received
review_by: 2027-06-01
effective:
"""

PROMISE_VALUES = """\
  - from: 2026-01-01
    until: 2026-07-01
    values: {days: 3, tell: ["sender"]}
  - from: 2026-07-01
    values: {days: 2, tell: ["sender", "patient"]}
"""

PROMISE_CASES = """\
- name: three days in spring
  day: 2026-03-05
  given: {waited: 4}
  expect: {late: true, tell: ["sender"]}
- name: two days from July on
  day: 2026-07-01
  given: {waited: 2}
  expect: {late: false, tell: ["sender", "patient"]}
- name: nobody can have waited less than no time
  day: 2026-07-01
  given: {waited: -1}
  expect: {error: WaitedLessThanNothing}
"""

TRIAGE_CASES = """\
- name: an urgent referral of somebody old goes ahead
  day: 2026-03-05
  given: {age: 70, urgency: "urgent"}
  expect: {row: "old_and_urgent", lane: "fast"}
- name: somebody whose age is not known goes to a person
  day: 2026-03-05
  given: {age: null, urgency: "urgent"}
  expect: {row: "anything_else", lane: "ask"}
"""


class WaitedLessThanNothing(NotFound):
    """A wait of less than no time."""


@dataclass(frozen=True, slots=True)
class Promise:
    ref: PolicyRef
    days: int
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Triage:
    ref: PolicyRef
    table: Table


class PromiseValues(PolicyValues):
    days: int = Field(ge=1)
    tell: tuple[str, ...]


def build_promise(values: PromiseValues, ref: PolicyRef) -> Promise:
    return Promise(ref, values.days, values.tell)


def decide_promise(promise: Promise, given: Given) -> Answer:
    if given["waited"] < 0:
        raise WaitedLessThanNothing("Waited less than no time; correct the date of receipt.")
    return {"late": given["waited"] > promise.days, "tell": promise.tell}


PROMISE = PolicyName("access.promise", Promise)
TRIAGE = PolicyName("access.triage", Triage)
SHAPE = TableShape({"age": int, "urgency": ("routine", "urgent")}, {"lane": ("fast", "slow", "ask")})
PROMISE_SCHEMA = PolicySchema("access.promise", PromiseValues, build_promise, decide_promise)
TRIAGE_SCHEMA = PolicySchema("access.triage", SHAPE, lambda table, ref: Triage(ref, table))


def promise_source(effective: str = PROMISE_VALUES, *, cases: str | None = PROMISE_CASES) -> PolicySource:
    text = HEAD.format(name="access.promise", schema="access.promise") + effective
    return PolicySource("access/promise.yaml", text, cases, {})


def jdm(rules: list[dict[str, str]], /, **changes: Any) -> dict[str, Any]:
    content = {
        "hitPolicy": "first",
        "inputs": [
            {"id": "a", "name": "Age", "field": "age"},
            {"id": "u", "name": "Urgency", "field": "urgency"},
        ],
        "outputs": [{"id": "l", "name": "Lane", "field": "lane"}],
        "rules": rules,
    }
    nodes = [
        {"id": "in", "type": "inputNode", "name": "facts", "position": {"x": 0, "y": 0}},
        {"id": "table", "type": "decisionTableNode", "name": "triage", "content": {**content, **changes}},
        {"id": "out", "type": "outputNode", "name": "answer"},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "table"},
        {"id": "2", "sourceId": "table", "targetId": "out"},
    ]
    return {"nodes": nodes, "edges": edges}


def rule(row: str, age: str, urgency: str, lane: str) -> dict[str, str]:
    return {"_id": row, "_description": "Triage agreement, table 1", "a": age, "u": urgency, "l": lane}


RULES = [rule("old_and_urgent", ">= 65", '"urgent"', '"fast"'), rule("anything_else", "", "", '"ask"')]


def triage_source(
    drawing: Mapping[str, Any] | None = None, *, cases: str | None = TRIAGE_CASES
) -> PolicySource:
    text = HEAD.format(name="access.triage", schema="access.triage")
    text += "  - from: 2026-01-01\n    table: triage.jdm.json\n"
    return PolicySource(
        "access/triage.yaml", text, cases, {"triage.jdm.json": json.dumps(drawing or jdm(RULES))}
    )


SCHEMAS = Schemas.of([PROMISE_SCHEMA, TRIAGE_SCHEMA])


def spoil(source: PolicySource, piece: str, by: str) -> PolicySource:
    """Return the policy with one piece of its text replaced by another."""
    assert piece in source.text
    return replace(source, text=source.text.replace(piece, by))
