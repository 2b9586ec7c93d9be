"""``/cards/…``: one card, and what people do with it; after a decision the next one opens."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.http import require_GET, require_POST

from careengine.entrypoints.acting import Acting
from careengine.entrypoints.web.answering import refused, swapped
from careengine.entrypoints.web.card_view import CardView, card_view
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.live import somebody_looks
from careengine.entrypoints.web.naming import EVENTS
from careengine.entrypoints.web.who import person_of
from careengine.kernel.errors import CareError
from careengine.kernel.team import Team


@require_GET
def show(request: HttpRequest, card: int) -> HttpResponse:
    """``GET /cards/ID``: the card beside its list for htmx, or as a page of its own."""
    view = read(request, card)
    others = somebody_looks(card, person_of(request).login)
    whole = "card.html" if request.headers.get("HX-Request") else "card_page.html"
    return render(request, whole, {"card": view, "others": others})


def read(request: HttpRequest, card: int) -> CardView:
    """Return a card as whoever asks may see it."""
    here, language = house(), translation.get_language() or "en"
    return here.desk.do(lambda conn: card_view(conn, here, person_of(request), card, language=language))


@require_POST
def decide(request: HttpRequest, card: int) -> HttpResponse:
    """``POST /cards/ID/decide``: answer it; it can be taken back for some seconds, urgent ones at once."""
    answer, reason = request.POST.get("answer", ""), request.POST.get("reason", "")[:2000]

    def act(acting: Acting) -> str:
        receipt = acting.decide(card, answer, reason=reason, version=_version(request))
        return "undo" if receipt.undo_until else "done"

    return _acted(request, card, act, {"did": answer})


@require_POST
def undo(request: HttpRequest, card: int) -> HttpResponse:
    """``POST /cards/ID/undo``: take one's own answer back while the engine has not taken it."""

    def act(acting: Acting) -> str:
        acting.take_back(card)
        return "undone"

    return _acted(request, card, act, {}, stays=True)


@require_POST
def take(request: HttpRequest, card: int) -> HttpResponse:
    """``POST /cards/ID/take``: take it oneself, or give it to somebody of the team."""
    to = request.POST.get("to", "") or person_of(request).login

    def act(acting: Acting) -> str:
        acting.assign(card, to=to)
        return "taken"

    return _acted(request, card, act, {"did": to}, stays=True)


@require_POST
def hand_over(request: HttpRequest, card: int) -> HttpResponse:
    """``POST /cards/ID/hand-over``: to another team, saying what was already tried."""
    team, reason = request.POST.get("team", ""), request.POST.get("reason", "")[:2000]

    def act(acting: Acting) -> str:
        acting.hand_over(card, to=Team(team), reason=reason)
        return "handed_over"

    return _acted(request, card, act, {"did": team})


@require_POST
def snooze(request: HttpRequest, card: int) -> HttpResponse:
    """``POST /cards/ID/snooze``: put it aside for hours, or until something happens; never past its clock."""
    hours = request.POST.get("hours", "")

    def act(acting: Acting) -> str:
        if hours in EVENTS:
            acting.snooze(card, event=hours)
        else:
            acting.snooze(card, hours=int(hours) if hours.isdecimal() and len(hours) < 4 else 0)
        return "snoozed"

    return _acted(request, card, act, {"did": hours})


@require_POST
def escalate(request: HttpRequest, card: int) -> HttpResponse:
    """``POST /cards/ID/escalate``: push it one rung up before its clock does."""
    reason = request.POST.get("reason", "")[:2000]

    def act(acting: Acting) -> str:
        acting.escalate(card, reason=reason)
        return "escalated"

    return _acted(request, card, act, {}, stays=True)


def _acted(
    request: HttpRequest, card: int, act: Any, told: dict[str, Any], *, stays: bool = False
) -> HttpResponse:
    """Do something with a card; show the next one, or the same if it stays, or why it was refused."""
    here = house()
    try:
        how = here.desk.do(lambda conn: act(Acting(conn, here.engine, person_of(request))))
    except (CareError, ValueError) as error:
        return refused(request, card, error)
    if not request.headers.get("HX-Request"):
        return redirect(f"/cards/{card}" if stays else "/")
    return swapped(request, card, {**told, "how": how}, stays=stays)


def _version(request: HttpRequest) -> int | None:
    said = request.POST.get("version", "")
    return int(said) if said.isdecimal() and len(said) < 9 else None
