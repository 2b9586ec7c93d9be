"""The clinics' booking system over FHIR: who wants a slot asks here, and here alone it is decided who has it.

``POST /Appointment`` (``If-None-Exist`` honoured; 409 slot taken, 422 session closed),
``PATCH /Appointment/{id}`` (cancelling frees the slot), ``GET`` of appointments, slots, schedules, directory.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson

from caretown.clinics import directory
from caretown.ehr_book import Book, CannotBook, Slot, as_slot, patient_of, schedule_of, slot_of
from caretown.json_patch import PatchUnreadable, patched
from caretown.listener import FHIR, Reply, Request, http_bytes, outcome, says
from caretown.oddities import Odd, Oddity, Plan
from caretown.people import Resource

NAME = "ehr"
"""The partner's name in ``organisation.yaml``."""
_FIXED = ("id", "resourceType", "slot", "start", "end", "participant", "basedOn", "identifier")
_DEAD_ENDS = frozenset({"fulfilled", "noshow", "arrived"})


class Told(Protocol):
    """Who hears what was booked and cancelled here: the life of the clinics, which also feeds the engine."""

    def booked(self, appointment: Resource) -> None:
        """Hear of a booking."""
        ...

    def cancelled(self, appointment: Resource) -> None:
        """Hear of a cancellation."""
        ...

    def changed(self, appointment: Resource) -> None:
        """Hear of another change."""
        ...


