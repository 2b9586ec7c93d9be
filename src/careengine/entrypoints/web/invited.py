"""``/link/…``: somebody comes in for the first time, by the link they were given."""

from functools import partial

from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from careengine.entrypoints.invites import Invite, InviteOver, invited, use
from careengine.entrypoints.staff import UnknownPerson, person_called
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.sessions import STRAIGHT, begin
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_MOST = 1024
"""Characters of a password that are taken; a longer one is refused, never cut."""


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def come_in(request: HttpRequest, token: str) -> HttpResponse:
    """``/link/TOKEN``: shown as often as one likes, used once."""
    desk = house().desk
    try:
        found = desk.do(partial(_look, token))
        if request.method == "POST":
            return _enter(request, token, found)
    except (InviteOver, UnknownPerson) as why:
        return render(request, "link_over.html", {"why": str(why)}, status=410)
    return render(request, "link.html", {"invite": found, "faults": []})


def _enter(request: HttpRequest, token: str, found: Invite) -> HttpResponse:
    password = request.POST.get("password", "")
    if len(password) > _MOST:
        return render(
            request, "link.html", {"invite": found, "faults": [_("Choose a shorter one.")]}, status=422
        )
    if not found.straight:
        try:
            validate_password(password, User(username=found.login))
        except ValidationError as wrong:
            return render(request, "link.html", {"invite": found, "faults": wrong.messages}, status=422)
    house().desk.do(lambda conn: use(conn, token, now=real_now()))
    user, _new = User.objects.get_or_create(username=found.login)
    if not found.straight:
        user.set_password(password)
        user.save()
    login(request, user, backend=_BACKEND)
    begin(request)
    request.session[STRAIGHT] = found.straight
    UserSession.objects.create_from_request(request)
    if not found.straight:
        record_authentication(request, user, "password", username=found.login, reauthenticated=True)
    return redirect("/" if found.straight else "/accounts/")


def _look(token: str, conn: Connection) -> Invite:
    found = invited(conn, token, now=real_now())
    person_called(house().organisation, found.login)
    if User.objects.filter(username=found.login, is_active=False).exists():
        raise InviteOver("This account is shut. An administrator opens it again on the page of people.")
    return found
