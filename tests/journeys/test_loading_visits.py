"""Visits, waitlists and clinic days are read as the clinic's system and we ourselves wrote them."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from clinic_calendar import ANN, BEN, NOW, a_case, appointment, charts, clinic, day, put
from scheduling_examples import waiter

from careengine.capabilities import scheduling
from careengine.capabilities.scheduling import Session, Visit
from careengine.capabilities.scheduling.wiring import LOADERS
from careengine.record.validate import check
from careengine.runtime.database import Connection

FRIDAY = NOW + timedelta(days=1)


@pytest.fixture
def town(conn: Connection) -> Connection:
    put(conn, ANN, BEN, *clinic(), *day(FRIDAY))
    return conn


def visit(conn: Connection, pack: Path, **data: object) -> Visit:
    found: Visit = LOADERS["scheduling.visit"](charts(conn, pack), [a_case(conn, **data)])[1]
    return found


def test_a_visit_is_known_with_its_time_slot_and_schedule(town: Connection, tmp_path: Path) -> None:
    put(town, appointment("v1", "cardiology-0306-1", FRIDAY, with_=["Location/cardiology"]))
    found = visit(town, tmp_path)

    assert (found.ref, found.name, found.status) == ("Appointment/v1@1", "Appointment/v1", "booked")
    assert (found.start, found.schedule) == (FRIDAY, "Schedule/cardiology-0306")
    assert (found.clinic, found.place) == ("cardiology", "Location/cardiology")


def test_the_visit_a_case_names_counts_even_when_it_was_cancelled(town: Connection, tmp_path: Path) -> None:
    why = {"coding": [{"code": "prov"}]}
    put(
        town, appointment("v1", "cardiology-0306-1", FRIDAY, status="cancelled", cancelationReason=why),
        appointment("v2", "cardiology-0306-2", FRIDAY + timedelta(hours=1)),
    )  # fmt: skip

    assert visit(town, tmp_path, appointment="Appointment/v1").reason == "prov"
    assert visit(town, tmp_path).name == "Appointment/v2"


def test_visits_of_other_referrals_and_places_on_waitlists_are_not_the_cases_visits(
    town: Connection, tmp_path: Path
) -> None:
    other = appointment("v9", "cardiology-0306-1", FRIDAY, basedOn=[{"reference": "ServiceRequest/two"}])
    put(town, other, appointment("wait-1", "cardiology-0306-2", FRIDAY, status="waitlist"))

    assert visit(town, tmp_path) == Visit()


def test_a_place_on_the_waitlist_is_read_as_it_was_written_and_gone_when_left(
    town: Connection, tmp_path: Path
) -> None:
    case = a_case(town)
    told = waiter(
        1, patient="Patient/ann", wish="part=morning", distance_km=3.5, offers=2, group="language=es"
    )
    joined = scheduling.join_waitlist(
        told, subject=case.subject, clinic="cardiology", focus="ServiceRequest/one"
    )

    def waiting() -> tuple[object, ...]:
        found: scheduling.Waiters = LOADERS["scheduling.waiters"](
            charts(town, tmp_path), [a_case(town, key="cardiology")]
        )[1]
        return found.waiting

    put(town, joined.resource)
    assert waiting() == (told,)
    put(town, scheduling.leave_waitlist(1, subject=case.subject, patient="Patient/ann").resource)
    assert waiting() == ()


def test_what_we_write_about_a_waitlist_is_valid_fhir() -> None:
    joined = scheduling.join_waitlist(waiter(1), subject=UUID(int=1), clinic="skin", focus="ServiceRequest/1")
    left = scheduling.leave_waitlist(1, subject=UUID(int=1), patient="Patient/ann")
    assert [check(orjson.dumps(write.resource)) for write in (joined, left)] == [(), ()]


def test_a_clinics_day_names_the_referrals_of_its_booked_visits(town: Connection, tmp_path: Path) -> None:
    put(
        town, appointment("v1", "cardiology-0306-1", FRIDAY),
        appointment("v2", "cardiology-0306-2", FRIDAY, basedOn=[{"reference": "ServiceRequest/two"}]),
        appointment("v3", "cardiology-0306-3", FRIDAY, status="cancelled", basedOn=[{"reference": "X/3"}]),
    )  # fmt: skip

    def session() -> Session:
        case = a_case(town, focus="Schedule/cardiology-0306")
        found: Session = LOADERS["scheduling.session"](charts(town, tmp_path), [case])[1]
        return found

    assert session().focuses == ("ServiceRequest/one", "ServiceRequest/two")
    assert (session().active, session().start) == (True, FRIDAY)
    put(town, *day(FRIDAY, active=False)[:1])
    assert session().active is False


def test_a_day_the_record_does_not_hold_is_no_day(town: Connection, tmp_path: Path) -> None:
    case = a_case(town, focus="Schedule/nowhere")
    assert LOADERS["scheduling.session"](charts(town, tmp_path), [case])[1] == Session()
