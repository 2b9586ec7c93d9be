"""How long somebody stays signed in, what they must have shown for it, and how lately they showed it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase

from careengine.entrypoints.web.house import house
from careengine.kernel.errors import CareError
from careengine.runtime.clock import real_now
from careengine.trust.signing_in import SIGN_IN, SignInPolicy, is_fresh, lasts

SIGNED_IN, SEEN = "signed_in_at", "seen_at"
SECOND, STRAIGHT = "second_factor", "straight_in"
"""In a session: a second factor is set up; it came by a link for trying out."""
_HOSPITAL = "socialaccount"
_WRITE_EVERY_S = 60
"""A session's last sight is written at most so often, so that looking at pages does not write."""


class ShowWhoYouAre(CareError):
    """An act that cannot be undone, long after its person last showed who they are."""

    status = 401


def timed(get: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return a middleware that ends sessions that were silent or lasted too long."""

    def look(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated and not _still_holds(request, real_now()):
            logout(request)
        return get(request)

    return look


def begin(request: HttpRequest) -> None:
    """Start a session's times anew: somebody has signed in."""
    now = real_now().timestamp()
    request.session[SIGNED_IN] = request.session[SEEN] = now


def has_second_factor(request: HttpRequest) -> bool:
    """Say whether somebody has set up a second factor, or the hospital's provider or a trial link vouches."""
    session = request.session
    if session.get(SECOND) or session.get(STRAIGHT):
        return True
    by_hospital = any(
        one.get("method") == _HOSPITAL for one in get_authentication_records(request, request.user)
    )
    session[SECOND] = by_hospital or is_mfa_enabled(request.user)
    return bool(session[SECOND])


def must_be_fresh(request: HttpRequest) -> None:
    """Refuse an act that cannot be undone unless its person lately showed who they are.

    Raises :class:`ShowWhoYouAre`.
    """
    shown = [one["at"] for one in _shown(request)] or [request.session.get(SIGNED_IN, 0)]
    fresh = is_fresh(policy_now(), shown=_moment(max(shown)), now=real_now())
    if not fresh and not request.session.get(STRAIGHT):
        raise ShowWhoYouAre("Show once more that it is you, then do this again: it cannot be undone.")


def _still_holds(request: HttpRequest, now: datetime) -> bool:
    session = request.session
    if SIGNED_IN not in session:
        begin(request)
        return True
    signed_in, seen = _moment(session[SIGNED_IN]), _moment(session[SEEN])
    if not lasts(policy_now(), signed_in=signed_in, seen=seen, now=now):
        return False
    if (now - seen).total_seconds() > _WRITE_EVERY_S:
        session[SEEN] = now.timestamp()
    return True


def _shown(request: HttpRequest) -> list[dict[str, Any]]:
    return get_authentication_records(request, request.user)  # type: ignore[no-any-return]  # untyped library


def policy_now() -> SignInPolicy:
    """Return the policy of signing in."""
    return house().engine.book.value(SIGN_IN, real_now().date())


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
