"""``/``: the inbox of whoever is signed in, with the card they look at beside it."""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from careengine.entrypoints.staff import Person
from careengine.entrypoints.web.asking import VIEWS, Asked, asked_in
from careengine.entrypoints.web.cards import read
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.rows import matching, rows_of
from careengine.entrypoints.web.who import person_of
from careengine.runtime.database import Connection
from careengine.worklist.listing import count_cards


def page(request: HttpRequest) -> HttpResponse:
    """``GET /``."""
    asked, person, here = asked_in(request.GET), person_of(request), house()
    now, language = here.engine.clock.now(), translation.get_language() or "en"
    rows = here.desk.do(lambda conn: rows_of(conn, here, person, asked, language=language, now=now))
    selected = request.GET.get("card", "")
    card = read(request, int(selected)) if selected.isdecimal() and len(selected) < 20 else None
    found = here.desk.do(partial(_matching, person, asked, language))
    told = {"asked": asked, "rows": rows, "views": VIEWS, "selected": selected, "card": card, "others": []}
    return render(request, "inbox.html", {**told, "matching": found})


def _matching(person: Person, asked: Asked, language: str, conn: Connection) -> int:
    engine = house().engine
    wanted = matching(conn, house(), person, asked, language=language)
    return count_cards(conn, engine, wanted, now=engine.clock.now())
