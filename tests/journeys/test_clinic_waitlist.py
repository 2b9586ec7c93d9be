"""A freed slot goes round those who wait: each is asked once, and the list comes to rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from scheduling_examples import NOW, opening, waiter
from visit_stories import book

from careengine.capabilities import scheduling
from careengine.engine.case_policies import CasePolicies
from careengine.engine.journey import Case, Event, Facts
from careengine.journeys.clinic_waitlist import (
    CLOSED,
    FREED,
    JOINED,
    OFFERED,
    answered,
    freed,
    joined,
    watching,
)
from careengine.kernel.next import Next

SLOT = opening(NOW + timedelta(days=5), "early", clinic="cardiology")


class List:
    """One clinic's list, told by hand what happens."""

    def __init__(self, waiting: int) -> None:
        self.people = tuple(waiter(case) for case in range(1, waiting + 1))
        self.free: tuple[scheduling.Opening, ...] = (SLOT,)
        self.found: tuple[scheduling.Opening, ...] = ()
        self.now = NOW
        self.case = Case(
            id=100, journey="clinic_waitlist", journey_version=1, state="watching", version=0,
            subject=UUID(int=1), site="boston", zone="America/New_York", opened_at=NOW, entered_at=NOW,
            data={"key": "cardiology", "day": "2026-03-05"}, calendar="calendars.us_federal",
        )  # fmt: skip
        self.asked: list[int] = []

    def take(self, handler: Any, kind: str = "", **body: Any) -> Next:
        event = Event(id=2, kind=kind, at=self.now, body=body) if kind else None
        rules = CasePolicies(book(), self.case, self.now)
        said: Next = handler(self.case, self.facts(body.get("slot", "")), rules, event, self.now)
        self.found = ()
        data = {name: value for name, value in {**self.case.data, **said.data}.items() if value is not None}
        self.case = replace(self.case, data=data)
        new = [int(tell.case) for tell in said.tells if tell.kind == OFFERED]
        self.asked += new
        return said

    def facts(self, told: str) -> Facts:
        """Return what the loader reads: slots the case names or is told of, and those others gave back."""
        named = {*str(self.case.data.get("freed") or "").split(), told}
        free = (*(one for one in self.free if one.slot in named), *self.found)
        return Facts(
            {
                scheduling.FREED.name: scheduling.Openings(found=free, seen="2026-03-05T15:00:00+00:00"),
                scheduling.WAITERS.name: scheduling.Waiters(self.people),
            }
        )

    def frees(self) -> None:
        self.take(freed, FREED, slot=SLOT.slot)
        self.take(watching)

    def passes_over(self, case: int) -> None:
        self.take(answered, CLOSED, case=case, slot=SLOT.slot, taken=False)


@pytest.mark.parametrize("waiting", [1, 3, 7])
def test_nobody_is_asked_twice_about_a_slot_that_everybody_passes_over(waiting: int) -> None:
    listed = List(waiting)
    listed.frees()
    for _ in range(3 * waiting):
        for case in listed.asked:
            listed.passes_over(case)
        listed.take(watching)

    assert sorted(listed.asked) == list(range(1, waiting + 1))
    assert "freed" not in listed.case.data


def test_once_taken_all_who_were_asked_about_a_slot_hear_that_it_is_gone() -> None:
    listed = List(3)
    listed.frees()
    listed.passes_over(1)
    said = listed.take(answered, CLOSED, case=2, slot=SLOT.slot, taken=True)
    assert [(tell.case, tell.body["taken"]) for tell in said.tells] == [(1, True), (3, True)]


def test_who_passed_one_slot_over_may_be_asked_about_another() -> None:
    listed = List(1)
    listed.frees()
    listed.passes_over(1)
    other = opening(NOW + timedelta(days=6), "other", clinic="cardiology")
    listed.free = (SLOT, other)
    listed.take(freed, FREED, slot=other.slot)
    listed.take(watching)

    assert listed.asked == [1, 1]
    assert other.slot in str(listed.case.data["open"])


def test_a_slot_given_back_in_the_clinics_own_book_is_offered_like_one_of_ours() -> None:
    listed = List(2)
    listed.found = (SLOT,)
    said = listed.take(watching)
    assert listed.asked == [1, 2]
    assert said.data["seen"] == "2026-03-05T15:00:00+00:00"


def test_while_somebody_waits_the_clinics_book_is_looked_through_every_few_minutes() -> None:
    assert List(1).take(watching).wake == NOW + timedelta(minutes=10)
    assert List(0).take(watching).wake == datetime(2026, 3, 6, 5, tzinfo=UTC)


def test_what_becomes_free_at_night_is_offered_in_the_morning_and_not_passed_over_by_everybody() -> None:
    listed = List(2)
    listed.now = datetime(2026, 3, 6, 2, tzinfo=UTC)
    listed.take(freed, FREED, slot=SLOT.slot)
    said = listed.take(watching)
    assert (listed.asked, said.wake) == ([], datetime(2026, 3, 6, 14, tzinfo=UTC))

    listed.now = datetime(2026, 3, 6, 14, tzinfo=UTC)
    listed.take(watching)
    assert listed.asked == [1, 2]


def test_who_joins_the_list_has_the_clinics_book_looked_through() -> None:
    said = List(1).take(joined, JOINED)
    assert said.wake == NOW + timedelta(minutes=10)
