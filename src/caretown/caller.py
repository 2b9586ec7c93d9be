"""How the town's servers call the engine: HTTP/1.1 on the servers' own loop, connections kept, tried again.

A server that is busy (429, 503) or not there is tried again with patience, as a real vendor's webhook is.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

from caretown.errors import EngineSilent

_BUSY = frozenset({429, 502, 503, 504})
_TRIES = 8
_FIRST_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int
    body: bytes
    retry_after_s: float | None = None

    @property
    def taken(self) -> bool:
        """Say whether it was accepted."""
        return 200 <= self.status < 300


class Caller:
    """Calls one base address; at most ``most`` requests at once, the rest wait their turn."""

    def __init__(self, base_url: str, *, most: int = 8, patience_s: float = 30.0) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._base = parts.path.rstrip("/")
        self._turns = asyncio.Semaphore(most)
        self._patience_s = patience_s
        self._idle: list[_Line] = []
        self._lines: set[_Line] = set()
        self.statuses: Counter[int] = Counter()
        """How often each status came back."""

    async def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Said:
        """Send one request until it is answered by something else than "busy".

        Raises:
            EngineSilent: Nobody answered in any of the tries.
        """
        raw = self._written(method, path, body, headers)
        pause, said = _FIRST_PAUSE_S, None
        for _ in range(_TRIES):
            said = await self._once(raw)
            if said is not None and said.status not in _BUSY:
                self.statuses[said.status] += 1
                return said
            wait = pause if said is None or said.retry_after_s is None else said.retry_after_s
            await asyncio.sleep(wait)
            pause *= 2
        if said is not None:
            self.statuses[said.status] += 1
            return said
        raise EngineSilent(f"Nobody answers at {self._host}:{self._port} in {_TRIES} tries; is it running?")

    async def _once(self, raw: bytes) -> Said | None:
        async with self._turns:
            line = self._idle.pop() if self._idle else None
            try:
                if line is not None and (said := await self._ask(line, raw)) is not None:
                    return said
                fresh = await self._line()
                return await self._ask(fresh, raw)
            except OSError:
                return None

    async def _ask(self, line: "_Line", raw: bytes) -> Said | None:
        try:
            async with asyncio.timeout(self._patience_s):
                said = await line.ask(raw)
        except (OSError, TimeoutError, httptools.HttpParserError):
            line.close()
            return None
        if line.usable:
            self._idle.append(line)
        else:
            line.close()
        return said

    async def _line(self) -> "_Line":
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: _Line(self._lines), self._host, self._port)
        return line

    def _written(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        lines = [
            f"{method} {self._base}{path} HTTP/1.1",
            f"host: {self._host}:{self._port}",
            f"content-length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items() if value),
        ]
        return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body

    def close(self) -> None:
        """Hang up."""
        self._idle.clear()
        for line in tuple(self._lines):
            line.close()


class _Line(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, lines: "set[_Line]") -> None:
        self._lines = lines
        self._transport: asyncio.WriteTransport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Said] | None = None
        self._body: list[bytes] = []
        self._retry: float | None = None
        self.usable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's own class
        self._lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        self._lines.discard(self)
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc if isinstance(exc, OSError) else ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.usable = False
            if self._answer and not self._answer.done():
                self._answer.set_exception(error)

    async def ask(self, raw: bytes) -> Said:
        if not self.usable or self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._body, self._retry = [], None
        self._transport.write(raw)
        return await self._answer

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after" and value.strip().isdigit():
            self._retry = float(value)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return
        self.usable = self.usable and self._parser.should_keep_alive()
        if self._answer and not self._answer.done():
            self._answer.set_result(Said(status, b"".join(self._body), self._retry))

    def close(self) -> None:
        self.usable = False
        if self._transport:
            self._transport.abort()
