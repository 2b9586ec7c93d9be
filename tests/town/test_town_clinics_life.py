"""What happens in the clinics by itself: who came, sessions that close, others who book, reports."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from town_clinics import MONDAY, QUIET, SLOT, ask, book, get, newest, through
from town_engine import HandClock, TownEngine

from caretown.servers import Servers
from caretown.town_clock import ZONE
from caretown.town_plan import EhrPlan, TownPlan


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


def visit(town: Servers, engine: TownEngine, clock: HandClock, did: str) -> list[str]:
    town.came(lambda _appointment, _at: did)
    own_id = book(town, ask()).json()["id"]
    through(town, clock, datetime(2026, 11, 3, 12, tzinfo=ZONE))
    return [one["status"] for one in engine.resources("Appointment") if one["id"] == own_id]


@pytest.mark.parametrize(
    ("did", "statuses"),
    [
        ("came", ["booked", "arrived", "fulfilled"]),
        ("late", ["booked", "arrived", "fulfilled"]),
        ("no", ["booked", "noshow"]),
    ],
)
def test_the_people_say_whether_they_came(
    town: Servers, engine: TownEngine, clock: HandClock, did: str, statuses: list[str]
) -> None:
    assert visit(town, engine, clock, did) == statuses


def test_a_report_of_a_kept_visit_is_written_some_days_later_and_names_the_referral(
    town: Servers, engine: TownEngine, clock: HandClock
) -> None:
    visit(town, engine, clock, "came")
    assert engine.resources("DiagnosticReport") == []
    through(town, clock, clock.at + timedelta(days=6))

    (report,) = engine.resources("DiagnosticReport")
    assert report["basedOn"] == [{"reference": "ServiceRequest/one"}]
    assert (report["status"], bool(report["conclusion"])) == ("final", True)


def life(engine: TownEngine, clock: HandClock, **changes: Any) -> Servers:
    plain = {name: getattr(QUIET, name) for name in EhrPlan.__slots__}
    town = Servers(engine.url, "", clock, TownPlan(ehr=EhrPlan(**{**plain, **changes})))
    town.open_clinics(MONDAY)
    return town


def test_a_session_closed_at_short_notice_cancels_its_visits_and_takes_no_more(
    engine: TownEngine, clock: HandClock
) -> None:
    with life(engine, clock, closed_share=1.0) as town:
        own_id = book(town, ask()).json()["id"]
        clock.at = datetime(2026, 11, 3, 8, 30, tzinfo=ZONE)
        town.settle()

        told = newest(engine, "Appointment")[own_id]
        assert (told["status"], told["cancelationReason"]["coding"][0]["code"]) == ("cancelled", "prov")
        assert newest(engine, "Schedule")["cardiology-20261103"]["active"] is False
        assert newest(engine, "Slot")[SLOT]["status"] == "busy-unavailable"
        assert book(town, ask(slot="cardiology-20261103-1000-1")).status == 422


def test_a_slot_that_somebody_else_took_is_refused_before_the_engine_hears_of_it(
    engine: TownEngine, clock: HandClock
) -> None:
    with life(engine, clock, outside_per_day=30.0, lag_minutes=600.0) as town:
        engine.came.clear()
        clock.forward(minutes=20)
        town.settle()
        taken = [one["resource"]["id"] for one in get(town, "Slot?status=busy")["entry"]]
        assert taken
        assert engine.resources("Slot") == []
        assert book(town, ask(slot=taken[-1])).status == 409
        clock.forward(hours=20)
        town.settle()
        assert set(taken) <= {one["id"] for one in engine.resources("Slot") if one["status"] == "busy"}


def test_a_slot_that_others_give_back_is_told(engine: TownEngine, clock: HandClock) -> None:
    with life(engine, clock, taken_share=1.0, freed_per_day=3.0) as town:
        engine.came.clear()
        clock.forward(hours=8)
        town.settle()

        assert {one["status"] for one in engine.resources("Slot")} == {"free"}


def test_a_visit_that_the_clinic_moves_has_another_time_and_its_old_slot_is_free(
    engine: TownEngine, clock: HandClock
) -> None:
    with life(engine, clock, moved_share=1.0) as town:
        own_id = book(town, ask(slot="cardiology-20261110-0930-1")).json()["id"]
        clock.at = datetime(2026, 11, 10, 8, tzinfo=ZONE)
        town.settle()

        told = newest(engine, "Appointment")[own_id]
        assert told["status"] == "booked"
        assert told["slot"] != [{"reference": "Slot/cardiology-20261110-0930-1"}]
        assert newest(engine, "Slot")["cardiology-20261110-0930-1"]["status"] == "free"
        assert newest(engine, "Slot")[told["slot"][0]["reference"].removeprefix("Slot/")]["status"] == "busy"


def test_of_a_visit_that_nobody_writes_down_the_engine_hears_nothing(
    engine: TownEngine, clock: HandClock
) -> None:
    with life(engine, clock, untold_share=1.0) as town:
        assert visit(town, engine, clock, "came") == ["booked"]
        assert town.log()["ehr"]["untold"] == 1


def test_a_series_is_reported_after_its_last_visit(engine: TownEngine, clock: HandClock) -> None:
    with life(engine, clock, series={"ServiceRequest/one": 2}) as town:
        book(town, ask(slot="physiotherapy-20261103-0900-1"))
        book(town, ask(slot="physiotherapy-20261110-0900-1"))
        through(town, clock, datetime(2026, 11, 10, 8, tzinfo=ZONE))
        assert engine.resources("DiagnosticReport") == []
        through(town, clock, datetime(2026, 11, 20, 8, tzinfo=ZONE))
        assert len(engine.resources("DiagnosticReport")) == 1


def test_the_same_seed_takes_the_same_slots(engine: TownEngine, clock: HandClock) -> None:
    taken = []
    for _ in range(2):
        with life(engine, clock, taken_share=0.4) as town:
            taken.append([one["resource"]["id"] for one in get(town, "Slot?status=busy")["entry"]])

    assert taken[0] == taken[1] != []
