"""A patient with a phone: choose a time, cancel, answer the form, send a picture."""

import json
from datetime import date

from playwright.sync_api import Browser, Page, expect
from running_town import RunningTown
from screens import screens
from waiting import until

from careengine.kernel.refs import Ref
from careengine.record.read import current
from careengine.record.resource_types import type_code
from careengine.runtime.codec import unpack
from careengine.runtime.database import Connection

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}
_CASE = """
    select k.id, r.id from engine_case k
    join code s on s.kind = 'state' and s.id = k.state
    join code j on j.kind = 'journey' and j.id = k.journey
    join resource r on r.subject = k.subject and r.type = %s
    where k.closed_at is null and s.name = %s and j.name = 'referral_to_visit'
      and (select count(*) from resource p where p.subject = k.subject and p.type = r.type) = 1
      and not exists (select from card c where c.case_id = k.id and c.status < 2)
      and not exists (select from resource said where said.subject = k.subject and said.id like 'page-%%')
      and exists (select from effect e join code t on t.kind = 'effect' and t.id = e.kind
                  where e.case_id = k.id and e.status = 1 and t.name = 'messaging.send_text')
    order by k.entered_at desc limit 200
"""
_TAKEN = """
    insert into hold (key, case_id, until)
    select key, (select min(id) from engine_case where id <> %s), now() + interval '100 years'
    from unnest(%s::text[]) as key
    on conflict (key) do update set case_id = excluded.case_id, until = excluded.until
"""
"""Somebody else holds these slots."""
_STATE = "select s.name from engine_case k join code s on s.kind = 'state' and s.id = k.state where k.id = %s"


def case_in(town: RunningTown, state: str, nth: int = 0) -> tuple[int, date]:
    """Return a case in a state whose chart is open at work, and its patient's date of birth."""
    with town.database() as conn:
        rows = conn.execute(_CASE, (type_code("Patient"), state)).fetchall()
        refs = {Ref("Patient", patient): case for case, patient in rows}
        stored = current(conn, [*refs])
    patients = [(case, json.loads(stored[ref].raw)) for ref, case in refs.items()]
    at_work = [(case, one) for case, one in patients if not one.get("meta", {}).get("security")]
    assert len(at_work) > nth, f"only {len(at_work)} cases are in {state}"
    case, patient = at_work[nth]
    return case, date.fromisoformat(patient["birthDate"])


def state_of(town: RunningTown, case: int) -> str:
    """Return where a case is."""
    with town.database() as conn:
        row = conn.execute(_STATE, (case,)).fetchone()
    return str(row[0]) if row else ""


def link(town: RunningTown, case: int, purpose: str) -> str:
    """Return a link as the desk makes one."""
    made = town.run("links", "make", str(case), purpose)
    assert made.returncode == 0, made.stderr
    return "/p/" + made.stdout.strip().partition("/p/")[2]


def give_birth_date(page: Page, born: date) -> None:
    """Fill in a date of birth and go on."""
    for name, value in (("Month", born.month), ("Day", born.day), ("Year", born.year)):
        page.get_by_label(name, exact=True).fill(str(value))
    page.get_by_role("button", name="Go on").click()


def with_times(town: RunningTown, page: Page) -> int:
    """Open the page of a patient whose times have not all gone to others; return their case."""
    for nth in range(9):
        case, _ = case_in(town, "offering", nth)
        page.goto(link(town, case, "visit"))
        expect(page.get_by_role("heading", name="Choose a time")).to_be_visible()
        if page.locator("button.time").count():
            return case
    raise AssertionError("nobody has a time to choose")


