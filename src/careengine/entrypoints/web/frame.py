"""What stands around every page: who is signed in, their teams, how much waits there."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import translation

from careengine.entrypoints.authorizing import may
from careengine.entrypoints.staff import Person, colleagues
from careengine.entrypoints.web.counting import waiting
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.rows import zone_here
from careengine.trust.access import Act, Thing

_PAGES = ("privacy", "people")
"""Pages that are not everybody's."""


def frame(request: HttpRequest) -> Mapping[str, Any]:
    """Return what ``page.html`` needs; for somebody not signed in, only language and token."""
    person: Person | None = getattr(request, "person", None)
    told: dict[str, Any] = {
        "request": request, "csrf": get_token(request), "language": translation.get_language() or "en",
        "person": person, "now": None, "rail": None,
    }  # fmt: skip
    if person is not None:
        here = house()
        told |= {
            "sees": [page for page in _PAGES if may(here.engine, person, Act.SEE, Thing("Page", page))],
            "now": here.engine.clock.now(), "rail": waiting(person), "zone": zone_here(here.engine),
            "teams": sorted(team.value for team in here.organisation.teams),
            "colleagues": lambda team: colleagues(here.organisation, team),
        }  # fmt: skip
    return told
