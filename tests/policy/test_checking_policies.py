"""What the check before publishing finds, and how a policy's own cases are run."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
from policy_examples import (
    HEAD,
    PROMISE_CASES,
    PROMISE_SCHEMA,
    SCHEMAS,
    TRIAGE_CASES,
    TRIAGE_SCHEMA,
    PromiseValues,
    build_promise,
    promise_source,
    spoil,
    triage_source,
)

from careengine.kernel.policy import PolicyRef
from careengine.kernel.team import Team
from careengine.policy.book import draft
from careengine.policy.cases import run_cases
from careengine.policy.check import check_paths, check_source, check_sources, policy_check, policy_test
from careengine.policy.file import PolicySource
from careengine.policy.schemas import Answer, Covered, Given, PolicySchema, PolicyValues, Schemas


def _said(source: PolicySource, schemas: Schemas = SCHEMAS) -> str:
    return "\n".join(str(finding) for finding in check_source(source, schemas))


def test_good_policies_have_no_findings_and_a_full_coverage() -> None:
    report = check_sources({"access.promise": promise_source(), "access.triage": triage_source()}, SCHEMAS)

    assert report.passed
    assert report.findings == ()
    assert (report.policies, report.cases) == (2, 5)
    assert [(part.policy, part.since, part.values, part.unread) for part in report.coverage] == [
        ("access.promise", date(2026, 1, 1), 2, ()),
        ("access.promise", date(2026, 7, 1), 2, ()),
        ("access.triage", date(2026, 1, 1), 2, ()),
    ]


def test_a_clock_without_an_owner_is_found() -> None:
    assert "owner: Field required. Add the field." in _said(
        spoil(promise_source(), "owner: access-operations\n", "")
    )


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (None, "access/promise.cases.yaml: The policy has no cases file."),
        ("", "holds no list of cases"),
        ("[]\n", "holds no list of cases"),
        ("cases: []\n", "holds no list of cases"),
        (PROMISE_CASES.replace("late: true", "late: false"), "late is True and should be False"),
        (PROMISE_CASES.replace("late: true", "later: true"), "later is not answered"),
        (PROMISE_CASES.replace("WaitedLessThanNothing", "KeyError"), "It ended in WaitedLessThanNothing"),
        (PROMISE_CASES.replace("{waited: -1}", "{waited: 1}"), "should have ended in WaitedLessThanNothing"),
        (PROMISE_CASES.replace("2026-03-05", "2025-03-05"), "It ended in NoPolicyThatDay"),
        (PROMISE_CASES.replace("2026-03-05", "2026-08-05"), "No case looks at the version from 2026-01-01"),
        (
            PROMISE_CASES.replace("nobody can have waited less than no time", "three days in spring"),
            "Two cases are called",
        ),
        (PROMISE_CASES.replace("expect: {late: true", "expects: {late: true"), "expects: Extra inputs"),
        (
            PROMISE_CASES.replace('expect: {late: true, tell: ["sender"]}', "expect: {}"),
            "expect: Dictionary should have",
        ),
        (PROMISE_CASES.replace("day: 2026-03-05", "day: yes"), "Write it in quotes"),
    ],
)
def test_cases_that_promise_nothing_or_are_not_kept_are_found(cases: str | None, said: str) -> None:
    assert said in _said(promise_source(cases=cases))


def test_a_promise_not_kept_names_its_line() -> None:
    said = _said(promise_source(cases=PROMISE_CASES.replace("late: false", "late: true")))

    assert said.startswith(
        "access/promise.cases.yaml:5: two days from July on: late is False and should be True."
    )


def test_a_value_no_case_reads_is_found() -> None:
    def decide(promise: object, given: Given) -> Answer:
        return {"late": given["waited"] > promise.days}  # type: ignore[attr-defined]

    schema = PolicySchema("access.promise", PromiseValues, build_promise, decide)
    cases = PROMISE_CASES.replace(', tell: ["sender"]', "").replace(', tell: ["sender", "patient"]', "")
    said = _said(
        promise_source(cases=cases.replace("{error: WaitedLessThanNothing}", "{late: false}")),
        Schemas.of([schema]),
    )

    assert "No case reads these values of the version from 2026-01-01: tell." in said


def test_a_row_no_case_reaches_is_found() -> None:
    only_first = TRIAGE_CASES[: TRIAGE_CASES.index("- name: somebody")]

    assert "No case reads these values of the version from 2026-01-01: row anything_else." in _said(
        triage_source(cases=only_first)
    )


def test_values_without_a_rule_are_looked_up_and_each_must_be_named() -> None:
    schemas = Schemas.of([PolicySchema("access.promise", PromiseValues, build_promise)])
    cases = """\
- name: three days in spring
  day: 2026-03-05
  given: {}
  expect: {days: 3, tell: ["sender"]}
- name: two days from July on
  day: 2026-07-01
  given: {}
  expect: {days: 2}
