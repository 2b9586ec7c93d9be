"""How a page answers an act on a card: the next card, the list, the numbers, and a word with undo."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from careengine.entrypoints.web.asking import Asked, asked_in
from careengine.entrypoints.web.card_view import card_view
from careengine.entrypoints.web.counting import forget
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.rows import rows_of
from careengine.entrypoints.web.who import person_of
from careengine.kernel.errors import CareError, NotFound, Refused

_SAID = {
    "undo": "Answered. It is taken in a few seconds.",
    "done": "Answered, and taken at once.",
    "undone": "Taken back. The card is open again.",
    "taken": "It has its owner.",
    "handed_over": "Handed over.",
    "snoozed": "Put aside.",
    "escalated": "Pushed up.",
}


def swapped(request: HttpRequest, card: int, told: dict[str, Any], *, stays: bool) -> HttpResponse:
    """Return the parts of the page that an act changes; the list keeps its address."""
    forget()
    asked = list_of(request)
    here, person, language = house(), person_of(request), translation.get_language() or "en"
    now = here.engine.clock.now()
    rows = here.desk.do(lambda conn: rows_of(conn, here, person, asked, language=language, now=now))
    following = card if stays else next((row.card.id for row in rows if row.card.id != card), None)
    view = None
    if following is not None:
        view = here.desk.do(lambda conn: card_view(conn, here, person, following, language=language))
    said = {**told, "card_acted": card, "said": _(_SAID[told["how"]])}
    shown = {"asked": asked, "rows": rows, "card": view, "others": [], "selected": str(following or "")}
    return render(request, "acted.html", {**shown, **said})


def refused(request: HttpRequest, card: int, error: Exception) -> HttpResponse:
    """Say why an act was refused, beside the form whose text stays as it was."""
    known = isinstance(error, CareError)
    status = 404 if isinstance(error, NotFound) else 422 if isinstance(error, Refused) or not known else 409
    why = str(error) if known else _("This could not be read. Choose again.")
    if request.headers.get("HX-Request"):
        return refused_in_place(request, why)
    return render(request, "refused_page.html", {"why": why, "back": f"/cards/{card}"}, status=status)


def refused_in_place(request: HttpRequest, why: str) -> HttpResponse:
    """Say why, without swapping anything: what was typed stays as it is."""
    answer = render(request, "refused.html", {"why": why})
    answer.headers["HX-Retarget"] = "#toast"
    answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def list_of(request: HttpRequest) -> Asked:
    """Return the list that the page which sent a form shows."""
    from urllib.parse import parse_qsl, urlsplit

    address = request.headers.get("HX-Current-URL", "")
    return asked_in(dict(parse_qsl(urlsplit(address).query)))
