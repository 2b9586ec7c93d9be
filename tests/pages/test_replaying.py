"""A town's history decided again: the same without a draft; what a draft would have done, case by case."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from running_town import RunningTown

from careengine.runtime.codec import unpack

JOURNEY = "referral_to_visit"


def replay(town: RunningTown, *more: str) -> Mapping[str, Any]:
    """Run a replay and return what it says."""
    done = town.run("replay", *more, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    return dict(json.loads(done.stdout.splitlines()[-1]))


def draft(tmp_path: Path, name: str, *changes: tuple[str, str]) -> str:
    """Write a policy of the package with some of its words changed."""
    area, _, own = name.partition(".")
    text = files("careengine").joinpath("policies", area, f"{own}.yaml").read_text("utf-8")
    for was, becomes in changes:
        assert was in text
        text = text.replace(was, becomes)
    (tmp_path / area).mkdir()
    path = tmp_path / area / f"{own}.yaml"
    path.write_text(text)
    return str(path)


def test_without_a_draft_every_decision_comes_out_as_it_is_recorded(town: RunningTown) -> None:
    found = replay(town, JOURNEY)
    assert found["replayed"] > 1000
    assert found["same"] == found["replayed"]
    assert (found["changed"], found["not_replayable"], found["effects_sent"]) == (0, 0, 0)
    assert found["ended"]


def shown_three(town: RunningTown) -> set[int]:
    """Return the cases in which three times were offered, or named as the nearest, by any decision."""
    with town.database() as conn:
        rows = conn.execute(
            "select d.case_id, d.body from decision d join decision_rule r on r.key = d.rule"
            " join code j on j.kind = 'journey' and j.id = d.journey"
            " where r.question = 'scheduling.offer' and j.name = %s",
            (JOURNEY,),
        ).fetchall()
    times = (b"scheduling.fits_window", b"scheduling.nearest")
    return {case for case, body in rows if max(map(unpack(body).count, times)) >= 3}


def test_a_draft_that_offers_fewer_times_changes_the_cases_that_were_shown_as_many_and_no_others(
    town: RunningTown, tmp_path: Path
) -> None:
    before = shown_three(town)
    found = replay(
        town, JOURNEY, "--policy", draft(tmp_path, "scheduling.clinics", ("offered: 3", "offered: 2")),
        "--worst", "10000",
    )  # fmt: skip
    changed = {int(one["case"]) for one in found["worst"]}
    assert before
    assert before <= changed <= shown_three(town), "the town goes on meanwhile"
    assert found["changed"] == len(changed)
    assert set(found["directions"]) <= {"reasons", "answer", "path"}
    assert found["effects_sent"] == 0


def test_a_draft_without_a_clinic_sends_its_patients_to_people(town: RunningTown, tmp_path: Path) -> None:
    path = draft(tmp_path, "scheduling.clinics", ("        cardiology:\n", "        heart_clinic:\n"))
    found = replay(town, JOURNEY, "--policy", path, "--worst", "10000")
    assert "people" in found["directions"]
    assert set(found["directions"]) <= {"people", "answer"}
    assert {one["becomes"]["route"] for one in found["worst"]} == {"ask"}, "or was asked about before"
    shown = {(one["dimension"], one["value"]): one for one in found["shares"] if not one["hidden"]}
    assert shown["clinic", "cardiology"]["changed"] == found["changed"]
    assert all(one["cases"] >= 11 for one in shown.values()), "no group of ten or fewer is shown"


@pytest.mark.parametrize("wrong", ["nowhere", ""])
def test_a_journey_that_is_not_there_is_refused_in_words(town: RunningTown, wrong: str) -> None:
    done = town.run("replay", *([wrong] if wrong else []))
    assert done.returncode != 0
    assert "journey" in done.stderr + done.stdout
