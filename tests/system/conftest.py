"""A home for the real ``careengine`` executable: prepared once, then asked by every test."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import CommandLine, Ran, Worklist

from caretown.organisations import write_organisation
from caretown.people import read_people, sample_records
from caretown.referrals import write_referrals

MORNING = datetime(2026, 11, 2, 13, tzinfo=UTC)
"""A Monday, 08:00 in Boston."""


@pytest.fixture(scope="session")
def a_home() -> Iterator[CommandLine]:
    """A home with the town's organisation and a clock that stands still; nothing is prepared in it yet."""
    home = Path(tempfile.mkdtemp(prefix="ce-cli-"))
    home.chmod(0o711)  # the database runs as another user when the tests run as root
    write_organisation("organisation", home / "organisation.yaml", journeys=("referral_acknowledged",))
    (home / "clock").write_text((MORNING + timedelta(hours=4)).isoformat())
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
    environ = ours | {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(home / "compiled"),
        "CAREENGINE_HOME": str(home / "data"),
        "CAREENGINE_CLOCK": f"stepped:{home / 'clock'}",
        "CAREENGINE_HOLD_EFFECTS": "true",
        "CAREENGINE_SECRET_SMS": "AC1:token",
    }
    careengine = CommandLine(home, environ)
    yield careengine
    careengine("down")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def prepared(a_home: CommandLine) -> CommandLine:
    """The home after ``init``, with nothing in its record."""
    assert a_home("init").code == 0
    return a_home


@pytest.fixture(scope="session")
def imported_twice(prepared: CommandLine) -> tuple[Ran, Ran]:
    """What came of importing the sample town's records, and of importing them again."""
    first, second = (prepared("import", sample_records(), "--json") for _ in range(2))
    return first, second


@pytest.fixture(scope="session")
def careengine(prepared: CommandLine, imported_twice: tuple[Ran, Ran]) -> CommandLine:
    """The home after a morning: the sample town's records, its referrals, and a worker with all the time."""
    post = write_referrals(read_people(sample_records()), seed=1, start=MORNING, count=22)
    letters = prepared.home / "letters"
    letters.mkdir()
    for number, bundle in enumerate((post.directory, *(letter.bundle for letter in post.letters))):
        (letters / f"{number:03}.json").write_text(json.dumps(bundle))
    assert [ran.code for ran in imported_twice] == [0, 0]
    assert prepared("import", letters).code == 0
    assert prepared("worker", "--until-idle").code == 0
    return prepared


@pytest.fixture(scope="session")
def worklist(careengine: CommandLine) -> Worklist:
    """The cards of the morning, listed once."""
    return Worklist(careengine("cards", "list", "--limit", 1000, "--json"))
