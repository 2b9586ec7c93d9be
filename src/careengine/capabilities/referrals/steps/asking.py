"""Ask a referral's sender for what is missing: a FHIR Task with the items as codes and a due time."""

import orjson

from careengine.capabilities.referrals.steps.acknowledging import EFFECT, focus_of
from careengine.engine.outgoing import Outcome, Outgoing, send
from careengine.wire.http import HttpPartner

TASKS = "urn:careengine:task"
ITEMS = "urn:careengine:referral-item"
PROVIDE = "provide-missing-information"


def send_request(outgoing: Outgoing, partner: HttpPartner) -> Outcome:
    """POST the request to the partner's address with the effect's key; safe to do again."""
    return send(
        outgoing, partner, "", orjson.dumps(request_of(outgoing)), content_type="application/fhir+json"
    )


def request_of(outgoing: Outgoing) -> dict[str, object]:
    """Return the Task: which items, until when, in the sender's own number. No patient in it."""
    said = outgoing.body
    items = said["items"]
    assert isinstance(items, list | tuple)  # noqa: S101  the constructor of the effect writes a list
    return {
        "resourceType": "Task",
        "identifier": [{"system": EFFECT, "value": outgoing.key}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASKS, "code": PROVIDE}], "text": "Provide missing information"},
        "focus": focus_of(said),
        "authoredOn": said["at"],
        "restriction": {"period": {"end": said["due"]}},
        "input": [
            {
                "type": {"coding": [{"system": TASKS, "code": "missing-item"}]},
                "valueCodeableConcept": {"coding": [{"system": ITEMS, "code": item}]},
            }
            for item in items
        ],
    }
