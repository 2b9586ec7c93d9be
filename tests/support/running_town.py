"""A small town that has played and stays up, and people signed in to its pages in a real browser."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection, connect
from careengine.runtime.embedded import EmbeddedServer
from caretown.processes import command
from caretown.stage import LINKS, PAGES

COUNT, DAYS = "200", "1.3"
"""Referrals, and how long they come: enough cards for everybody, as the town's own desks are empty."""
SESSION = "__Host-session"
_UP = re.compile(r"CareEngine is up: FHIR at (http://\S+)/fhir")
_EXPORT = re.compile(r"export (CAREENGINE_\w+)=(\S+)")
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass
class RunningTown:
    """Where it runs, and what its people can do in a browser."""

    base: str
    environ: Mapping[str, str]
    url: str
    """Its database."""
    noise: list[str] = field(default_factory=list)
    """What browsers complained about on any page; must stay empty."""

    def whole_environ(self) -> dict[str, str]:
        """Return the environment of the provider's programs: nothing of ours that other tests have set."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
        return {**ours, **self.environ}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the provider's."""
        return subprocess.run(  # noqa: S603  our own command
            [command("careengine"), *arguments], env=self.whole_environ(), capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    def database(self) -> Connection:
        """Connect to the provider's database."""
        return connect(self.url)

    def session(self, login: str, times: Mapping[str, float] | None = None) -> str:
        """Return a session of somebody who has signed in with everything that is asked for."""
        _django(self.url, self.environ["CAREENGINE_SECRET_PAGES"])
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.auth.models import User
        from django.contrib.sessions.backends.db import SessionStore

        user, _ = User.objects.get_or_create(username=login)
        now, session = real_now().timestamp(), SessionStore()
        session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), _BACKEND
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session["second_factor"] = True
        session.update({"signed_in_at": now, "seen_at": now, **(times or {})})
        session.create()
        assert session.session_key is not None
        return session.session_key

    @contextmanager
    def at_work(self, browser: Browser, login: str, **options: Any) -> Iterator[Page]:
        """Open a page of somebody who is signed in; whatever the browser complains of is kept."""
        with self.visiting(browser, **options) as context:
            self.sign_in(context, self.session(login))
            yield self.page(context)

    def sign_in(self, context: BrowserContext, key: str) -> None:
        """Give a browser somebody's session."""
        cookie = {"name": SESSION, "value": key, "domain": "localhost", "path": "/"}
        context.add_cookies([{**cookie, "secure": True, "httpOnly": True}])  # type: ignore[typeddict-item]

    @contextmanager
    def visiting(self, browser: Browser, **options: Any) -> Iterator[BrowserContext]:
        """Open a browser of somebody who is not signed in."""
        context = browser.new_context(base_url=self.base, **options)
        context.set_default_timeout(10_000)
        try:
            yield context
        finally:
            context.close()

    def page(self, context: BrowserContext) -> Page:
        """Open a page whose complaints are kept."""
        page = context.new_page()
        page.on("console", lambda said: self._heard(page, said.type, said.text))
        page.on("pageerror", lambda error: self._heard(page, "error", str(error)))
        return page

    def _heard(self, page: Page, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            self.noise.append(f"{page.url}: {text}")


@contextmanager
def running_town(home: Path) -> Iterator[RunningTown]:
    """Play a small town and keep it up until the block ends."""
    log = home / "demo.log"
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
    asked = [command("caretown"), "demo", "--home", str(home / "town"), "--count", COUNT, "--days", DAYS]
    with log.open("wb") as into:
        playing = subprocess.Popen(  # noqa: S603  as above
            [*asked, "--step", "30", "--staff-days", "0.2"], env=ours, stdout=into, stderr=subprocess.STDOUT
        )
    try:
        said = _wait(playing, log)
        up = _UP.search(said)
        assert up is not None
        environ = dict(_EXPORT.findall(said))
        environ |= {"CAREENGINE_SECRET_PAGES": PAGES, "CAREENGINE_SECRET_LINKS": LINKS}
        base = up.group(1).replace("127.0.0.1", "localhost")
        yield RunningTown(base, environ, _database(environ))
    finally:
        playing.terminate()
        playing.wait(60)


def _wait(playing: "subprocess.Popen[bytes]", log: Path, patience_s: float = 300.0) -> str:
    from time import monotonic, sleep

    until = monotonic() + patience_s
    while monotonic() < until:
        said = log.read_text(errors="replace")
        if "Ctrl-C stops it." in said:
            return said
        assert playing.poll() is None, said[-2000:]
        sleep(0.2)
    raise AssertionError(f"The town is not up after {patience_s:.0f} s: {log.read_text()[-2000:]}")


def _database(environ: Mapping[str, str]) -> str:
    return EmbeddedServer(Path(environ["CAREENGINE_HOME"])).start()


def _django(url: str, secret: str) -> None:
    """Let this process's Django use a town's database, as its server does: sessions are made with it."""
    os.environ["CAREENGINE_DATABASE_URL"] = url
    os.environ["CAREENGINE_SECRET_PAGES"] = secret
    os.environ["DJANGO_SETTINGS_MODULE"] = "careengine.entrypoints.web.settings"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the browser's driver keeps a loop in this thread
    import django

    django.setup()
