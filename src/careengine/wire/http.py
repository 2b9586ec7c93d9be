"""A partner over HTTP: one request, its whole time bounded, its reply bounded, no redirect followed."""

import io
import socket
import ssl
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from urllib.parse import urlsplit

from careengine.kernel.errors import CareError

MOST_BYTES = 1 << 20
"""A reply longer than this is cut: no partner of ours has a reason to send more."""


class PartnerAddressUnusable(CareError):
    """The address of a partner in ``organisation.yaml`` cannot be sent to."""


class Unreachable(CareError):
    """The partner gave no answer: refused, silent, too slow, or speaking something else than HTTP."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The partner gave no HTTP answer ({why}); it is tried again later.")
        self.why = why
        """``refused``, ``timeout``, ``broken`` or ``untrusted``."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; ``cut`` says that the body was longer than we read."""

    status: int
    body: bytes
    retry_after_s: float | None = None
    cut: bool = False
    location: str = ""
    """Where the partner says that what it made is found."""


class HttpPartner:
    """The partner's base address, our secret for it, and connections kept open between posts.

    Threads may post at the same time; as many connections stay open as were used at once.
    """

    def __init__(self, url: str, *, secret: str = "", timeout_s: float = 10.0, basic: bool = False) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise PartnerAddressUnusable(
                "A partner's url must be http:// or https:// with a host, without user, password or query."
            )
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout_s = timeout_s
        self._headers = {"Authorization": _authorization(secret, basic=basic)} if secret else {}
        self._idle: deque[_Kept] = deque()

    @property
    def timeout_s(self) -> float:
        """The longest a post may take, in seconds."""
        return self._timeout_s

    def post(self, path: str, body: bytes, headers: Mapping[str, str], timeout: float | None = None) -> Reply:
        """POST ``body``; see :meth:`request`."""
        return self.request("POST", path, body, headers, timeout)

    def request(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        timeout: float | None = None,
        *,
        once: bool = False,
    ) -> Reply:
        """Send ``body`` to ``path`` below the base address and return the reply, whatever its status.

        Raises :class:`Unreachable` when no whole answer came within ``timeout`` seconds.
        A kept connection that the partner had closed meanwhile is replaced once; not with
        ``once``, for a partner who does not recognise a repetition.
        """
        until = monotonic() + (timeout or self._timeout_s)
        sent = {**self._headers, **headers}
        kept = self._idle.pop() if self._idle else None
        try:
            if kept is not None and once:
                return self._ask(kept, (method, path), body, sent, until)
            if kept is not None:
                with suppress(ConnectionError):
                    return self._ask(kept, (method, path), body, sent, until)
            return self._ask(self._connection(), (method, path), body, sent, until)
        except (OSError, HTTPException) as error:
            raise Unreachable(_why(error)) from None

    def close(self) -> None:
        """Close the connections that are kept open."""
        while self._idle:
            self._idle.pop().close()

    def _connection(self) -> "_Kept":
        if self._tls is None:
            return _Plain(self._host, self._port)
        return _Tls(self._host, self._port, context=self._tls)

    def _ask(
        self, kept: "_Kept", what: tuple[str, str], body: bytes, headers: Mapping[str, str], until: float
    ) -> Reply:
        (method, path), whole = what, False
        try:
            kept.until = until
            kept.timeout = max(until - monotonic(), 0.001)
            if kept.sock is not None:
                kept.sock.settimeout(kept.timeout)
            kept.request(method, f"{self._base}/{path.lstrip('/')}".rstrip("/") or "/", body, headers)
            response = kept.getresponse()
            said = response.read(MOST_BYTES + 1)
            reply = Reply(
                response.status,
                said[:MOST_BYTES],
                _retry_after(response),
                len(said) > MOST_BYTES,
                response.getheader("Location", ""),
            )
            whole = response.isclosed() and not response.will_close
            return reply
        finally:
            if whole:
                self._idle.append(kept)
            else:
                kept.close()


class _Timed(io.RawIOBase):
    """A socket's bytes until a moment: every read gets only the time that is left."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int | None:  # type: ignore[override]  # only BufferedReader calls it
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._raw.readinto(into)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Plain(HTTPConnection):
    """A connection whose replies end by ``until``."""

    until = 0.0

    def getresponse(self) -> HTTPResponse:
        until = self.until

        def timed(sock: socket.socket, *args: object, **words: object) -> HTTPResponse:
            response = HTTPResponse(sock, *args, **words)  # type: ignore[arg-type]  # passed on as they came
            response.fp.close()
            response.fp = io.BufferedReader(_Timed(sock, until))
            return response

        self.response_class = timed  # type: ignore[assignment]  # http.client calls it, class or not
        return super().getresponse()


class _Tls(_Plain, HTTPSConnection):
    """The same over TLS."""


_Kept = _Plain


def _authorization(secret: str, *, basic: bool) -> str:
    """Return the header's value; a ``basic`` secret is ``user:password`` (RFC 7617)."""
    return f"Basic {b64encode(secret.encode()).decode()}" if basic else f"Bearer {secret}"


def _retry_after(response: HTTPResponse) -> float | None:
    """Read Retry-After: seconds, or a date, which is measured against the partner's own Date."""
    said = response.getheader("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    sent = response.getheader("Date", "")
    try:
        return max((parsedate_to_datetime(said) - parsedate_to_datetime(sent)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return "refused"
    if isinstance(error, ssl.SSLError):
        return "untrusted"
    return "broken"
