"""What a patient does on their own page: see where the request is, answer an offer, send a picture."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.capabilities.messaging import wiring as messaging
from careengine.capabilities.registration import wiring as registration
from careengine.capabilities.scheduling import wiring as scheduling
from careengine.engine.case_views import CaseView, case_called, subject_of_open_case
from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.entrypoints.intake import READER, NoSuchPatient
from careengine.kernel.errors import NotFound
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection
from careengine.trust.charts import Charts

__all__ = ["READER", "Caller", "Visit", "caller_of", "keep_photo", "say", "signature", "visit_of"]
ACTOR = "patient:page"
_OFFERED = ("offering", "rebooking", "recovering_cancellation", "recovering_no_show")
"""States in which the times that were offered may be chosen from."""
_GONE = "scheduling.slot_gone"
"""With what a patient hears that the time they chose is gone."""
_CARD = {"system": "http://loinc.org", "code": "64290-0", "display": "Health insurance card"}


@dataclass(frozen=True, slots=True)
class Offered:
    """A time that was offered and is still to be had."""

    number: int
    """What the patient would answer by text."""
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where a patient's request is, and what they may choose."""

    case: CaseView
    choosing: bool
    """Whether it is the patient's turn to choose a time."""
    offers: Sequence[Offered]
    """None of them when all have gone to others meanwhile."""
    missed: bool
    """Whether the time they chose last had gone to somebody else."""
    start: datetime | None
    """The visit that is booked and ahead."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The patient a link belongs to, as the record knows them."""

    subject: UUID
    patient: str
    """``Patient/id``."""
    born: date | None
    language: str


def visit_of(conn: Connection, engine: Engine, charts: Charts, case: int) -> Visit:
    """Return where an open case stands; raises ``NotFound`` when it is over or was never."""
    found = case_called(conn, engine, case)
    if found.closed_at is not None:
        raise NotFound("This is over, or was never begun.")
    booked = str(found.data.get("start") or "")
    choosing = found.state in _OFFERED and bool(found.data.get("slots_at"))
    start = datetime.fromisoformat(booked) if booked and not choosing else None
    if start is not None and start <= engine.clock.now():
        start = None
    offers = _offers(charts, found) if choosing else ()
    return Visit(
        case=found, choosing=choosing, offers=offers, start=start,
        missed=choosing and found.data.get("first") == _GONE,
    )  # fmt: skip


def _offers(charts: Charts, case: CaseView) -> Sequence[Offered]:
    slots = str(case.data["slots"]).split()
    moments = (one.split("|") for one in str(case.data["slots_at"]).split())
    free = scheduling.still_free(charts, slots, case=case.id)
    return [
        Offered(number, datetime.fromisoformat(start), datetime.fromisoformat(end))
        for number, (slot, (start, end)) in enumerate(zip(slots, moments, strict=True), 1)
        if slot in free
    ]


def caller_of(conn: Connection, charts: Charts, case: int) -> Caller:
    """Return whose case it is; raises ``NotFound``, and :class:`NoSuchPatient` when the record is unsure."""
    subject = subject_of_open_case(conn, case)
    found = charts.of_subjects([subject], kinds=["Patient"])[subject]
    patient = registration.patient_of(found)
    if not patient:
        raise NoSuchPatient("Telephone us: the record does not say for certain who this is.")
    resource = next(orjson.loads(one.raw) for one in found if str(one.ref).split("@")[0] == patient)
    born = str(resource.get("birthDate", ""))
    return Caller(subject, patient, date.fromisoformat(born) if len(born) == 10 else None, _speaks(resource))


def _speaks(patient: dict[str, Any]) -> str:
    spoken = sorted(patient.get("communication", ()), key=lambda one: not one.get("preferred"))
    codes = [c.get("code", "") for one in spoken for c in one.get("language", {}).get("coding", ())]
    return next((code[:2].lower() for code in codes if code), "")


def say(conn: Connection, engine: Engine, case: int, caller: Caller, words: str, *, key: str) -> bool:
    """Take what a patient said on their page as their message; False when this form was taken before."""
    at, ref = engine.clock.now(), messaging.page_ref(key)
    if conn.execute("select 1 from event_key where key = %s", (key_of("page", ref.id),)).fetchone():
        return False
    said = messaging.said_on_page(words, case=case, patient=caller.patient, key=key, at=at)
    kept = NewVersion(
        type="Communication", id=ref.id, raw=orjson.dumps(said), subject=caller.subject, resource=said
    )
    written = write_versions(conn, [kept], recorded_at=real_now())
    told = {"channel": messaging.PAGE, "command": "", "why": "messaging.page", "media": "0"}
    event = NewEvent(
        kind=messaging.RECEIVED, at=at, key=key_of("page", ref.id), actor=ACTOR, ref=str(written[0]),
        subject=caller.subject, cases=(case,), body=pack(orjson.dumps(told)),
    )  # fmt: skip
    post(conn, engine, [event], recorded_at=real_now())
    return True


def signature(engine: Engine) -> tuple[str, str]:
    """Return our short public name, and the number a patient can call."""
    sending = engine.book.value(messaging.MESSAGE, engine.clock.now().date())
    return sending.name, sending.phone


def keep_photo(conn: Connection, caller: Caller, photo: bytes, kind: str, *, at: datetime) -> str:
    """Keep a picture of an insurance card in the chart; return which it is. The same picture is kept once."""
    id_ = f"card-{hashlib.sha256(photo).hexdigest()[:40]}"
    binary = {
        "resourceType": "Binary", "id": id_, "contentType": kind, "data": base64.b64encode(photo).decode(),
    }  # fmt: skip
    document = {
        "resourceType": "DocumentReference", "id": id_, "status": "current",
        "type": {"coding": [_CARD]}, "subject": {"reference": caller.patient}, "date": at.isoformat(),
        "author": [{"reference": caller.patient}],
        "content": [{"attachment": {"contentType": kind, "url": f"Binary/{id_}", "size": len(photo)}}],
    }  # fmt: skip
    versions = [
        NewVersion(
            type=str(one["resourceType"]), id=id_, raw=orjson.dumps(one), subject=caller.subject, resource=one
        )
        for one in (binary, document)
    ]
    return str(write_versions(conn, versions, recorded_at=real_now())[1])
