"""The clinics' booking system over real sockets: who has a slot, who loses the race, what is told."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import fhirkit
import pytest
import urllib3
from town_clinics import MONDAY, QUIET, SLOT, ask, book, get, newest, patch, through
from town_engine import HandClock, TownEngine

from caretown.clinics import directory, holidays, openings, town_clinics
from caretown.oddities import Odd, Oddity
from caretown.servers import Servers
from caretown.town_clock import ZONE
from caretown.town_plan import TownPlan


@pytest.fixture
def engine() -> Iterator[TownEngine]:
    with TownEngine() as listening:
        yield listening


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def town(engine: TownEngine, clock: HandClock) -> Iterator[Servers]:
    with Servers(engine.url, "secret", clock, TownPlan(ehr=QUIET)) as servers:
        servers.open_clinics(MONDAY)
        yield servers


CANCEL = [{"op": "replace", "path": "/status", "value": "cancelled"}]


def test_the_book_is_brought_to_the_engine_with_one_schedule_for_each_clinic_and_day(
    town: Servers, engine: TownEngine
) -> None:
    schedules = engine.resources("Schedule")
    slots = engine.resources("Slot")

    days = Counter((one["actor"][0]["reference"], one["planningHorizon"]["start"][:10]) for one in schedules)
    assert set(days.values()) == {1}
    assert {one["schedule"]["reference"] for one in slots} == {f"Schedule/{one['id']}" for one in schedules}
    assert {one["id"] for one in engine.resources("HealthcareService")} == {
        one.name for one in town_clinics()
    }
    assert {one.headers["authorization"] for one in engine.came} == {"Bearer secret"}


def test_everything_the_engine_is_told_is_valid_fhir(
    town: Servers, engine: TownEngine, clock: HandClock
) -> None:
    own_id = book(town, ask()).json()["id"]
    through(town, clock, datetime(2026, 11, 20, tzinfo=UTC))

    assert own_id in newest(engine, "Appointment")
    assert newest(engine, "DiagnosticReport")
    sample = [one for kind in ("Appointment", "DiagnosticReport") for one in engine.resources(kind)]
    for one in [*directory(), *engine.resources("Slot")[:5], *engine.resources("Schedule")[:5], *sample]:
        assert fhirkit.validate(json.dumps(one).encode()) == []


def test_no_clinic_opens_on_a_holiday() -> None:
    veterans = date(2026, 11, 11)

    assert veterans in holidays()
    assert all(not list(openings(clinic, veterans)) for clinic in town_clinics())


def test_a_slot_keeps_its_hour_over_the_night_when_clocks_change() -> None:
    cardiology = town_clinics()[0]
    summer, winter = (next(openings(cardiology, day)) for day in (date(2026, 10, 27), date(2026, 11, 3)))

    assert (summer.start.utcoffset(), winter.start.utcoffset()) == (timedelta(hours=-4), timedelta(hours=-5))
    assert summer.start.hour == winter.start.hour == 9


def test_who_asks_for_a_free_slot_has_it_and_the_engine_is_told(town: Servers, engine: TownEngine) -> None:
    answer = book(town, ask())
    town.settle()

    own_id = answer.json()["id"]
    assert answer.status == 201
    assert answer.headers["location"].startswith(f"Appointment/{own_id}")
    assert answer.json()["start"] == datetime(2026, 11, 3, 9, 30, tzinfo=ZONE).isoformat()
    assert newest(engine, "Appointment")[own_id]["status"] == "booked"
    assert newest(engine, "Slot")[SLOT]["status"] == "busy"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"slot": [{"reference": "Slot/none"}]}, 422),
        ({"slot": []}, 422),
        ({"participant": []}, 422),
        ({"status": "fulfilled"}, 422),
        ({"resourceType": "Slot"}, 400),
        ({"participant": "jane"}, 400),
        ({"slot": [{"reference": "Slot/cardiology-20261102-0900-1"}]}, 422),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(town: Servers, change: dict[str, Any], status: int) -> None:
    answer = book(town, ask() | change)

    assert (answer.status, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_a_taken_slot_is_refused_with_409(town: Servers) -> None:
    book(town, ask())

    assert book(town, ask(patient="joe")).status == 409


def test_the_same_request_sent_again_under_its_key_books_once(town: Servers) -> None:
    first = book(town, ask(key="k1"), unless="identifier=urn:key|k1")
    again = book(town, ask(key="k1"), unless="identifier=urn:key%7Ck1")

    assert (first.status, again.status) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert len(get(town, "Appointment").get("entry")) == 1


def test_a_condition_that_is_not_understood_is_refused(town: Servers) -> None:
    assert book(town, ask(), unless="patient=jane").status == 412


def test_of_fifty_who_want_one_slot_at_once_one_has_it(town: Servers) -> None:
    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(lambda n: book(town, ask(patient=f"p{n}", key=f"k{n}")).status, range(50)))

    assert Counter(answers) == {201: 1, 409: 49}
    assert town.log()["ehr"]["double_booked"] == 0


def test_one_patient_at_one_time_twice_is_seen(town: Servers) -> None:
    book(town, ask())
    book(town, ask(slot="cardiology-20261103-0930-2"))

    assert town.log()["ehr"]["double_booked"] == 1


@pytest.mark.parametrize("change", [CANCEL, {"status": "cancelled"}])
def test_a_cancellation_frees_the_slot(town: Servers, engine: TownEngine, change: object) -> None:
    own_id = book(town, ask()).json()["id"]
    answer = patch(town, own_id, change)
    town.settle()

    assert (answer.status, answer.json()["status"]) == (200, "cancelled")
    assert newest(engine, "Appointment")[own_id]["status"] == "cancelled"
    assert newest(engine, "Slot")[SLOT]["status"] == "free"
    assert book(town, ask(patient="joe")).status == 201


def test_a_cancellation_sent_again_changes_nothing_of_the_next_visitors(town: Servers) -> None:
    own_id = book(town, ask()).json()["id"]
    patch(town, own_id, CANCEL)
    book(town, ask(patient="joe"))

    assert patch(town, own_id, CANCEL).status == 200
    assert book(town, ask(patient="jim")).status == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ([{"op": "replace", "path": "/status", "value": "fulfilled"}], 422),
        ([{"op": "replace", "path": "/start", "value": "2026-11-04T09:00:00Z"}], 422),
        ([{"op": "replace", "path": "/nothing/here", "value": 1}], 400),
        ([{"op": "test", "path": "/status", "value": "cancelled"}], 400),
        ("cancel it", 400),
    ],
)
def test_only_a_cancellation_is_taken_from_outside(town: Servers, change: object, status: int) -> None:
    own_id = book(town, ask()).json()["id"]

    assert patch(town, own_id, change).status == status
    assert get(town, f"Appointment/{own_id}")["status"] == "booked"


def test_a_change_to_an_older_version_is_refused_and_an_unknown_visit_is_not_found(town: Servers) -> None:
    own_id = book(town, ask()).json()["id"]

    assert patch(town, own_id, CANCEL, {"if-match": 'W/"7"'}).status == 412
    assert patch(town, own_id, CANCEL, {"if-match": 'W/"1"'}).status == 200
    assert patch(town, "visit-999999", CANCEL).status == 404


def test_appointments_and_slots_are_found(town: Servers) -> None:
    own_id = book(town, ask(key="k1")).json()["id"]

    for query in ("identifier=urn:key|k1", "patient=Patient/jane", f"slot=Slot/{SLOT}", "status=booked"):
        assert [one["resource"]["id"] for one in get(town, f"Appointment?{query}")["entry"]] == [own_id]
    assert get(town, "Appointment?patient=joe")["total"] == 0
    busy = get(town, "fhir/Slot?status=busy&schedule=Schedule/cardiology-20261103")
    assert [one["resource"]["id"] for one in busy["entry"]] == [SLOT]
    assert get(town, "metadata")["resourceType"] == "CapabilityStatement"


@pytest.mark.parametrize(("kind", "status"), [(Odd.BUSY, 429), (Odd.ERROR, 500), (Odd.GIBBERISH, 200)])
def test_the_booking_system_can_be_busy_broken_or_talk_gibberish(
    engine: TownEngine, clock: HandClock, kind: Odd, status: int
) -> None:
    plan = TownPlan(ehr=QUIET, odd=(Oddity("ehr", kind, times=1),))
    with Servers(engine.url, "", clock, plan) as town:
        town.open_clinics(MONDAY)

        assert book(town, ask(key="k1")).status == status
        again = book(town, ask(key="k1"), unless="identifier=urn:key|k1")
        assert again.status == (200 if kind is Odd.GIBBERISH else 201)


def test_a_booking_whose_answer_was_cut_off_is_found_under_its_key(
    engine: TownEngine, clock: HandClock
) -> None:
    plan = TownPlan(ehr=QUIET, odd=(Oddity("ehr", Odd.CUT, times=1),))
    with Servers(engine.url, "", clock, plan) as town:
        town.open_clinics(MONDAY)
        with pytest.raises(urllib3.exceptions.ProtocolError):
            book(town, ask(key="k1"))

        assert get(town, "Appointment?identifier=urn:key%7Ck1")["total"] == 1
        assert book(town, ask(key="k1"), unless="identifier=urn:key|k1").status == 200


def test_one_resource_that_the_engine_refuses_does_not_hold_back_the_others(
    engine: TownEngine, clock: HandClock, town: Servers
) -> None:
    sent = len(engine.came)
    engine.answers["/fhir"] = (422, b"{}")
    book(town, ask())
    town.settle()

    told = town.log()["ehr"]
    assert [len(json.loads(one.body)["entry"]) for one in engine.came[sent:]] in ([2, 1, 1], [1, 1])
    assert told["feed_refused"] == 2
