"""Calls to and from the clinics' front desk, against the clinics' real book on a socket."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from town_engine import HandClock, TownEngine

from caretown.ehr_book import focus_of
from caretown.front_desk import FrontDesk, is_open, next_open
from caretown.multiply import multiply
from caretown.organisations import write_organisation
from caretown.people import read_people, sample_records
from caretown.reckoning import reckon, refill, shares, urgent_missed, verified, waits_by_group
from caretown.referrals import write_referrals
from caretown.residents import settle
from caretown.servers import Servers
from caretown.town_plan import TownPlan
from caretown.townsfolk import Ring, Townsfolk
from caretown.truth import Truth

MONDAY = datetime(2026, 11, 2, 14, tzinfo=UTC)
TOWN = settle(multiply(read_people(sample_records()), living=120, seed=1, day=date(2026, 11, 2)), seed=1)
TRUTHS = [one.truth for one in write_referrals(TOWN.people, seed=1, start=MONDAY, count=120, days=5).letters]


@dataclass
class Open:
    """A desk that is open, with its clinics and its clock."""

    desk: FrontDesk
    servers: Servers
    clock: HandClock
    engine: TownEngine

    def ring_in(self, truth: Truth) -> int:
        resident = TOWN.residents[truth.patient]
        self.desk.folks.rings.append(Ring(self.clock.now(), resident, "letter"))
        return self.desk.answer(self.clock.now())

    def booked(self) -> list[dict[str, Any]]:
        return self.servers.do(lambda: list(self.servers.book.appointments.values()))


@pytest.fixture
def open_desk() -> Iterator[Open]:
    clock = HandClock(MONDAY)
    with TownEngine() as engine, Servers(engine.url, "", clock, TownPlan(seed=1)) as servers:
        servers.open_clinics(date(2026, 11, 2), weeks=4)
        folks = Townsfolk(TOWN, servers, object(), seed=1)  # type: ignore[arg-type]  # nobody opens a link here
        servers.came(folks.came)
        yield Open(FrontDesk(servers, folks, TRUTHS, seed=1), servers, clock, engine)


def due(**wanted: object) -> list[Truth]:
    kinds = {"prompt", "late", "vague"}
    fits = [one for one in TRUTHS if TOWN.residents[one.patient].kind in kinds and one.clinic]
    return [one for one in fits if all(getattr(one, name) == value for name, value in wanted.items())]


def test_who_rings_is_given_a_time_in_the_clinics_book_and_the_engine_hears_of_it(open_desk: Open) -> None:
    truth = due(plant="good")[0]

    assert open_desk.ring_in(truth) == 1
    open_desk.servers.settle()

    (visit,) = open_desk.booked()
    assert focus_of(visit) == f"ServiceRequest/{truth.service_request}"
    assert [one["id"] for one in open_desk.engine.resources("Appointment")] == [visit["id"]]


def test_who_rings_twice_has_one_visit_unless_they_want_another_time(open_desk: Open) -> None:
    truth = due(plant="good")[0]
    open_desk.ring_in(truth)
    open_desk.ring_in(truth)
    assert len(open_desk.booked()) == 1

    open_desk.desk.folks.mind(truth.patient).wants_out = True
    open_desk.ring_in(truth)

    assert sorted(one["status"] for one in open_desk.booked()) == ["booked", "cancelled"]
    assert not open_desk.desk.folks.mind(truth.patient).wants_out


def test_nobody_answers_at_night_or_on_a_holiday(open_desk: Open) -> None:
    for at in ("2026-11-03T02:00:00+00:00", "2026-11-08T15:00:00+00:00", "2026-11-11T15:00:00+00:00"):
        open_desk.clock.at = datetime.fromisoformat(at)
        assert not is_open(open_desk.clock.at)
        assert open_desk.ring_in(due(plant="good")[0]) == 0
    assert open_desk.booked() == []


@pytest.mark.parametrize(("at", "opens"), [
    ("2026-11-02T14:00:00+00:00", "2026-11-02T14:00:00+00:00"),
    ("2026-11-02T23:00:00+00:00", "2026-11-03T13:00:00+00:00"),
    ("2026-11-06T22:30:00+00:00", "2026-11-09T13:00:00+00:00"),
    ("2026-11-10T23:00:00+00:00", "2026-11-12T13:00:00+00:00"),
])  # fmt: skip
def test_the_desk_opens_on_the_next_working_morning(at: str, opens: str) -> None:
    assert next_open(datetime.fromisoformat(at)) == datetime.fromisoformat(opens)


def test_some_pick_up_and_some_ring_back_later(open_desk: Open) -> None:
    said = [open_desk.desk.ring(f"ServiceRequest/{one.service_request}@1", MONDAY) for one in due()]

    assert {"booked", "nobody"} <= set(said)
    assert said.count("booked") == len(open_desk.booked())
    assert open_desk.desk.folks.rings
    assert open_desk.desk.next_call(MONDAY) >= MONDAY
    assert open_desk.desk.ring("ServiceRequest/of-another-town", MONDAY) == "nobody"


def test_what_became_of_referrals_is_reckoned_from_the_clinics_book(open_desk: Open) -> None:
    for truth in due():
        open_desk.ring_in(truth)
    for _ in range(30):
        open_desk.clock.forward(days=1)
        open_desk.servers.settle()
    now = open_desk.clock.now()

    book = open_desk.servers.book
    found = reckon(TRUTHS, book)
    told = shares(found)
    groups = waits_by_group(found, TOWN)

    assert 0 < told["completed"] < told["due_a_visit"]
    assert told["completion_share"] == round(told["completed"] / told["due_a_visit"], 4)
    assert (
        sum(told["stand"].values())
        == told["due_a_visit"]
        == sum(one["due_a_visit"] for one in groups.values())
    )
    assert told["median_days"] > 0
    assert refill(book, now=now)["freed"] >= 0
    answers = {one.patient: [MONDAY] for one in TRUTHS}
    assert verified(book, answers)["verified_before_visit"] == 1.0
    assert verified(book, {})["verified_before_visit"] == 0.0
    assert verified(book, {one.patient: [now] for one in TRUTHS})["verified_before_visit"] < 0.2


def test_an_urgent_letter_nobody_looked_at_is_missed_and_one_a_nurse_saw_is_not(open_desk: Open) -> None:
    urgent = due(plant="urgent_in_words")
    seen = frozenset(f"ServiceRequest/{one.service_request}" for one in urgent[1:])

    missed = urgent_missed(urgent, open_desk.servers.book, seen_by_nurses=seen, now=MONDAY)

    assert missed == [urgent[0].service_request]


def test_a_slot_given_back_and_taken_again_counts_as_refilled(open_desk: Open) -> None:
    first, second = due(plant="good")[:2]
    open_desk.ring_in(first)
    (visit,) = open_desk.booked()
    book = open_desk.servers.book

    def give_back() -> None:
        book.cancel(visit)

    open_desk.servers.do(give_back)
    later = MONDAY + timedelta(days=40)
    assert refill(book, now=MONDAY)["stayed_empty"] == 0
    assert refill(book, now=later)["stayed_empty"] == 1
    patient, focus = f"Patient/{second.patient}", f"ServiceRequest/{second.service_request}"
    again = {
        "resourceType": "Appointment", "status": "booked", "basedOn": [{"reference": focus}],
        "slot": visit["slot"], "participant": [{"actor": {"reference": patient}, "status": "accepted"}],
    }  # fmt: skip
    open_desk.servers.do(lambda: book.book(again, MONDAY))
    assert refill(book, now=MONDAY)["refilled"] == 1
    assert refill(book, now=later)["stayed_empty"] == 0


def test_a_slot_counts_as_wanted_when_somebody_of_ours_had_a_later_visit_there(open_desk: Open) -> None:
    book = open_desk.servers.book
    open_desk.ring_in(due(plant="good")[0])
    (visit,) = open_desk.booked()
    mine = book.slots[visit["slot"][0]["reference"].removeprefix("Slot/")]
    clinic = book.day_of(mine).clinic
    sooner = next(
        one for day in book.days.values() if day.clinic is clinic for one in day.slots
        if one.opening.start < mine.opening.start
    )  # fmt: skip
    elsewhere = next(
        one for day in book.days.values() if day.clinic is not clinic for one in day.slots
    )  # fmt: skip
    for slot in (sooner, elsewhere):
        book.give_back(slot)
    later = mine.opening.start + timedelta(days=40)
    told = refill(book, now=later)
    assert (told["freed"], told["wanted"], told["refill_share"]) == (2, 1, 0.0)


def test_the_files_of_both_organisations_take_the_addresses_they_are_given(tmp_path: Any) -> None:
    urls = {"PARTNERS": "http://127.0.0.1:7", "sms": "http://127.0.0.1:8/sms"}

    provider = write_organisation("organisation", tmp_path / "provider.yaml", urls).read_text()
    payer = write_organisation("payer", tmp_path / "payer.yaml").read_text()

    assert 'lakeside_practice: {url: "http://127.0.0.1:7/lakeside_practice"' in provider
    assert 'sms: {url: "http://127.0.0.1:8/sms"' in provider
    assert 'ehr: {url: "http://127.0.0.1:9"' in provider
    assert "side: payer" in payer
