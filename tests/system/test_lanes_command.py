"""Anybody who works here can stop a lane, see who did and why, and let it go on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import careengine

ORGANISATION = Path(careengine.__file__).parent / "runtime" / "organisation.example.yaml"


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Any:
    """Run ``careengine`` in an installation of its own; return its exit code and its last line."""
    mine = {
        "CAREENGINE_HOME": str(tmp_path), "CAREENGINE_DATABASE_URL": database_url,
        "CAREENGINE_ORGANISATION": str(ORGANISATION),
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
    program = Path(sys.executable).with_name("careengine")

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        done = subprocess.run(  # noqa: S603  our own program
            [program, *words, "--json"], env={**kept, **mine}, capture_output=True, text=True, check=False
        )
        return done.returncode, json.loads(done.stdout.splitlines()[-1])

    assert run("init")[0] == 0
    return run


def test_a_lane_is_stopped_seen_and_resumed(run: Any) -> None:
    lane = ("lane", "referral_acknowledged")
    who = _anybody()

    stopped = run("lanes", "stop", *lane, "--actor", who, "--reason", "drill")
    again = run("lanes", "stop", *lane, "--actor", who, "--reason", "drill")
    seen = run("lanes", "list")
    resumed = run("lanes", "resume", *lane, "--actor", who, "--reason", "over")
    twice = run("lanes", "resume", *lane, "--actor", who, "--reason", "over")

    assert stopped == (0, {"scope": "lane", "name": "referral_acknowledged", "new": True})
    assert again[1]["new"] is False
    assert seen == (0, {"stopped": 1})
    assert resumed[0] == 0
    assert (twice[0], "is not stopped" in twice[1]["error"]) == (1, True)


def test_who_may_not_and_what_cannot_be_stopped_is_said(run: Any) -> None:
    why = ("--reason", "drill")

    galaxy = run("lanes", "stop", "galaxy", "referral_acknowledged", "--actor", _anybody(), *why)
    no_lane = run("lanes", "stop", "lane", "no_such_journey", "--actor", _anybody(), *why)
    stranger = run("lanes", "stop", "lane", "referral_acknowledged", "--actor", "nobody.at.all", *why)

    assert [code for code, _ in (galaxy, no_lane, stranger)] == [1, 1, 1]
    assert "a site or a partner" in galaxy[1]["error"]
    assert "no_such_journey" in no_lane[1]["error"]
    assert "nobody.at.all" in stranger[1]["error"]


def _anybody() -> str:
    from careengine.runtime.organisation import load_organisation

    teams = load_organisation(ORGANISATION).teams
    return next(iter(teams.values())).people[0]
