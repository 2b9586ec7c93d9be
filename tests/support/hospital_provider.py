"""A hospital's identity provider: OpenID Connect's code flow over a real socket, for one person at a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from careengine.runtime.clock import real_now

CLIENT, SECRET = "careengine", "between-us"


@dataclass
class Provider:
    """Whom it vouches for, and what it was asked."""

    url: str = ""
    login: str = "desk.tom"
    audience: str = CLIENT
    issuer: str = ""
    """Empty for its own address."""
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    """Each request to sign somebody in."""
    exchanged: list[dict[str, list[str]]] = field(default_factory=list)
    """Each code that was exchanged."""
    key: Any = field(default_factory=lambda: generate_private_key(65537, 2048))

    def claims(self) -> dict[str, Any]:
        """Return what an ID token says."""
        now = int(real_now().timestamp())
        return {
            "iss": self.issuer or self.url, "sub": f"person-{self.login}", "aud": self.audience,
            "iat": now, "exp": now + 300, "preferred_username": self.login,
        }  # fmt: skip


def _door(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path == "/authorize":
                query = parse_qs(asked.query)
                provider.asked.append(query)
                back = urlencode({"code": "once", "state": query["state"][0]})
                self.send_response(302)
                self.send_header("Location", f"{query['redirect_uri'][0]}?{back}")
                self.end_headers()
                return
            self._tell(
                provider.claims()
                if asked.path == "/userinfo"
                else {
                    "issuer": provider.url, "authorization_endpoint": f"{provider.url}/authorize",
                    "token_endpoint": f"{provider.url}/token", "jwks_uri": f"{provider.url}/keys",
                    "userinfo_endpoint": f"{provider.url}/userinfo",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )  # fmt: skip

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.exchanged.append(parse_qs(body))
            token = jwt.encode(provider.claims(), provider.key, algorithm="RS256", headers={"kid": "one"})
            self._tell({"access_token": "for-userinfo", "token_type": "Bearer", "id_token": token})

        def _tell(self, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Door


@contextmanager
def hospital_provider() -> Iterator[Provider]:
    """Run it until the block ends."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _door(provider))
    provider.url = f"http://localhost:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
