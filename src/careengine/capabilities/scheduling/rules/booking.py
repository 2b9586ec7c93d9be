"""What scheduling asks of the clinic's own system: book a visit, cancel one. Pure."""

from datetime import datetime, timedelta

from careengine.capabilities.scheduling.model import ClinicSetting, Opening, Visit
from careengine.kernel.effect import Effect

BOOK_APPOINTMENT = "scheduling.book_appointment"
CANCEL_APPOINTMENT = "scheduling.cancel_appointment"
PATIENT_CANCELLED = "pat"
"""HL7 appointment-cancellation-reason: the patient asked for it."""


def book(opening: Opening, *, clinic: ClinicSetting, patient: str, focus: str) -> Effect:
    """Return the booking of an opening for ``Patient/id``, on behalf of ``ServiceRequest/id``."""
    return Effect(
        kind=BOOK_APPOINTMENT,
        partner=clinic.partner,
        body={
            "slot": opening.slot,
            "start": opening.start.isoformat(),
            "end": opening.end.isoformat(),
            "service": clinic.service,
            "patient": patient,
            "focus": focus,
            "actors": tuple(actor for actor in (opening.practitioner, opening.place) if actor),
        },
        not_after=opening.start,
        purpose="treatment",
    )


def cancel(visit: Visit, *, clinic: ClinicSetting, now: datetime, reason: str = PATIENT_CANCELLED) -> Effect:
    """Return the cancellation of a visit; it makes sense until the visit is over."""
    return Effect(
        kind=CANCEL_APPOINTMENT,
        partner=clinic.partner,
        body={"appointment": visit.name, "reason": reason},
        not_after=max(visit.end or now, now + timedelta(days=1)),
        purpose="treatment",
    )
