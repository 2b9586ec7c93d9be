"""Messages without a number: what a patient says on their own page, what a person here writes to them."""

import hashlib
from datetime import datetime
from typing import Any

from careengine.capabilities.messaging.model import DRAFTED, HEARD, MEDIA, MEDIUM, PAGE, TURN
from careengine.capabilities.messaging.steps.hearing import readable
from careengine.kernel.refs import Ref


def said_on_page(words: str, *, case: int, patient: str, key: str, at: datetime) -> dict[str, Any]:
    """Return the Communication; the same ``key`` (one showing of one page) always becomes the same one."""
    return {
        "resourceType": "Communication",
        "id": page_ref(key).id,
        "status": "completed",
        "category": [{"coding": [{"system": TURN, "code": HEARD}]}],
        "medium": [{"coding": [{"system": MEDIUM, "code": MEDIA[PAGE]}]}],
        "subject": {"reference": patient},
        "sender": {"reference": patient},
        "received": at.isoformat(),
        "about": [{"reference": f"Task/case-{case}"}],
        "payload": [{"contentString": readable(words)}],
    }


def drafted(words: str, *, case: int, key: str, at: datetime) -> dict[str, Any]:
    """Return what a person here wrote to a patient, before it is decided how and when it leaves."""
    return {
        "resourceType": "Communication",
        "id": f"draft-{hashlib.sha256(key.encode()).hexdigest()[:40]}",
        "status": "preparation",
        "category": [{"coding": [{"system": TURN, "code": DRAFTED}]}],
        "sent": at.isoformat(),
        "about": [{"reference": f"Task/case-{case}"}],
        "payload": [{"contentString": readable(words)}],
    }


def page_ref(key: str) -> Ref:
    """Return the message that a page's form becomes, however often it is sent."""
    return Ref("Communication", f"page-{hashlib.sha256(key.encode()).hexdigest()[:40]}")
