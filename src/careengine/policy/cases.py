"""Run a policy's own cases, and say which of its values none of them touches.

``<name>.cases.yaml`` is a list of::

    - name: a referral that waited four days in spring is late      # a promise, in words
      day: 2026-03-05                                               # which dated version answers
      given: {waited: 4}                                            # what the schema's decide receives
      expect: {late: true}                                          # what must come out; more may come
    - name: nobody waits less than no time
      day: 2026-03-05
      given: {waited: -1}
      expect: {error: WaitedLessThanNothing}                        # an expected error, by its name

Without ``decide``, ``expect`` looks the values up (``given: {}``); for a table ``given`` are its facts
and ``expect`` names the matching row and its answers: ``{row: "r1", lane: "fast"}``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import Field

from careengine.kernel.errors import CareError
from careengine.policy.book import DatedPolicy, judged
from careengine.policy.coverage import Seen, leaves, watched
from careengine.policy.file import PolicySource
from careengine.policy.findings import BrokenPolicy, Finding
from careengine.policy.plain import read_plain
from careengine.policy.schemas import Covered, PolicyValues, TableShape
from careengine.policy.strict import Place, fit


class _Head(PolicyValues):
    name: str = Field(min_length=1)
    day: date
    given: dict[str, Any]
    expect: dict[str, Any] = Field(min_length=1)


class _All(PolicyValues):
    cases: tuple[_Head, ...]


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """One promise a policy makes about one day."""

    policy: str
    where: str
    name: str
    day: date
    given: Mapping[str, Any]
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case; ``problem`` is empty when the promise is kept."""

    case: PolicyCase
    problem: str = ""

    @property
    def kept(self) -> bool:
        """Whether the policy answers as the case says."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which values of one dated version the cases read."""

    policy: str
    since: date
    values: int
    unread: tuple[str, ...]
    cases: int


@dataclass(frozen=True, slots=True)
class CasesRun:
    """All cases of one policy, run."""

    policy: str
    results: tuple[CaseResult, ...]
    coverage: tuple[Coverage, ...]

    @property
    def broken(self) -> tuple[CaseResult, ...]:
        """The promises that are not kept."""
        return tuple(result for result in self.results if not result.kept)


def read_cases(policy: str, source: PolicySource) -> tuple[PolicyCase, ...]:
    """Return the cases beside a policy.

    Raises:
        BrokenPolicy: there is no file, it is empty, a case is not understood or named twice.
    """
    where = source.where.removesuffix(".yaml") + ".cases.yaml"
    if source.cases is None:
        raise BrokenPolicy(
            [
                Finding(
                    policy, where, "The policy has no cases file.", "Write at least one case for each value."
                )
            ]
        )
    document = read_plain(where, source.cases)
    if not isinstance(document.value, list) or not document.value:
        raise BrokenPolicy(
            [Finding(policy, where, "The cases file holds no list of cases.", "Write at least one case.")]
        )
    fit(_All, {"cases": document.value}, Place(policy, where, document))
    cases = []
    for index, plain in enumerate(document.value):
        place = f"{where}:{document.line((index,))}"
        cases.append(PolicyCase(policy, place, **plain))  # type: ignore[arg-type]  # judged just above
    _refuse_doubles(cases)
    return tuple(cases)


def _refuse_doubles(cases: list[PolicyCase]) -> None:
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            problem = f"Two cases are called {case.name!r}."
            raise BrokenPolicy([Finding(case.policy, case.where, problem, "Name each for what it promises.")])
        seen.add(case.name)


def run_cases(policy: DatedPolicy) -> CasesRun:
    """Run every case of ``policy``, each on its own day.

    Raises:
        BrokenPolicy: the cases, or the values they ask for, cannot be read.
    """
    cases = read_cases(policy.name, policy.file.source)
    seen = [_everything(policy, index) for index in range(len(policy.file.periods))]
    results = tuple(CaseResult(case, _run(policy, case, seen)) for case in cases)
    coverage = tuple(
        _coverage(policy, index, there, sum(case.day in period for case in cases))
        for index, (period, there) in enumerate(zip(policy.file.periods, seen, strict=True))
    )
    return CasesRun(policy.name, results, coverage)


def _coverage(policy: DatedPolicy, index: int, seen: Seen, cases: int) -> Coverage:
    seen.there -= policy.schema.fixed
    unread = seen.unread if policy.schema.covered is Covered.VALUES else ()
    return Coverage(policy.name, policy.file.periods[index].start, len(seen.there), unread, cases)


def _everything(policy: DatedPolicy, index: int) -> Seen:
    seen = Seen()
    if _is_looked_up(policy):
        seen.there.update(leaves(_plain_values(policy, index)))
    else:
        watched(_subject(policy, index), seen)
    return seen


def _is_looked_up(policy: DatedPolicy) -> bool:
    return policy.schema.decide is None and not isinstance(policy.schema.model, TableShape)


def _plain_values(policy: DatedPolicy, index: int) -> Any:
    return judged(policy.file, index, policy.schema).model_dump(mode="json")


def _subject(policy: DatedPolicy, index: int) -> Any:
    """Return what the cases are put to: the built value, or a bare table."""
    return judged(policy.file, index, policy.schema) if policy.schema.decide is None else policy.build(index)


def _run(policy: DatedPolicy, case: PolicyCase, seen: list[Seen]) -> str:
    try:
        got = _answer(policy, case, seen)
    except CareError as error:
        wanted = case.expect.get("error")
        if type(error).__name__ == wanted:
            return ""
        return f"It ended in {type(error).__name__}: {error}"
    if set(case.expect) == {"error"}:
        return f"It answered {plainly(got)} and should have ended in {case.expect['error']}."
    return "; ".join(_differences("", case.expect, plainly(got)))


def _answer(policy: DatedPolicy, case: PolicyCase, seen: list[Seen]) -> Mapping[str, Any]:
    index = policy.index_on(case.day)
    if _is_looked_up(policy):
        seen[index].read.update(leaves(plainly(case.expect)))
        values: Mapping[str, Any] = _plain_values(policy, index)
        return values
    subject = watched(_subject(policy, index), seen[index])
    if policy.schema.decide is not None:
        return policy.schema.decide(subject, case.given)
    row = subject.first(case.given)
    return {"row": None} if row is None else {"row": row.id, "reference": row.reference, **row.answer}


def plainly(value: Any) -> Any:
    """Return an answer in plain values, so that it can be compared with what a file says."""
    if isinstance(value, Enum):
        return plainly(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(plainly(key)): plainly(inner) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plainly(inner) for inner in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plainly(inner) for inner in value]
    return value


def _differences(path: str, expected: Any, got: Any) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, inner in expected.items():
            name = f"{path}.{key}" if path else str(key)
            if str(key) in got:
                yield from _differences(name, inner, got[str(key)])
            else:
                yield f"{name} is not answered"
    elif not _agree(plainly(expected), got):
        yield f"{path or 'the answer'} is {got!r} and should be {plainly(expected)!r}"


def _agree(expected: Any, got: Any) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(got, Decimal) and isinstance(expected, (str, int, float)):
        return str(got) == str(expected) or got == Decimal(str(expected))
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(_agree, expected, got))
    return bool(expected == got)