def test_a_patient_chooses_a_time_and_cancels_it_again(town: RunningTown, browser: Browser) -> None:
    with town.visiting(browser, **PHONE) as context:
        page = town.page(context)
        case = with_times(town, page)
        screens(page, "phone-choose")
        page.locator("button.time").first.click()
        expect(page.get_by_role("status")).to_contain_text("we have it")
        until(lambda: state_of(town, case) == "scheduled", within_s=40, what="the booking")
        page.reload()
        expect(page.get_by_role("button", name="I will come")).to_be_visible()
        screens(page, "phone-visit")
        page.get_by_text("I can not come").click()
        page.get_by_role("button", name="Cancel this visit").click()
        expect(page.get_by_role("status")).to_contain_text("we have it")
        until(lambda: state_of(town, case) != "scheduled", within_s=40, what="the cancellation")


def test_a_time_that_went_to_somebody_else_is_not_shown_and_when_all_have_gone_the_page_says_so(
    town: RunningTown, browser: Browser
) -> None:
    with town.visiting(browser, **PHONE) as context:
        page = town.page(context)
        case = with_times(town, page)
        shown = page.locator("button.time").count()
        with town.database() as conn:
            offered = slots_of(conn, case)
            conn.execute(_TAKEN, (case, [f"slot:{slot}" for slot in offered]))
            conn.commit()
        page.reload()
        expect(page.get_by_text("have gone to others")).to_be_visible()
        assert (shown > 0, page.locator("button.time").count()) == (True, 0)
        screens(page, "phone-times-gone")
        page.get_by_role("button", name="Ask for other times").click()
        expect(page.get_by_role("status")).to_contain_text("we have it")
        until(lambda: offers_anew(town, case, offered), within_s=40, what="another offer")
        page.reload()
        expect(page.locator("button.time").first).to_be_visible()


def slots_of(conn: Connection, case: int) -> list[str]:
    """Return the slots that a case has before its patient."""
    row = conn.execute("select data from engine_case where id = %s", (case,)).fetchone()
    assert row is not None
    return str(json.loads(unpack(row[0])).get("slots") or "").split()


def offers_anew(town: RunningTown, case: int, before: list[str]) -> bool:
    """Say whether a case has other times than before."""
    with town.database() as conn:
        return bool(set(slots_of(conn, case)) - set(before))


def test_a_form_sent_twice_is_taken_once(town: RunningTown, browser: Browser) -> None:
    case, _ = case_in(town, "offering", 1)
    with town.visiting(browser, **PHONE) as context:
        page = town.page(context)
        page.goto(link(town, case, "visit"))
        page.evaluate(
            "const f = document.querySelector('form'), b = f.querySelector('button');"
            "const sent = {method: 'POST', body: new URLSearchParams(new FormData(f, b))};"
            "Promise.all([1, 2].map(() => fetch(location.href, sent)))"
        )
        with town.database() as conn:
            heard = (
                "select count(*) from resource r join engine_case k on k.subject = r.subject"
                " where r.id like 'page-%%' and k.id = %s"
            )
            count = [0]

            def arrived() -> bool:
                row = conn.execute(heard, (case,)).fetchone()
                count[0] = int(row[0]) if row else 0
                return count[0] > 0

            until(arrived, within_s=10, what="the message")
            page.wait_for_timeout(500)
            arrived()
        assert count == [1]


def test_other_times_are_asked_for_without_javascript_and_in_spanish(
    town: RunningTown, browser: Browser
) -> None:
    case, _ = case_in(town, "offering", 2)
    with town.visiting(browser, **PHONE, java_script_enabled=False) as context:
        page = town.page(context)
        page.goto(link(town, case, "visit") + "?lang=es")
        expect(page.get_by_role("heading", name="Elija una hora")).to_be_visible()
        if not page.locator("select[name=part]").is_visible():  # open already when all times have gone
            page.locator("summary").first.click()
        page.locator("select[name=part]").select_option("mornings")
        page.get_by_role("button", name="Pedir otras horas").click()
        expect(page.get_by_role("status")).to_contain_text("Gracias")


