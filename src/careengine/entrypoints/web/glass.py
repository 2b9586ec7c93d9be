"""``/patients/…/open``: open a closed chart with a reason, for a while; the privacy office looks at each."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.reading import reader_for, refuse_without_emergencies
from careengine.entrypoints.web.sessions import must_be_fresh
from careengine.entrypoints.web.who import person_of
from careengine.runtime.database import Connection
from careengine.trust.break_glass import BREAK_GLASS, Glass, GlassNotBroken, break_glass


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, subject: UUID) -> HttpResponse:
    """``/patients/UUID/open``: asked with a fresh sign-in, a reason of the policy and words of one's own."""
    if request.method == "POST":
        must_be_fresh(request)
        try:
            _open(request, subject)
        except GlassNotBroken as why:
            return _asked(request, subject, fault=str(why), status=422)
        return redirect(f"/patients/{subject}")
    return _asked(request, subject)


def _open(request: HttpRequest, subject: UUID) -> Glass:
    here, person = house(), person_of(request)
    reason, why = request.POST.get("reason", ""), request.POST.get("why", "").strip()[:500]

    def work(conn: Connection) -> Glass:
        refuse_without_emergencies(here.access, person)
        reader = reader_for(here.access, person)
        with here.desk.reading_as(conn, reader) as charts:
            glass = break_glass(
                conn, here.engine.ids, here.engine.book, reader=reader, subject=subject, reason=reason,
                why=why, at=here.engine.clock.now(),
            )  # fmt: skip
            charts.audits.append(glass.audit)
        return glass

    return here.desk.do(work)


def _asked(request: HttpRequest, subject: UUID, *, fault: str = "", status: int = 200) -> HttpResponse:
    policy = house().engine.book.value(BREAK_GLASS, house().engine.clock.now().date())
    told = {
        "subject": subject, "reasons": sorted(policy.reasons), "least": policy.words_at_least, "fault": fault,
        "hours": int(policy.opened_for.total_seconds() // 3600), "why": request.POST.get("why", ""),
    }  # fmt: skip
    return render(request, "glass.html", told, status=status)
