"""The baseline: one bare Django page, served like ours: python bare_page.py PORT PROCESSES."""

import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path


def page(_: HttpRequest) -> HttpResponse:
    """Answer with next to nothing."""
    return HttpResponse("<!doctype html><title>Bare</title><h1>Bare</h1>")


urlpatterns = [path("", page)]


def made() -> Callable[..., Any]:
    """Return the application: Django without middleware, sessions or database."""
    settings.configure(ROOT_URLCONF="bare_page", SECRET_KEY="bare", ALLOWED_HOSTS=["*"], MIDDLEWARE=[])  # noqa: S106  signs nothing
    return get_asgi_application()


if __name__ == "__main__":
    uvicorn.run(
        "bare_page:made", factory=True, workers=int(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]),
        http="httptools", log_level="error", access_log=False, ws="none",
    )  # fmt: skip
