"""A patient's questionnaire behind a link: what was answered so far, and each saving a version of its own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from careengine.capabilities.registration import wiring as registration
from careengine.engine.case_views import subject_of_open_case
from careengine.kernel.errors import CareError, Conflict, Refused
from careengine.kernel.refs import Ref
from careengine.record.bundle import Taking, take_transaction
from careengine.record.incoming import Entry, Incoming, head_of
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.trust.actor import ActorKind, Purpose, Reader
from careengine.trust.charts import Charts, Stored

answers_of, applying, questions = registration.answers_of, registration.applying, registration.questions
"""What a page needs to ask one question after the other."""
PURPOSE = "intake"
"""What a link to a questionnaire is signed for, and the first part of its address."""
KIND = "QuestionnaireResponse"
READER = Reader(
    actor="patient:link", actor_kind=ActorKind.PERSON, purpose=Purpose.TREATMENT,
    roles=frozenset({"linked_patients"}),
)  # fmt: skip
"""Somebody who holds a link: they read what it is for, and nothing else."""
_SENT = frozenset({"completed", "amended"})
_STATUSES = frozenset({"in-progress", "completed"})


class AlreadySent(Conflict):
    """A finished questionnaire is changed as a whole or not at all."""


class NoSuchPatient(CareError):
    """The record does not say for certain who the patient is; somebody at the desk does."""

    status = 409


@dataclass(frozen=True, slots=True)
class Sheet:
    """Whose questionnaire it is, and what was saved of it."""

    case: int
    subject: UUID
    saved: Stored | None

    @property
    def status(self) -> str:
        """Return ``in-progress``, ``completed`` or ``amended``; empty before anything was saved."""
        return str(orjson.loads(self.saved.raw)["status"]) if self.saved else ""


def sheet_of(conn: Connection, charts: Charts, case: int) -> Sheet:
    """Return a case's questionnaire; raises ``NotFound`` for a case that is closed or was never."""
    subject = subject_of_open_case(conn, case)
    ref = Ref(KIND, registration.intake_id(case))
    return Sheet(case, subject, charts.resources([ref], kinds=[KIND]).get(ref))


def save(conn: Connection, charts: Charts, sheet: Sheet, said: Any, *, at: str, if_match: str) -> Ref:
    """Save a version of the answers and return which it is.

    Raises :class:`AnswersRefused` when they do not fit the questionnaire, and
    ``VersionConflict`` when somebody saved since the version ``if_match`` names.
    """
    if not isinstance(said, dict) or said.get("status") not in _STATUSES:
        raise Refused("Send a QuestionnaireResponse with the status in-progress or completed.")
    items, finished = said.get("item", []), said["status"] == "completed"
    if not isinstance(items, list):
        raise Refused("The items of a QuestionnaireResponse are a list.")
    if sheet.status in _SENT and not finished:
        raise AlreadySent("These answers were sent already. Send all of them again to change them.")
    patients = charts.of_subjects([sheet.subject], kinds=["Patient"])[sheet.subject]
    patient = registration.patient_of(patients)
    if not patient:
        raise NoSuchPatient("Telephone us: the record does not say for certain whose answers these are.")
    response = {
        "resourceType": KIND,
        "id": registration.intake_id(sheet.case),
        "questionnaire": registration.canonical(),
        "status": "amended" if sheet.status in _SENT else said["status"],
        "subject": {"reference": patient},
        "authored": at,
        "source": {"reference": patient},
        "item": registration.checked(items, finished=finished),
    }
    raw = orjson.dumps(response)
    entry = Entry("", raw, head_of(raw), "PUT", f"{KIND}/{response['id']}", if_match=if_match)
    kept = take_transaction(conn, Incoming("transaction", [entry]), Taking(recorded_at=real_now()))[0]
    return kept.ref or Ref(KIND, str(response["id"]))


def shown(saved: bytes | None) -> bytes:
    """Return the questionnaire and what was answered so far, as one Bundle."""
    entries = [{"resource": registration.questionnaire()}]
    if saved is not None:
        entries.append({"resource": orjson.loads(saved)})
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