def test_an_intake_form_is_left_and_resumed(town: RunningTown, browser: Browser) -> None:
    case, born = case_in(town, "offering", 3)
    address = link(town, case, "intake")
    with town.visiting(browser, **PHONE) as context:
        page = town.page(context)
        page.goto(address)
        screens(page, "phone-birth-date")
        give_birth_date(page, born)
        expect(page.get_by_role("heading", name="Has your address")).to_be_visible()
        screens(page, "phone-form")
        page.get_by_role("button", name="No").click()
        page.get_by_text("English").click()
        page.get_by_role("button", name="Save and go on").click()
        expect(page.get_by_role("heading", name="interpreter")).to_be_visible()
    with town.visiting(browser, **PHONE) as context:
        page = town.page(context)
        page.goto(address.replace("/p/", "/"))
        give_birth_date(page, born)
        expect(page.get_by_role("heading", name="interpreter")).to_be_visible()
        for _ in range(6):
            if page.get_by_role("button", name="No", exact=True).count():
                page.get_by_role("button", name="No", exact=True).click()
        page.get_by_text("Text message").click()
        page.get_by_role("button", name="Save and go on").click()
        page.get_by_role("button", name="Send them").click()
        expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def test_three_wrong_dates_of_birth_shut_a_link(town: RunningTown, browser: Browser) -> None:
    case, born = case_in(town, "offering", 4)
    with town.visiting(browser, **PHONE) as context:
        page = town.page(context)
        page.goto(link(town, case, "card"))
        for _ in range(3):
            give_birth_date(page, born.replace(year=born.year - 1))
        give_birth_date(page, born)
        expect(page.get_by_role("heading", name="shut for a while")).to_be_visible()
        screens(page, "phone-shut")


def test_a_picture_of_the_card_is_kept_and_anything_else_is_refused(
    town: RunningTown, browser: Browser
) -> None:
    case, born = case_in(town, "offering", 5)
    with town.visiting(browser, **PHONE) as context:
        page = town.page(context)
        page.goto(link(town, case, "card"))
        give_birth_date(page, born)
        screens(page, "phone-card")
        photo = page.locator("input[type=file]")
        photo.set_input_files(
            {"name": "card.jpg", "mimeType": "image/jpeg", "buffer": b"<script>alert(1)</script>"}
        )
        page.get_by_role("button", name="Send it").click()
        expect(page.get_by_role("alert")).to_contain_text("no picture")
        photo.set_input_files({"name": "card.png", "mimeType": "image/png", "buffer": page.screenshot()})
        page.get_by_role("button", name="Send it").click()
        expect(page.get_by_role("status")).to_contain_text("we have the picture")
    with town.database() as conn:
        row = conn.execute("select subject from engine_case where id = %s", (case,)).fetchone()
        assert row is not None
    with town.at_work(browser, "desk.rosa") as rosa:
        rosa.goto(f"/patients/{row[0]}?kind=document")
        rosa.locator("a[href*='DocumentReference/card-']").click()
        seen = rosa.get_by_alt_text("What the patient sent")
        assert seen.evaluate("(one) => one.complete && one.naturalWidth") > 100
        screens(rosa, "picture")
        address = seen.get_attribute("src")
        assert address is not None
    with town.at_work(browser, "bill.ada") as ada:
        assert ada.request.get(address).status == 403, "her role reads no originals"


def test_two_hundred_megabytes_are_not_even_read(town: RunningTown, browser: Browser) -> None:
    case, _ = case_in(town, "offering", 5)
    with town.visiting(browser) as context:
        answer = context.request.post(
            link(town, case, "card"), data=b"\0" * 20_000_000, headers={"content-type": "image/jpeg"}
        )
        assert answer.status == 413


def test_forged_and_misused_links_open_nothing(town: RunningTown, browser: Browser) -> None:
    case, _ = case_in(town, "offering", 6)
    good = link(town, case, "visit")
    with town.visiting(browser, **PHONE) as context:
        page = town.page(context)
        for address in (
            good[:-4] + "AAAA",
            good.replace("/visit/", "/intake/"),
            "/p/visit/x",
            "/p/card/" + "A" * 99,
        ):
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 410
            assert "617-555-0100" in page.content(), "whom to call stands there"
