"""The pages at 100,000 open cards: 50 people who each click every five seconds, live pages open for all.

The town is a real small one, its open cards put down again until there are so many. Times are seen by
the people (from when a click was due to the last byte), on the same two cores as the server and
PostgreSQL. A bare Django page is measured in the same run, and everything once more without pauses.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any

import httpx2
import yaml
from page_load import lengthen
from page_people import Clicker, Took, as_fast_as_it_goes, by_the_clock, clients, listen

from careengine.runtime.database import connect
from careengine.runtime.embedded import EmbeddedServer
from caretown.processes import command, free_port
from caretown.stage import PAGES

BAR_MS = 100.0
_EXPORT = re.compile(r"export (CAREENGINE_\w+)=(\S+)")
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_PROCESSES = 2
"""Of the bare page, as many as ``careengine serve`` starts on two cores."""
_CROWD = 8
"""How many click without pause at saturation."""


@contextmanager
def started(line: list[str], environ: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a program until the block ends."""
    with log.open("wb") as into:
        running = subprocess.Popen(line, env=dict(environ), stdout=into, stderr=subprocess.STDOUT)  # noqa: S603  our own
    try:
        yield
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(60)


def said(log: Path, words: str, patience_s: float = 400.0) -> str:
    """Return a log once it holds some words."""
    until = monotonic() + patience_s
    while monotonic() < until:
        text = log.read_text(errors="replace") if log.exists() else ""
        if words in text:
            return text
        sleep(0.3)
    raise SystemExit(f"'{words}' was not said in {patience_s:.0f} s:\n{text[-1000:]}")


def answers(base: str, patience_s: float = 60.0) -> None:
    """Wait until a server answers, whatever it says."""
    until = monotonic() + patience_s
    while monotonic() < until:
        try:
            urllib.request.urlopen(base, timeout=5).close()  # noqa: S310  this machine
        except urllib.error.HTTPError:
            return
        except OSError:
            sleep(0.2)
        else:
            return
    raise SystemExit(f"{base} does not answer.")


def staffed(organisation: Path, people: int) -> list[str]:
    """Give the access team so many people; return their logins."""
    raw: dict[str, Any] = yaml.safe_load(organisation.read_text())
    logins = [f"desk.{n}" for n in range(people)]
    raw["teams"]["access"]["people"] = [*raw["teams"]["access"]["people"], *logins]
    roles = raw.get("people", {})
    model = next((one for name, one in roles.items() if name.startswith("desk.")), None)
    if model is not None:
        raw["people"] = {**roles, **dict.fromkeys(logins, model)}
    organisation.write_text(yaml.safe_dump(raw, sort_keys=False))
    return logins


def sessions(url: str, logins: list[str]) -> list[str]:
    """Return a session of each login, as signing in makes one."""
    os.environ |= {
        "CAREENGINE_DATABASE_URL": url, "CAREENGINE_SECRET_PAGES": PAGES,
        "DJANGO_SETTINGS_MODULE": "careengine.entrypoints.web.settings",
    }  # fmt: skip
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    made = []
    for login in logins:
        user, _ = User.objects.get_or_create(username=login)
        session = SessionStore()
        session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), _BACKEND
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session["second_factor"] = True
        session.create()
        made.append(str(session.session_key))
    return made


def shown(took: Took) -> dict[str, dict[str, float]]:
    """Return the middle and the 95th of a hundred of each kind of click, in milliseconds."""
    whole = {**took, "all": [one for many in took.values() for one in many]}
    return {name: _spread(many) for name, many in sorted(whole.items()) if len(many) > 1}


def _spread(many: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(many, n=100, method="inclusive")
    return {"p50_ms": round(cuts[49] * 1e3, 1), "p95_ms": round(cuts[94] * 1e3, 1), "clicks": len(many)}


async def bare(base: str, seconds: float) -> dict[str, float]:
    """Measure the bare page one request after the other."""
    took: list[float] = []
    async with httpx2.AsyncClient(base_url=base) as client:
        until = monotonic() + seconds
        while monotonic() < until:
            began = monotonic()
            await client.get("/")
            took.append(monotonic() - began)
    return _spread(took)


async def measure(base: str, bare_base: str, keys: list[str], seconds: float) -> dict[str, Any]:
    """Let everybody work, then a few as fast as it goes."""
    took, crowd, faults, heard = Took(list), Took(list), list[str](), [0]
    every = clients(base, keys)
    people = [Clicker(one, took, faults, seed) for seed, one in enumerate(every)]
    for one in people:
        await one.begin()
    live = [asyncio.create_task(listen(one, heard)) for one in clients(base, keys)]
    await asyncio.sleep(2)
    plain = await bare(bare_base, 3)
    took.clear()
    await by_the_clock(people, seconds)
    for one in people:
        one.took = crowd
    rate = await as_fast_as_it_goes(people[:_CROWD], seconds / 3)
    open_live = sum(not one.done() for one in live)
    for task in live:
        task.cancel()
    return {
        "pages": shown(took), "bare": plain, "live_open": open_live, "live_told": heard[0],
        "saturation": {"clicks_per_s": round(rate, 1), **shown(crowd)["all"]},
        "faults": faults[:5], "fault_count": len(faults),
    }  # fmt: skip


def run(asked: argparse.Namespace, home: Path) -> dict[str, Any]:
    """Play, lengthen, serve, measure."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
    log = home / "demo.log"
    line = [command("caretown"), "demo", "--home", str(home / "town"), "--count", "120", "--days", "1.2"]
    with started([*line, "--step", "30", "--staff-days", "0.2"], ours, log):
        environ = (
            ours | dict(_EXPORT.findall(said(log, "Ctrl-C stops it."))) | {"CAREENGINE_SECRET_PAGES": PAGES}
        )
        logins = staffed(Path(environ["CAREENGINE_ORGANISATION"]), asked.people)
        url = EmbeddedServer(Path(environ["CAREENGINE_HOME"])).start()
        with connect(url) as conn:
            began = time()
            cards = lengthen(conn, asked.cards)
            print(f"{cards} cards are open ({time() - began:.0f} s)", file=sys.stderr)
        keys = sessions(url, logins)
        port, beside = free_port(), free_port()
        serve = [command("careengine"), "serve", "--port", str(port)]
        plain = [sys.executable, str(Path(__file__).with_name("bare_page.py")), str(beside), str(_PROCESSES)]
        with started(serve, environ, home / "serve.log"), started(plain, ours, home / "bare.log"):
            base, bare_base = f"http://localhost:{port}", f"http://localhost:{beside}"
            answers(f"{base}/readyz")
            answers(bare_base)
            found = asyncio.run(measure(base, bare_base, keys, asked.seconds))
    everything = found["pages"]["all"]["p95_ms"]
    return {"cards": cards, "people": asked.people, **found, "bar_ms": BAR_MS, "met": everything < BAR_MS}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument("--cards", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ce-pages-") as home:
        Path(home).chmod(0o711)
        found = run(asked, Path(home))
    if asked.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, one in {**found["pages"], "bare": found["bare"], "saturation": found["saturation"]}.items():
        sys.stdout.write(f"{name:12} {one}\n")


if __name__ == "__main__":
    main()
