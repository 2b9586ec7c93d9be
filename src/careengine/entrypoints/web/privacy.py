"""``/privacy``: who saw whom, openings of closed charts to look at, and the account a patient may ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from careengine.entrypoints.accounting import account_of
from careengine.entrypoints.authorizing import authorize
from careengine.entrypoints.staff import Person
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.people import NOBODY, Somebody, somebodies
from careengine.entrypoints.web.searching import people_called
from careengine.entrypoints.web.who import person_of
from careengine.runtime.database import Connection
from careengine.trust.access import Act, Thing
from careengine.trust.actor import Purpose, Reader
from careengine.trust.audit import Seen, what_they_saw, who_saw
from careengine.trust.break_glass import review, to_review

_MOST = 200


@dataclass(frozen=True, slots=True)
class Opening:
    """A closed chart that somebody opened, to be looked at."""

    id: int
    actor: str
    subject: UUID
    reason: str
    review_by: datetime
    who: Somebody


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """``GET /privacy``: openings that wait for a look, and the search."""
    officer, asked = _officer(request), request.GET.get("q", "").strip()[:100]

    def read(conn: Connection) -> dict[str, Any]:
        here = house()
        with here.desk.reading_as(conn, officer) as charts:
            openings = to_review(conn)
            people = people_called(charts, asked) if asked else ()
            who = somebodies(charts, {*people, *(one[2] for one in openings)}, now=here.engine.clock.now())
        waiting = [Opening(*one, who.get(one[2], NOBODY)) for one in openings]
        acts: Sequence[Seen] = what_they_saw(conn, asked, limit=_MOST) if asked and not people else ()
        return {"waiting": waiting, "people": [(one, who[one]) for one in people], "acts": acts}

    return render(request, "privacy.html", {**house().desk.do(read), "q": asked})


@require_GET
def patient(request: HttpRequest, subject: UUID) -> HttpResponse:
    """``GET /privacy/patients/UUID``: who saw this patient, newest first."""
    officer = _officer(request)

    def read(conn: Connection) -> dict[str, Any]:
        here = house()
        with here.desk.reading_as(conn, officer) as charts:
            who = somebodies(charts, {subject}, now=here.engine.clock.now())[subject]
        return {"who": who, "acts": who_saw(conn, subject, limit=_MOST)}

    return render(
        request, "privacy_patient.html", {**house().desk.do(read), "subject": subject, "most": _MOST}
    )


@require_GET
def account(request: HttpRequest, subject: UUID) -> HttpResponse:
    """``GET /privacy/patients/UUID/account.pdf``: to whom information went, as the patient may ask."""
    officer = _officer(request)

    def read(conn: Connection) -> bytes:
        here = house()
        with here.desk.reading_as(conn, officer) as charts:
            who = somebodies(charts, {subject}, now=here.engine.clock.now())[subject]
        return account_of(conn, here.engine, subject, who.name or _("the patient"))

    answer = HttpResponse(house().desk.do(read), content_type="application/pdf")
    answer.headers["Content-Disposition"] = 'attachment; filename="account-of-disclosures.pdf"'
    return answer


@require_POST
def look(request: HttpRequest, glass: int) -> HttpResponse:
    """``POST /privacy/openings/ID``: close the review of an opening with a finding."""
    officer, finding = _officer(request), request.POST.get("finding", "").strip()[:500]
    outcome = request.POST.get("outcome", "")
    if outcome not in {"justified", "questioned"} or not finding:
        return redirect("/privacy?fault=1")

    def work(conn: Connection) -> None:
        here = house()
        with here.desk.reading_as(conn, officer) as charts:
            at = here.engine.clock.now()
            entry = review(conn, glass, reviewer=officer, finding=f"{outcome}: {finding}", at=at)
            charts.audits.append(entry)

    house().desk.do(work)
    return redirect("/privacy")


def _officer(request: HttpRequest) -> Reader:
    person: Person = person_of(request)
    authorize(
        house().engine, person, Act.SEE, Thing("Page", "privacy"),
        refusal="This page is the privacy office's. Ask them if you need to know who saw a chart.",
    )  # fmt: skip
    return person.reader(Purpose.OVERSIGHT)
