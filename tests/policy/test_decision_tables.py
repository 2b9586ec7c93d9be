"""A decision table answers with its first matching row, and a broken one never gets to decide."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_examples import RULES, SCHEMAS, SHAPE, TRIAGE, jdm, rule, triage_source

from careengine.kernel.policy import Row, Table
from careengine.policy.book import draft
from careengine.policy.findings import BrokenPolicy
from careengine.policy.schemas import TableShape
from careengine.policy.store import PolicySource
from careengine.policy.table import TableFailed, ZenTable

CATCH_ALL = rule("anything_else", "", "", '"ask"')


def _table(*rules: dict[str, str]) -> Table:
    value = draft(triage_source(jdm([*rules] or RULES)), SCHEMAS).build(0)
    assert isinstance(value, TRIAGE.kind)
    return value.table


def _problems(drawing: Any) -> str:
    source = drawing if isinstance(drawing, PolicySource) else triage_source(drawing)
    with pytest.raises(BrokenPolicy) as broken:
        draft(source, SCHEMAS).build(0)
    assert all(finding.do for finding in broken.value)
    return str(broken.value)


def test_the_first_row_that_matches_answers_with_its_id_and_where_it_comes_from() -> None:
    row = _table().first({"age": 70, "urgency": "urgent"})

    assert row == Row({"lane": "fast"}, "old_and_urgent", "Triage agreement, table 1")


def test_what_no_row_matches_falls_to_the_last_one() -> None:
    row = _table().first({"age": 64, "urgency": "urgent"})

    assert row is not None
    assert row.id == "anything_else"


def test_a_fact_that_is_not_known_matches_only_a_test_for_it() -> None:
    table = _table(rule("unknown", "null", "", '"slow"'), rule("young", "< 65", "", '"fast"'), CATCH_ALL)

    assert [row.id for age in (None, 3, 80) if (row := table.first({"age": age, "urgency": "urgent"}))] == [
        "unknown",
        "young",
        "anything_else",
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"age": 70},
        {"age": 70, "urgency": "urgent", "name": "x"},
        {"age": "70", "urgency": "urgent"},
        {"age": True, "urgency": "urgent"},
        {"age": 70.5, "urgency": "urgent"},
        {"age": 70, "urgency": 1},
        {"age": 10**40, "urgency": "urgent"},
    ],
)
def test_facts_that_do_not_fit_are_an_error_and_never_an_answer(row: dict[str, Any]) -> None:
    with pytest.raises(TableFailed) as failed:
        _table().first(row)

    assert "70" not in str(failed.value), "no value of a patient stands in an error"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e300])
def test_a_number_that_is_none_is_indeterminate(number: float) -> None:
    shape = TableShape({"age": float, "urgency": str}, SHAPE.answers)
    table = ZenTable(_drawn(jdm(RULES)), shape)

    with pytest.raises(TableFailed, match="could not be worked out"):
        table.first({"age": number, "urgency": "urgent"})


def _drawn(drawing: Any) -> Any:
    from careengine.policy.jdm import read_jdm

    return read_jdm("access.triage", "access/triage.jdm.json", json.dumps(drawing))


def test_an_answer_worked_out_from_facts_is_judged_each_time() -> None:
    table = _table(rule("echo", ">= 0", "", "urgency"), CATCH_ALL)

    with pytest.raises(TableFailed, match=r"Row echo .* gives no lane"):
        table.first({"age": 3, "urgency": "urgent"})


@given(st.integers(-(2**60), 2**60) | st.none(), st.sampled_from(["routine", "urgent", None]))
def test_every_patient_gets_a_row(age: int | None, urgency: str | None) -> None:
    row = TABLE.first({"age": age, "urgency": urgency})

    assert row is not None
    assert (row.id == "old_and_urgent") == (age is not None and age >= 65 and urgency == "urgent")


TABLE = _table()


def test_a_broken_cell_is_found_though_the_engine_would_ignore_it() -> None:
    said = _problems(jdm([rule("r1", ">>= 4", "", '"fast"'), CATCH_ALL]))

    assert "access/triage.jdm.json row r1 column age: The cell >>= 4 cannot be read." in said


def test_a_table_without_a_row_that_catches_all_is_refused() -> None:
    assert "No row catches what the rows above do not." in _problems(jdm(RULES[:1]))


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (rule("r1", ">= 4", "", ""), "row r1 column lane: The answer is empty"),
        (rule("r1", ">= 4", "", "  "), "row r1 column lane: The answer is empty"),
        (rule("r1", ">= 4", "", "1 +"), "The cell 1 + cannot be read"),
        (rule("r1", ">= 4", "", '"nowhere"'), 'The answer "nowhere" is not one of fast, slow, ask'),
        (rule("r1", ">= 4", "", "fast"), "The word fast means nothing here"),
        (rule("r1", ">= 4", "urgent", '"fast"'), "The word urgent means nothing here"),
        (rule("r1", ">= 4", '"ugrent"', '"fast"'), 'The cell "ugrent" can never match'),
        (rule("r1", '"4"', "", '"fast"'), 'The cell "4" can never match: the fact is a whole number'),
        (rule("r1", ">= 4", "3", '"fast"'), "The cell 3 can never match"),
        (rule("r1", ">= rand(3)", "", '"fast"'), "The word rand means nothing here"),
        (rule("r1", ">= 4", "== `urgent`", '"fast"'), "The word ` means nothing here"),
        (rule("r1", "", '!= "urgent"', '"fast"'), "also matches when the fact is not known"),
        (rule("r1", "", 'not in ["urgent"]', '"fast"'), "also matches when the fact is not known"),
        (rule("anything_else", ">= 4", "", '"fast"'), "row anything_else: Two rows have this id"),
        (rule("", ">= 4", "", '"fast"'), "row 1: The row has no id"),
        (rule("r1", "", "", '"fast"'), "row r1: It matches everything, so the rows below are never reached"),
        ({**rule("r1", ">= 4", "", '"fast"'), "zz": "1"}, "row r1 zz: The cell belongs to no column"),
        ({**rule("r1", ">= 4", "", '"fast"'), "_description": ""}, "does not say where it comes from"),
    ],
)
def test_a_row_that_could_decide_wrongly_is_refused(spoilt: dict[str, str], said: str) -> None:
    assert said in _problems(jdm([spoilt, CATCH_ALL]))


def test_two_rows_that_ask_the_same_are_refused() -> None:
    twice = [rule("r1", ">= 4", "", '"fast"'), rule("r2", ">= 4", "", '"slow"'), CATCH_ALL]

    assert "row r2: It is never reached: row r1 above asks exactly the same." in _problems(jdm(twice))


_AGE = {"id": "a", "name": "Age", "field": "age"}
_LANE = {"id": "l", "name": "Lane", "field": "lane"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hitPolicy": "collect"}, "hitPolicy"),
        ({"passThrough": True}, "passThrough"),
        ({"executionMode": "loop"}, "executionMode"),
        ({"inputs": [{**_AGE, "field": "weight"}]}, "column weight: No such fact is handed to this table"),
        ({"inputs": [_AGE, {**_AGE, "id": "b"}]}, "column age: The column comes twice"),
        ({"outputs": [_LANE, {"id": "x", "name": "X", "field": "extra"}]}, "column extra: No rule"),
        ({"outputs": [{**_LANE, "field": "path"}]}, "column lane: It is missing"),
        ({"rules": []}, "rules"),
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
    ],
)
def test_a_table_of_another_make_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in _problems(jdm(RULES, **changes))


def test_a_drawing_that_is_more_than_one_table_is_refused() -> None:
    script = jdm(RULES)
    script["nodes"].append({"id": "f", "type": "functionNode", "name": "code"})
    loose = jdm(RULES)
    loose["edges"][1]["targetId"] = "in"

    assert "nodes" in _problems(script)
    assert "not one table between one way in and one way out" in _problems(loose)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"nodes": [], "nodes": []}', "[" * 100_000])
def test_a_file_that_is_no_table_is_refused(text: str) -> None:
    source = triage_source()

    assert "triage.jdm.json" in _problems(
        PolicySource(source.where, source.text, source.cases, {"triage.jdm.json": text})
    )


def test_values_where_a_table_belongs_and_a_table_where_values_belong_are_refused() -> None:
    table = triage_source()
    values = table.text.replace("table: triage.jdm.json", "values: {days: 3}")
    promise = table.text.replace("schema: access.triage", "schema: access.promise")

    assert "This policy is a decision table" in _problems(PolicySource(table.where, values))
    assert "This policy holds values" in _problems(PolicySource(table.where, promise, None, table.tables))
