"""The JSON API in somebody's own name: by their session in a browser, or by a token they made."""

from playwright.sync_api import Browser, expect
from running_town import RunningTown
from screens import screens


def test_a_page_of_ours_reads_and_acts_by_the_session_and_nothing_else_does(
    town: RunningTown, browser: Browser
) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        ask = (
            "async (path) => { const s = await fetch('/api/v1' + path); return [s.status, await s.json()]; }"
        )
        status, told = page.evaluate(ask, "/cards?limit=5")
        assert (status, len(told["cards"])) == (200, 5)
        assert {card["team"] for card in told["cards"]} == {"access"}
        case = told["cards"][0]["case"]
        assert page.evaluate(ask, f"/cases/{case}")[0] == 200
        snooze = (
            "async (card) => (await fetch(`/api/v1/cards/${card}/snooze`, {method: 'POST',"
            " headers: {'content-type': 'application/json'}, body: '{\"hours\": 1}'})).status"
        )
        assert page.evaluate(snooze, told["cards"][0]["id"]) in {200, 422}
        forged = page.request.post(
            f"/api/v1/cards/{told['cards'][1]['id']}/snooze", data={"hours": 1},
            headers={"sec-fetch-site": "cross-site"},
        )  # fmt: skip
        assert forged.status == 401
    with town.visiting(browser) as context:
        town.sign_in(context, "0123456789abcdef0123456789abcdef")
        assert context.request.get("/api/v1/cards").status == 401
    with town.visiting(browser) as context:
        town.sign_in(context, town.session("desk.rosa", {"seen_at": 0.0}))
        assert context.request.get("/api/v1/cards").status == 401, "the session was silent too long"


def test_somebody_makes_a_token_uses_it_and_takes_it_back(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.tom") as page:
        page.goto("/tokens")
        page.get_by_role("button", name="Make a token").click()
        token = page.locator("code.token").inner_text()
        screens(page, "tokens")
        shown = {"Authorization": f"Bearer {token}"}
        with town.visiting(browser) as script:
            answer = script.request.get("/api/v1/cards?limit=3", headers=shown)
            assert (answer.status, len(answer.json()["cards"])) == (200, 3)
            page.get_by_role("button", name="Take all back").click()
            expect(page.get_by_text("None is in force.")).to_be_visible()
            assert script.request.get("/api/v1/cards", headers=shown).status == 401
