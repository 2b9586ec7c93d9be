"""Read a decision table in the GoRules format (JDM): one table between one way in and one way out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from careengine.policy.findings import BrokenPolicy, Finding
from careengine.policy.plain import LARGEST_FILE, dotted

MOST_ROWS = 5_000
"""A bound against accidents; a longer list is a lookup, not a table somebody can read."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class TableColumn(_Part):
    """A fact the table asks for (each cell below is a test of it), or something it answers."""

    id: str = Field(min_length=1)
    name: str
    field: str = Field(min_length=1)
    type: Literal["expression"] = "expression"


class Content(_Part):
    """The table itself. What would let it answer twice, loop or pass facts through is not allowed."""

    hit_policy: Literal["first"] = Field(alias="hitPolicy")
    inputs: tuple[TableColumn, ...] = Field(min_length=1)
    outputs: tuple[TableColumn, ...] = Field(min_length=1)
    rules: tuple[dict[str, str], ...] = Field(min_length=1, max_length=MOST_ROWS)
    execution_mode: Literal["single"] = Field(default="single", alias="executionMode")
    pass_through: Literal[False] = Field(default=False, alias="passThrough")
    pass_thorough: Literal[False] = Field(default=False, alias="passThorough")  # an older editor's spelling
    input_field: Literal[""] | None = Field(default=None, alias="inputField")
    output_path: Literal[""] | None = Field(default=None, alias="outputPath")


class Node(_Part):
    """A box of the drawing: where facts come in, the table, where answers go out."""

    id: str = Field(min_length=1)
    type: Literal["inputNode", "decisionTableNode", "outputNode"]
    name: str = ""
    position: dict[str, float] = Field(default_factory=dict)
    content: Any = None


class Edge(_Part):
    """An arrow between two boxes."""

    id: str
    source: str = Field(alias="sourceId")
    target: str = Field(alias="targetId")
    type: str = "edge"


class Drawing(_Part):
    """A whole JDM file: exactly one table between one way in and one way out."""

    nodes: tuple[Node, ...] = Field(min_length=3, max_length=3)
    edges: tuple[Edge, ...] = Field(min_length=2, max_length=2)
    content_type: str = Field(default="application/vnd.gorules.decision", alias="contentType")


@dataclass(frozen=True, slots=True)
class Jdm:
    """A table as it is drawn, and which policy and file it belongs to."""

    policy: str
    where: str
    node: str
    content: Content
    text: str

    def ids(self) -> tuple[str, ...]:
        """Return the row ids from the first row to the last."""
        return tuple(rule.get("_id", "") for rule in self.content.rules)

    def references(self) -> tuple[str, ...]:
        """Return where each row comes from (its description), in the same order."""
        return tuple(rule.get("_description", "") for rule in self.content.rules)


def read_jdm(policy: str, where: str, text: str) -> Jdm:
    """Return the table that ``text`` draws; its cells are judged by ``table_checks``.

    Raises:
        BrokenPolicy: it is no JDM, or draws something else than one first-match table.
    """
    try:
        drawing = Drawing.model_validate_json(json.dumps(_read(text)), strict=True)
        node = _table_node(drawing)
        content = Content.model_validate_json(json.dumps(node.content), strict=True)
    except ValidationError as error:
        raise BrokenPolicy(
            Finding(policy, f"{where} {dotted(one['loc'])}", f"{one['msg']}.", "Correct the table.")
            for one in error.errors(include_url=False, include_context=False)
        ) from None
    except (ValueError, RecursionError) as error:
        problem = f"The table cannot be read: {error}."
        do = "Save it again from the table editor."
        raise BrokenPolicy([Finding(policy, where, problem, do)]) from None
    return Jdm(policy, where, node.id, content, text)


def _read(text: str) -> Any:
    if len(text) > LARGEST_FILE:
        raise ValueError(f"it has {len(text)} characters; {LARGEST_FILE} are allowed")
    return json.loads(text, object_pairs_hook=_unique)


def _unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(items)
    if len(read) < len(items):
        names = [name for name, _ in items]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} comes twice")
    return read


def _table_node(drawing: Drawing) -> Node:
    by_type = {node.type: node for node in drawing.nodes}
    wanted = set(_arrows(by_type)) if len(by_type) == len(drawing.nodes) else None
    if wanted != {(edge.source, edge.target) for edge in drawing.edges}:
        raise ValueError("it is not one table between one way in and one way out, connected in that order")
    return by_type["decisionTableNode"]


def _arrows(by_type: dict[Any, Node]) -> Iterator[tuple[str, str]]:
    table = by_type["decisionTableNode"].id
    yield by_type["inputNode"].id, table
    yield table, by_type["outputNode"].id
