"""``/``: the inbox of whoever is signed in, with the card they look at beside it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from careengine.entrypoints.web.asking import VIEWS, asked_in
from careengine.entrypoints.web.cards import read
from careengine.entrypoints.web.counting import counted
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.rows import listed
from careengine.entrypoints.web.saved_views import saved_views
from careengine.entrypoints.web.who import person_of


def page(request: HttpRequest) -> HttpResponse:
    """``GET /``."""
    asked, person, here = asked_in(request.GET), person_of(request), house()
    now, language = here.engine.clock.now(), translation.get_language() or "en"
    found = here.desk.do(lambda conn: listed(conn, here, person, asked, language=language, now=now))
    selected = request.GET.get("card", "")
    card = read(request, int(selected)) if selected.isdecimal() and len(selected) < 20 else None
    named = here.desk.do(lambda conn: saved_views(conn, person.login))
    told = {"named": named, "asked": asked, "views": VIEWS, "selected": selected, "card": card, "others": []}
    number = counted(found.wanted, now=now)
    return render(request, "inbox.html", {**told, "rows": found.rows, "matching": number})
