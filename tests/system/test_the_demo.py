import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Two days of a small town, as anybody would start it."""
    caretown = Path(sys.executable).with_name("caretown")
    home = tmp_path_factory.mktemp("demo") / "home"
    command = [
        caretown, "demo", "--no-serve", "--json", "--home", home, "--count", "40", "--days", "2",
        "--step", "60",
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command


@pytest.fixture(scope="module")
def told(played: Ended) -> dict[str, Any]:
    """The demo's last line."""
    assert played.returncode == 0, played.stderr[-2000:]
    read: dict[str, Any] = json.loads(played.stdout.splitlines()[-1])
    return read


def test_the_demo_ends_by_itself_and_its_last_line_is_json(told: dict[str, Any]) -> None:
    assert told["cases"] > 0
    assert told["letters"] >= 40
    assert not told["refused"]


def test_after_the_demo_every_case_is_owned_dated_and_proved(told: dict[str, Any]) -> None:
    assert (told["without_owner"], told["without_due"], told["ledger_ok"]) == (0, 0, True)
    assert told["agree"] == told["decisions"] > 0
    assert told["waiting_for_people"] > 0


def test_what_must_not_be_is_not(told: dict[str, Any]) -> None:
    zero = ("outside_window", "after_stop", "private_texts", "double_booked", "urgent_missed")

    assert {name: told[name] for name in zero} == dict.fromkeys(zero, 0)


def test_the_town_counts_visits_texts_and_waits_itself(told: dict[str, Any]) -> None:
    assert 0 < told["due_a_visit"] <= told["letters"]
    assert told["completion_share"] == round(told["completed"] / told["due_a_visit"], 4)
    assert sum(told["stand"].values()) == told["due_a_visit"]
    assert sum(row["due_a_visit"] for row in told["by_group"].values()) == told["due_a_visit"]
    assert told["texts_sent"] > 0
    assert told["stand"].get("booked", 0) + told["completed"] > 0


def test_the_same_town_without_us_stands_beside_it(told: dict[str, Any]) -> None:
    assert told["without_us"]["referrals"] == told["due_a_visit"]
    assert told["without_us"]["published_share"] == 0.348


def test_odd_partners_did_nothing_twice(told: dict[str, Any]) -> None:
    assert {one["doubled"] for one in told["partners"].values()} == {0}
    assert told["servers"]["odd"]


def test_people_are_told_what_waits_for_whom_and_why(played: Ended) -> None:
    assert "What waits for people" in played.stderr
    assert "The ledger holds" in played.stderr
    assert "with CareEngine" in played.stderr
