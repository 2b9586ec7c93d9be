"""Decision tables: GoRules JDM run by zen, built and frozen once for each published version."""

from collections.abc import Mapping
from typing import Any

import zen

from careengine.kernel.errors import CareError
from careengine.kernel.policy import Row, Scalar
from careengine.policy.file import PolicyFile
from careengine.policy.findings import BrokenPolicy, Finding
from careengine.policy.jdm import Jdm, read_jdm
from careengine.policy.schemas import TableShape
from careengine.policy.table_checks import check_table, holds, words

_KEY = "table"
_TRACED: "zen.DecisionEvaluateOptions" = {"trace": True}  # a name of the stub only


class TableFailed(CareError):
    """A decision table could not answer. This is indeterminate: it never means "no" or "not needed"."""


class ZenTable:
    """A table of one policy version; the first matching row wins. It cannot leave its process."""

    __slots__ = ("_engine", "_ids", "_name", "_node", "_references", "_shape")

    def __init__(self, table: Jdm, shape: TableShape) -> None:
        content = zen.ZenDecisionContent(table.text)
        self._engine = zen.ZenEngine({"loader": lambda _key: content})
        self._name = table.policy
        self._shape = shape
        self._node = table.node
        self._ids = table.ids()
        self._references = table.references()

    @property
    def rows(self) -> tuple[str, ...]:
        """The ids of its rows, from first to last."""
        return self._ids

    def first(self, row: Mapping[str, Scalar]) -> Row | None:
        """Return the first row that matches ``row``.

        Every fact of the table's shape must be given; ``None`` says that it is not known:
        it matches the test ``null``, an empty cell, and no other that passed the checks.

        Raises:
            TableFailed: a fact is missing, unknown or of the wrong kind, or the table could
                not be worked out.
        """
        self._refuse_unfit(row)
        try:
            said = self._engine.evaluate(_KEY, dict(row), _TRACED)
        except Exception:  # noqa: BLE001  zen raises plain Exception
            # Its message quotes values, and a value may be a patient's: it goes no further.
            raise TableFailed(
                f"The table of {self._name} could not be worked out. Ask a person, and check the table."
            ) from None
        trace = said["trace"][self._node]["traceData"]
        if not trace:
            return None
        index = trace["index"]
        return Row(self._checked(said["result"], index), self._ids[index], self._references[index])

    def _refuse_unfit(self, row: Mapping[str, Scalar]) -> None:
        if row.keys() != self._shape.inputs.keys():
            names = ", ".join(sorted(row.keys() ^ self._shape.inputs.keys()))
            raise TableFailed(
                f"The table of {self._name} was asked with facts missing or unknown: {names}. Hand it "
                "exactly the facts its shape names; an unknown value is None."
            )
        for name, kind in self._shape.inputs.items():
            value = row[name]
            if value is not None and not holds(str if isinstance(kind, tuple) else kind, value):
                raise TableFailed(
                    f"The table of {self._name} expects {name} to be {words(kind)}, and it is not. Correct "
                    "the rule that asks it."
                )

    def _checked(self, answer: dict[str, Any], index: int) -> dict[str, Scalar]:
        for name, kind in self._shape.answers.items():
            if name not in answer or not holds(kind, answer[name]):
                raise TableFailed(
                    f"Row {self._ids[index]} of the table of {self._name} gives no {name} that is "
                    f"{words(kind)}. Ask a person, and correct the row."
                )
        return answer


def read_table(file: PolicyFile, index: int, shape: TableShape) -> ZenTable:
    """Return the table of one dated version of ``file``, judged and built.

    Raises:
        BrokenPolicy: a broken cell, no row that catches all, an empty answer, a doubled id.
    """
    table = drawn_table(file, index)
    findings = check_table(table, shape)
    if findings:
        raise BrokenPolicy(findings)
    return ZenTable(table, shape)


def drawn_table(file: PolicyFile, index: int) -> Jdm:
    """Return the table of one dated version as it is drawn, its cells not yet judged."""
    span = file.header.effective[index]
    if span.table is None:
        problem = "This policy is a decision table; values stand here."
        do = "Name the table's file: table: name.jdm.json."
        raise BrokenPolicy([Finding(file.name, file.source.where, problem, do)])
    where = f"{file.source.where.rpartition('/')[0]}/{span.table}"
    return read_jdm(file.name, where, (file.source.tables or {})[span.table])
