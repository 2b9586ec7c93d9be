"""What docs/security.md promises: every requirement once, and every proof it names exists."""

import ast
import re
from pathlib import Path

ROW = re.compile(
    r"^\| (?P<id>\d+\.\d+\.\d+) \| (?P<what>[^|]+) \| (?P<state>[^|]+) \| (?P<by>.+) \|$", re.MULTILINE
)


def rows(root: Path) -> list[re.Match[str]]:
    """Return the rows of the tables."""
    return list(ROW.finditer((root / "docs" / "security.md").read_text()))


def test_every_requirement_of_levels_one_and_two_stands_there_once(root: Path) -> None:
    ids = (root / "docs" / "asvs-5.0-ids.txt").read_text().split()
    assert len(ids) == 253
    assert [row["id"] for row in rows(root)] == ids


def test_each_is_met_or_says_why_not(root: Path) -> None:
    for row in rows(root):
        assert row["state"] in {"met", "not applicable", "not met"}, row["id"]
        assert row["by"].startswith("`") == (row["state"] == "met"), row["id"]
        assert len(row["by"]) >= 7, row["id"]


def test_every_test_and_setting_it_names_exists(root: Path) -> None:
    missing = []
    for row in rows(root):
        if row["state"] != "met":
            continue
        proof = row["by"].strip("`")
        file, _, name = proof.partition("::" if "::" in proof else ": ")
        text = (root / file).read_text()
        tests = (
            {one.name for one in ast.walk(ast.parse(text)) if isinstance(one, ast.FunctionDef)}
            if "::" in proof
            else ()
        )
        if not name or (name not in tests if "::" in proof else name not in text):
            missing.append((row["id"], proof))
    assert missing == []


def test_the_counts_on_the_page_are_those_of_its_rows(root: Path) -> None:
    counts = {
        state: sum(row["state"] == state for row in rows(root))
        for state in ("met", "not applicable", "not met")
    }
    said = (
        f"{counts['met']} are met, {counts['not applicable']} do not apply, {counts['not met']} are not met"
    )
    assert said in (root / "docs" / "security.md").read_text()
