import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """A short demo, as anybody would start it."""
    caretown = Path(sys.executable).with_name("caretown")
    home = tmp_path_factory.mktemp("demo") / "home"
    command = [caretown, "demo", "--no-serve", "--json", "--home", home, "--count", "30", "--hours", "2"]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command


def test_the_demo_ends_by_itself_and_its_last_line_is_json(
    played: "subprocess.CompletedProcess[str]",
) -> None:
    assert played.returncode == 0, played.stderr[-2000:]
    assert "cases" in json.loads(played.stdout.splitlines()[-1])


def test_after_the_demo_every_case_is_owned_dated_and_proved(
    played: "subprocess.CompletedProcess[str]",
) -> None:
    told = json.loads(played.stdout.splitlines()[-1])

    assert (told["without_owner"], told["without_due"], told["ledger_ok"]) == (0, 0, True)
    assert told["agree"] == told["decisions"] > 0
    assert told["finished_alone"] > 0
    assert told["waiting_for_people"] > 0


def test_odd_partners_did_nothing_twice(played: "subprocess.CompletedProcess[str]") -> None:
    partners = json.loads(played.stdout.splitlines()[-1])["partners"]

    assert sum(one["requests"] for one in partners.values()) > sum(one["done"] for one in partners.values())
    assert {one["doubled"] for one in partners.values()} == {0}


def test_people_are_told_what_waits_for_whom_and_why(played: "subprocess.CompletedProcess[str]") -> None:
    assert "What waits for people" in played.stderr
    assert "The ledger holds" in played.stderr
