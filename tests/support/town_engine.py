"""A listener that stands where the engine does, for the town's servers: it keeps what they send."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

NINE = datetime(2026, 11, 2, 14, tzinfo=UTC)
"""Monday, nine in the morning in Boston."""


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self, at: datetime = NINE) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Came:
    """One request that came."""

    method: str
    path: str
    headers: Message
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class TownEngine:
    """``with TownEngine() as engine:`` listens; ``answers`` says what a path is answered."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    came: list[Came] = field(default_factory=list)
    url: str = ""
    busy: int = 0
    """So many requests are answered 429 first."""

    def __enter__(self) -> "TownEngine":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def at(self, path: str) -> list[Came]:
        return [one for one in self.came if one.path == path]

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Return what was put into the record, in order, of one kind."""
        bundles = [json.loads(one.body) for one in self.at("/fhir")]
        sent = [entry["resource"] for bundle in bundles for entry in bundle["entry"]]
        return [one for one in sent if one["resourceType"] == kind]


def _handler(engine: TownEngine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if engine.busy:
                engine.busy -= 1
                return self._say(429, b"")
            engine.came.append(Came(self.command, self.path, self.headers, body))
            return self._say(*engine.answers.get(self.path, (200, b"{}")))

        def do_GET(self) -> None:
            self.do_POST()

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            if status == 429:
                self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            del args

    return Handler
