"""``/p/visit/…``: a patient's own page: where the request is, a time to choose, help to ask for."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from careengine.entrypoints.visiting import READER, Visit, say, visit_of
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.phone_door import Opened, opened, shown
from careengine.entrypoints.web.rows import zone_here
from careengine.entrypoints.web.stages import line_of
from careengine.kernel.errors import CareError, NotFound
from careengine.runtime.database import Connection

VISIT = "visit"
_MOST_WORDS = 300
_WORDS = {
    "confirm": "yes",
    "cancel": "I can't make it",
    "ride": "I need a ride to the visit",
    "language": "I need an interpreter at the visit",
    "call": "Please call me",
}
"""What each button says for the patient, in words that are read like a text of theirs."""
_PARTS = frozenset({"mornings", "afternoons"})
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """``/p/visit/TOKEN``."""
    return opened(request, VISIT, token, _take if request.method == "POST" else _show)


def _show(request: HttpRequest, link: Opened) -> HttpResponse:
    try:
        visit = _visit(link)
    except (NotFound, CareError):
        return shown(request, "phone_closed.html", None, {"title": _("This is over")}, status=410)
    engine, zone = house().engine, zone_here(house().engine)
    told = {
        "visit": visit, "zone": zone, "now": engine.clock.now(), "days": _DAYS,
        "line": line_of(engine, visit.case), "form": _form_of(visit), "done": request.GET.get("done", ""),
    }  # fmt: skip
    return shown(request, "phone_visit.html", link, told)


def _take(request: HttpRequest, link: Opened) -> HttpResponse:
    words, visit = _words(request), _visit(link)
    form = request.POST.get("form", "")
    if not words or form != _form_of(visit):
        return redirect(f"{link.address}?done=changed")
    engine = house().engine
    key = f"{link.token} {form} {words}"
    house().desk.do(lambda conn: say(conn, engine, link.case, link.caller, words, key=key))
    return redirect(f"{link.address}?done=taken")


def _visit(link: Opened) -> Visit:
    here = house()

    def read(conn: Connection) -> Visit:
        with here.desk.reading_as(conn, READER) as charts:
            return visit_of(conn, here.engine, charts, link.case)

    return here.desk.do(read)


def _form_of(visit: Visit) -> str:
    """Name what a page showed: an answer to another offer, or to another visit, is not taken."""
    booked = [visit.start] if visit.start else []
    times: list[datetime] = [one.start for one in visit.offers] or booked
    return "|".join([visit.case.state, *(one.isoformat() for one in times)])


def _words(request: HttpRequest) -> str:
    """Return what the patient says, as they would have texted it."""
    act, form = request.POST.get("act", ""), request.POST
    if act == "choose" and form.get("option", "").isdecimal():
        return form["option"][:2]
    if act == "other":
        day, part = form.get("day", ""), form.get("part", "")
        usual = [f"{day}s" if day in _DAYS else "", part if part in _PARTS else ""]
        own = form.get("own", "").strip()[:_MOST_WORDS]
        return own or " ".join(word for word in usual if word) or "none of these"
    return _WORDS.get(act, "")
