"""Whose session of the pages a request to the JSON API shows: the same sessions, times and second factor."""

from contextlib import suppress
from datetime import UTC, datetime
from hmac import compare_digest

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections

from careengine.entrypoints.tokens import TokenRefused
from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.sessions import SECOND, SEEN, SIGNED_IN, STRAIGHT
from careengine.runtime.clock import real_now
from careengine.trust.signing_in import SIGN_IN, lasts

_READS = frozenset({"GET", "HEAD"})


def login_of(cookie: str, method: str, from_site: str) -> str:
    """Return the login of a session that holds; raises :class:`TokenRefused`.

    ``from_site`` is the browser's own word on which page asks (``Sec-Fetch-Site``): what changes anything is
    taken only from our own pages, so that no other site acts with somebody's cookie.
    """
    if method not in _READS and from_site != "same-origin":
        raise TokenRefused("A session acts only from our own pages. Show a token instead.")
    close_old_connections()
    try:
        login = _login(cookie)
    finally:
        close_old_connections()
    if not login:
        raise TokenRefused("Sign in, or show a token that is in force: Authorization: Bearer …")
    return login


def _login(cookie: str) -> str:
    said = SessionStore(cookie).load() if cookie.isalnum() else {}
    user = None
    with suppress(ValueError):
        user = User.objects.filter(pk=int(said.get(SESSION_KEY, 0)), is_active=True).first()
    if user is None or not (said.get(SECOND) or said.get(STRAIGHT)):
        return ""
    if not compare_digest(str(said.get(HASH_SESSION_KEY, "")), user.get_session_auth_hash()):
        return ""
    signed_in, seen = (datetime.fromtimestamp(said.get(name, 0), UTC) for name in (SIGNED_IN, SEEN))
    policy = house().engine.book.value(SIGN_IN, real_now().date())
    return user.get_username() if lasts(policy, signed_in=signed_in, seen=seen, now=real_now()) else ""
