"""Somebody's place on a clinic's waitlist, as a FHIR Appointment that has no time yet. Pure."""

from uuid import UUID

from careengine.capabilities.scheduling.model import UNKNOWN_GROUP, Waiter
from careengine.kernel.effect import Json
from careengine.kernel.next import Write

WAIT = "wait-"
"""What the id of a place on a waitlist begins with; the case's number follows."""
CLINIC = "urn:careengine:clinic"
"""System of the identifier and the service type by which a clinic is named here."""
EXTENSION = "urn:careengine:waiting:"
"""What the url of an extension begins with; the field of :class:`Waiter` follows."""


def join_waitlist(waiter: Waiter, *, subject: UUID, clinic: str, focus: str) -> Write:
    """Return the place of a waiter on the clinic's list; written again, it replaces what stood there."""
    said: dict[str, Json] = {
        "urgency": waiter.urgency,
        "wish": waiter.wish,
        "current": waiter.current_start.isoformat() if waiter.current_start else "",
        "distance": "" if waiter.distance_km is None else str(round(waiter.distance_km, 1)),
        "offers": str(waiter.offers),
        "group": waiter.group or UNKNOWN_GROUP,
    }
    return Write(
        {
            "resourceType": "Appointment",
            "id": f"{WAIT}{waiter.case}",
            "status": "waitlist",
            "serviceType": [{"coding": [{"system": CLINIC, "code": clinic}]}],
            "basedOn": [{"reference": focus}],
            "created": waiter.since.isoformat(),
            "participant": [{"actor": {"reference": waiter.patient}, "status": "accepted"}],
            "extension": [
                {"url": f"{EXTENSION}{name}", "valueString": value} for name, value in said.items() if value
            ],
        },
        subject,
    )


def leave_waitlist(case: int, *, subject: UUID, patient: str) -> Write:
    """Return the end of a place on a waitlist."""
    return Write(
        {
            "resourceType": "Appointment",
            "id": f"{WAIT}{case}",
            "status": "cancelled",
            "participant": [{"actor": {"reference": patient}, "status": "declined"}],
        },
        subject,
    )
