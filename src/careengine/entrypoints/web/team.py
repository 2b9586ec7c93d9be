"""``/team``: for whoever answers for a team: who has what, giving work round, stopping a lane."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from careengine.engine import guards
from careengine.entrypoints.acting import Acting
from careengine.entrypoints.authorizing import NotTheirLead, authorize_lead
from careengine.entrypoints.web.counting import forget
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.sessions import must_be_fresh
from careengine.entrypoints.web.who import person_of
from careengine.kernel.team import Team
from careengine.runtime.database import Connection
from careengine.worklist.listing import Filter, list_cards

_MOST = 500
_LOAD = """
    select coalesce(assignee, ''), count(*), count(*) filter (where due_at < %(now)s),
        count(*) filter (where opened_at < %(old)s), min(opened_at), count(*) filter (where rung > 0)
    from card where status = 0 and team = %(team)s group by 1 order by 2 desc
"""
_KINDS = """
    select kind, count(*), min(opened_at) from card where status = 0 and team = %(team)s
    group by kind order by 2 desc
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one person has of a team's cards; nobody's is under an empty name."""

    login: str
    open: int
    overdue: int
    older_than_a_day: int
    oldest: datetime
    escalated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamView:
    """One team as its leader sees it."""

    team: str
    people: Sequence[str]
    loads: Sequence[Load]
    kinds: Sequence[tuple[str, int, datetime]]


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """``GET /team``: every team somebody answers for, and the lanes they may stop."""
    here, mine = house(), _mine(request)
    now = here.engine.clock.now()

    def read(conn: Connection) -> tuple[list[TeamView], dict[str, guards.Stop]]:
        stops = {
            stop.name: stop for stop in guards.Stops.read(conn) if stop.scope == guards.scope_called("lane")
        }
        return [_view(conn, team, now) for team in mine], stops

    teams, stops = here.desk.do(read)
    lanes = sorted(journey.name for journey in here.engine.journeys)
    return render(request, "team.html", {"views": teams, "lanes": lanes, "stops": stops})


@require_POST
def reassign(request: HttpRequest) -> HttpResponse:
    """``POST /team/reassign``: give all or some of somebody's cards of a team to somebody else."""
    here, form = house(), request.POST
    team = _led(request, form.get("team", ""))
    source, to = form.get("from", ""), form.get("to", "")
    most = form.get("most", "")

    def give(conn: Connection) -> int:
        wanted = Filter(team=team.value, assignee=source or None, unassigned=not source, snoozed=True)
        limit = min(int(most), _MOST) if most.isdecimal() and len(most) < 5 else _MOST
        found = list_cards(conn, here.engine, wanted, now=here.engine.clock.now(), limit=limit)
        acting = Acting(conn, here.engine, person_of(request))
        for card in found:
            acting.give(card.id, to=to)
        return len(found)

    given = here.desk.do(give)
    forget()
    return redirect(f"/team?given={given}")


@require_POST
def lane(request: HttpRequest) -> HttpResponse:
    """``POST /team/lane``: stop what software does alone in a journey, or let it go on, saying why."""
    here, form = house(), request.POST
    _led(request, "")
    if form.get("act") != "stop":
        must_be_fresh(request)  # software may act again; to stop it nobody is ever held up
    name, reason, scope = form.get("lane", ""), form.get("reason", "")[:500], guards.scope_called("lane")
    by, at = f"person:{person_of(request).login}", here.engine.clock.now()

    def switch(conn: Connection) -> None:
        here.engine.codes.id(guards.code_kind("lane"), name)
        if form.get("act") == "stop":
            stop = guards.Stop(scope=scope, name=name, by=by, reason=reason, at=at)
            guards.stop(conn, here.engine.ids, stop)
        else:
            guards.resume(conn, scope, name, by=by, reason=reason, at=at)

    here.desk.do(switch)
    return redirect("/team")


def _mine(request: HttpRequest) -> list[Team]:
    return sorted(person_of(request).leads)


def _led(request: HttpRequest, team: str) -> Team:
    """Return the team, or any that somebody leads; raises :class:`NotTheirLead`."""
    mine = _mine(request)
    found = [one for one in mine if team in {"", one.value}]
    if not found:
        raise NotTheirLead("Only who answers for a team gives its work round or stops a lane.")
    authorize_lead(house().engine, person_of(request), found[0])
    return found[0]


def _view(conn: Connection, team: Team, now: datetime) -> TeamView:
    codes, organisation = house().engine.codes, house().organisation
    values = {"team": codes.id("team", team.value), "now": now, "old": now - timedelta(days=1)}
    loads = [
        Load(login=who, open=count, overdue=late, older_than_a_day=old, oldest=oldest, escalated=up)
        for who, count, late, old, oldest, up in conn.execute(_LOAD, values)
    ]
    kinds = [
        (codes.name("card", kind), count, oldest) for kind, count, oldest in conn.execute(_KINDS, values)
    ]
    return TeamView(team=team.value, people=organisation.teams[team].people, loads=loads, kinds=kinds)
