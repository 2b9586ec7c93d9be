"""Setting up and running: what each command does twice, what it refuses, and how it says so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from command_line import CommandLine, Ran

from careengine.runtime.embedded import EmbeddedServer
from careengine.runtime.organisation import load_organisation


def test_a_second_init_changes_nothing(prepared: CommandLine) -> None:
    again = prepared("init", "--json")
    assert again.code == 0
    assert again.last == {"organisation": "Harbour Town Health", "published": [], "available": []}


def test_the_example_of_an_organisation_can_be_used_as_it_is(a_home: CommandLine, tmp_path: Path) -> None:
    printed = a_home("init", "--example")
    (tmp_path / "organisation.yaml").write_text(printed.out)
    assert load_organisation(tmp_path / "organisation.yaml").name == "Riverside Health"


def test_the_same_records_a_second_time_store_nothing(imported_twice: tuple[Ran, Ran]) -> None:
    first, second = (ran.last for ran in imported_twice)
    assert first["read"] == first["stored"] + first["unchanged"] > 1000
    assert first["refused"] == second["refused"] == 0
    assert (second["stored"], second["unchanged"]) == (0, first["read"])


def test_a_broken_file_is_refused_and_named_and_the_rest_goes_in(
    prepared: CommandLine, tmp_path: Path
) -> None:
    patient = {"resourceType": "Patient", "id": "after-the-broken-one", "active": True}
    (tmp_path / "a-broken.json").write_text('{"resourceType": "Bundle", "entry": [')
    (tmp_path / "b-good.json").write_text(json.dumps(patient))

    found = prepared("import", tmp_path, "--json")

    assert found.code == 1
    assert (found.last["read"], found.last["stored"], found.last["refused"]) == (2, 1, 1)
    assert found.last["refusals"][0]["file"].endswith("a-broken.json")
    assert "cut off" in found.last["refusals"][0]["reason"]
    assert "1 of 2" in found.last["error"]


def test_what_was_refused_is_said_to_people_too(prepared: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    found = prepared("import", tmp_path / "broken.json")
    assert found.code == 1
    assert "broken.json" in found.out
    assert "1 of 1 entries were refused" in found.err


def test_a_worker_with_nothing_left_to_do_ends_by_itself(careengine: CommandLine) -> None:
    done = careengine("worker", "--until-idle", "--json")
    assert done.code == 0
    assert done.last["refused"] == 0


def test_the_doctor_says_of_each_check_what_it_found(careengine: CommandLine) -> None:
    found = careengine("doctor", "--json")
    assert found.code == 0
    assert found.last["ok"] is True
    assert {"database", "organisation", "prepared", "engine", "open cases"} <= {
        check["name"] for check in found.last["checks"]
    }
    assert all(check["ok"] and check["say"] for check in found.last["checks"])


def test_the_doctor_names_what_is_to_be_mended(careengine: CommandLine, tmp_path: Path) -> None:
    told = yaml.safe_load((careengine.home / "organisation.yaml").read_text())
    del told["teams"]["nurses"]
    told["journeys"].append("no_such_journey")
    told["sites"]["boston"]["calendar"] = "calendars.none"
    (tmp_path / "organisation.yaml").write_text(yaml.safe_dump(told))
    environ = careengine.environ | {"CAREENGINE_ORGANISATION": str(tmp_path / "organisation.yaml")}

    found = CommandLine(careengine.home, environ)("doctor", "--json")

    assert found.code == 1
    assert found.last["error"] == "To mend: engine."
    said = next(check["say"] for check in found.last["checks"] if check["name"] == "engine")
    assert "there is no no_such_journey" in said
    assert "teams: nurses is missing" in said
    assert "calendars.none" in said


def test_nothing_works_before_init_and_says_so(prepared: CommandLine) -> None:
    unprepared = EmbeddedServer(prepared.home / "data").url("postgres")
    other = CommandLine(prepared.home, prepared.environ | {"CAREENGINE_DATABASE_URL": unprepared})

    cases, doctor, down = (other(*words, "--json") for words in (("cases", "list"), ("doctor",), ("down",)))

    assert (cases.code, doctor.code, down.code) == (1, 1, 1)
    assert "careengine init" in cases.last["error"]
    assert "prepared" in doctor.last["error"]
    assert "not ours to stop" in down.last["error"]


def test_a_missing_organisation_says_how_to_make_one(a_home: CommandLine) -> None:
    environ = a_home.environ | {"CAREENGINE_ORGANISATION": str(a_home.home / "none.yaml")}
    found = CommandLine(a_home.home, environ)("init", "--json")
    assert found.code == 1
    assert "careengine init --example" in found.last["error"]


@pytest.mark.parametrize("wrong", [
    ("import", "--json"),
    ("cards", "show", "--json"),
    ("cards", "show", "seven", "--json"),
    ("cards", "list", "--team", "wizards", "--json"),
    ("cards", "show", "7", "--actor", "desk.rosa", "--purpose", "fun", "--json"),
    ("decision", "recompute", "--json"),
    ("migrate-cases", "referral_acknowledged", "--from", "1", "--state", "received", "--json"),
    ("serve", "--port", "0", "--json"),
    ("no-such-command", "--json"),
])  # fmt: skip
def test_wrong_use_is_told_apart_from_a_refusal(prepared: CommandLine, wrong: tuple[str, ...]) -> None:
    found = prepared(*wrong)
    assert found.code == 2
    assert found.last["error"]


def test_cases_of_the_newest_version_are_not_migrated(careengine: CommandLine) -> None:
    found = careengine(
        "migrate-cases", "referral_acknowledged", "--from", 1, "--state", "received=received", "--json"
    )
    assert found.code == 1
    assert "is the newest" in found.last["error"]


def test_help_reads_well_aloud_and_loads_nothing_heavy(a_home: CommandLine) -> None:
    found = a_home("--help")
    assert found.code == 0
    assert "│" not in found.out
    assert "..." not in found.out.partition("Commands:")[2]
    code = (
        "import sys\nfrom careengine.entrypoints.cli import main\nsys.argv = ['careengine', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'rich', 'psycopg', 'django', 'pydantic', 'dbos'} & {*sys.modules}))\n"
    )
    loaded = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.splitlines()[-1] == "[]"
