"""Who is signed in, as the engine knows them: a login of organisation.yaml with its teams."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from careengine.entrypoints.staff import Person, UnknownPerson, person_called
from careengine.entrypoints.web.house import house

_OPEN_TO_ALL = ("/sign-in", "/link/", "/p/", "/static/", "/accounts/")
"""Addresses that nobody needs to be signed in for."""


def known(get: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return a middleware that lets in who is known, and sends everybody else to sign in."""

    def let_in(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(_OPEN_TO_ALL):
            return get(request)
        if not request.user.is_authenticated:
            return to_sign_in(request)
        try:
            person = person_called(house().organisation, request.user.get_username())
        except UnknownPerson:
            return render(request, "stranger.html", status=403)
        request.person = person  # type: ignore[attr-defined]  # read by person_of
        return get(request)

    return let_in


def person_of(request: HttpRequest) -> Person:
    """Return who asks for a page."""
    person: Person = request.person  # type: ignore[attr-defined]  # set by known
    return person


def to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Send a browser to sign in and back; a page that only swaps a part is sent there whole."""
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=401)
        answer.headers["HX-Redirect"] = "/sign-in/"
        return answer
    query = request.GET.copy()
    query.clear()
    query["next"] = request.get_full_path() if request.method == "GET" else "/"
    return redirect(f"/sign-in/?{query.urlencode()}")
