"""The partners who receive acknowledgements: one real HTTP server, fast, idempotent by key, odd when planned.

``POST /<partner>`` does what is asked once per ``Idempotency-Key``; ``GET /<partner>/acts/<key>``
says what was answered for a key; ``GET /log`` counts what every partner did.
"""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import orjson
import uvloop

from caretown.listener import Listening, Reply, Request, http_bytes
from caretown.oddities import Odd, Oddity, Plan
from caretown.partner_log import PartnerLog

_FLUSH_EVERY_S = 0.2


class Partners:
    """All partners of the town behind one door."""

    def __init__(self, plan: Plan, log: PartnerLog) -> None:
        self.plan = plan
        self.log = log

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        partner, *rest = request.path.strip("/").split("/")
        if request.method == "GET":
            return self._tell(partner, rest)
        if request.method != "POST" or not partner:
            return Reply(http_bytes(405, b'{"error":"POST to /<partner>, or GET /log"}'))
        return self._take(partner, request)

    def _tell(self, partner: str, rest: list[str]) -> Reply:
        if partner == "log" and not rest:
            counts = self.log.summary()
            for name, row in counts.items():
                row["requests"] = self.plan.requests(name)
            return Reply(http_bytes(200, orjson.dumps({"partners": counts, "odd": self.plan.struck})))
        if len(rest) == 2 and rest[0] == "acts" and (told := self.log.answer_for(partner, rest[1])):
            return Reply(http_bytes(200, told))
        return Reply(http_bytes(404, b'{"error":"nothing is known of that"}'))

    def _take(self, partner: str, request: Request) -> Reply:
        oddity = self.plan.next(partner)
        if oddity and (refusal := _REFUSALS.get(oddity.kind)):
            return refusal(oddity)
        key = request.headers.get(b"idempotency-key", b"").decode("latin-1")
        if not key:
            return Reply(http_bytes(400, b'{"error":"the header Idempotency-Key is missing"}'))
        body = self._do(partner, key, request.body)
        if body is None:
            return Reply(http_bytes(400, b'{"error":"the body is no JSON object"}'))
        if oddity and oddity.kind is Odd.CUT:
            return Reply(None)
        if oddity and oddity.kind is Odd.GIBBERISH:
            return Reply(http_bytes(200, b"<html><body>It works!</body></html>", b"text/html"))
        return Reply(http_bytes(201, body), after_s=oddity.seconds if oddity else 0.0)

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


def _busy(oddity: Oddity) -> Reply:
    retry = b"retry-after: %d\r\n" % max(1, round(oddity.seconds))
    return Reply(http_bytes(429, b'{"error":"too many requests"}', extra=retry))


_REFUSALS: dict[Odd, Callable[[Oddity], Reply]] = {
    Odd.DOWN: lambda _: Reply(None),
    Odd.ERROR: lambda _: Reply(http_bytes(500, b'{"error":"something broke"}')),
    Odd.NONSENSE: lambda _: Reply(b"\x15\x03\x01\x00\x02\x02\x16 no such thing\r\n\r\n", then_close=True),
    Odd.BUSY: _busy,
}


async def serve(
    partners: Partners, *, port: int, started: Callable[[int], None], stop: asyncio.Event
) -> None:
    """Listen on the loopback until ``stop`` is set; ``port`` 0 takes a free one, told to ``started``."""
    listening = Listening(partners.answer)
    started(await listening.open(port))
    try:
        while not stop.is_set():
            partners.log.flush()
            await _wait(stop, _FLUSH_EVERY_S)
    finally:
        await listening.close()
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
