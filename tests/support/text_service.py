"""A text message service on a real socket: takes texts, lists them, refuses and breaks as a test tells it."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

import orjson

from careengine.runtime.clock import real_now

ACCOUNT, TOKEN = "AC0001", "t0ken"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}"
Manners = Callable[[dict[str, str]], tuple[int, dict[str, object]] | None]
"""What to answer to a text instead of taking it: a status and a body."""


@dataclass
class TextService:
    """Keeps what it took. ``loses`` replies go missing after the text was taken; ``manners`` may refuse."""

    manners: Manners = lambda _: None
    loses: int = 0
    nonsense: int = 0
    taken: list[dict[str, str]] = field(default_factory=list)
    looked: int = 0
    url: str = ""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """Return a handler of this service's requests."""
        return type("Handler", (_Handler,), {"service": self})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: TextService

    def do_POST(self) -> None:
        service = self.service
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._is_known():
            return self._say(401, {"code": 20003, "status": 401})
        form = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        said = service.manners(form)
        if said is not None:
            return self._say(*said)
        made = {**form, "sid": f"SM{len(service.taken):032x}", "date": format_datetime(real_now())}
        service.taken.append(made)
        if service.loses:
            service.loses -= 1
            self.close_connection = True
            return None
        if service.nonsense:
            service.nonsense -= 1
            return self._say(201, None)
        return self._say(201, {"sid": made["sid"], "status": "queued", "num_segments": "1"})

    def do_GET(self) -> None:
        self.service.looked += 1
        to = parse_qs(urlsplit(self.path).query)["To"][0]
        found = [
            {"sid": one["sid"], "to": to, "from": one["From"], "body": one["Body"], "status": "sent",
             "date_created": one["date"]}
            for one in self.service.taken if one["To"] == to
        ]  # fmt: skip
        self._say(200, {"messages": found})

    def _is_known(self) -> bool:
        shown = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        return self.path == f"{PATH}/Messages.json" and self.headers["Authorization"] == f"Basic {shown}"

    def _say(self, status: int, body: dict[str, object] | None) -> None:
        raw = b"<html>It works!</html>" if body is None else orjson.dumps(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def text_service(service: TextService) -> Iterator[TextService]:
    """Run it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), service.handler())
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
