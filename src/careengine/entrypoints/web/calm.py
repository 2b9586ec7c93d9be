"""How a page fails: what happened, to what, and what to do; never a trace, never a patient's data."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from careengine.entrypoints.web.answering import refused_in_place
from careengine.entrypoints.web.sessions import ShowWhoYouAre
from careengine.kernel.errors import CareError

Get = Callable[[HttpRequest], HttpResponseBase]


class Calm:
    """A middleware that tells every error of ours in its own words."""

    def __init__(self, get: Get) -> None:
        self._get = get

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        return self._get(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Tell an error of ours; any other is Django's to log and the 500 page's to tell."""
        if not isinstance(error, CareError):
            return None
        if isinstance(error, ShowWhoYouAre):
            return _show_again(request, error)
        if request.headers.get("HX-Request"):
            return refused_in_place(request, str(error))
        told = {"why": str(error), "back": "/"}
        return render(request, "refused_page.html", told, status=error.status)


def _show_again(request: HttpRequest, error: ShowWhoYouAre) -> HttpResponse:
    back = urlsplit(request.headers.get("Referer", "")).path or "/"
    return render(request, "show_again.html", {"why": str(error), "back": back}, status=error.status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that leads nowhere."""
    del exception
    return _plain(request, HTTPStatus.NOT_FOUND, _("There is no such page"), _("The address may be old."))


def broken(request: HttpRequest) -> HttpResponse:
    """Answer when the software failed; the log says where."""
    words = _("It is written down. Go back and try again; if it stays, tell whoever looks after CareEngine.")
    return _plain(request, HTTPStatus.INTERNAL_SERVER_ERROR, _("This page failed"), words)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that did not come from a page of ours, or from one that is too old."""
    del reason
    words = _(
        "The form was too old, or not ours. Nothing was changed. Load the page again and send it once more."
    )
    return _plain(request, HTTPStatus.FORBIDDEN, _("This was not done"), words)


def _plain(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    return render(request, "plain.html", {"title": title, "words": words}, status=status)
