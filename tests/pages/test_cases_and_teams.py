"""One case, one patient, one source, one team: everything about them on one page."""

from playwright.sync_api import Browser, expect
from running_town import RunningTown
from screens import screens
from waiting import until


def test_a_case_and_its_patient_tell_the_whole_line(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        page.locator(".row:has(.me span:nth-child(2)) a").first.click()
        page.locator("article.one .ban").get_by_role("link", name="Case").click()
        expect(page.get_by_role("heading", name="What happened")).to_be_visible()
        screens(page, "case")
        page.get_by_role("link", name="Decisions").click()
        assert page.locator(".tl li").count() > 0
        page.locator(".crumbs a").click()
        expect(page.get_by_role("heading", name="Cases")).to_be_visible()
        expect(page.get_by_role("heading", name="Messages", exact=True)).to_be_visible()
        screens(page, "patient")


def test_a_quote_opens_its_source_at_the_place(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        for row in page.locator(".row a").all()[:25]:
            row.click()
            quote = page.locator(".evidence li:has(q) .src").first
            page.wait_for_timeout(150)
            if quote.count():
                quote.click()
                break
        expect(page.get_by_role("heading", name="As it was sent")).to_be_visible()
        screens(page, "source")


def test_an_address_that_leads_nowhere_says_so(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        for address in ("/cards/1", "/cases/1", "/nothing", "/sources/Patient/none", "/sources/what"):
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 404
        expect(page.get_by_role("link", name="To the inbox")).to_be_visible()
        screens(page, "not-found")


def test_a_leader_gives_work_round_stops_a_lane_and_lets_it_go_on(
    town: RunningTown, browser: Browser
) -> None:
    with town.at_work(browser, "lead.maria") as page:
        page.goto("/team")
        access = page.locator("section", has=page.get_by_role("heading", name="Access"))
        access.locator("select[name=most]").select_option("10")
        access.locator("select[name=from]").select_option("")
        access.locator("select[name=to]").select_option("desk.tom")
        access.get_by_role("button", name="Give on").click()
        expect(page.locator(".note-box")).to_contain_text("10 cards were given on.")
        screens(page, "team")

        lane = page.locator(".lane", has_text="clinic waitlist")
        lane.locator("input[name=reason]").fill("The clinic changes its book today.")
        lane.get_by_role("button", name="Stop it").click()
        expect(lane).to_contain_text("stopped")
        expect(lane).to_contain_text("person:lead.maria")
        lane.locator("input[name=reason]").fill("The book is as it was.")
        lane.get_by_role("button", name="Let it go on").click()
        expect(lane).to_contain_text("runs")


def test_who_answers_for_no_team_stops_no_lane(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/team")
        expect(page.locator("main")).to_contain_text("You answer for no team")
        refused = page.evaluate(
            """async () => {
                const token = JSON.parse(document.body.getAttribute('hx-headers:inherited'))['X-CSRFToken'];
                const said = await fetch('/team/lane', {method: 'POST', headers: {'X-CSRFToken': token},
                    body: new URLSearchParams({lane: 'clinic_waitlist', act: 'stop', reason: 'no'})});
                return said.status;
            }"""
        )
        assert refused == 422


def test_a_form_from_elsewhere_changes_nothing(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "lead.maria") as page:
        page.goto("/team")
        status = page.evaluate(
            "async () => (await fetch('/team/lane', {method: 'POST', body: new URLSearchParams({})})).status"
        )
        assert status == 403


def test_a_person_writes_to_a_patient_and_what_would_tell_the_illness_does_not_leave(
    town: RunningTown, browser: Browser
) -> None:
    from test_phone import case_in

    case, _ = case_in(town, "offering", 9)
    with town.at_work(browser, "desk.rosa") as page:
        page.goto(f"/cases/{case}")
        words = page.get_by_label("Write to the patient")
        words.fill("Your cardiology papers are here.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#toast")).to_contain_text("must not say 'cardio")
        expect(words).to_have_value("Your cardiology papers are here.")
        words.fill("Please bring your papers. We open at eight.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#toast")).to_contain_text("leaves in a few seconds")

        def planned() -> bool:
            page.goto(f"/cases/{case}")
            return "We open at eight. You can call" in page.locator(".talk").inner_text()

        until(planned, within_s=40, what="the message")
        screens(page, "case-messages")
