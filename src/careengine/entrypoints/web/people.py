"""Who a card is about, as far as the one who looks may know, or that the chart is closed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.trust.access import NotAllowed
from careengine.trust.charts import Charts

_DAYS_OF_YEAR = 365.2425


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A patient in a few words."""

    name: str = ""
    """Empty when it may not be shown, or the record holds none."""
    closed: bool = False
    """The chart opens only behind glass."""
    age: str = ""
    """Age in years and sex: ``61 M``."""
    number: str = ""
    """Their medical record number."""
    born: str = ""


NOBODY = Somebody()


def somebodies(charts: Charts, subjects: Iterable[UUID], *, now: datetime) -> Mapping[UUID, Somebody]:
    """Return who each subject is; one reading for all of them, and it leaves its trace."""
    wanted = set(subjects)
    try:
        opened = charts.openable(wanted)
        found = charts.of_subjects(opened, kinds=("Patient",)) if opened else {}
    except NotAllowed:
        return dict.fromkeys(wanted, Somebody(closed=True))
    told = {subject: Somebody(closed=True) for subject in wanted - opened}
    for subject, stored in found.items():
        told[subject] = somebody(orjson.loads(stored[0].raw), now=now) if stored else NOBODY
    return told


def somebody(patient: Mapping[str, Any], *, now: datetime) -> Somebody:
    """Return a patient in a few words."""
    named: Mapping[str, Any] = next((one for one in patient.get("name", ()) if one.get("use") != "old"), {})
    given = " ".join(named.get("given", ())[:1])
    name = named.get("text") or f"{given} {named.get('family', '')}".strip()
    numbers = (one.get("value", "") for one in patient.get("identifier", ()) if _is_record_number(one))
    born = str(patient.get("birthDate", ""))
    sex = {"female": "F", "male": "M"}.get(patient.get("gender", ""), "")
    age = f"{_age(born, now)} {sex}".strip()
    return Somebody(name=name, age=age, number=next(numbers, ""), born=born)


def _is_record_number(identifier: Mapping[str, Any]) -> bool:
    return any(one.get("code") == "MR" for one in identifier.get("type", {}).get("coding", ()))


def _age(born: str, now: datetime) -> str:
    try:
        return str(int((now.date() - date.fromisoformat(born)).days / _DAYS_OF_YEAR))
    except ValueError:
        return ""
