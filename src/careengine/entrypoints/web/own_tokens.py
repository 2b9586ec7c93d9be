"""``/tokens``: tokens with which somebody's own scripts act as they do, made and taken back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from careengine.entrypoints.tokens import in_force, issue, revoke
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.sessions import must_be_fresh, policy_now
from careengine.entrypoints.web.who import person_of
from careengine.runtime.clock import real_now


@sensitive_variables("made")
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """``/tokens``: what is in force; a POST makes one more, whose text is shown this once."""
    login, now, made = person_of(request).login, real_now(), ""
    if request.method == "POST":
        must_be_fresh(request)
        until = now + policy_now().token
        made = house().desk.do(lambda conn: issue(conn, login, now=now, until=until))
    told = {
        "made": made, "days": policy_now().token.days,
        "tokens": house().desk.do(lambda conn: in_force(conn, login, now=now)),
    }  # fmt: skip
    return render(request, "own_tokens.html", told)


@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """``POST /tokens/revoke``: every token of one's own, at once."""
    login = person_of(request).login
    house().desk.do(lambda conn: revoke(conn, login, now=real_now()))
    return redirect("/tokens")
