"""Send an acknowledgement to a referral's sender: a FHIR Task with the field's business status."""

import orjson

from careengine.engine.outgoing import Outcome, Outgoing, send
from careengine.wire.http import HttpPartner

BUSINESS_STATUS = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"
EFFECT = "urn:careengine:effect"
"""System of the identifier by which a partner recognises the same act sent twice."""


def send_acknowledgement(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """POST the acknowledgement to the partner's address with the effect's key; safe to do again."""
    return send(outgoing, partner, "", orjson.dumps(task_of(outgoing)), content_type="application/fhir+json")


def task_of(outgoing: Outgoing) -> dict[str, object]:
    """Return the Task: what became of the referral, in the sender's own number for it. No patient in it."""
    said = outgoing.body
    focus: dict[str, object] = {"reference": said["referral"]}
    if said.get("placer"):
        focus["identifier"] = {"system": said["placer_system"], "value": said["placer"]}
    return {
        "resourceType": "Task",
        "identifier": [{"system": EFFECT, "value": outgoing.key}],
        "status": said["task_status"],
        "businessStatus": {"coding": [{"system": BUSINESS_STATUS, "code": said["status"]}]},
        "intent": "order",
        "focus": focus,
        "authoredOn": said["at"],
    }
