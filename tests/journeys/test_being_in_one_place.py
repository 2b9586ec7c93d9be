"""Nobody is offered, or booked into, a time at which they are elsewhere."""

from datetime import timedelta
from pathlib import Path

import pytest
from clinic_calendar import ANN, BEN, NOW, a_case, appointment, charts, clinic, day, put
from scheduling_examples import opening

from careengine.capabilities.scheduling import Openings
from careengine.capabilities.scheduling.rules.own_time import person_keys
from careengine.capabilities.scheduling.wiring import LOADERS
from careengine.engine.case import Case
from careengine.engine.held import HeldNow
from careengine.engine.writing import take_holds
from careengine.runtime.database import Connection

FRIDAY = NOW + timedelta(days=1)


@pytest.fixture
def town(conn: Connection) -> Connection:
    put(conn, ANN, BEN, *clinic(), *day(FRIDAY), *clinic("skin"), *day(FRIDAY, of="skin"))
    return conn


def found(conn: Connection, pack: Path, case: Case) -> list[str]:
    openings: Openings = LOADERS["scheduling.openings"](charts(conn, pack, held=HeldNow(conn, NOW)), [case])[
        1
    ]
    return [one.slot for one in openings.found]


def test_a_time_at_which_the_patient_is_elsewhere_is_not_offered(town: Connection, tmp_path: Path) -> None:
    put(town, appointment("skin-visit", "skin-0306-0", FRIDAY))
    offered = found(town, tmp_path, a_case(town))
    assert offered
    assert "Slot/cardiology-0306-0" not in offered
    assert "Slot/cardiology-0306-0" in found(town, tmp_path, a_case(town, patient="ben"))


def test_a_time_chosen_before_the_patient_was_booked_elsewhere_is_gone(
    town: Connection, tmp_path: Path
) -> None:
    case = a_case(town, choice="Slot/cardiology-0306-0")
    assert found(town, tmp_path, case) == ["Slot/cardiology-0306-0"]
    put(town, appointment("skin-visit", "skin-0306-0", FRIDAY + timedelta(minutes=10)))
    assert found(town, tmp_path, case) == []


def test_the_visit_that_is_being_moved_does_not_stand_in_its_own_way(
    town: Connection, tmp_path: Path
) -> None:
    put(town, appointment("mine", "cardiology-0306-1", FRIDAY + timedelta(minutes=15)))
    case = a_case(town, choice="Slot/cardiology-0306-0", appointment="Appointment/mine")
    assert found(town, tmp_path, case) == ["Slot/cardiology-0306-0"]


def test_a_visit_that_was_called_off_keeps_no_time(town: Connection, tmp_path: Path) -> None:
    put(town, appointment("skin-visit", "skin-0306-0", FRIDAY, status="cancelled"))
    case = a_case(town, choice="Slot/cardiology-0306-0")
    assert found(town, tmp_path, case) == ["Slot/cardiology-0306-0"]


def test_of_two_cases_of_one_patient_only_one_books_a_time(town: Connection, tmp_path: Path) -> None:
    slot = opening(FRIDAY, "cardiology-0306-0")
    until = NOW + timedelta(minutes=10)
    keys = person_keys("Patient/ann", slot)
    take_holds(town, [(key, 99, until) for key in keys], now=NOW)

    assert found(town, tmp_path, a_case(town, choice=slot.slot)) == []
    assert found(town, tmp_path, a_case(town, choice=slot.slot, patient="ben")) == [slot.slot]


def test_a_visit_holds_every_quarter_of_an_hour_that_it_touches() -> None:
    keys = person_keys("Patient/ann", opening(NOW + timedelta(minutes=10)))
    assert [key.rpartition("T")[2] for key in keys] == ["15:00", "15:15", "15:30"]
