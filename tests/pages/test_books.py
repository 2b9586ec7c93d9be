"""Journeys, decisions, policies and the privacy office: what leaders, auditors and officers look up."""

import json
import re
from pathlib import Path

from playwright.sync_api import Browser, expect
from running_town import RunningTown
from screens import screens
from test_phone import case_in

from careengine.kernel.refs import Ref
from careengine.record.read import current
from careengine.record.resource_types import type_code
from caretown.pdf_text import lines_of

RESTRICTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
_OF_CASE = """
    select k.subject, r.id from engine_case k join resource r on r.subject = k.subject and r.type = %s
    where k.id = %s
"""


def test_every_number_of_a_journey_opens_the_list_behind_it(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "lead.maria") as page:
        page.goto("/journeys")
        screens(page, "journeys")
        page.get_by_role("link", name="referral to visit").click()
        expect(page.locator("svg.drawing")).to_be_visible()
        screens(page, "journey")
        numbers = page.locator("table.counts tbody a")
        told = [(one.inner_text(), str(one.get_attribute("href"))) for one in numbers.all()]
        assert sum(int(count) for count, _ in told) > 50
        for count, address in told:
            page.goto(address)
            rows = page.locator("table.counts tbody tr:has(a)").count()
            assert rows == min(int(count), 50), address
        page.goto("/cases?journey=referral_to_visit&state=offering")
        screens(page, "cases")


def test_a_decision_is_shown_whole_and_decided_again(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        page.goto("/")
        page.locator(".row a").first.click()
        page.get_by_role("link", name="The whole decision").click()
        expect(page.get_by_role("heading", name="In words")).to_be_visible()
        page.get_by_role("button", name="Decide it again").click()
        expect(page.get_by_role("status").first).to_contain_text("it comes out the same, to the bit")
        expect(page.get_by_role("status").first).to_contain_text("the chain holds")
        screens(page, "decision")
        page.get_by_role("link", name=re.compile(r" v\d+$")).first.click()
        expect(page.get_by_role("heading", name="As published")).to_be_visible()
        screens(page, "policy")


def test_what_there_is_not_is_not_found(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        for address in (
            "/decisions/1",
            "/policies/no.such/1",
            "/policies/worklist.order/99",
            "/journeys/none",
        ):
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 404, address


def test_the_privacy_office_alone_sees_who_saw_whom(town: RunningTown, browser: Browser) -> None:
    with town.at_work(browser, "desk.rosa") as page:
        answer = page.goto("/privacy")
        assert answer is not None
        assert answer.status == 403
        expect(page.locator("main")).to_contain_text("privacy office's")


def test_who_saw_this_patient_is_answered_in_one_search_and_on_paper(
    town: RunningTown, browser: Browser
) -> None:
    case, _ = case_in(town, "awaiting_report")
    with town.at_work(browser, "nurse.ines") as page:
        page.goto(f"/cases/{case}")
        name = page.locator("header.banner h1").inner_text()
    with town.at_work(browser, "privacy.sol") as page:
        page.goto("/privacy")
        page.get_by_role("searchbox").fill(name)
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name=name).first.click()
        expect(page.get_by_role("heading", name="Who saw this patient")).to_be_visible()
        expect(page.locator("table")).to_contain_text("nurse.ines")
        screens(page, "privacy-patient")
        link = str(page.get_by_role("link", name="Account of disclosures").get_attribute("href"))
        paper = page.context.request.get(link)
        text = "\n".join(lines_of(paper.body()))
        assert "Account of disclosures" in text
        assert name in text
        assert "for treatment *" in text, "what was sent to the clinic stands there"
        page.goto("/privacy?q=nurse.ines")
        expect(page.locator("table")).to_contain_text("read")


def test_a_closed_chart_opens_with_a_reason_and_each_opening_is_looked_at(
    town: RunningTown, browser: Browser, tmp_path: Path
) -> None:
    case, _ = case_in(town, "offering", 10)
    with town.database() as conn:
        row = conn.execute(_OF_CASE, (type_code("Patient"), case)).fetchone()
        assert row is not None
        ref = Ref("Patient", row[1])
        patient = json.loads(current(conn, [ref])[ref].raw)
    patient.setdefault("meta", {})["security"] = [RESTRICTED]
    entry = {"resource": patient, "request": {"method": "PUT", "url": f"Patient/{ref.id}"}}
    bundle = tmp_path / "restricted.json"
    bundle.write_text(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}))
    said = town.run("import", str(bundle))
    assert said.returncode == 0, said.stderr

    with town.at_work(browser, "nurse.ines") as page:
        answer = page.goto(f"/patients/{row[0]}")
        assert answer is not None
        assert answer.status == 403
        screens(page, "chart-closed")
        page.get_by_role("link", name="Open it").click()
        screens(page, "break-glass")
        page.get_by_label("The patient's safety").check()
        page.get_by_label("In your own words").fill("They stand at the desk and cannot say their own name.")
        page.get_by_role("button", name="Open it").click()
        expect(page.locator("header.banner h1")).not_to_contain_text("Chart closed")
    with town.at_work(browser, "nurse.paul") as page:
        answer = page.goto(f"/patients/{row[0]}")
        assert answer is not None
        assert answer.status == 403, "it is open to one person alone"
        page.goto(f"/cases/{case}")
        expect(page.locator("#talk")).to_be_visible()
        expect(page.get_by_label("Write to the patient")).to_have_count(0)
    with town.at_work(browser, "privacy.sol") as page:
        page.goto("/privacy")
        opening = page.locator(".opening", has_text="nurse.ines")
        screens(page, "privacy")
        opening.get_by_label("Finding").fill("Rang the ward; it was so.")
        opening.get_by_role("button", name="Justified").click()
        expect(page.locator(".opening", has_text="nurse.ines")).to_have_count(0)
        page.goto(f"/privacy/patients/{row[0]}")
        expect(page.locator("table")).to_contain_text("justified: Rang the ward")


def test_a_role_that_reads_nothing_in_emergencies_opens_no_chart(town: RunningTown, browser: Browser) -> None:
    case, _ = case_in(town, "offering", 11)
    with town.database() as conn:
        row = conn.execute("select subject from engine_case where id = %s", (case,)).fetchone()
        assert row is not None
    with town.at_work(browser, "desk.rosa") as page:
        page.goto(f"/patients/{row[0]}/open")
        page.get_by_label("The patient's safety").check()
        page.get_by_label("In your own words").fill("I would like to see what is in there.")
        page.get_by_role("button", name="Open it").click()
        expect(page.locator("main")).to_contain_text("Your role opens no closed chart")