@dataclass(slots=True)
class Ehr:
    """``answer`` is its HTTP application, at the root or below ``/fhir``."""

    book: Book
    now: Callable[[], datetime]
    told: Told
    oddities: Plan = field(default_factory=Plan)
    secret: str = ""
    versions: dict[str, int] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        if self.secret and request.headers.get(b"authorization") != f"Bearer {self.secret}".encode():
            return outcome(401, "login", "a bearer token is needed")
        kind, _, own_id = request.path.removeprefix("/fhir").strip("/").partition("/")
        if request.method == "GET":
            return self._read(kind, own_id, request)
        oddity = self.oddities.next(NAME)
        if oddity and oddity.kind in _BEFORE:
            return _BEFORE[oddity.kind](oddity)
        if kind == "Appointment" and request.method == "POST" and not own_id:
            reply = self._post(request)
        elif kind == "Appointment" and request.method == "PATCH":
            reply = self._patch(own_id, request)
        else:
            return outcome(405, "not-supported", "POST or PATCH an Appointment")
        return _after(oddity, reply) if oddity else reply

    def _post(self, request: Request) -> Reply:
        asked = _object(request.body)
        if asked is None or asked.get("resourceType") != "Appointment":
            return outcome(400, "structure", "the body is no Appointment")
        if asked.get("status") not in {"booked", "pending", "proposed"}:
            return outcome(422, "value", "an appointment is asked for as booked, pending or proposed")
        unless = request.headers.get(b"if-none-exist", b"").decode("utf-8", "replace")
        name, _, value = unless.rpartition("?")[2].partition("=")
        if unless and (name != "identifier" or not value):
            return outcome(412, "not-supported", "If-None-Exist must be identifier=system|value")
        if unless and (before := self.book.known(value.replace("%7C", "|"))):
            self.book.acts["asked_again"] += 1
            return self._says(200, before)
        try:
            booked = self.book.book(asked, self.now())
        except CannotBook as refused:
            self.book.acts[f"refused_{refused.status}"] += 1
            return outcome(refused.status, refused.code, refused.words)
        self.told.booked(booked)
        return self._says(201, booked)

    def _patch(self, own_id: str, request: Request) -> Reply:
        appointment = self.book.appointments.get(own_id)
        if appointment is None:
            return outcome(404, "not-found", "no such appointment")
        if not self._matches(own_id, request):
            return outcome(412, "conflict", "the appointment has changed meanwhile")
        try:
            changed = patched(appointment, orjson.loads(request.body))
        except (orjson.JSONDecodeError, PatchUnreadable) as error:
            return outcome(400, "structure", str(error))
        if fault := _fault(appointment, changed):
            return outcome(422, "business-rule", fault)
        cancels = changed["status"] == "cancelled" != appointment["status"]
        appointment.update(changed)
        self.versions[own_id] = self.versions.get(own_id, 1) + 1
        if cancels:
            self.book.cancel(appointment)
            self.told.cancelled(appointment)
        else:
            self.told.changed(appointment)
        return self._says(200, appointment)

    def _matches(self, own_id: str, request: Request) -> bool:
        wanted = request.headers.get(b"if-match", b"").decode("latin-1")
        return not wanted or wanted == f'W/"{self.versions.get(own_id, 1)}"'

    def _says(self, status: int, appointment: Resource) -> Reply:
        version = self.versions.get(appointment["id"], 1)
        extra = f'location: Appointment/{appointment["id"]}/_history/{version}\r\netag: W/"{version}"\r\n'
        meta = {"meta": {"versionId": str(version)}}
        return Reply(http_bytes(status, orjson.dumps(appointment | meta), FHIR, extra.encode("ascii")))

    def _read(self, kind: str, own_id: str, request: Request) -> Reply:
        if kind == "metadata":
            return says(200, _CAPABILITIES)
        if kind == "Appointment" and own_id in self.book.appointments:
            return self._says(200, self.book.appointments[own_id])
        found = self._all(kind, request.asked())
        if found is None:
            return outcome(404, "not-supported", "nothing of this kind is kept here")
        if own_id:
            one = next((one for one in found if one["id"] == own_id), None)
            return says(200, one) if one else outcome(404, "not-found", "no such resource")
        entries = [{"resource": one} for one in found]
        return says(
            200, {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
        )

    def _all(self, kind: str, asked: Mapping[str, str]) -> list[Resource] | None:
        if kind == "Appointment":
            return [one for one in self._appointments(asked) if _is(asked, "status", one["status"])]
        if kind == "Slot":
            return [as_slot(slot) for slot in self._slots(asked)]
        if kind == "Schedule":
            return [schedule_of(day) for day in self.book.days.values()]
        if kind in {"HealthcareService", "Location"}:
            return [one for one in directory() if one["resourceType"] == kind]
        return None

    def _slots(self, asked: Mapping[str, str]) -> Iterable[Slot]:
        schedule = asked.get("schedule", "").rpartition("/")[2]
        of_day = (one for one in self.book.slots.values() if schedule in {"", one.opening.schedule})
        return (one for one in of_day if _is(asked, "status", one.status))

    def _appointments(self, asked: Mapping[str, str]) -> Iterable[Resource]:
        if "identifier" in asked:
            known = self.book.known(asked["identifier"])
            return [known] if known else []
        if "patient" in asked:
            return self.book.of_patient(f"Patient/{asked['patient'].rpartition('/')[2]}")
        if "slot" in asked:
            own_id = asked["slot"].rpartition("/")[2]
            return [one for one in self.book.appointments.values() if slot_of(one) == own_id]
        return self.book.appointments.values()


def _fault(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if any(after.get(name) != before.get(name) for name in _FIXED):
        return "time, slot and people are not changed; cancel this one and book another"
    if after.get("status") == before["status"]:
        return ""
    if after.get("status") != "cancelled":
        return "only a cancellation is taken from outside; the clinic itself says who came"
    return f"a visit that is {before['status']} cannot be cancelled" if before["status"] in _DEAD_ENDS else ""


def _is(asked: Mapping[str, str], name: str, value: str) -> bool:
    return name not in asked or value in asked[name].split(",")


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) and patient_of_is_readable(value) else None


def patient_of_is_readable(value: Mapping[str, Any]) -> bool:
    """Say whether the parts of a booking that are read have the form they must have."""
    try:
        patient_of(value)
        [one.get("reference") for one in value.get("slot", ())]
        [one["value"] for one in value.get("identifier", ())]
    except (AttributeError, TypeError, KeyError):
        return False
    return True


def _after(oddity: Oddity, reply: Reply) -> Reply:
    if oddity.kind is Odd.CUT:
        return Reply(None)
    if oddity.kind is Odd.GIBBERISH:
        return Reply(http_bytes(200, b"<html><body>It works!</body></html>", b"text/html"))
    return Reply(reply.raw, after_s=oddity.seconds)


_BEFORE: dict[Odd, Callable[[Oddity], Reply]] = {
    Odd.DOWN: lambda _: Reply(None),
    Odd.ERROR: lambda _: outcome(500, "exception", "something broke"),
    Odd.NONSENSE: lambda _: Reply(b"\x15\x03\x01\x00\x02\x02\x16 no such thing\r\n\r\n", then_close=True),
    Odd.BUSY: lambda oddity: Reply(
        http_bytes(429, b"{}", FHIR, b"retry-after: %d\r\n" % max(1, round(oddity.seconds)))
    ),
}
_CAPABILITIES = {
    "resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1",
    "format": ["json"], "date": "2026-01-01",
    "rest": [{"mode": "server", "resource": [
        {"type": "Appointment", "conditionalCreate": True,
         "interaction": [{"code": code} for code in ("read", "create", "patch", "search-type")]},
        *({"type": kind, "interaction": [{"code": "read"}, {"code": "search-type"}]}
          for kind in ("Slot", "Schedule", "HealthcareService", "Location")),
    ]}],
}  # fmt: skip
