"""``/cards/bulk``: one act on many cards, each by itself, and the whole taken back as one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from careengine.entrypoints.acting import Acting
from careengine.entrypoints.web.answering import list_of
from careengine.entrypoints.web.counting import forget
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.rows import matching
from careengine.entrypoints.web.who import person_of
from careengine.kernel.errors import CareError, Refused
from careengine.kernel.team import Team
from careengine.runtime.database import Connection
from careengine.worklist.listing import card_called, list_cards

_MOST = 1000
"""Cards of one bulk act; more than anybody means."""
_LAST = "last_bulk"


class NothingChosen(Refused):
    """A bulk act without cards, or of a kind there is not."""


@dataclass(slots=True)
class Went:
    """How a bulk act went."""

    done: list[tuple[int, str, str | None]] = field(default_factory=list)
    """Card, and the team and owner it had before."""
    refused: list[str] = field(default_factory=list)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """``POST /cards/bulk``: take, hand over or put aside what is selected, or all that match the list."""
    went = Went()
    for card in _chosen(request):
        _one(request, card, went)
    forget()
    request.session[_LAST] = went.done
    return _told(request, went)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """``POST /cards/bulk/undo``: give each card of the last bulk act back to the team and owner it had."""
    here, back = house(), Went()
    for card, team, owner in request.session.pop(_LAST, []):

        def give_back(
            conn: Connection, card: int = card, team: str = team, owner: str | None = owner
        ) -> None:
            Acting(conn, here.engine, person_of(request)).give_back(card, team=Team(team), owner=owner)

        try:
            here.desk.do(give_back)
            back.done.append((card, team, owner))
        except CareError as error:
            back.refused.append(str(error))
    forget()
    return _told(request, back, undone=True)


def _one(request: HttpRequest, card: int, went: Went) -> None:
    here, person = house(), person_of(request)
    form = request.POST

    def do(conn: Connection) -> tuple[str, str | None]:
        before = card_called(conn, here.engine, card, now=here.engine.clock.now())
        acting = Acting(conn, here.engine, person)
        match form.get("act"):
            case "take":
                acting.assign(card, to=form.get("to") or person.login)
            case "hand_over" if form.get("team", "") in set(Team):
                acting.hand_over(card, to=Team(form["team"]), reason=form.get("reason", "")[:2000])
            case "snooze" if form.get("hours", "").isdecimal():
                acting.snooze(card, hours=min(int(form["hours"][:4]), 1000))
            case _:
                raise NothingChosen(_("Choose what to do with the cards."))
        return before.team, before.assignee

    try:
        went.done.append((card, *here.desk.do(do)))
    except CareError as error:
        went.refused.append(str(error))


def _chosen(request: HttpRequest) -> Iterable[int]:
    if request.POST.get("all"):
        here, person, asked = house(), person_of(request), list_of(request)
        language = translation.get_language() or "en"

        def find(conn: Connection) -> list[int]:
            wanted = matching(conn, here, person, asked, language=language)
            found = list_cards(conn, here.engine, wanted, now=here.engine.clock.now(), limit=_MOST)
            return [card.id for card in found]

        return here.desk.do(find)
    said = request.POST.getlist("card")[:_MOST]
    return [int(one) for one in said if one.isdecimal() and len(one) < 20]


def _told(request: HttpRequest, went: Went, *, undone: bool = False) -> HttpResponse:
    n = len(went.done)
    said = ngettext("%(n)d card done.", "%(n)d cards done.", n) % {"n": n}
    if undone:
        said = ngettext("%(n)d card given back.", "%(n)d cards given back.", n) % {"n": n}
    if went.refused:
        said += " " + _("%(n)d refused: %(why)s") % {"n": len(went.refused), "why": went.refused[0]}
    if not n and not went.refused:
        said = _("Select cards first.")
    shown: dict[str, Any] = {"said": said, "undoable": bool(n) and not undone}
    if not request.headers.get("HX-Request"):
        return redirect("/")
    return render(request, "bulk_said.html", shown)
