"""Administrators: who can sign in and where; and what strangers and other sites get: nothing, and a line."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from running_town import RunningTown
from screens import screens

WHY = "The laptop was stolen."


def act_on(page: Page, login: str, button: str) -> None:
    """Do something with an account, saying why."""
    row = page.locator("li.lane").filter(has=page.get_by_text(login, exact=True))
    row.get_by_label("Why").fill(WHY)
    row.get_by_role("button", name=button).click()


def test_an_administrator_signs_somebody_out_and_shuts_and_opens_their_account(
    town: RunningTown, browser: Browser
) -> None:
    with town.at_work(browser, "wire.kim") as kim, town.at_work(browser, "care.joel") as joel:
        joel.goto("/")
        expect(joel.get_by_role("heading", name="Inbox")).to_be_visible()
        kim.goto("/people")
        screens(kim, "people")
        act_on(kim, "care.joel", "Shut it")
        expect(kim.locator("main .note-box")).to_contain_text("shut and its sessions are over")
        joel.goto("/")
        expect(joel).to_have_url(re.compile("/sign-in/"))
        made = town.run("people", "invite", "care.joel")
        joel.goto("/link/" + made.stdout.strip().rpartition("/link/")[2].split()[0])
        expect(joel.get_by_text("This account is shut")).to_be_visible()
        act_on(kim, "care.joel", "Open it again")
        expect(kim.locator("main .note-box")).to_contain_text("open again")
        town.sign_in(joel.context, town.session("care.joel"))
        joel.goto("/")
        expect(joel.get_by_role("heading", name="Inbox")).to_be_visible()
    with town.at_work(browser, "privacy.sol") as officer:
        officer.goto("/privacy?q=wire.kim")
        expect(officer.locator("main")).to_contain_text(f"shut care.joel: {WHY}")


def test_nobody_else_sees_who_can_sign_in_and_nobody_shuts_their_own_account(
    town: RunningTown, browser: Browser
) -> None:
    with town.at_work(browser, "desk.rosa") as rosa:
        answer = rosa.goto("/people")
        assert answer is not None
        assert answer.status == 403
        expect(rosa.locator("main")).to_contain_text("administrators'")
        assert rosa.get_by_role("link", name="People").count() == 0
    with town.at_work(browser, "wire.kim") as kim:
        kim.goto("/people")
        own = kim.locator("li.lane").filter(has=kim.get_by_text("wire.kim", exact=True))
        assert own.get_by_role("button").count() == 0


def test_who_comes_in_and_who_is_refused_stands_in_the_log(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as context:
        page = town.page(context)
        page.goto("/sign-in/")
        page.get_by_label("Username").fill("Ann Patient")
        page.get_by_label("Password").fill("a password that is wrong")
        page.get_by_role("button", name="Sign in").first.click()
        expect(page.locator("main")).to_contain_text("not")
        page.goto("/p/visit/forged-link")
    written = "\n".join(
        one.read_text()
        for one in Path(town.environ["CAREENGINE_HOME"]).parents[1].joinpath("logs").glob("*.log")
    )
    assert '"event": "sign in refused", "login": "unknown"' in written
    assert '"event": "link refused"' in written
    assert "Ann Patient" not in written


def test_another_site_reads_nothing_and_posts_nothing(town: RunningTown, browser: Browser) -> None:
    other = {"Origin": "https://elsewhere.example"}
    with town.at_work(browser, "desk.rosa") as page:
        for address in ("/", "/api/v1/cards", "/fhir/Patient"):
            answer = page.request.get(address, headers=other)
            assert "access-control-allow-origin" not in answer.headers, address
        posted = page.request.post("/cards/bulk", form={"act": "take"}, headers=other)
        assert posted.status == 403
