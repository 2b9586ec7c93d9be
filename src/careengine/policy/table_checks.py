"""Judge a decision table before it may decide: zen ignores a broken cell in silence."""

import re
from collections.abc import Callable, Iterator, Mapping

import zen

from careengine.policy.findings import Finding
from careengine.policy.jdm import Jdm
from careengine.policy.schemas import Column, TableShape

_TOKEN = re.compile(
    r"""(?P<text>"[^"]*"|'[^']*')|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_$#][\w$]*)|(?P<sign>`)"""
)
_NEGATED = re.compile(r"!=|\bnot\b")
_WORDS = frozenset({"$", "and", "or", "not", "in", "true", "false", "null"})
_FUNCTIONS = frozenset({
    "abs", "ceil", "contains", "endsWith", "floor", "len", "lower", "max", "min", "round", "startsWith",
    "trim", "upper",
})  # fmt: skip
"""What a cell may call: always the same answer for the same values; never the clock, never chance."""


def check_table(table: Jdm, shape: TableShape) -> tuple[Finding, ...]:
    """Return all that is wrong with a table: cells, answers, ids, rows never reached, no catch-all."""
    return tuple(_TableChecks(table, shape).findings())


def holds(kind: Column, value: object) -> bool:
    """Say whether a value is what the column says; a whole number is a float too, a yes/no is no number."""
    if isinstance(kind, tuple):
        return value in kind
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float)) if kind is float else isinstance(value, kind)


