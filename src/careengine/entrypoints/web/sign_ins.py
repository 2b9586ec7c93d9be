"""``/people``: for administrators: who can sign in, with what, and where; end sessions, shut an account."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from careengine.entrypoints.authorizing import authorize
from careengine.entrypoints.staff import Person, UnknownPerson, everybody, person_called
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.sessions import must_be_fresh
from careengine.entrypoints.web.who import person_of
from careengine.runtime.database import Connection
from careengine.trust.access import Act, Thing
from careengine.trust.actor import Purpose
from careengine.trust.audit import AuditEntry

ACTS = ("sign_out", "shut", "open")
_MOST_WHY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One login: what organisation.yaml says of it, and what its account here holds."""

    login: str
    teams: Sequence[str]
    """None of them: organisation.yaml does not name the login any more, so it opens nothing."""
    known: bool
    """Whether somebody ever came in under it."""
    shut: bool
    last: datetime | None
    factors: Sequence[str]
    sessions: int


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """``GET /people``."""
    _administrator(request)
    told = {"accounts": list(_accounts()), "done": request.GET.get("done", "")}
    return render(request, "people.html", told)


@require_POST
def act(request: HttpRequest, login: str) -> HttpResponse:
    """``POST /people/LOGIN``: sign somebody out everywhere, shut their account, or open it again; saying why.

    Somebody who is signed out or shut out loses every session at once; all of it stands on the trail.
    """
    administrator = _administrator(request)
    must_be_fresh(request)
    what, why = request.POST.get("act", ""), request.POST.get("why", "").strip()[:_MOST_WHY]
    user = User.objects.filter(username=login).first()
    if user is None or what not in ACTS:
        raise Http404
    if not why or login == administrator.login:
        return redirect("/people?done=own" if why else "/people?done=why")
    _seal(administrator, f"{what} {login}: {why}")
    if what != "sign_out":
        user.is_active = what == "open"
        user.save(update_fields=["is_active"])
    if what != "open":
        for session in UserSession.objects.filter(user=user):
            session.end()
    return redirect(f"/people?done={what}")


def _administrator(request: HttpRequest) -> Person:
    person = person_of(request)
    authorize(
        house().engine, person, Act.SEE, Thing("Page", "people"),
        refusal="This page is the administrators'. Ask the integration team to sign somebody out.",
    )  # fmt: skip
    return person


def _seal(administrator: Person, why: str) -> None:
    here = house()

    def write(conn: Connection) -> None:
        reader = administrator.reader(Purpose.OPERATIONS)
        with here.desk.reading_as(conn, reader) as charts:
            charts.audits.append(
                AuditEntry(
                    act="account", actor=reader.actor, actor_kind=reader.actor_kind, purpose=reader.purpose,
                    at=here.engine.clock.now(), subjects=(), why=why,
                )
            )  # fmt: skip

    here.desk.do(write)


def _accounts() -> Iterator[Account]:
    users = {user.username: user for user in User.objects.all()}
    factors = _by_user(Authenticator.objects.values_list("user__username", "type"))
    sessions = _by_user(UserSession.objects.values_list("user__username", "pk"))
    for login in sorted({*everybody(house().organisation), *users}):
        user = users.get(login)
        yield Account(
            login=login, teams=_teams(login), known=user is not None,
            shut=user is not None and not user.is_active, last=user.last_login if user else None,
            factors=sorted(set(factors.get(login, ()))), sessions=len(sessions.get(login, ())),
        )  # fmt: skip


def _by_user(rows: Iterator[tuple[str, object]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for login, what in rows:
        found.setdefault(login, []).append(str(what))
    return found


def _teams(login: str) -> list[str]:
    try:
        return sorted(team.value for team in person_called(house().organisation, login).teams)
    except UnknownPerson:
        return []
