"""The clinics' book and a week of visits, told to the real engine over its real door."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3

from caretown.organisations import write_organisation
from caretown.people import read_people, sample_records
from caretown.processes import Processes, command, free_port
from caretown.servers import Servers
from caretown.town_clock import TownClock
from caretown.town_plan import EhrPlan, TownPlan

START = datetime(2026, 11, 2, 13, tzinfo=UTC)
PEOPLE = [person for person in read_people(sample_records()) if person.alive][:8]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ce-town-") as folder:
        path = Path(folder)
        path.chmod(0o711)  # the database runs as another user when the tests run as root
        (path / "logs").mkdir()
        yield path


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[str]:
    organisation = write_organisation("organisation", home / "organisation.yaml")
    organisation.write_text(organisation.read_text().replace(", auth: basic, secret: sms", ""))
    TownClock(home / "clock").set(START)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
    environ = ours | {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(home / "compiled"),
        "CAREENGINE_HOME": str(home / "data"),
        "CAREENGINE_ORGANISATION": str(organisation),
        "CAREENGINE_CLOCK": f"stepped:{home / 'clock'}",
    }
    url = f"http://127.0.0.1:{(port := free_port())}"
    with Processes(environ, home / "logs") as running:
        try:
            for arguments in (("init",), ("import", str(sample_records()))):
                said = running.run(command("careengine"), *arguments)
                assert said.returncode == 0, said.stderr
            running.start("api", command("careengine"), "serve", "--port", str(port))
            running.wait_for(f"{url}/readyz")
            yield url
        finally:
            running.stop()
            running.run(command("careengine"), "down")


def asked_for(patient: str, slot: str) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "identifier": [{"system": "urn:test:key", "value": slot}],
        "slot": [{"reference": f"Slot/{slot}"}],
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
    }


def found(engine: str, query: str) -> int:
    said = urllib3.request("GET", f"{engine}/fhir/{query}&_summary=count").json()
    return int(said["total"])


def test_a_week_of_the_clinics_is_taken_by_the_engine_without_one_refusal(home: Path, engine: str) -> None:
    clock = TownClock(home / "clock")
    plan = TownPlan(ehr=EhrPlan(weeks=2, closed_share=0.1, moved_share=0.3, report_days=(1, 2)))
    with Servers(engine, "", clock, plan) as town:
        slots = town.open_clinics(date(2026, 11, 2))
        free = town.do(
            lambda: [
                slot.opening.id
                for slot in town.book.slots.values()
                if slot.status == "free" and slot.opening.start > START + timedelta(days=1)
            ]
        )
        for person, slot in zip(PEOPLE, free[::30], strict=False):
            answer = urllib3.request(
                "POST", f"{town.urls['ehr']}/Appointment", json=asked_for(person.id, slot)
            )
            assert answer.status == 201
        assert town.settle()
        assert found(engine, "Slot?status=busy,free") == slots
        assert found(engine, "Appointment?status=booked") == len(PEOPLE)
        while (due := town.next_due()) is not None and due <= START + timedelta(days=12):
            clock.set(max(due, clock.now()))
            assert town.settle()

        told = town.log()["ehr"]
        assert (told["feed_refused"], told["double_booked"]) == (0, 0)
        ended = told.get("fulfilled", 0) + told.get("cancelled", 0)
        assert found(engine, "Appointment?status=fulfilled,cancelled") == ended > 0
        assert told["sessions_closed"] == found(engine, "Schedule?active=false") > 0
