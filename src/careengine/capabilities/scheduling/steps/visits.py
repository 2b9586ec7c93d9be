"""Load visits, waitlists and the days of clinics for a whole batch of cases."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from careengine.capabilities.scheduling.model import (
    UNKNOWN_GROUP,
    Session,
    Visit,
    Waiter,
    Waiters,
)
from careengine.capabilities.scheduling.rules.waitlist import CLINIC, EXTENSION, WAIT
from careengine.capabilities.scheduling.steps import fhir
from careengine.capabilities.scheduling.steps.directory import all_of, read_days
from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.trust.charts import Charts, Stored

FOCUS = "focus"
_OVER = frozenset({"cancelled", "entered-in-error"})
_BOOKED = "booked,pending"
_NEVER = datetime.max.replace(tzinfo=UTC)
"""A visit without a time comes last."""


def load_visit(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Visit]:
    """Return the visit each case names, else the one of its referral that stands and begins last."""
    found = _of_cases(charts, cases)
    return {case.id: _current(case, found[case.id]) for case in cases}


def _current(case: Case, visits: Sequence[Visit]) -> Visit:
    named = next((one for one in visits if one.name == case.data.get("appointment")), None)
    standing = [one for one in visits if one.status not in _OVER] or visits
    return named or (standing[-1] if standing else Visit())


def _of_cases(charts: Charts, cases: Sequence[Case]) -> dict[int, list[Visit]]:
    """Return each case's appointments, oldest first; two readings for the whole batch."""
    charted = charts.of_subjects({case.subject for case in cases}, kinds=("Appointment",))
    read = {
        one.ref: fhir.decode(one.raw, fhir.Appointment, one.ref)
        for stored in charted.values()
        for one in stored
        if not one.ref.id.startswith(WAIT)
    }
    slots = {ref for said in read.values() for slot in said.slot if (ref := fhir.ref_of(slot)) is not None}
    found = charts.resources(sorted(slots), kinds=("Slot",))
    schedules = {
        str(ref): fhir.decode(one.raw, fhir.Slot, ref).schedule.reference for ref, one in found.items()
    }
    return {case.id: _mine(case, charted[case.subject], read, schedules) for case in cases}


def _mine(
    case: Case,
    charted: Sequence[Stored],
    read: Mapping[Ref, fhir.Appointment],
    schedules: Mapping[str, str],
) -> list[Visit]:
    focus, named = case.data.get(FOCUS), case.data.get("appointment")
    visits = [
        _visit(one.ref, read[one.ref], schedules, str(case.data.get("clinic") or ""))
        for one in charted
        if one.ref in read
        and (
            str(one.ref.newest()) == named
            or any(based.reference == focus for based in read[one.ref].based_on)
        )
    ]
    return sorted(visits, key=lambda one: (one.start or _NEVER, one.ref))


def _visit(ref: Ref, said: fhir.Appointment, schedules: Mapping[str, str], clinic: str) -> Visit:
    slot = said.slot[0].reference if said.slot else ""
    actors = [one.actor.reference for one in said.participant]
    return Visit(
        ref=str(ref),
        status=said.status,
        start=fhir.instant_of(said.start),
        end=fhir.instant_of(said.end),
        slot=slot,
        schedule=schedules.get(slot, ""),
        clinic=clinic,
        practitioner=next((one for one in actors if one.startswith("Practitioner")), ""),
        place=next((one for one in actors if one.startswith("Location/")), ""),
        reason=next((code.code for code in said.cancelation_reason.coding if code.code), ""),
    )


def load_waiters(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Waiters]:
    """Return everybody on the waitlist of each case's clinic; one search a clinic."""
    clinics = {case.id: str(case.data.get("key") or case.data.get("clinic") or "") for case in cases}
    found = {clinic: _waiters(charts, clinic) for clinic in sorted(set(clinics.values()) - {""})}
    return {case: found.get(clinic, Waiters()) for case, clinic in clinics.items()}


def _waiters(charts: Charts, clinic: str) -> Waiters:
    found = all_of(charts, "Appointment", (("service-type", f"{CLINIC}|{clinic}"), ("status", "waitlist")))
    read = [_waiter(ref, fhir.decode(one.raw, fhir.Appointment, ref), one) for ref, one in found.items()]
    return Waiters(tuple(sorted((one for one in read if one is not None), key=lambda one: one.case)))


def _waiter(ref: Ref, said: fhir.Appointment, stored: Stored) -> Waiter | None:
    """Return a place on a waitlist; one that is not ours names no case and is none."""
    number = ref.id.removeprefix(WAIT)
    if not ref.id.startswith(WAIT) or not number.isdigit():
        return None
    told = {one.url.removeprefix(EXTENSION): one.value for one in said.extension}
    return Waiter(
        case=int(number),
        patient=said.participant[0].actor.reference if said.participant else "",
        since=fhir.instant_of(said.created) or stored.updated,
        urgency=told.get("urgency", ""),
        wish=told.get("wish", ""),
        current_start=fhir.instant_of(told.get("current", "")),
        distance_km=float(told["distance"]) if "distance" in told else None,
        offers=int(told.get("offers", "0")),
        group=told.get("group", UNKNOWN_GROUP),
    )


def load_sessions(charts: Charts, cases: Sequence[Case]) -> Mapping[int, Session]:
    """Return the clinic's day that each case is about, and the referrals of the visits booked in it."""
    refs = {case.id: _schedule(case) for case in cases}
    stored = charts.resources(sorted({ref for ref in refs.values() if ref is not None}), kinds=("Schedule",))
    days = read_days(charts, stored, {})
    return {
        case: Session()
        if ref is None or ref not in stored
        else Session(
            schedule=str(stored[ref].ref),
            active=days[str(ref)].active,
            start=days[str(ref)].start,
            end=days[str(ref)].end,
            focuses=_focuses(charts, ref),
        )
        for case, ref in refs.items()
    }


def _schedule(case: Case) -> Ref | None:
    named = str(case.data.get(FOCUS) or case.data.get("key") or "")
    return Ref.parse(named).newest() if named.startswith("Schedule/") else None


def _focuses(charts: Charts, schedule: Ref) -> tuple[str, ...]:
    slots = all_of(charts, "Slot", (("schedule", str(schedule)),))
    if not slots:
        return ()
    named = ",".join(str(ref) for ref in sorted(slots))
    booked = all_of(charts, "Appointment", (("slot", named), ("status", _BOOKED)))
    return tuple(
        sorted(
            {
                based.reference
                for ref, one in booked.items()
                for based in fhir.decode(one.raw, fhir.Appointment, ref).based_on
            }
        )
    )
