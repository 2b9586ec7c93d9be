"""``/views``: how somebody narrowed the inbox, kept under a name of theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from careengine.entrypoints.web.asking import asked_in
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.who import person_of
from careengine.runtime.database import Connection

_MOST = 12
_LONGEST = 40
_MINE = "select name, query from saved_view where login = %s order by name limit %s"
_KEEP = """
    insert into saved_view (login, name, query)
    select %(login)s, %(name)s, %(query)s
    where (select count(*) from saved_view where login = %(login)s) < %(most)s
    on conflict (login, name) do update set query = excluded.query
"""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A list under a name, and its address."""

    name: str
    address: str


def saved_views(conn: Connection, login: str) -> Sequence[SavedView]:
    """Return the lists somebody named."""
    return [SavedView(name, address) for name, address in conn.execute(_MINE, (login, _MOST)).fetchall()]


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """``POST /views``: keep the list that was shown under a name; the same name again changes it."""
    name = " ".join(request.POST.get("name", "").split())[:_LONGEST]
    address = asked_in(request.POST).address(page=1)[:500]
    if name:
        given = {"login": person_of(request).login, "name": name, "query": address, "most": _MOST}
        house().desk.do(partial(_keep, given))
    return redirect(address)


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """``POST /views/forget``: no longer keep a list."""
    given = (person_of(request).login, request.POST.get("name", ""))
    house().desk.do(lambda conn: conn.execute("delete from saved_view where login = %s and name = %s", given))
    return redirect("/")


def _keep(given: dict[str, object], conn: Connection) -> None:
    conn.execute(_KEEP, given)
