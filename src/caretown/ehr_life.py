"""What happens in the clinics by itself: who came, sessions that close, others who book, reports."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from caretown.agenda import Agenda
from caretown.clinics import TownClinic, openings, town_clinics
from caretown.ehr_book import LIVE, Book, Day, Slot, as_slot, focus_of, patient_of, schedule_of, slot_of
from caretown.ehr_feed import Feed
from caretown.letters import LOINC
from caretown.people import Resource
from caretown.town_clock import ZONE
from caretown.town_plan import TownPlan

Came = Callable[[Resource, datetime], str]
"""Asked of the people at a visit's start: "came", "late" or "no"."""
_NO_SHOW_AFTER = timedelta(minutes=20)
_LATE_BY = timedelta(minutes=10)
_NEAR = timedelta(days=14)
_SHORT_NOTICE_H = (1.0, 20.0)
_OUTSIDE_DAY_H = (8.0, 17.0)


class ClinicLife:
    """Lives by the agenda; everything it changes it also tells the engine."""

    def __init__(
        self, book: Book, agenda: Agenda, feed: Feed, plan: TownPlan, now: Callable[[], datetime]
    ) -> None:
        self._book, self._agenda, self._feed, self._now = book, agenda, feed, now
        self._plan = plan
        self.came: Came = lambda _appointment, _at: "came"
        self.visits: dict[str, int] = {}
        """Visits kept, by referral."""
        self.reports: dict[str, str] = {}
        """Reports written: referral → DiagnosticReport."""
        self.never_reported: set[str] = set()
        self.untold: set[str] = set()
        """Visits whose outcome nobody wrote down."""

    def open_days(self, first: date, weeks: int) -> list[Day]:
        """Open the book from ``first`` on, with what others have booked already; plan what will happen."""
        opened = []
        for day in (first + timedelta(days=n) for n in range(weeks * 7)):
            for clinic in town_clinics():
                times = openings(clinic, day, rooms=self._plan.ehr.rooms)
                if (new := self._book.open(clinic, day, times)) is not None:
                    self._begin(new, first)
                    opened.append(new)
        return opened

    def _begin(self, new: Day, first: date) -> None:
        for slot in new.slots:
            if self._plan.chance("taken", slot.opening.id) < self._plan.ehr.taken_share:
                slot.status, slot.by = "busy", "outside"
        name = f"{new.clinic.name}/{new.day}"
        if new.day > first and self._plan.chance("closed", name) < self._plan.ehr.closed_share:
            before = timedelta(hours=self._plan.between(_SHORT_NOTICE_H, "closed", name))
            self._agenda.at(new.slots[0].opening.start - before, lambda: self.close(new))
        for kind, often, act in (
            ("outside", self._plan.ehr.outside_per_day, self._take_one),
            ("freed", self._plan.ehr.freed_per_day, self._free_one),
        ):
            for number in range(int(often + self._plan.chance(kind, name))):
                self._later(kind, f"{name}/{number}", new, act)

    def _later(self, kind: str, name: str, day: Day, act: Callable[[TownClinic, str], None]) -> None:
        hours = self._plan.between(_OUTSIDE_DAY_H, kind, name)
        at = datetime.combine(day.day, datetime.min.time(), ZONE) + timedelta(hours=hours)
        self._agenda.at(at, lambda: act(day.clinic, f"{kind}/{name}"))

    def _take_one(self, clinic: TownClinic, name: str) -> None:
        """Let somebody else book one of the clinic's free slots; the engine hears of it only later."""
        now = self._now()
        if slot := self._draw(self._book.free_slots(clinic, now, now + _NEAR), name):
            slot.status, slot.by = "busy", "outside"
            self._book.acts["outside_booked"] += 1
            lag = timedelta(minutes=self._plan.ehr.lag_minutes)
            self._agenda.at(now + lag, lambda: self._feed.push(as_slot(slot)))

    def _free_one(self, clinic: TownClinic, name: str) -> None:
        """Let somebody else give back one of the clinic's slots."""
        now = self._now()
        days = (day for day in self._book.days.values() if day.clinic is clinic and day.active)
        near = (day for day in days if now.date() <= day.day <= (now + _NEAR).date())
        theirs = [one for day in near for one in day.slots if one.by == "outside" and one.opening.start > now]
        if slot := self._draw(theirs, name):
            slot.status, slot.by = "free", ""
            self._book.acts["outside_freed"] += 1
            self._book.give_back(slot)
            self._feed.push(as_slot(slot))

    def _draw(self, slots: list[Slot], name: str) -> Slot | None:
        return slots[int(self._plan.chance("draw", name) * len(slots))] if slots else None

    def close(self, day: Day) -> None:
        """Close a session at short notice: its visits are cancelled by the clinic, its slots are no more."""
        day.active = False
        self._book.acts["sessions_closed"] += 1
        self._feed.push(schedule_of(day))
        for slot in day.slots:
            appointment = self._book.appointments.get(slot.by)
            if appointment is not None and appointment["status"] == "booked":
                appointment["cancelationReason"] = {"coding": [{"system": _CANCELLED, "code": "prov"}]}
                self._book.cancel(appointment)
                self._feed.push(appointment)
            slot.status, slot.by = "busy-unavailable", ""
            self._feed.push(as_slot(slot))

    def booked(self, appointment: Resource) -> None:
        """Tell the engine of a booking, and wait for its day."""
        slot = self._book.slots[slot_of(appointment)]
        self._feed.push(appointment, as_slot(slot))
        self._expect(appointment, slot)
        if self._plan.chance("moved", appointment["id"]) < self._plan.ehr.moved_share:
            span = slot.opening.start - self._now()
            at = self._now() + span * self._plan.chance("moved at", appointment["id"])
            self._agenda.at(at, lambda: self.move(appointment))

    def cancelled(self, appointment: Resource) -> None:
        """Tell the engine of a cancellation and that the slot is free."""
        self._feed.push(appointment, as_slot(self._book.slots[slot_of(appointment)]))

    def changed(self, appointment: Resource) -> None:
        """Tell the engine of another change."""
        self._feed.push(appointment)

    def move(self, appointment: Resource) -> None:
        """Move a visit to another free time of the clinic within two weeks, if there is one."""
        slot = self._book.slots[slot_of(appointment)]
        now = self._now()
        free = self._book.free_slots(slot.opening.clinic, now + timedelta(days=1), slot.opening.start + _NEAR)
        to = self._draw(free, f"move/{appointment['id']}")
        if appointment["status"] != "booked" or to is None:
            return
        before = self._book.move(appointment, to)
        self._feed.push(appointment, as_slot(before), as_slot(to))
        self._expect(appointment, to)

    def _expect(self, appointment: Resource, slot: Slot) -> None:
        start = slot.opening.start

        def begins() -> None:
            if appointment["status"] == "booked" and slot_of(appointment) == slot.opening.id:
                self._visit(appointment, slot)

        self._agenda.at(start, begins)

    def _visit(self, appointment: Resource, slot: Slot) -> None:
        did = self.came(appointment, slot.opening.start)
        if did == "no":
            self._agenda.at(self._now() + _NO_SHOW_AFTER, lambda: self._write(appointment, "noshow"))
            return
        delay = _LATE_BY if did == "late" else timedelta()
        self._agenda.at(self._now() + delay, lambda: self._write(appointment, "arrived"))
        self._agenda.at(slot.opening.end + delay, lambda: self._kept(appointment))

    def _write(self, appointment: Resource, status: str) -> None:
        """Write down what became of a visit; of some visits nobody does."""
        if self._plan.chance("untold", appointment["id"]) < self._plan.ehr.untold_share:
            self.untold.add(appointment["id"])
            return
        if appointment["status"] in LIVE:
            appointment["status"] = status
            self._book.acts[status] += 1
            self._feed.push(appointment)

    def _kept(self, appointment: Resource) -> None:
        self._write(appointment, "fulfilled")
        focus = focus_of(appointment)
        self.visits[focus] = self.visits.get(focus, 0) + 1
        if not focus or focus in self.reports or self.visits[focus] < self._plan.ehr.series.get(focus, 1):
            return
        if self._plan.chance("no report", focus) < self._plan.ehr.no_report_share:
            self.never_reported.add(focus)
            return
        self.reports[focus] = str(uuid5(NAMESPACE_URL, f"caretown/report/{focus}"))
        days = self._plan.between(self._plan.ehr.report_days, "report", focus)
        self._agenda.at(self._now() + timedelta(days=days), lambda: self._report(appointment, focus))

    def _report(self, appointment: Resource, focus: str) -> None:
        clinic = self._book.slots[slot_of(appointment)].opening.clinic
        chosen = int(self._plan.chance("conclusion", focus) * len(clinic.reports))
        self._book.acts["reports"] += 1
        self._feed.push(
            {
                "resourceType": "DiagnosticReport",
                "id": self.reports[focus],
                "basedOn": [{"reference": focus}],
                "status": "final",
                "code": {"coding": [{"system": LOINC, "code": "11488-4", "display": "Consult note"}]},
                "subject": {"reference": patient_of(appointment)},
                "effectiveDateTime": appointment["start"],
                "issued": self._now().isoformat(),
                "conclusion": clinic.reports[chosen],
            }
        )

    def told(self) -> dict[str, Any]:
        """Return what happened, and the truth about what was booked twice."""
        return {
            **self._book.acts,
            "visits_kept": sum(self.visits.values()),
            "untold": len(self.untold),
            "never_reported": len(self.never_reported),
            "double_booked": len(self._book.double),
            "double": self._book.double[:5],
            "feed_sent": self._feed.sent,
            "feed_refused": len(self._feed.refused),
            "feed_refusals": self._feed.refused[:5],
        }


_CANCELLED = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
