"""Find what is free for a whole batch of cases: one search a clinic, read no further than somebody needs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from careengine.capabilities.scheduling.model import Opening, Openings, Wish
from careengine.capabilities.scheduling.rules.distance import Spot, km_between
from careengine.capabilities.scheduling.rules.offers import hold_key
from careengine.capabilities.scheduling.rules.own_time import Stretch, clashes
from careengine.capabilities.scheduling.rules.wish import suits_day, wish_from
from careengine.capabilities.scheduling.steps import fhir
from careengine.capabilities.scheduling.steps.dealing import Pool, Seat, deal
from careengine.capabilities.scheduling.steps.directory import Day, days_of, query
from careengine.capabilities.scheduling.steps.given_back import given_back
from careengine.capabilities.scheduling.steps.own_time import busy_times, held_elsewhere
from careengine.capabilities.scheduling.steps.people import Home, home_of
from careengine.engine.calendars import zone_of
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.trust.charts import Charts, Stored

_FREE = "free"
_TAKEN = "busy,busy-unavailable,busy-tentative,entered-in-error"
"""Every other status (FHIR R4). Asked for as what it is not, a slot is found by its schedule: the index of
statuses would lead through the free slots of all clinics."""
_PAGE = 250
"""Slots of one page: enough for a batch of cases that want nothing special."""
_SMALL_PAGE = 80
"""The same for a case by itself."""
_STRETCH = 10
"""Days of a clinic that are searched at a time: two weeks of work."""
_NEVER = datetime.max.replace(tzinfo=UTC)
_KEPT = frozenset({"fulfilled", "arrived", "checked-in"})
"""Statuses of an appointment at which the patient met somebody (FHIR R4)."""
_CHOICE = "choice"
_NAMED = ("slots", _CHOICE, "early")
"""Where a case's data names slots it was offered: ``Slot/a Slot/b``."""
_ROUTINE = "routine"


@dataclass(frozen=True, slots=True)
class Known:
    """What a patient's chart says for an offer: whom they met, and when they are elsewhere."""

    practitioners: frozenset[str] = frozenset()
    busy: tuple[Stretch, ...] = ()


def load_openings(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Openings]:
    """Return for each case what it may be offered, and what it was offered as far as that is still free.

    What another case holds is left out.
    """
    days = days_of(charts, {clinic for case in cases if (clinic := str(case.data.get("clinic") or ""))})
    named = _named(charts, cases, days)
    charted = charts.of_subjects({case.subject for case in cases}, kinds=("Appointment", "Patient"))
    known = {
        case.id: Known(_seen(charted[case.subject]), busy_times(charted[case.subject], case))
        for case in cases
    }
    hands = _hands(charts, cases, days, known)
    homes = {
        subject: home_of([one for one in stored if one.ref.type == "Patient"])
        for subject, stored in charted.items()
    }
    chosen = {case.id: named.get(case.id, ()) for case in cases if case.data.get(_CHOICE)}
    twice = held_elsewhere(charts, chosen, {case.id: homes[case.subject].patient for case in cases})
    return {
        case.id: _openings(
            [one for one in (*named.get(case.id, ()), *hands[case.id]) if (case.id, one.slot) not in twice],
            homes[case.subject], known[case.id],
            [day for day in days.values() if day.clinic == case.data.get("clinic")], days,
        )
        for case in cases
    }  # fmt: skip


def _hands(
    charts: Charts, cases: Sequence[Case], days: Mapping[str, Day], known: Mapping[int, Known]
) -> dict[int, list[Opening]]:
    """Deal the free slots of each clinic to the cases that look there."""
    tables: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in sorted(cases, key=_turn):
        if case.data.get(_CHOICE):
            continue  # what was chosen is named: nothing else is looked for
        tables[str(case.data.get("clinic") or ""), case.zone].append(case)
    hands: dict[int, list[Opening]] = {case.id: [] for case in cases}
    for (clinic, zone), there in tables.items():
        open_days = [day for day in days.values() if day.clinic == clinic and day.active]
        seats = [
            Seat(
                case.id, wish_from(str(case.data.get("wish") or "")),
                known[case.id].practitioners, known[case.id].busy,
            )
            for case in there
        ]  # fmt: skip
        _deal(charts, open_days, seats, zone_of(zone))
        hands.update((seat.case, seat.hand) for seat in seats)
    return hands


