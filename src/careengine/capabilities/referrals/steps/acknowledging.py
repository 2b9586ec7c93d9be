"""Send an acknowledgement to a referral's sender: a FHIR Task with the field's business status."""

from collections.abc import Mapping

import orjson

from careengine.engine.outgoing import Outcome, Outgoing, send
from careengine.kernel.effect import Json
from careengine.wire.http import HttpPartner

BUSINESS_STATUS = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"
REASON = "urn:careengine:referral-outcome"
EFFECT = "urn:careengine:effect"
"""System of the identifier by which a partner recognises the same act sent twice."""


def send_acknowledgement(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """POST the acknowledgement to the partner's address with the effect's key; safe to do again."""
    return send(outgoing, partner, "", orjson.dumps(task_of(outgoing)), content_type="application/fhir+json")


def focus_of(said: Mapping[str, Json]) -> dict[str, object]:
    """Return the referral as its sender recognises it: our name for it, and their own number."""
    focus: dict[str, object] = {"reference": said["referral"]}
    if said.get("placer"):
        focus["identifier"] = {"system": said["placer_system"], "value": said["placer"]}
    return focus


def task_of(outgoing: Outgoing) -> dict[str, object]:
    """Return the Task: what became of the referral, in the sender's own number for it. No patient in it."""
    said = outgoing.body
    focus = focus_of(said)
    task: dict[str, object] = {
        "resourceType": "Task",
        "identifier": [{"system": EFFECT, "value": outgoing.key}],
        "status": said["task_status"],
        "businessStatus": {"coding": [{"system": BUSINESS_STATUS, "code": said["status"]}]},
        "intent": "order",
        "focus": focus,
        "authoredOn": said["at"],
    }
    if said.get("reason"):
        reason: dict[str, object] = {"coding": [{"system": REASON, "code": said["reason"]}]}
        task["statusReason"] = reason | ({"text": said["clinic"]} if said.get("clinic") else {})
    return task
