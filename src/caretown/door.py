"""The engine's front door as a sender sees it: FHIR over HTTP with a bearer token, and whether it is idle."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import urllib3

from caretown.errors import EngineSilent

_TRIES = 6
_FHIR = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one message."""

    status: int
    why: str = ""
    """The server's own words for a refusal."""

    @property
    def taken(self) -> bool:
        """Say whether the message was accepted."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the engine has nothing to do now, and when it next will."""

    idle: bool
    next_due: datetime | None


class Door:
    """Sends to one engine."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base = base_url.rstrip("/")
        self._token = token
        self._pool = urllib3.PoolManager(
            maxsize=8, timeout=urllib3.Timeout(connect=5, read=60), retries=False
        )

    def send(self, bundle: Mapping[str, Any]) -> Answer:
        """Post a transaction; a server that is busy or not up yet is tried again with patience.

        Raises:
            EngineSilent: Nobody answered at all.
        """
        body = orjson.dumps(bundle)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": _FHIR, "Accept": _FHIR}
        for attempt in range(_TRIES):
            try:
                reply = self._pool.request("POST", f"{self._base}/fhir", body=body, headers=headers)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.2 * 2**attempt)
                continue
            if reply.status not in {429, 503}:
                return Answer(reply.status, "" if reply.status < 300 else _why(reply.data))
            time.sleep(float(reply.headers.get("retry-after", 0.2 * 2**attempt)))
        raise EngineSilent(f"{self._base}/fhir took nothing in {_TRIES} tries; is the engine running there?")

    def search(self, kind: str, *, at_a_time: int = 200) -> Iterator[dict[str, Any]]:
        """Read every resource of one kind, page by page."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": _FHIR}
        url: str | None = f"{self._base}/fhir/{kind}?_count={at_a_time}"
        while url:
            reply = self._pool.request("GET", url, headers=headers)
            if reply.status != 200:
                raise EngineSilent(f"A search for {kind} was answered {reply.status}: {_why(reply.data)}")
            page = reply.json()
            yield from (entry["resource"] for entry in page.get("entry", ()))
            url = next((one["url"] for one in page.get("link", ()) if one["relation"] == "next"), None)

    def readiness(self) -> Readiness:
        """Ask whether the engine is idle."""
        try:
            reply = self._pool.request("GET", f"{self._base}/readyz")
            said = reply.json()
            due = said.get("next_due")
            return Readiness(bool(said["idle"]), datetime.fromisoformat(due) if due else None)
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, AttributeError) as error:
            raise EngineSilent(
                f"{self._base}/readyz does not say whether the engine is idle; is it running?"
            ) from error

    def wait_until_idle(self, *, patience_s: float) -> Readiness:
        """Ask until the engine is idle; give back the last answer when patience ends."""
        until = time.monotonic() + patience_s
        while True:
            said = self.readiness()
            if said.idle or time.monotonic() >= until:
                return said
            time.sleep(0.03)


def _why(raw: bytes) -> str:
    try:
        issues = orjson.loads(raw).get("issue", [])
        return "; ".join(str(issue.get("diagnostics") or issue.get("code")) for issue in issues)[:400]
    except (orjson.JSONDecodeError, AttributeError):
        return raw[:200].decode("utf-8", "replace")