"""

    assert _said(promise_source(cases=cases), schemas).endswith(
        "No case reads these values of the version from 2026-07-01: tell. "
        "Write a case for each, or remove what nobody needs."
    )


def test_a_value_the_lint_holds_fixed_needs_no_case() -> None:
    schema = PolicySchema("access.promise", PromiseValues, build_promise, fixed=frozenset({"tell"}))
    cases = "".join(
        f"- {{name: {name}, day: {day}, given: {{}}, expect: {{days: {days}}}}}\n"
        for name, day, days in (("spring", "2026-03-05", 3), ("summer", "2026-07-01", 2))
    )

    assert _said(promise_source(cases=cases), Schemas.of([schema])) == ""


def test_long_lists_may_ask_for_one_case_a_version_only() -> None:
    schema = PolicySchema("access.promise", PromiseValues, build_promise, covered=Covered.VERSIONS)
    cases = "- {name: spring, day: 2026-03-05, given: {}, expect: {days: 3}}\n"

    said = _said(promise_source(cases=cases), Schemas.of([schema]))

    assert "No case looks at the version from 2026-07-01" in said
    assert "No case reads" not in said


def test_a_lint_of_the_schemas_own_is_heard() -> None:
    schema = PolicySchema(
        "access.promise", PromiseValues, build_promise, PROMISE_SCHEMA.decide,
        lint=lambda values: [("days", "Odd.", "Say an even number.")] if values.days % 2 else [],
    )  # fmt: skip

    assert _said(promise_source(), Schemas.of([schema])) == (
        "access/promise.yaml:14 effective.0.values.days: Odd. Say an even number."
    )


def test_a_gap_is_told_and_does_not_block() -> None:
    report = check_sources(
        {"access.promise": spoil(promise_source(), "until: 2026-07-01", "until: 2026-06-01")}, SCHEMAS
    )

    assert report.passed
    assert [finding.problem for finding in report.findings] == [
        "It says nothing from 2026-06-01 until 2026-07-01."
    ]


def test_a_name_that_is_not_its_path_and_a_shape_nobody_registered_are_found() -> None:
    sources = {"access.elsewhere": promise_source()}

    assert "by its path it is access.elsewhere" in str(check_sources(sources, SCHEMAS).findings[0])
    assert "No schema access.promise is registered. Use one of: access.triage." in _said(
        promise_source(), Schemas.of([TRIAGE_SCHEMA])
    )


def test_one_broken_policy_does_not_hide_the_others() -> None:
    report = check_sources(
        {"access.promise": promise_source("x"), "access.triage": triage_source(cases=None)}, SCHEMAS
    )

    assert {finding.where.partition(":")[0] for finding in report.findings} == {
        "access/promise.yaml",
        "access/triage.cases.yaml",
    }


@dataclass(frozen=True, slots=True)
class Rung:
    after_hours: int
    team: Team


@dataclass(frozen=True, slots=True)
class Ladder:
    ref: PolicyRef
    rungs: tuple[Rung, ...]
    fees: MappingProxyType[str, Decimal]


class RungValues(PolicyValues):
    after_hours: int
    team: Team


class LadderValues(PolicyValues):
    rungs: tuple[RungValues, ...]
    fees: dict[str, Decimal]


def _ladder(values: LadderValues, ref: PolicyRef) -> Ladder:
    rungs = tuple(Rung(rung.after_hours, rung.team) for rung in values.rungs)
    return Ladder(ref, rungs, MappingProxyType(values.fees))


def _climb(ladder: Ladder, given: Given) -> Answer:
    rung = next(rung for rung in ladder.rungs if given["hours"] <= rung.after_hours)
    return {"team": rung.team, "fee": ladder.fees[given["fee"]], "day": date(2026, 3, 5), "rung": rung}


def test_parts_of_parts_are_covered_one_by_one_and_compared_as_plain_values() -> None:
    text = (
        HEAD.format(name="access.ladder", schema="access.ladder")
        + """\
  - from: 2026-01-01
    values:
      rungs: [{after_hours: 4, team: access}, {after_hours: 24, team: leadership}]
      fees: {late: "12.50", lost: "30.00"}
"""
    )
    cases = """\
- name: the first rung
  day: 2026-03-05
  given: {hours: 3, fee: late}
  expect: {team: access, fee: 12.5, day: 2026-03-05, rung: {after_hours: 4}}
"""
    schema = PolicySchema("access.ladder", LadderValues, _ladder, _climb)
    run = run_cases(draft(PolicySource("access/ladder.yaml", text, cases), Schemas.of([schema])))

    assert run.broken == ()
    assert run.coverage[0].unread == ("fees.lost", "rungs.1.after_hours", "rungs.1.team")


def _folder(tmp_path: Path, *sources: PolicySource) -> Path:
    for source in sources:
        file = tmp_path / source.where
        file.parent.mkdir(exist_ok=True)
        file.write_text(source.text, encoding="utf-8")
        file.with_suffix("").with_suffix(".cases.yaml").write_text(source.cases or "", encoding="utf-8")
        for name, table in (source.tables or {}).items():
            (file.parent / name).write_text(table, encoding="utf-8")
    return tmp_path


def test_a_file_a_folder_and_a_whole_pack_can_be_checked(tmp_path: Path) -> None:
    folder = _folder(tmp_path, promise_source(), triage_source())
    schemas = [PROMISE_SCHEMA, TRIAGE_SCHEMA]

    assert policy_check(schemas, folder).policies == 2
    assert policy_check(schemas, folder / "access").passed
    assert policy_check(schemas, folder / "access" / "promise.yaml").cases == 3
    assert check_paths([folder / "access" / "promise.yaml", folder], schemas) == []


def test_cases_can_be_run_alone_and_tell_what_was_broken(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path, promise_source(cases=PROMISE_CASES.replace("late: true", "late: false")), triage_source()
    )
    report = policy_test([PROMISE_SCHEMA, TRIAGE_SCHEMA], folder)

    assert not report.passed
    assert report.cases == 5
    assert [result.case.name for run in report.runs for result in run.broken] == ["three days in spring"]


def test_cases_that_cannot_be_run_are_findings_of_the_test(tmp_path: Path) -> None:
    report = policy_test([PROMISE_SCHEMA], _folder(tmp_path, promise_source(cases="")))

    assert not report.passed
    assert "holds no list of cases" in str(report.findings[0])
