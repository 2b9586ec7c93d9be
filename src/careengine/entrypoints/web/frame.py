"""What stands around every page: who is signed in, their teams, how much waits there."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import translation

from careengine.entrypoints.staff import Person
from careengine.entrypoints.web.counting import waiting
from careengine.entrypoints.web.house import house


def frame(request: HttpRequest) -> Mapping[str, Any]:
    """Return what ``page.html`` needs; for somebody not signed in, only language and token."""
    person: Person | None = getattr(request, "person", None)
    told: dict[str, Any] = {
        "request": request, "csrf": get_token(request), "language": translation.get_language() or "en",
        "person": person, "now": None, "rail": None,
    }  # fmt: skip
    if person is not None:
        told |= {"now": house().engine.clock.now(), "rail": waiting(person)}
    return told
