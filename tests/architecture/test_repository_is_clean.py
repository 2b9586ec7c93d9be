import re
import tomllib
from pathlib import Path

import pytest

TEXT = {".cfg", ".cedar", ".in", ".ini", ".json", ".lock", ".md", ".py", ".sh", ".toml", ".yaml", ".yml", ""}
ADDRESS = re.compile(
    r"/(root|home/\w+|opt|work|mnt|Users)/[\w.-]|/tmp/\w+/"
    r"|(?<!no-emit-)index-url|(?<!no-emit-)find-links|--trusted-host"
)
PINNED = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z, ]+\])?==([^ ;\\]+)", re.M)
LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-town.lock")
MAY_NAME_AN_ADDRESS = {
    "tests/architecture/test_repository_is_clean.py": "spells the pattern",
    "tools/lock.sh": "looks for addresses in what it made",
}


def test_no_file_names_a_place_on_somebodys_machine(files: tuple[Path, ...], root: Path) -> None:
    found = [
        f"{path.relative_to(root)}: {match.group(0)}"
        for path in files
        if path.suffix in TEXT and str(path.relative_to(root)) not in MAY_NAME_AN_ADDRESS
        if (match := ADDRESS.search(path.read_text(encoding="utf-8", errors="replace")))
    ]

    assert found == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_carries_its_hashes(root: Path, lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (root / lock).read_text())
    pinned = [block for block in blocks if "==" in block.split("\n")[0]]

    assert len(pinned) > 10
    assert [block.split()[0] for block in pinned if "--hash=sha256:" not in block] == []


def test_what_the_project_asks_for_is_locked(root: Path) -> None:
    asked = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    named = {re.split(r"[\[<>=!~ ]", one)[0].lower() for one in asked} | {"hatchling", "editables"}
    locked = dict(PINNED.findall((root / "requirements.lock").read_text()))

    assert named - set(locked) == set()


def test_the_tests_lock_agrees_with_what_runs(root: Path) -> None:
    runs = dict(PINNED.findall((root / "requirements.lock").read_text()))
    tests = dict(PINNED.findall((root / "requirements-test.lock").read_text()))

    assert {
        name: (runs[name], tests[name]) for name in runs.keys() & tests.keys() if runs[name] != tests[name]
    } == {}


@pytest.mark.parametrize("command", ["test", "tools/lock.sh", ".ci/run"])
def test_a_command_can_be_run(root: Path, command: str) -> None:
    assert (root / command).stat().st_mode & 0o111
