"""``/accounts/``: what somebody signs in with, and where they are signed in."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from careengine.entrypoints.web.sessions import has_second_factor

_KIND = Authenticator.Type


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """``GET /accounts/``."""
    mine = list(Authenticator.objects.filter(user=request.user).order_by("pk"))
    told = {
        "login": request.user.get_username(),
        "secured": has_second_factor(request),
        "app": next((one for one in mine if one.type == _KIND.TOTP), None),
        "keys": [one.wrap() for one in mine if one.type == _KIND.WEBAUTHN],
        "codes": next((one for one in mine if one.type == _KIND.RECOVERY_CODES), None),
        "has_password": request.user.is_authenticated and request.user.has_usable_password(),
        "sessions": UserSession.objects.purge_and_list(request.user),
        "here": request.session.session_key,
    }
    return render(request, "accounts.html", told)


@login_required
@require_POST
def end_session(request: HttpRequest, session: int) -> HttpResponse:
    """``POST /accounts/sessions/ID/end``: sign out in another browser."""
    found = UserSession.objects.filter(user=request.user, pk=session).first()
    if found is None:
        raise Http404
    found.end()
    return redirect("/accounts/")


def closed(request: HttpRequest) -> HttpResponse:
    """Answer the library's addresses that nobody uses here: there is no signing up, no reset by mail."""
    del request
    raise Http404
