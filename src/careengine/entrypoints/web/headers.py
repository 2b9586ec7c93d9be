"""What every answer to a browser carries: a strict content policy, and nothing to sniff, frame or cache."""

import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
        "font-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'",
        "object-src 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
"""OWASP ASVS 5.0, 3.4. A photo of an insurance card comes from the phone's own camera, not from a page."""
Get = Callable[[HttpRequest], Any]


def headers(get: Get) -> Get:
    """Return a middleware that sets them; pages about people are kept by no cache."""
    if iscoroutinefunction(get):

        async def later(request: HttpRequest) -> HttpResponseBase:
            answer: Awaitable[HttpResponseBase] = get(request)
            return _set(await answer)

        markcoroutinefunction(later)
        return later
    return lambda request: _set(get(request))


def _let_forms_go_to_the_hospital(answer: HttpResponseBase) -> None:
    """Let the sign-in form lead to the hospital's provider, where one is named: a form's redirect counts."""
    parts = urlsplit(os.environ.get("CAREENGINE_OIDC_URL", ""))
    if parts.netloc:
        policy = answer.headers["Content-Security-Policy"]
        allowed = f"form-action 'self' {parts.scheme}://{parts.netloc}"
        answer.headers["Content-Security-Policy"] = policy.replace("form-action 'self'", allowed)


def _set(answer: HttpResponseBase) -> HttpResponseBase:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    _let_forms_go_to_the_hospital(answer)
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


headers.async_capable = True  # type: ignore[attr-defined]  # how Django asks
headers.sync_capable = True  # type: ignore[attr-defined]  # as above
