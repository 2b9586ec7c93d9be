"""The inbox: what waits for somebody's teams, the most pressing first, worked with the keyboard."""

import re

from playwright.sync_api import Browser, Page, expect
from running_town import RunningTown
from screens import screens
from test_phone import link
from waiting import until


def rows(page: Page) -> list[str]:
    """Return the ids of the rows shown."""
    return [str(row.get_attribute("id")) for row in page.locator(".row").all()]


def waiting(page: Page) -> int:
    """Return how many cards the page says need a person."""
    said = page.locator("#count").inner_text()
    return int(re.sub(r"\D", "", said) or 0)


def test_the_inbox_shows_what_waits_for_somebodys_teams(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
        assert page.locator(".row").count() > 10
        assert set(page.locator(".row .k").all_inner_texts()) == {"Access"}
        page.locator(".row a").first.click()
        expect(page.locator("article.one")).to_be_visible()
        screens(page, "inbox")


def test_nobody_sees_a_page_without_signing_in(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser) as context:
        page = context.new_page()
        page.goto("/?view=mine")
        assert page.url.startswith(f"{town.base}/sign-in/?next=")


def test_ten_cards_are_answered_with_the_keyboard_alone(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        page.keyboard.press("j")
        expect(page.locator("article.one")).to_be_visible()
        for _ in range(10):
            before = waiting(page)
            card = str(page.locator("article.one").get_attribute("id"))
            why = page.locator("#why")
            if why.count():
                why.fill("Looked at it at the desk.")
                page.keyboard.press("Escape")
            page.keyboard.press("a")
            expect(page.locator("#count")).not_to_contain_text(f"{before} ")
            expect(page.locator(f"#{card}")).to_have_count(0)
            assert waiting(page) < before
        screens(page, "inbox-answered")


def test_an_answer_otherwise_than_proposed_needs_its_reason_and_keeps_what_was_typed(
    town: RunningTown, browser: Browser
) -> None:
    with town.at_work(browser, "desk.tom") as page:
        page.goto("/")
        page.keyboard.press("j")
        expect(page.locator("article.one")).to_be_visible()
        page.keyboard.press("e")
        dialog = page.locator("#change")
        expect(dialog).to_be_visible()
        screens(page, "card-change")
        dialog.locator("input[type=radio]").last.check()
        dialog.get_by_role("button", name="Do it").click()
        expect(page.locator("#toast")).to_contain_text("Say why")

        card = str(page.locator("article.one").get_attribute("id"))
        page.keyboard.press("e")
        dialog.locator("input[type=radio]").last.check()
        dialog.locator("textarea").fill("The patient <b>rang</b> & said so.")
        dialog.get_by_role("button", name="Do it").click()
        expect(page.locator("#toast")).to_contain_text("Answered")
        page.goto(f"/cards/{card.removeprefix('card-')}")
        expect(page.locator("article.one")).to_contain_text("The patient <b>rang</b> & said so.")


def test_an_answer_is_taken_back_within_its_seconds(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/?view=unassigned")
        calm = page.locator(".row:not(:has(.error))").first
        card = str(calm.get_attribute("id")).removeprefix("row-")
        calm.locator("a").click()
        expect(page.locator(f"#card-{card}")).to_be_visible()
        if page.locator("#why").count():
            page.locator("#why").fill("Rang them.")
            page.keyboard.press("Escape")
        page.keyboard.press("a")
        expect(page.locator("#toast")).to_contain_text("Undo")
        page.keyboard.press("u")
        expect(page.locator("#toast")).to_contain_text("Taken back")
        expect(page.locator(f"#row-{card}")).to_be_visible()


def test_of_two_people_at_one_card_the_second_is_told_who_and_what(
    town: RunningTown, browser: Browser
) -> None:
    with town.at_work(browser, "desk.rosa") as rosa, town.at_work(browser, "desk.tom") as tom:
        rosa.goto("/")
        card = rows(rosa)[-1].removeprefix("row-")
        for page in (rosa, tom):
            page.goto(f"/cards/{card}")
        expect(tom.locator(".others")).to_contain_text("desk.rosa")
        for page in (rosa, tom):
            if page.locator("#why").count():
                page.locator("#why").fill("Done by telephone.")
                page.keyboard.press("Escape")
        rosa.keyboard.press("a")
        expect(rosa.locator("#toast")).to_contain_text("Answered")
        tom.keyboard.press("a")
        expect(tom.locator("#toast")).to_contain_text("was answered by desk.rosa")


def test_a_second_browser_sees_at_once_what_the_first_one_did(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as rosa, town.at_work(browser, "desk.tom") as tom:
        tom.goto("/")
        expect(tom.locator("#live")).to_have_text("Live")
        rosa.goto("/")
        card = rows(tom)[3].removeprefix("row-")
        place = tom.locator(f"#row-{card}").bounding_box()
        rosa.goto(f"/cards/{card}")
        rosa.keyboard.press("m")
        rosa.locator("#mine").get_by_role("button", name="Do it").click()
        expect(tom.locator(f"#row-{card} .seen")).to_contain_text("desk.rosa")
        tom.evaluate("document.getElementById('fresh').hidden = false")  # as when a new card arrives
        screens(tom, "inbox-new")
        assert tom.locator(f"#row-{card}").bounding_box() == place, "nothing moves under the cursor"


def test_many_cards_are_handed_over_and_taken_back_as_one(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        chosen = [one.removeprefix("row-") for one in rows(page)[2:5]]
        for card in chosen:
            page.locator(f"#row-{card} .ck").check()
        bulk = page.locator("#bulk")
        bulk.get_by_text("Hand over").first.click()
        screens(page, "inbox-bulk")
        bulk.locator("select[name=team]").select_option("nurses")
        bulk.locator("input[name=reason]").fill("Each asks something clinical.")
        bulk.get_by_role("button", name="Hand over").click()
        expect(page.locator("#toast")).to_contain_text("3 cards done.")
        page.goto("/")
        assert not set(chosen) & {one.removeprefix("row-") for one in rows(page)}

        page.goto("/?view=unassigned")
        before = rows(page)
        page.locator(f"#{before[0]} .ck").check()
        bulk.get_by_role("button", name="Take", exact=True).click()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#toast")).to_contain_text("1 card given back.")
        page.goto("/?view=unassigned")
        assert rows(page)[0] == before[0]


def test_a_search_finds_a_patient_by_name_and_nothing_else(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        name = page.locator(".row .me span:nth-child(2)").first.inner_text().split(",")[0]
        page.get_by_label("Search the worklist").fill(name)
        page.keyboard.press("Enter")
        expect(page.locator(".row").first).to_be_visible()
        assert all(name in text for text in page.locator(".row .me").all_inner_texts())
        page.goto("/?q=nobody-is-called-this")
        expect(page.locator(".empty").first).to_contain_text("Nothing waits for you here")
        screens(page, "inbox-empty")


def test_without_scripts_cards_are_read_and_answered_all_the_same(
    town: RunningTown, browser: Browser
) -> None:
    with town.at_work(browser, "desk.tom", java_script_enabled=False) as page:
        page.goto("/")
        page.locator(".row a").last.click()
        card = page.locator("article.one")
        expect(card).to_be_visible()
        page.goto(f"/cards/{str(card.get_attribute('id')).removeprefix('card-')}")
        if page.locator("#why").count():
            page.locator("#why").fill("Done.")
        page.locator(".bar .btn.p").click()
        expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()


def test_the_pages_read_in_the_dark_on_a_phone_and_at_twice_the_size(
    town: RunningTown, browser: Browser
) -> None:
    with town.at_work(browser, "desk.rosa", color_scheme="dark") as page:
        page.goto("/")
        page.keyboard.press("j")
        expect(page.locator("article.one")).to_be_visible()
        screens(page, "inbox-dark")
    with town.at_work(browser, "desk.rosa", viewport={"width": 390, "height": 844}) as page:
        page.goto("/")
        screens(page, "inbox-phone")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    with town.at_work(browser, "desk.rosa", viewport={"width": 640, "height": 400}) as page:
        page.goto("/")
        assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_a_list_is_kept_under_a_name_by_one_person_alone(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/?view=unassigned&q=payer")
        page.get_by_text("Keep this list").click()
        page.get_by_label("Under the name").fill("Payers, nobody's")
        page.get_by_role("button", name="Keep it").click()
        page.goto("/")
        page.get_by_role("link", name="Payers, nobody's").click()
        assert page.url.endswith("/?view=unassigned&q=payer")
        screens(page, "inbox-kept")
        with town.at_work(browser, "desk.tom") as other:
            other.goto("/")
            expect(other.get_by_role("link", name="Payers, nobody's")).to_have_count(0)
        page.get_by_text("Keep this list").click()
        page.get_by_role("button", name="Forget").click()
        expect(page.get_by_role("link", name="Payers, nobody's")).to_have_count(0)


def test_a_card_is_put_aside_until_the_patient_writes(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as rosa:
        rosa.goto("/")
        in_time = rosa.locator(".row:not(:has(.du.late))").all()
        for row in [str(one.get_attribute("id")) for one in in_time]:
            card = row.removeprefix("row-")
            rosa.goto(f"/cards/{card}")
            if rosa.locator("#aside option[value='message.received']").count():
                break
        rosa.keyboard.press("s")
        rosa.locator("#aside select").select_option("message.received")
        screens(rosa, "card-aside")
        rosa.locator("#aside").get_by_role("button", name="Do it").click()
        expect(rosa.locator("#toast")).not_to_be_empty()
        rosa.goto("/?view=snoozed")
        expect(rosa.locator(f"#row-{card}")).to_be_visible()
        with town.database() as conn:
            found = conn.execute("select case_id from card where id = %s", (int(card),)).fetchone()
        assert found is not None
        with town.visiting(browser) as context:
            page = town.page(context)
            page.goto(link(town, found[0], "visit"))
            page.get_by_role("button", name="Please call me").click()
            expect(page.get_by_role("status")).to_contain_text("we have it")

        def awake() -> bool:
            rosa.goto("/?view=snoozed")
            return rosa.locator(f"#row-{card}").count() == 0

        until(awake, within_s=20, what="the card's return")