def _deal(charts: Charts, days: Sequence[Day], seats: Sequence[Seat], zone: ZoneInfo) -> None:
    """Deal from the days somebody wished for; to whom that gives nothing, from all days."""
    wished = [day for day in days if any(_wished(day, seat.wish, zone) for seat in seats)]
    page = min(_PAGE, _SMALL_PAGE * (1 + len(seats) // 8))
    deal(Pool(_reader(charts, wished, page), zone), seats)
    empty = [seat for seat in seats if not seat.hand]
    if empty and len(wished) < len(days):
        deal(Pool(_reader(charts, days, page), zone), empty)


def _wished(day: Day, wish: Wish, zone: ZoneInfo) -> bool:
    """Say whether a day may hold what suits; one without clear hours, or of several dates, may."""
    if day.start is None or day.end is None:
        return True
    first, last = day.start.astimezone(zone).date(), day.end.astimezone(zone).date()
    if first != last:
        return True
    return suits_day(first, wish)


def _turn(case: Case) -> tuple[bool, datetime, int]:
    """Return in which turn a case draws: urgent ones first, then whoever has waited longest."""
    return str(case.data.get("urgency") or _ROUTINE) == _ROUTINE, case.opened_at, case.id


def load_freed(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Openings]:
    """Return the free slots that a waitlist's case names, is told of, or finds in its clinic's own book."""
    clinics = {str(case.data.get("key") or case.data.get("clinic") or "") for case in cases} - {""}
    days = days_of(charts, clinics)
    looked = {case.id: given_back(charts, case, days) for case in cases}
    wanted = {case.id: [*_refs(case, ("freed",), case.about), *looked[case.id][0]] for case in cases}
    found = _free_named(charts, [ref for refs in wanted.values() for ref in refs])
    held = charts.held([hold_key(slot) for slot in found])
    free = {slot: one for slot, one in found.items() if hold_key(slot) not in held}

    def told(case: Case) -> Openings:
        mine = [free[slot] for ref in wanted[case.id] if (slot := str(ref)) in free]
        openings = _openings(mine, Home(), Known(), [], days)
        return replace(openings, seen=looked[case.id][1])

    return {case.id: told(case) for case in cases}


def _reader(charts: Charts, days: Sequence[Day], page: int) -> Callable[[], Sequence[Opening]]:
    """Return what reads the next free slots of some days that nobody holds; empty when there are no more."""
    stretches = iter(_stretches(days))
    asked = _asked(next(stretches, ()), page)
    cursor = ""

    def more() -> Sequence[Opening]:
        nonlocal cursor, asked
        found: list[Opening] = []
        while not found and asked:
            found_page, stored = charts.search(query("Slot", asked, cursor), unheld=hold_key("Slot/"))
            cursor = found_page.cursor
            asked = asked if cursor else _asked(next(stretches, ()), page)
            read = (_opening(stored.get(ref.newest()), charts) for ref in found_page.found)
            found = [one for one in read if one is not None]
        return found

    return more


def _asked(days: Sequence[Day], page: int) -> tuple[tuple[str, str], ...]:
    """Return the search for the free slots of some days; what is over is left out when it is read."""
    if not days:
        return ()
    schedules = ",".join(sorted(day.ref for day in days))
    return ("schedule", schedules), ("status:not", _TAKEN), ("_sort", "start"), ("_count", str(page))


def _stretches(days: Sequence[Day]) -> Iterator[Sequence[Day]]:
    """Yield the days in order, some at a time, none of them beginning before those ahead of it are over."""
    if any(day.start is None or day.end is None for day in days):
        yield days
        return
    stretch: list[Day] = []
    over: datetime | None = None
    for day in sorted(days, key=lambda day: (day.start or _NEVER, day.ref)):
        start, end = day.start or _NEVER, day.end or _NEVER
        if len(stretch) >= _STRETCH and over is not None and start >= over:
            yield stretch
            stretch = []
        stretch.append(day)
        over = end if over is None else max(over, end)
    if stretch:
        yield stretch


def _opening(stored: Stored | None, charts: Charts) -> Opening | None:
    """Return a slot as an opening; one that is not free, over, or has no clear time is none."""
    if stored is None:
        return None
    said = fhir.decode(stored.raw, fhir.Slot, stored.ref)
    start, end = fhir.instant_of(said.start), fhir.instant_of(said.end)
    if said.status != _FREE or start is None or end is None or start <= charts.at:
        return None
    return Opening(
        slot=str(stored.ref.newest()), version=stored.ref.version, schedule=said.schedule.reference,
        start=start, end=end,
    )  # fmt: skip


def _named(charts: Charts, cases: Sequence[Case], days: Mapping[str, Day]) -> dict[int, list[Opening]]:
    """Return the slots that cases were offered, if they are free, take place and nobody else holds them."""
    wanted = {case.id: _refs(case, _NAMED) for case in cases}
    found = _free_named(charts, [ref for refs in wanted.values() for ref in refs])
    held = charts.held([hold_key(slot) for slot in found])

    def mine(case: int, slot: str) -> bool:
        takes_place = found[slot].schedule not in days or days[found[slot].schedule].active
        return takes_place and held.get(hold_key(slot), case) == case

    return {
        case: [found[str(ref)] for ref in refs if str(ref) in found and mine(case, str(ref))]
        for case, refs in wanted.items()
    }


def _free_named(charts: Charts, refs: Iterable[Ref]) -> dict[str, Opening]:
    wanted = sorted(set(refs))
    if not wanted:
        return {}
    found = charts.resources(wanted, kinds=("Slot",))
    return {str(ref): one for ref, stored in found.items() if (one := _opening(stored, charts)) is not None}


def still_free(charts: Charts, slots: Iterable[str], *, case: int) -> frozenset[str]:
    """Return which of the slots a case was offered can still be had: free, and held by nobody else."""
    found = _free_named(charts, [Ref.parse(slot).newest() for slot in slots])
    held = charts.held([hold_key(slot) for slot in found])
    return frozenset(slot for slot in found if held.get(hold_key(slot), case) == case)


def _refs(case: Case, names: Iterable[str], about: str = "") -> list[Ref]:
    words = [word for name in names for word in str(case.data.get(name) or "").split()]
    slots = [word for word in (*words, about) if word.startswith("Slot/")]
    return [Ref.parse(slot).newest() for slot in dict.fromkeys(slots)]


def _seen(charted: Iterable[Stored]) -> frozenset[str]:
    """Return the practitioners whom the patient met."""
    met = (
        fhir.decode(one.raw, fhir.Appointment, one.ref) for one in charted if one.ref.type == "Appointment"
    )
    return frozenset(
        who.actor.reference
        for said in met
        if said.status in _KEPT
        for who in said.participant
        if who.actor.reference.startswith("Practitioner")
    )


def _openings(
    found: Iterable[Opening],
    home: Home,
    known: Known,
    mine: Sequence[Day],
    days: Mapping[str, Day],
) -> Openings:
    each = {one.slot: one for one in found if not clashes(one, known.busy)}
    told = [_placed(one, days.get(one.schedule), home.spot, known.practitioners) for one in each.values()]
    return Openings(
        found=tuple(sorted(told, key=lambda one: (one.start, one.slot))),
        until=max((day.end for day in mine if day.end is not None), default=None),
        patient=home.patient,
        group=home.group,
    )


def _placed(one: Opening, day: Day | None, home: Spot | None, seen: frozenset[str]) -> Opening:
    """Return an opening with where it is, with whom, and what that means for this patient."""
    if day is None:
        return one
    return replace(
        one,
        clinic=day.clinic,
        practitioner=day.practitioner,
        place=day.place,
        virtual=day.virtual,
        distance_km=None if day.virtual else km_between(home, day.spot),
        known=day.practitioner in seen,
    )
