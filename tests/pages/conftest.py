"""One town and one browser for all tests of the pages; each test has a browser context of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from running_town import RunningTown, running_town

_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTown]:
    home = tmp_path_factory.mktemp("town")
    for one in (home, *home.parents[:2]):
        one.chmod(0o711)
    with running_town(home) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(_ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(autouse=True)
def quiet(town: RunningTown) -> Iterator[None]:
    """Fail a test during which a browser complained: of a policy breach, a script, a missing file."""
    town.noise.clear()
    yield
    assert town.noise == []
