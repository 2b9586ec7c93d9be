"""Signing in: by invitation, password and second factor, passkey; and what ends a session."""

import hmac
import json
import struct
from base64 import b32decode

from playwright.sync_api import Browser, BrowserContext, Page, expect
from running_town import RunningTown
from screens import screens

from careengine.runtime.clock import real_now

PASSWORD = "four quiet words here"  # noqa: S105  of people who live for one test


def invite(town: RunningTown, login: str, *more: str) -> str:
    """Return the address of an invitation."""
    made = town.run("people", "invite", login, "--json", *more)
    assert made.returncode == 0, made.stderr
    return str("/link/" + json.loads(made.stdout)["link"].rpartition("/link/")[2])


def accept(page: Page, link: str) -> None:
    """Come in by an invitation and choose a password."""
    page.goto(link)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def six_digits(secret: str) -> str:
    """Return what an authenticator app shows: RFC 6238 with SHA-1 and 30 seconds."""
    counter = struct.pack(">Q", int(real_now().timestamp()) // 30)
    digest = hmac.new(b32decode(secret + "=" * (-len(secret) % 8)), counter, "sha1").digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def digits_now(page: Page, secret: str, *, after: float = -1.0) -> tuple[str, float]:
    """Return digits that are good for ten seconds more, and their step; none of a step up to ``after``."""
    now = real_now().timestamp()
    if now // 30 <= after or now % 30 > 20:
        page.wait_for_timeout((30 - now % 30 + 0.5) * 1000)
    return six_digits(secret), real_now().timestamp() // 30


def authenticator(context: BrowserContext, page: Page) -> None:
    """Give the browser a passkey holder that says yes."""
    wire = context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_an_invitation_works_once_and_a_password_alone_opens_no_chart(
    town: RunningTown, browser: Browser
) -> None:
    with town.visiting(browser) as context:
        page, link = town.page(context), invite(town, "nurse.paul")
        page.goto(link)
        screens(page, "invitation")
        page.get_by_label("Password").fill("password12345678")
        accept(page, link)
        expect(page.get_by_role("heading", name="nurse.paul")).to_be_visible()
        screens(page, "account")
        page.goto("/")
        assert page.url.endswith("/accounts/"), "a second factor comes first"
        answer = page.goto(link)
        assert answer is not None
        assert answer.status == 410
        screens(page, "invitation-over")


def test_a_common_or_short_password_is_refused_and_leaves_the_invitation_good(
    town: RunningTown, browser: Browser
) -> None:
    with town.visiting(browser, java_script_enabled=False) as context:
        page, link = town.page(context), invite(town, "nurse.ines")
        page.goto(link)
        page.get_by_label("Password").fill("nurse.ines.nurse")
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("alert").first).to_contain_text("too similar")
        accept(page, link)
        expect(page.get_by_role("heading", name="nurse.ines")).to_be_visible()


