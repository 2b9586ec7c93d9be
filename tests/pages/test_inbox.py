"""The inbox: what waits for somebody's teams, the most pressing first."""

from playwright.sync_api import Browser, expect
from running_town import RunningTown


def test_the_inbox_shows_what_waits_for_somebodys_teams(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
        assert page.locator(".row").count() > 5
        assert set(page.locator(".row .k").all_inner_texts()) == {"Access"}


def test_nobody_sees_a_page_without_signing_in(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as context:
        page = context.new_page()
        page.goto("/?view=mine")
        assert page.url.startswith(f"{town.base}/sign-in/?next=")
