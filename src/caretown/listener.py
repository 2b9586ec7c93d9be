"""A small fast HTTP server for everything in the town: requests go to one function, replies are bytes.

An application is ``answer(request) -> Reply``; it never waits. What takes time says so with ``after_s``.
"""

import asyncio
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl

import httptools
import orjson

FHIR = b"application/fhir+json"
JSON = b"application/json"


@dataclass(slots=True)
class Request:
    """One request as it was read off the wire."""

    method: str = ""
    path: str = ""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    query: str = ""

    def asked(self) -> dict[str, str]:
        """Return the query as names and values; of a repeated name the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def form(self) -> dict[str, str]:
        """Return the body as form fields; empty when it is none."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def credentials(self) -> tuple[str, str]:
        """Return user and password of HTTP basic; ``("", "")`` when there are none."""
        kind, _, code = self.headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"basic":
            return "", ""
        try:
            user, _, password = b64decode(code, validate=True).decode("utf-8").partition(":")
        except ValueError:
            return "", ""
        return user, password


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: bytes after a while, or ``None`` to hang up."""

    raw: bytes | None
    after_s: float = 0.0
    then_close: bool = False


Answer = Callable[[Request], Reply]


def http_bytes(status: int, body: bytes, kind: bytes = FHIR, extra: bytes = b"") -> bytes:
    """Write one HTTP reply; ``extra`` is whole header lines, each with its line end."""
    reason = HTTPStatus(status).phrase.encode("ascii")
    return b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n%s" % (
        status, reason, kind, len(body), extra, body,
    )  # fmt: skip


def says(status: int, value: object, kind: bytes = FHIR, extra: bytes = b"") -> Reply:
    """Reply with a value as JSON."""
    return Reply(http_bytes(status, orjson.dumps(value), kind, extra))


def outcome(status: int, code: str, words: str) -> Reply:
    """Reply with a FHIR OperationOutcome that holds one error."""
    issue = {"severity": "error", "code": code, "diagnostics": words}
    return says(status, {"resourceType": "OperationOutcome", "issue": [issue]})


class Connection(asyncio.Protocol):
    """One caller's connection, kept open between requests."""

    def __init__(self, answer: Answer, opened: "set[asyncio.Transport]") -> None:
        self._answer = answer
        self._opened = opened
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._body: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, which is no subclass
        self._opened.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio gives it
        """Forget the connection."""
        if self._transport:
            self._opened.discard(self._transport)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Read on; what is no HTTP is hung up on."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport:
                self._transport.close()

    def on_message_begin(self) -> None:
        """Begin a request (httptools calls it)."""
        self._request, self._body = Request(), []

    def on_url(self, url: bytes) -> None:
        """Take the path and the query."""
        path, _, query = url.decode("latin-1").partition("?")
        self._request.path += path
        self._request.query += query

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._request.headers[name.lower()] = value
        if name.lower() == b"expect" and self._transport:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer."""
        self._request.method = self._parser.get_method().decode("ascii")
        self._request.body = b"".join(self._body)
        reply = self._answer(self._request)
        if reply.after_s:
            asyncio.get_running_loop().call_later(reply.after_s, self._send, reply)
        else:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        if self._transport is None:
            return
        if reply.raw is None:
            self._transport.abort()
            return
        self._transport.write(reply.raw)
        if reply.then_close:
            self._transport.close()


class Listening:
    """One application that listens; ``close`` ends it and its connections."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._opened: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self, port: int = 0) -> int:
        """Listen on the loopback; port 0 takes a free one. Return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._answer, self._opened), "127.0.0.1", port, backlog=1024
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is None:
            return
        self._server.close()
        for transport in tuple(self._opened):
            transport.abort()
        await self._server.wait_closed()