def test_a_forged_link_says_whom_to_ask(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as context:
        page = town.page(context)
        answer = page.goto("/link/AAAAAAAAAAAAAAAAAAAAAA")
        assert answer is not None
        assert answer.status == 410
        expect(page.get_by_text("Ask whoever sent it")).to_be_visible()


def test_a_passkey_signs_in_alone(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as context:
        page = town.page(context)
        authenticator(context, page)
        accept(page, invite(town, "dr.osei"))
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_label("Passwordless").check()
        screens(page, "passkey-add")
        page.get_by_role("button", name="Add it").click()
        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        screens(page, "recovery-codes")
        page.goto("/")
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        screens(page, "sign-in")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()


def test_password_and_app_sign_in_and_a_recovery_code_stands_in_once(
    town: RunningTown, browser: Browser
) -> None:
    with town.visiting(browser) as context:
        page = town.page(context)
        accept(page, invite(town, "bill.noor"))
        page.get_by_role("link", name="Add an app").click()
        screens(page, "app-add")
        secret = page.locator("p.mono").inner_text().strip()
        digits, used = digits_now(page, secret)
        page.get_by_label("Authenticator code").fill(digits)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        code = page.locator(".codes li").first.inner_text()
    for shown, opens in ((code, True), (code, False), ("", True)):
        with town.visiting(browser) as context:
            page = town.page(context)
            page.goto("/sign-in/?next=/team")
            page.get_by_label("Username").fill("bill.noor")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
            expect(page.get_by_role("heading", name="The second factor")).to_be_visible()
            screens(page, "second-factor")
            # The digits that set the app up are not taken twice.
            page.locator("input[name=code]").fill(shown or digits_now(page, secret, after=used)[0])
            page.get_by_role("button", name="Go on").click()
            expect(page.locator(".field .fault")).to_have_count(0 if opens else 1)
            assert page.url.endswith("/team") == opens


def test_signing_in_leads_to_no_other_site(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as context:
        page = town.page(context)
        accept(page, invite(town, "ops.lea"))
        page.context.clear_cookies(name="__Host-session")
        page.goto("/sign-in/?next=https://example.org/")
        page.get_by_label("Username").fill("ops.lea")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="ops.lea")).to_be_visible()
        assert page.url.startswith(town.base)


def test_five_wrong_passwords_shut_an_account_for_a_while(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as context:
        page = town.page(context)
        accept(page, invite(town, "ops.jun"))
    with town.visiting(browser) as context:
        page = town.page(context)
        for password in (*(f"wrong number {n} of them" for n in range(5)), PASSWORD):
            page.goto("/sign-in/")
            page.get_by_label("Username").fill("ops.jun")
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.locator(".fault[role=alert]").first).to_contain_text("Too many failed login attempts")


def test_a_link_for_trying_out_signs_in_at_once(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as context:
        page = town.page(context)
        page.goto(invite(town, "desk.tom", "--straight-in"))
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()


def test_what_was_typed_stays_when_the_session_ended_meanwhile(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        page.locator(".row a").first.click()
        expect(page.locator("article.one")).to_be_visible()
        page.keyboard.press("h")
        page.locator("#over [name=reason]").fill("Rang twice, nobody there.")
        page.context.clear_cookies(name="__Host-session")
        page.locator("#over").get_by_role("button", name="Do it").click()
        expect(page.locator("#toast")).to_contain_text("what you typed is still here")
        expect(page.locator("#over [name=reason]")).to_have_value("Rang twice, nobody there.")


def test_a_session_ends_in_another_browser(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as here, town.visiting(browser) as there:
        pages = [town.page(here), town.page(there)]
        for page in pages:
            page.goto(invite(town, "lead.nora", "--straight-in"))
            page.get_by_role("button", name="Come in").click()
        pages[0].goto("/accounts/")
        pages[0].get_by_role("button", name="Sign out there").first.click()
        pages[1].goto("/")
        assert "/sign-in/" in pages[1].url


def test_silence_and_long_days_end_a_session(town: RunningTown, browser: Browser) -> None:
    for seconds in ({"seen_at": 31 * 60}, {"signed_in_at": 13 * 3600, "seen_at": 5}):
        key = town.session("desk.rosa", {name: real_now().timestamp() - ago for name, ago in seconds.items()})
        with town.visiting(browser) as context:
            town.sign_in(context, key)
            page = town.page(context)
            page.goto("/")
            assert "/sign-in/" in page.url


def test_an_act_that_cannot_be_undone_asks_once_more_who_it_is(town: RunningTown, browser: Browser) -> None:
    key = town.session(
        "lead.maria", {"signed_in_at": real_now().timestamp() - 3600, "seen_at": real_now().timestamp()}
    )
    with town.visiting(browser) as context:
        town.sign_in(context, key)
        page = town.page(context)
        page.goto("/team")
        for _ in ("stop", "let it go on"):
            lane = page.locator(".lane", has_text="clinic session")
            lane.locator("[name=reason]").fill("Something is odd.")
            lane.get_by_role("button").first.click()
        expect(page.get_by_role("heading", name="Show once more that it is you")).to_be_visible()
        screens(page, "show-again")
    said = town.run(
        "lanes", "resume", "lane", "clinic_session", "--actor", "lead.maria", "--reason", "It was nothing."
    )
    assert said.returncode == 0, said.stderr
