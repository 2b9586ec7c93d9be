"""What the chart is told about reaching a person: this number is not theirs. Pure."""

from datetime import datetime

from careengine.capabilities.messaging.model import ADDRESS, FLAGS, WRONG_NUMBER, Contact
from careengine.engine.case import Case
from careengine.kernel.next import Write


def wrong_number(case: Case, contact: Contact, address: str, now: datetime) -> Write:
    """Return the flag that keeps us from writing to the number of this digest as the patient's."""
    return Write(
        {
            "resourceType": "Flag",
            "id": f"wrong-{case.id}-{address[:24]}",
            "identifier": [{"system": ADDRESS, "value": address}],
            "status": "active",
            "category": [
                {
                    "coding": [
                        {"system": "http://terminology.hl7.org/CodeSystem/flag-category", "code": "contact"}
                    ]
                }
            ],
            "code": {"coding": [{"system": FLAGS, "code": WRONG_NUMBER}]},
            "subject": {"reference": contact.ref.partition("@")[0]},
            "period": {"start": now.isoformat()},
        },
        case.subject,
    )
