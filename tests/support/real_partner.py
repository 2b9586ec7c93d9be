"""A partner over a real socket, whose manners a test chooses, and which remembers every act by its key."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    key: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


@dataclass(frozen=True)
class Answer:
    """What to answer; ``after_s`` makes the partner slow, ``drip_s`` slow for every byte."""

    status: int = 200
    body: bytes = b'{"taken": true}'
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    drip_s: float = 0.0
    hang_up: bool = False


class RealPartner:
    """Answers as told, counts acts by Idempotency-Key, and says what it saw."""

    def __init__(self, manners: Callable[[Asked], Answer]) -> None:
        self.manners = manners
        self.asked: list[Asked] = []
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        partner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self.do_POST()

            def do_PATCH(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                key = self.headers.get("Idempotency-Key", "")
                asked = Asked(self.path, key, dict(self.headers), body, self.command)
                with partner.lock:
                    partner.asked.append(asked)
                    partner.at_once += 1
                    partner.most_at_once = max(partner.most_at_once, partner.at_once)
                try:
                    partner._answer(self, partner.manners(asked))
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                finally:
                    with partner.lock:
                        partner.at_once -= 1

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                """Say nothing about a client that went away."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def keys(self) -> Counter[str]:
        """How often each act was asked for."""
        return Counter(asked.key for asked in self.asked)

    def _answer(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        time.sleep(answer.after_s)
        if answer.hang_up:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if not answer.drip_s:
            handler.wfile.write(answer.body)
            return
        for byte in answer.body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(answer.drip_s)


@contextmanager
def partner_who(answers: Callable[[Asked], Answer] | Answer) -> Iterator[RealPartner]:
    """Run a partner that answers so; a function may answer each request differently."""
    partner = RealPartner(answers if callable(answers) else lambda _: answers)
    thread = threading.Thread(target=partner.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield partner
    finally:
        partner.server.shutdown()
        partner.server.server_close()
        thread.join()
