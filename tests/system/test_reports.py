"""``careengine report referrals`` over a real morning of the sample town."""

import json

import pytest
from command_line import CommandLine

from careengine.entrypoints.compose import SCHEMAS
from careengine.policy.book import book_of
from careengine.policy.sources import package_sources
from careengine.policy.wording import WORDING_SCHEMAS


def test_the_report_agrees_with_the_cases_and_names_them(careengine: CommandLine) -> None:
    cases = careengine(
        "cases", "list", "--limit", 1000, "--journey", "referral_acknowledged", "--json"
    ).lines[:-1]
    report = careengine("report", "referrals", "--json").last
    figures = report["figures"]

    assert report["journey"] == "referral_acknowledged"
    assert figures["referrals.opened"]["value"] == len(cases) > 15
    assert (
        figures["completion.acknowledged.share"]["of"]
        == len(cases) - figures["referrals.not_counted"]["value"]
    )
    under_way = careengine("report", "referrals", "--cases", "referrals.under_way", "--json").last["cases"]
    assert sorted(under_way) == sorted(case["id"] for case in cases if case["closed_at"] is None)
    assert {name for names in report["sections"].values() for name in names} == set(figures)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_figure_and_its_formula_have_words(careengine: CommandLine, language: str) -> None:
    told = careengine("report", "referrals", "--explain", "--language", language)

    assert told.code == 0
    assert "no words" not in told.out
    assert "Kaplan-Meier" in told.out


def test_no_word_of_a_chart_stands_in_a_report(careengine: CommandLine) -> None:
    report = json.dumps(careengine("report", "referrals", "--json").last)

    for word in ("Patient/", "ServiceRequest/", "Observation/", "Coverage/"):
        assert word not in report


def test_a_report_may_be_of_one_clinic(careengine: CommandLine) -> None:
    every = careengine("report", "referrals", "--json").last["figures"]["referrals.opened"]["value"]
    some = careengine("report", "referrals", "--clinic", "cardiology", "--json").last

    assert 0 < some["figures"]["referrals.opened"]["value"] < every


def test_what_cannot_be_reported_is_said(careengine: CommandLine) -> None:
    assert careengine("report", "referrals", "--site", "nowhere", "--json").code == 1
    assert "boston" in careengine("report", "referrals", "--site", "nowhere", "--json").last["error"]
    assert careengine("report", "referrals", "--cases", "none.such", "--json").code == 1
    assert careengine("report", "referrals", "--since", "yesterday", "--json").code == 2
    assert (
        "event_to_place"
        in careengine("report", "referrals", "--journey", "event_to_place", "--json").last["error"]
    )


def test_every_formula_has_its_title() -> None:
    sources = {name: one for name, one in package_sources().items() if name == "insight.wording"}
    page = book_of(sources, SCHEMAS).with_schema(WORDING_SCHEMAS[0].name)[0].build(0)
    formulas = {code for code in page.sentences if code.startswith("insight.formula_")}

    assert {code.replace("formula_", "title_") for code in formulas} <= set(page.sentences)
