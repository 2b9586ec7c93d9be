"""``careengine policy`` says what is wrong, where and what to do, and ends with the code that means it."""

import json
from pathlib import Path

import pytest
from policy_examples import RULES, jdm, rule, triage_source
from typer.testing import CliRunner

from careengine.entrypoints.cli.policies import app

CLOCK = """\
policy: access.promise
schema: engine.clock
question: Within how many days is a referral acknowledged?
{owner}approver: clinical-safety
references:
  - {{title: "Referral agreement, section 4", href: "https://intranet.example/agreement#4"}}
jurisdiction: US
applies_by: received
review_by: 2027-06-01
effective:
  - {{from: 2026-01-01, until: 2026-07-02, values: {{}}}}
  - {{from: 2026-07-01, values: {{}}}}
"""


def _run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words], env={"COLUMNS": "400"})
    return result.exit_code, result.output


@pytest.fixture
def area(tmp_path: Path) -> Path:
    folder = tmp_path / "access"
    folder.mkdir()
    return folder


def test_a_clock_without_an_owner_is_refused_by_name(area: Path) -> None:
    (area / "promise.yaml").write_text(CLOCK.format(owner=""))

    code, said = _run("check", str(area))

    assert code == 1
    assert "owner" in said
    assert "Add the field." in said


def test_overlapping_dates_are_told_as_data_too(area: Path) -> None:
    (area / "promise.yaml").write_text(CLOCK.format(owner="owner: access-operations\n"))

    code, said = _run("check", str(area), "--json")

    assert code == 1
    last = json.loads(said.splitlines()[-1])
    assert "one from 2026-01-01 until 2026-07-02, one from 2026-07-01" in last["findings"][0]["problem"]
    assert last["findings"][0]["where"].startswith(f"{area}/promise.yaml:13 ")


def test_a_broken_cell_is_told_with_its_row(area: Path) -> None:
    source = triage_source(jdm([rule("broken", ">>= 4", "", '"fast"'), RULES[-1]]))
    for name, text in (source.tables or {}).items():
        (area / name).write_text(text)
    (area / "triage.yaml").write_text(
        source.text.replace("schema: access.triage", "schema: referrals.routing")
    )

    code, said = _run("check", str(area / "triage.yaml"), "--json")

    assert code == 1
    problems = [finding["problem"] for finding in json.loads(said.splitlines()[-1])["findings"]]
    assert "The cell >>= 4 cannot be read." in problems


def test_a_path_that_is_not_there_is_refused_and_a_word_too_many_is_wrong_use() -> None:
    assert _run("check", "/nowhere/at/all.yaml")[0] == 1
    assert "no such file" in _run("test", "/nowhere/at/all.yaml")[1]
    assert _run("check", "one", "two")[0] == 2
