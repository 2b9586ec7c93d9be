"""One case's clock: started on entering a state, stopped where the law lets it stand, climbing its ladder."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeVar, cast

import orjson

from careengine.engine.calendars import Calendar, OpenTime, wall
from careengine.engine.clocks import ClockPolicy, Ladder, Running, Unit, begin, next_rung, resume, rung_due
from careengine.engine.engine_needs import ASKING, Lateness
from careengine.engine.journey import State
from careengine.engine.rows import CaseRow
from careengine.kernel.policy import PolicyName
from careengine.policy.book import PolicyBook
from careengine.runtime.codec import pack, unpack
from careengine.runtime.organisation import Site

T = TypeVar("T")
_STOPPED = "clock:"
"""Prefix under which a case's data keeps a clock that stands still, by name."""


class ClockDesk:
    """Starts, stops and reads clocks under the policies in force at one moment."""

    __slots__ = ("_book", "_days", "_found", "_hours", "_sites", "now")

    def __init__(self, book: PolicyBook, sites: Mapping[int, Site], now: datetime) -> None:
        self._book = book
        self._sites = sites
        self._days: dict[int, date] = {}
        self._found: dict[tuple[str, int], object] = {}
        self._hours: dict[tuple[Calendar, str], OpenTime] = {}
        self.now = now

    def enter(self, row: CaseRow, state: State, was: State | None) -> None:
        """Start the state's clock, or let it run on if the case keeps or comes back to the same one.

        Entering a state that awaits a thing the last clock is tolled for stops that
        clock instead of ending it.
        """
        if was is not None and row.clock_until is not None:
            if was.clock == state.clock:
                return
            self._stop_if_tolled(row, was, state)
        clock, calendar, zone = self._terms(row, state)
        running = self._take_up(row, state) or begin(self.now, clock, calendar, zone)
        row.clock_from, row.clock_until, row.rung = running.since, running.until, 0

    def set_due(self, row: CaseRow, state: State) -> None:
        """Set when the case is looked at again: the next rung, or the wake its handler asked for."""
        due = self._next_rung(row, state)[1]
        row.due_at = due if row.wake_at is None else min(due, row.wake_at)

    def answer_by(self, row: CaseRow, *, urgent: bool) -> datetime:
        """Return by when a person answers a card of this case: never later than the case's own deadline."""
        asking = self._value(ASKING, row)
        clock = self._value(PolicyName(asking.urgent_clock if urgent else asking.clock, ClockPolicy), row)
        named = clock.calendar or self._sites[row.site].calendar
        calendar = self._value(PolicyName(named, Calendar), row) if named else None
        by = begin(self.now, clock, calendar, self._sites[row.site].zone).until
        return min(by, row.clock_until or by)

    def reached(self, row: CaseRow, state: State) -> Lateness | None:
        """Return the rung newly reached, or ``None``; the top one speaks again by the ladder's repeat."""
        rung, _ = self._next_rung(row, state)
        if rung == row.rung and not self._speaks_again(row, state):
            return None
        clock = self._terms(row, state)[0]
        role = self._ladder(clock, row).role(rung)
        return Lateness(rung=rung, name=role, deadline=_set(row.clock_until), policy=clock.ref)

    def _terms(self, row: CaseRow, state: State) -> tuple[ClockPolicy, Calendar | None, str]:
        clock = self._value(PolicyName(state.clock, ClockPolicy), row)
        site = self._sites[row.site]
        named = clock.calendar or site.calendar
        return clock, self._value(PolicyName(named, Calendar), row) if named else None, site.zone

    def _stop_if_tolled(self, row: CaseRow, was: State, state: State) -> None:
        if state.awaits not in self._terms(row, was)[0].tolls:
            return
        data = orjson.loads(unpack(row.data))
        stood = (_set(row.clock_from), _set(row.clock_until), self.now)
        data[_STOPPED + was.clock] = "|".join(moment.isoformat() for moment in stood)
        row.data = pack(orjson.dumps(data), compress=False)

    def _take_up(self, row: CaseRow, state: State) -> Running | None:
        if _STOPPED.encode() not in row.data:
            return None
        data = orjson.loads(unpack(row.data))
        stood = data.pop(_STOPPED + state.clock, None)
        if stood is None:
            return None
        row.data = pack(orjson.dumps(data), compress=False)
        since, until, paused = (datetime.fromisoformat(part) for part in stood.split("|"))
        return resume(Running(since, until, paused), self.now, *self._terms(row, state))

    def _next_rung(self, row: CaseRow, state: State) -> tuple[int, datetime]:
        clock, calendar, zone = self._terms(row, state)
        ladder = self._ladder(clock, row)
        hours = self._open_time(calendar, zone) if clock.unit is Unit.BUSINESS_DAYS else None
        return next_rung(_set(row.clock_from), _set(row.clock_until), row.rung, ladder, self.now, hours)

    def _open_time(self, calendar: Calendar | None, zone: str) -> OpenTime | None:
        """Return the hours in which a business-day clock's shares are counted: nobody is told on Sunday."""
        if calendar is None:
            return None
        found = self._hours.get((calendar, zone))
        if found is None:
            found = self._hours[calendar, zone] = OpenTime(calendar, zone)
        return found

    def _speaks_again(self, row: CaseRow, state: State) -> bool:
        """After the top rung the case is due every ``repeat``; each time the top hears again."""
        ladder = self._ladder(self._terms(row, state)[0], row)
        if row.rung < len(ladder.rungs) - 1 or row.due_at is None or row.due_at > self.now:
            return False
        return row.due_at > rung_due(_set(row.clock_from), _set(row.clock_until), ladder.rungs[-1])

    def _ladder(self, clock: ClockPolicy, row: CaseRow) -> Ladder:
        return self._value(PolicyName(clock.ladder, Ladder), row)

    def _value(self, name: PolicyName[T], row: CaseRow) -> T:
        found = self._found.get((name.name, row.site))
        if found is None:
            found = self._found[name.name, row.site] = self._book.value(name, self._day(row.site))
        return cast("T", found)

    def _day(self, site: int) -> date:
        if site not in self._days:
            self._days[site] = wall(self.now, self._sites[site].zone)[0]
        return self._days[site]


def _set(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValueError("An open case has no clock; the database's check should have refused it.")
    return moment
