"""The partners who receive acknowledgements: one real HTTP server, fast, idempotent by key, odd when planned.

``POST /<partner>`` does what is asked once per ``Idempotency-Key``; ``GET /<partner>/acts/<key>``
says what was answered for a key; ``GET /log`` counts what every partner did.
"""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import httptools
import orjson
import uvloop

from caretown.oddities import Odd, Oddity, Plan
from caretown.partner_log import PartnerLog

_REASONS = {200: b"OK", 201: b"Created", 400: b"Bad Request", 404: b"Not Found", 405: b"Method Not Allowed",
            429: b"Too Many Requests", 500: b"Internal Server Error"}  # fmt: skip
_FLUSH_EVERY_S = 0.2


@dataclass(slots=True)
class Request:
    """One request as it was read off the wire."""

    method: str = ""
    path: str = ""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: bytes after a while, or ``None`` to hang up."""

    raw: bytes | None
    after_s: float = 0.0
    then_close: bool = False


class Partners:
    """All partners of the town behind one door."""

    def __init__(self, plan: Plan, log: PartnerLog) -> None:
        self.plan = plan
        self.log = log
        self.open: set[asyncio.Transport | None] = set()

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        partner, *rest = request.path.strip("/").split("/")
        if request.method == "GET":
            return self._tell(partner, rest)
        if request.method != "POST" or not partner:
            return Reply(_http(405, b'{"error":"POST to /<partner>, or GET /log"}'))
        return self._take(partner, request)

    def _tell(self, partner: str, rest: list[str]) -> Reply:
        if partner == "log" and not rest:
            counts = self.log.summary()
            for name, row in counts.items():
                row["requests"] = self.plan.requests(name)
            return Reply(_http(200, orjson.dumps({"partners": counts, "odd": self.plan.struck})))
        if len(rest) == 2 and rest[0] == "acts" and (told := self.log.answer_for(partner, rest[1])):
            return Reply(_http(200, told))
        return Reply(_http(404, b'{"error":"nothing is known of that"}'))

    def _take(self, partner: str, request: Request) -> Reply:
        oddity = self.plan.next(partner)
        if oddity and (refusal := _REFUSALS.get(oddity.kind)):
            return refusal(oddity)
        key = request.headers.get(b"idempotency-key", b"").decode("latin-1")
        if not key:
            return Reply(_http(400, b'{"error":"the header Idempotency-Key is missing"}'))
        body = self._do(partner, key, request.body)
        if body is None:
            return Reply(_http(400, b'{"error":"the body is no JSON object"}'))
        if oddity and oddity.kind is Odd.CUT:
            return Reply(None)
        if oddity and oddity.kind is Odd.GIBBERISH:
            return Reply(_http(200, b"<html><body>It works!</body></html>", b"text/html"))
        return Reply(_http(201, body), after_s=oddity.seconds if oddity else 0.0)

    def _do(self, partner: str, key: str, raw: bytes) -> bytes | None:
        before = self.log.done_before(partner, key)
        if before is not None:
            return before
        asked = _object(raw)
        if asked is None:
            return None
        answer = orjson.dumps({"resourceType": "OperationOutcome", "id": key, "received": True})
        self.log.do(partner, key, asked, answer)
        return answer


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _http(status: int, body: bytes, kind: bytes = b"application/fhir+json", extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n%s" % (
        status, _REASONS[status], kind, len(body), extra, body,
    )  # fmt: skip


def _busy(oddity: Oddity) -> Reply:
    retry = b"retry-after: %d\r\n" % max(1, round(oddity.seconds))
    return Reply(_http(429, b'{"error":"too many requests"}', extra=retry))


_REFUSALS: dict[Odd, Callable[[Oddity], Reply]] = {
    Odd.DOWN: lambda _: Reply(None),
    Odd.ERROR: lambda _: Reply(_http(500, b'{"error":"something broke"}')),
    Odd.NONSENSE: lambda _: Reply(b"\x15\x03\x01\x00\x02\x02\x16 no such thing\r\n\r\n", then_close=True),
    Odd.BUSY: _busy,
}


class _Connection(asyncio.Protocol):
    """One sender's connection, kept open between requests."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, which is no subclass
        self._partners.open.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio gives it
        self._partners.open.discard(self._transport)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport:
                self._transport.close()

    def on_message_begin(self) -> None:
        self._request = Request()

    def on_url(self, url: bytes) -> None:
        self._request.path = url.split(b"?", 1)[0].decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._request.body += body

    def on_message_complete(self) -> None:
        self._request.method = self._parser.get_method().decode("ascii")
        reply = self._partners.answer(self._request)
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


async def serve(
    partners: Partners, *, port: int, started: Callable[[int], None], stop: asyncio.Event
) -> None:
    """Listen on the loopback until ``stop`` is set; ``port`` 0 takes a free one, told to ``started``."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(partners), "127.0.0.1", port)
    started(int(server.sockets[0].getsockname()[1]))
    try:
        while not stop.is_set():
            partners.log.flush()
            await _wait(stop, _FLUSH_EVERY_S)
    finally:
        server.close()
        for transport in tuple(partners.open):
            if transport:
                transport.abort()
        await server.wait_closed()
        partners.log.close()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def run(partners: Partners, *, port: int, started: Callable[[int], None]) -> None:
    """Serve in this process until it is told to stop (SIGTERM or Ctrl-C)."""

    async def until_told() -> None:
        stop = asyncio.Event()
        for told in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(told, stop.set)
        await serve(partners, port=port, started=started, stop=stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_told())
