"""``/patients/…`` and ``/cases/…``: everything about one person that whoever looks may know."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from careengine.engine.case_views import CaseView, case_called, subject_of
from careengine.entrypoints.timeline import KINDS, MESSAGE, Entry, Standing, cases_of, timeline
from careengine.entrypoints.web.house import House, house
from careengine.entrypoints.web.people import Somebody, somebodies
from careengine.entrypoints.web.reading import reader_for, reader_of_chart
from careengine.entrypoints.web.rows import Row, rows_for
from careengine.entrypoints.web.stages import Stage, line_of
from careengine.entrypoints.web.who import person_of
from careengine.entrypoints.writing import Words, longest
from careengine.entrypoints.writing import write as write_words
from careengine.runtime.database import Connection
from careengine.worklist.listing import Filter, list_cards


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientView:
    """What the page of a person shows."""

    subject: UUID
    who: Somebody
    cases: Sequence[Standing]
    lines: dict[int, Sequence[Stage]]
    entries: Sequence[Entry]
    rows: Sequence[Row]
    """Open cards, in the order in which they should be taken, each with why."""


@require_GET
def show(request: HttpRequest, subject: UUID) -> HttpResponse:
    """``GET /patients/UUID``: open cases, unresolved cards in order, messages, what happened."""
    view = _view(request, subject, None)
    return _page(request, "patient.html", view, {})


@require_GET
def case(request: HttpRequest, case: int) -> HttpResponse:
    """``GET /cases/ID``: one case: its line, its cards, what happened in it."""
    here = house()
    found, subject = here.desk.do(lambda conn: (case_called(conn, here.engine, case), subject_of(conn, case)))
    view = _view(request, subject, found)
    return _page(request, "case.html", view, {"case": found, "longest_words": longest(here.engine)})


@require_POST
def write(request: HttpRequest, case: int) -> HttpResponse:
    """``POST /cases/ID/write``: a message to the case's patient, in somebody's own words."""
    here, person = house(), person_of(request)
    words = Words(
        text=request.POST.get("words", ""),
        actor=f"person:{person.login}",
        key=request.POST.get("key", "")[:64],
    )

    def work(conn: Connection) -> None:
        with here.desk.reading_as(conn, reader_for(here.access, person)) as charts:
            charts.of_subjects([subject_of(conn, case)], kinds=["Communication"])
        write_words(conn, here.engine, case, words)

    here.desk.do(work)
    if request.headers.get("HX-Request"):
        return render(
            request, "said.html", {"said": _("It leaves in a few seconds."), "how": "", "card_acted": 0}
        )
    return redirect(f"/cases/{case}")


def _page(request: HttpRequest, template: str, view: PatientView, more: dict[str, object]) -> HttpResponse:
    kind = request.GET.get("kind", "")
    shown = [one for one in view.entries if kind not in KINDS or one.kind == kind]
    messages = [one for one in view.entries if one.kind == MESSAGE]
    told = {"view": view, "entries": shown, "kinds": KINDS, "kind": kind, "messages": messages, **more}
    return render(request, template, told, status=403 if view.who.closed else 200)


def _view(request: HttpRequest, subject: UUID, only: CaseView | None) -> PatientView:
    here, person, language = house(), person_of(request), translation.get_language() or "en"

    def read(conn: Connection) -> PatientView:
        reader = reader_of_chart(conn, here, person, subject)
        with here.desk.reading_as(conn, reader) as charts:
            now = here.engine.clock.now()
            who = somebodies(charts, {subject}, now=now)[subject]
            cases = cases_of(conn, here.engine, subject)
            wanted = [only.id] if only else [one.id for one in cases]
            cards = list_cards(conn, here.engine, Filter(subjects=(subject,), snoozed=True), now=now)
            mine = [card for card in cards if card.case in wanted]
            entries = [] if who.closed else timeline(conn, here.engine, charts, subject, wanted)
            rows = rows_for(conn, here.engine, charts, mine, language=language, now=now)
            lines = _lines(conn, here, wanted[:20])
        return PatientView(subject=subject, who=who, cases=cases, lines=lines, entries=entries, rows=rows)

    return here.desk.do(read)


def _lines(conn: Connection, here: House, cases: Sequence[int]) -> dict[int, Sequence[Stage]]:
    return {case: line_of(here.engine, case_called(conn, here.engine, case)) for case in cases}
