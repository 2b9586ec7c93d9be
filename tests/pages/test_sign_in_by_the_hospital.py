"""Signing in by the hospital's own identity provider, which is really asked."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import urllib3
from hospital_provider import CLIENT, SECRET, Provider, hospital_provider
from playwright.sync_api import Browser, Page, expect
from running_town import RunningTown
from screens import screens
from waiting import until

from caretown.processes import command, free_port


@contextmanager
def served(town: RunningTown, provider: Provider) -> Iterator[RunningTown]:
    """Serve the town's pages once more, with the provider named in the environment."""
    environ = {
        **town.whole_environ(), "CAREENGINE_OIDC_URL": provider.url, "CAREENGINE_OIDC_CLIENT": CLIENT,
        "CAREENGINE_OIDC_NAME": "Harbour sign-in", "CAREENGINE_SECRET_OIDC": SECRET,
    }  # fmt: skip
    port = free_port()
    running = subprocess.Popen(  # noqa: S603  our own program
        [command("careengine"), "serve", "--port", str(port)], env=environ,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def answers() -> bool:
        try:
            return urllib3.request("GET", f"http://127.0.0.1:{port}/healthz", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        until(answers, within_s=60, what="the second server")
        yield replace(town, base=f"http://localhost:{port}", noise=town.noise)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with hospital_provider() as running:
        yield running


@pytest.fixture(scope="module")
def here(town: RunningTown, provider: Provider) -> Iterator[RunningTown]:
    with served(town, provider) as running:
        yield running


def sign_in(here: RunningTown, page: Page) -> None:
    """Press the hospital's button."""
    page.goto("/sign-in/")
    page.get_by_role("button", name="Harbour sign-in").click()


def test_whom_the_hospital_vouches_for_comes_in_with_state_and_proof_key(
    here: RunningTown, provider: Provider, browser: Browser
) -> None:
    provider.login = "desk.tom"
    here.session("desk.tom")  # they have an account already, by an invitation
    with here.visiting(browser) as context:
        page = here.page(context)
        sign_in(here, page)
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="desk.tom")).to_be_visible()
    assert provider.asked[-1]["code_challenge_method"] == ["S256"]
    assert "code_verifier" in provider.exchanged[-1]
    assert provider.exchanged[-1]["client_secret"] == [SECRET]


@pytest.mark.parametrize(
    "wrong", [{"login": "somebody.else"}, {"audience": "another"}, {"issuer": "http://elsewhere"}]
)
def test_a_stranger_or_a_token_for_somebody_else_does_not_come_in(
    here: RunningTown, provider: Provider, browser: Browser, wrong: dict[str, str]
) -> None:
    before = {name: getattr(provider, name) for name in wrong}
    for name, value in wrong.items():
        setattr(provider, name, value)
    with here.visiting(browser) as context:
        page = here.page(context)
        sign_in(here, page)
        expect(page.get_by_role("heading", name="That did not sign you in")).to_be_visible()
        screens(page, "hospital-refused")
        page.goto("/")
        assert "/sign-in/" in page.url
    for name, value in before.items():
        setattr(provider, name, value)


def test_an_answer_that_nobody_asked_for_signs_nobody_in(
    here: RunningTown, provider: Provider, browser: Browser
) -> None:
    provider.login = "desk.tom"
    with here.visiting(browser) as context:
        page = here.page(context)
        page.goto("/accounts/oidc/hospital/login/callback/?code=once&state=made-up")
        expect(page.get_by_role("heading", name="That did not sign you in")).to_be_visible()
