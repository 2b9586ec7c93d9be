"""Who is signed in, as the engine knows them: a login of organisation.yaml with its teams."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from careengine.entrypoints.staff import Person, UnknownPerson, person_called
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.sessions import has_second_factor

_OPEN_TO_ALL = ("/sign-in", "/sign-out", "/link/", "/p/", "/static/", "/accounts/")
"""Addresses that nobody needs to be signed in for."""
_NOT_TYPED = frozenset({"csrfmiddlewaretoken", "version", "card", "act"})


def known(get: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return a middleware that lets in who is known, and sends everybody else to sign in."""

    def let_in(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(_OPEN_TO_ALL):
            return get(request)
        if not request.user.is_authenticated:
            return to_sign_in(request)
        if not has_second_factor(request):
            return redirect("/accounts/")
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
    """Send a browser to sign in and back; what somebody had typed stays in its page, or is shown to them."""
    if request.headers.get("HX-Request"):
        answer = render(request, "signed_out.html", {"typed": []}, status=401)
        answer.headers["HX-Retarget"] = "#toast"
        answer.headers["HX-Reswap"] = "innerHTML"
        return answer
    if request.method == "POST":
        typed = [text for name, text in request.POST.items() if text and name not in _NOT_TYPED]
        return render(request, "signed_out_page.html", {"typed": typed}, status=401)
    query = request.GET.copy()
    query.clear()
    query["next"] = request.get_full_path()
    return redirect(f"/sign-in/?{query.urlencode()}")
