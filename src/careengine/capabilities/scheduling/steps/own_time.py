"""When each case's patient is elsewhere: their other appointments, and what another case of theirs books."""

from collections.abc import Iterable, Mapping, Sequence

from careengine.capabilities.scheduling.model import Opening
from careengine.capabilities.scheduling.rules.own_time import Stretch, person_keys
from careengine.capabilities.scheduling.steps import fhir
from careengine.engine.case import Case
from careengine.trust.charts import Charts, Stored

_TAKES_PLACE = frozenset({"booked", "pending", "arrived", "checked-in"})
"""Statuses of an appointment that keeps the patient's time (FHIR R4)."""


def busy_times(charted: Iterable[Stored], case: Case) -> tuple[Stretch, ...]:
    """Return when the patient has another appointment than this case's own."""
    mine = str(case.data.get("appointment") or "")
    return tuple(
        (start, end)
        for one in charted
        if one.ref.type == "Appointment" and str(one.ref.newest()) != mine
        for said in (fhir.decode(one.raw, fhir.Appointment, one.ref),)
        if said.status in _TAKES_PLACE
        and (start := fhir.instant_of(said.start)) is not None
        and (end := fhir.instant_of(said.end)) is not None
    )


def held_elsewhere(
    charts: Charts, chosen: Mapping[int, Sequence[Opening]], patients: Mapping[int, str]
) -> frozenset[tuple[int, str]]:
    """Return (case, slot) of what cannot be booked now: another case of the patient is booking that time."""
    keys = {
        (case, one.slot): person_keys(patients[case], one) for case, found in chosen.items() for one in found
    }
    held = charts.held([key for each in keys.values() for key in each])
    return frozenset(
        (case, slot)
        for (case, slot), each in keys.items()
        if any(held.get(key, case) != case for key in each)
    )
