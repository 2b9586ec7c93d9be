"""What the town itself counts at the end, from its own books: visits kept, waits, what must not be."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from caretown.ehr_book import Book, focus_of, slot_of
from caretown.people import Resource
from caretown.residents import Town
from caretown.truth import Truth, due_a_visit

URGENT_WITHIN = timedelta(days=14)
"""An urgent referral has its visit within so long, or somebody clinical has looked at it."""
_RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
_HAPPENED = frozenset({"fulfilled", "noshow", "arrived"})


@dataclass(frozen=True, slots=True)
class Reckoned:
    """One referral that is due a visit, as the clinics' book has it."""

    truth: Truth
    visits: tuple[Resource, ...]

    @property
    def completed(self) -> bool:
        """Say whether a visit took place and its outcome was written down."""
        return any(one["status"] == "fulfilled" for one in self.visits)

    @property
    def stands(self) -> str:
        """Say in a word where it stands."""
        statuses = {one["status"] for one in self.visits}
        for status, words in (("fulfilled", "completed"), ("booked", "booked"), ("arrived", "under way")):
            if status in statuses:
                return words
        return "missed" if "noshow" in statuses else "called off" if statuses else "no visit yet"

    def days(self) -> float | None:
        """Return how many days passed from the letter to the visit that was kept."""
        kept = [str(one["start"]) for one in self.visits if one["status"] == "fulfilled"]
        if not kept:
            return None
        wait = datetime.fromisoformat(min(kept)) - datetime.fromisoformat(self.truth.at)
        return wait.total_seconds() / 86400


def reckon(truths: Iterable[Truth], book: Book) -> tuple[Reckoned, ...]:
    """Put each referral that is due a visit beside its appointments."""
    by_focus: dict[str, list[Resource]] = {}
    for one in book.appointments.values():
        by_focus.setdefault(focus_of(one), []).append(one)
    return tuple(
        Reckoned(truth, tuple(by_focus.get(f"ServiceRequest/{truth.service_request}", ())))
        for truth in due_a_visit(truths)
    )


def shares(found: Iterable[Reckoned]) -> dict[str, Any]:
    """Return how many were completed, of how many, and how long it took."""
    all_of_them = tuple(found)
    waits = sorted(days for one in all_of_them if (days := one.days()) is not None)
    completed = sum(one.completed for one in all_of_them)
    return {
        "due_a_visit": len(all_of_them),
        "completed": completed,
        "completion_share": round(completed / len(all_of_them), 4) if all_of_them else 0.0,
        "median_days": round(median(waits), 1) if waits else None,
        "stand": dict(Counter(one.stands for one in all_of_them).most_common()),
    }


def urgent_missed(
    truths: Iterable[Truth], book: Book, *, seen_by_nurses: frozenset[str], now: datetime
) -> list[str]:
    """Return the urgent referrals that were neither looked at by a nurse nor seen in time.

    One whose days are not over yet is not missed; one that was withdrawn or is a duplicate is not due.
    """
    missed = []
    for one in reckon((truth for truth in truths if truth.urgent), book):
        focus = f"ServiceRequest/{one.truth.service_request}"
        sent = datetime.fromisoformat(one.truth.at)
        soon = any(datetime.fromisoformat(visit["start"]) <= sent + URGENT_WITHIN for visit in one.visits)
        looked = focus in seen_by_nurses
        if not (looked or soon) and (one.truth.words or now > sent + URGENT_WITHIN):
            missed.append(one.truth.service_request)
    return missed


def refill(book: Book, *, now: datetime) -> dict[str, Any]:
    """Return how many slots were given back, by our patients or others, and how many found somebody.

    ``refill_share`` is of the ``wanted`` ones: their time has come, somebody of ours had a later visit at the
    same clinic when they became free, and nobody from outside took them.
    """
    freed = book.given_back | {
        slot_of(one)
        for one in book.appointments.values()
        if one["status"] == "cancelled" and _by_patient(one)
    }
    ours = {slot for slot in freed & book.wanted if book.slots[slot].by != "outside"}
    wanted = {slot for slot in ours if book.slots[slot].opening.start <= now}
    past = {slot for slot in freed if book.slots[slot].opening.start <= now}
    again = {slot_of(one) for one in book.appointments.values() if one["status"] in {*_HAPPENED, "booked"}}
    filled = freed & again
    return {
        "freed": len(freed),
        "refilled": len(filled),
        "wanted": len(wanted),
        "refill_share": round(len(filled & wanted) / len(wanted), 4) if wanted else None,
        "stayed_empty": len(past - filled),
    }


def _by_patient(appointment: Resource) -> bool:
    codes = appointment.get("cancelationReason", {}).get("coding", ())
    return all(one.get("code") != "prov" for one in codes)


def verified(book: Book, answers: Mapping[str, list[datetime]]) -> dict[str, Any]:
    """Return how many visits had an answer of the payer before they began; ``answers`` are by patient."""
    happened = [one for one in book.appointments.values() if one["status"] in _HAPPENED and focus_of(one)]
    before = 0
    for one in happened:
        patient, start = _patient(one), datetime.fromisoformat(one["start"])
        before += any(at < start for at in answers.get(patient, ()))
    return {
        "visits_held": len(happened),
        "verified_before_visit": round(before / len(happened), 4) if happened else None,
    }


def waits_by_group(found: Iterable[Reckoned], town: Town) -> dict[str, dict[str, Any]]:
    """Return the wait and the share completed of each group, as their charts name it."""
    groups: dict[str, list[Reckoned]] = {}
    charts = {person.id: person.patient for person in town.people}
    for one in found:
        groups.setdefault(group_of(charts.get(one.truth.patient, {})), []).append(one)
    told = {name: shares(of_group) for name, of_group in sorted(groups.items())}
    for row in told.values():
        del row["stand"]
    return told


def group_of(patient: Resource) -> str:
    """Return the words of somebody's race as the chart has it, for fairness only."""
    for extension in patient.get("extension", ()):
        if extension.get("url") == _RACE:
            texts = [one.get("valueString") for one in extension.get("extension", ()) if one["url"] == "text"]
            return str(texts[0]).lower() if texts else "unknown"
    return "unknown"


def _patient(appointment: Resource) -> str:
    actors = (str(one.get("actor", {}).get("reference", "")) for one in appointment.get("participant", ()))
    return next((who.rpartition("/")[2] for who in actors if "Patient/" in who), "")