def words(kind: Column) -> str:
    """Say what a column holds, for a person."""
    if isinstance(kind, tuple):
        return f"one of {', '.join(kind)}"
    return {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[kind]


class _TableChecks:
    """Walks a table once and notes everything that is wrong with it."""

    def __init__(self, table: Jdm, shape: TableShape) -> None:
        self._table = table
        self._shape = shape
        self._inputs = table.content.inputs
        self._outputs = table.content.outputs
        self._rules = table.content.rules

    def findings(self) -> Iterator[Finding]:
        yield from self._columns()
        yield from self._ids()
        for rule in self._rules:
            yield from self._row(rule)
        yield from self._reached()
        if any(self._tests(self._rules[-1])):
            do = "Add a last row whose tests are all empty; it usually sends the case to a person."
            yield self._note("last row", "No row catches what the rows above do not.", do)

    def _note(self, place: str, problem: str, do: str) -> Finding:
        return Finding(self._table.policy, f"{self._table.where} {place}", problem, do)

    def _tests(self, rule: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(rule.get(column.id, "").strip() for column in self._inputs)

    def _columns(self) -> Iterator[Finding]:
        asked = [column.field for column in self._inputs]
        answered = [column.field for column in self._outputs]
        for name in asked:
            if name not in self._shape.inputs:
                do = f"Use one of: {', '.join(self._shape.inputs)}."
                yield self._note(f"column {name}", "No such fact is handed to this table.", do)
        for name in sorted({*answered} ^ {*self._shape.answers}):
            problem = "No rule of the software uses it." if name in answered else "It is missing."
            do = f"The answers are exactly: {', '.join(self._shape.answers)}."
            yield self._note(f"column {name}", problem, do)
        ids = [column.id for column in (*self._inputs, *self._outputs)]
        for twice in sorted(
            {one for names in (ids, asked, answered) for one in names if names.count(one) > 1}
        ):
            yield self._note(f"column {twice}", "The column comes twice.", "Keep one of them.")

    def _ids(self) -> Iterator[Finding]:
        seen: set[str] = set()
        for number, row in enumerate(self._table.ids(), start=1):
            if not row.strip():
                yield self._note(f"row {number}", "The row has no id.", "Give it one; decisions quote it.")
            elif row in seen:
                yield self._note(f"row {row}", "Two rows have this id.", "Give the second one its own.")
            seen.add(row)

    def _row(self, rule: Mapping[str, str]) -> Iterator[Finding]:
        row = f"row {rule.get('_id', '')}"
        columns = {column.id for column in (*self._inputs, *self._outputs)}
        for unknown in sorted(rule.keys() - columns - {"_id", "_description"}):
            yield self._note(f"{row} {unknown}", "The cell belongs to no column.", "Remove it.")
        if not rule.get("_description", "").strip():
            do = "Write it in the row's description."
            yield self._note(row, "The row does not say where it comes from.", do)
        for column in self._inputs:
            yield from self._test(
                f"{row} column {column.field}", rule.get(column.id, "").strip(), column.field
            )
        for column in self._outputs:
            yield from self._answer(
                f"{row} column {column.field}", rule.get(column.id, "").strip(), column.field
            )

    def _test(self, place: str, cell: str, field: str) -> Iterator[Finding]:
        if not cell:
            return
        broken = [*self._unreadable(place, cell, zen.compile_unary_expression)]
        yield from broken
        kind = self._shape.inputs.get(field, str)
        if not broken and any(_never(token, kind, cell) for token in _TOKEN.finditer(cell)):
            problem = f"The cell {cell} can never match: the fact is {words(kind)}."
            yield self._note(place, problem, "Correct the cell.")
        if not broken and _NEGATED.search(cell) and "null" not in cell:
            problem = f"The cell {cell} also matches when the fact is not known."
            yield self._note(place, problem, "Say so: add and $ != null, or or $ == null.")

    def _answer(self, place: str, cell: str, field: str) -> Iterator[Finding]:
        if not cell:
            yield self._note(place, "The answer is empty.", "Write what the row answers.")
            return
        broken = [*self._unreadable(place, cell, zen.compile_expression)]
        yield from broken
        if broken or any(token.group() in self._shape.inputs for token in _TOKEN.finditer(cell)):
            return  # an answer worked out from facts is judged each time, when the facts are known
        kind = self._shape.answers.get(field, str)
        if field in self._shape.answers and not holds(kind, _constant(cell)):
            problem = f"The answer {cell} is not {words(kind)}."
            yield self._note(place, problem, "Correct it; text stands in quotes.")

    def _unreadable(self, place: str, cell: str, compile_cell: Callable[[str], object]) -> Iterator[Finding]:
        try:
            compile_cell(cell)
        except Exception:  # noqa: BLE001  zen raises a plain RuntimeError with a native backtrace in it
            do = 'Write, for example, >= 4, [1..5] or "urgent"; leave it empty for any.'
            yield self._note(place, f"The cell {cell} cannot be read.", do)
            return
        known = _WORDS | _FUNCTIONS | self._shape.inputs.keys()
        for token in _TOKEN.finditer(cell):
            if token["sign"] or (token["word"] and token["word"] not in known):
                functions = ", ".join(sorted(_FUNCTIONS))
                do = f'Text stands in quotes: "{token.group()}". Functions are {functions}.'
                yield self._note(place, f"The word {token.group()} means nothing here.", do)

    def _reached(self) -> Iterator[Finding]:
        seen: dict[tuple[str, ...], str] = {}
        for rule in self._rules:
            row = rule.get("_id", "")
            tests = self._tests(rule)
            if tests in seen:
                problem = f"It is never reached: row {seen[tests]} above asks exactly the same."
                yield self._note(f"row {row}", problem, "Remove or change one of them.")
            elif not any(tests) and rule is not self._rules[-1]:
                problem = "It matches everything, so the rows below are never reached."
                yield self._note(f"row {row}", problem, "Move it to the end: what catches all comes last.")
            seen.setdefault(tests, row)


def _never(token: re.Match[str], kind: Column, cell: str) -> bool:
    """Say whether a literal of this kind makes it impossible that the cell matches."""
    if any(f"{function}(" in cell for function in _FUNCTIONS):
        return False
    if kind is int or kind is float:
        return bool(token["text"])
    if kind is bool:
        return bool(token["text"] or token["number"])
    if token["number"]:
        return True
    return isinstance(kind, tuple) and bool(token["text"]) and token["text"][1:-1] not in kind


def _constant(cell: str) -> object:
    try:
        value: object = zen.evaluate_expression(cell, {})
    except Exception:  # noqa: BLE001  zen raises plain exceptions; a cell that cannot be worked out is no answer
        return None
    return value
