"""Fifty mixed referrals arrive in a morning: what a coordinator has to see is seen, and nothing is lost.

Provider and payer are two installations with processes of their own; texts, letters, bookings, referrers and
the payer's answers go over real sockets. The fifty are written by ``fifty_letters``; only this test knows
what is planted in them.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fifty_letters import Fifty, write_fifty
from living_town import LivingTown, living_town

from caretown.town_plan import EhrPlan, ReferrerPlan, TownPlan

START = datetime(2026, 11, 2, 13, tzinfo=UTC)
"""Monday, eight in the morning in Boston."""
QUIET = EhrPlan(weeks=4, closed_share=0.0, moved_share=0.0, outside_per_day=0.0, freed_per_day=0.0)
PLAN = TownPlan(ehr=QUIET, referrers=ReferrerPlan(never_answer_share=1.0))
"""Clinics where nothing happens by itself, and senders who do not answer: what is asked stays asked."""
SAYS = {
    "stop": ("STOP", "please stop texting me", "no me escriban más"),
    "symptoms": (
        "my chest feels tight when I walk now",
        "I fainted this morning",
        "the bleeding started again",
    ),
    "wrong": ("wrong number", "you have the wrong number"),
    "lapsed": ("1",),
    "good": ("1",),
    "first": ("1",),
}
NAMED = {"photograph": "fresh_item", "hba1c_or_tsh": "fresh_item"}


@dataclass
class Look:
    """The engine at one instant, as its commands tell it."""

    cases: dict[str, Any]
    """By ServiceRequest."""
    cards: dict[str, list[Any]] = field(default_factory=dict)
    """Open ones, by ServiceRequest."""
    total: dict[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    """What the town's servers counted."""
    asked: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    texts: dict[str, list[str]] = field(default_factory=dict)
    """What was texted, by number."""
    report: dict[str, Any] = field(default_factory=dict)
    verified: bool = False

    def states(self, requests: tuple[str, ...]) -> Counter[str]:
        return Counter(self.cases[one]["state"] for one in requests)


def look(town: LivingTown) -> Look:
    *cases, total = town.ask("cases", "list", "--journey", "referral_to_visit", "--limit", "1000")
    found = Look({case["data"]["focus"].partition("/")[2]: case for case in cases}, total=total)
    for card in town.ask("cards", "list", "--limit", "1000")[:-1]:
        found.cards.setdefault(card["about"].partition("/")[2], []).append(card)
    found.told = town.servers.log()
    found.asked = town.servers.do(lambda: Counter(town.servers.referrers.asked))
    for text in town.servers.do(lambda: list(town.servers.sms.texts)):
        found.texts.setdefault(text.asked["To"], []).append(text.asked["Body"])
    found.report = town.ask("report", "referrals")[-1]
    found.verified = town.ask("ledger", "verify")[-1]["ok"]
    return found


@dataclass(frozen=True)
class Days:
    """The fifty, and three looks: at noon, after the answers, and the next day before any visit."""

    fifty: Fifty
    noon: Look
    answered: Look
    next_day: Look


@pytest.fixture(scope="module")
def days() -> Iterator[Days]:
    fifty = write_fifty(START)
    with tempfile.TemporaryDirectory(prefix="ce-fifty-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o711)
        with living_town(home, fifty.town, start=START, plan=PLAN) as town:
            assert town.door.send(fifty.directory).taken
            for letter in fifty.letters:
                town.clock.set(letter.at)
                assert town.door.send(letter.bundle).taken
            town.pass_until(START + timedelta(hours=4))
            noon = look(town)
            for kind, words in SAYS.items():
                for row, request in enumerate(fifty.who[kind]):
                    said = town.servers.text(
                        fifty.number(request), words[row % len(words)], stops=kind == "stop"
                    )
                    assert said.result(60).status == 200
            town.pass_until(START + timedelta(hours=6))
            answered = look(town)
            town.pass_until(START + timedelta(hours=27))
            yield Days(fifty, noon, answered, look(town))


def test_no_urgent_one_is_missed_and_each_is_with_a_nurse_at_once(days: Days) -> None:
    for request in days.fifty.who["urgent"]:
        assert days.noon.cases[request]["state"] == "urgent_triage"
        (card,) = days.noon.cards[request]
        assert (card["kind"], card["team"], card["urgent"]) == ("referrals.urgency", "nurses", True)
    shown = {request for request, cards in days.noon.cards.items() for card in cards if card["urgent"]}
    assert shown == set(days.fifty.who["urgent"]), "and nobody else is called urgent"


def test_doubles_are_joined_and_their_firsts_go_on(days: Days) -> None:
    assert days.noon.states(days.fifty.who["double"]) == {"joined": 5}
    assert days.noon.states(days.fifty.who["first"]) == {"offering": 5}


def test_each_missing_item_is_asked_of_its_sender_once(days: Days) -> None:
    owed = Counter(
        (truth.placer, NAMED.get(item, item))
        for request in days.fifty.who["incomplete"]
        for truth in (days.fifty.truth(request),)
        for item in truth.lacks
        if item not in {"insurance", "phone"}
    )
    asked = Counter[tuple[str, str]]()
    for (_, placer, item), times in days.next_day.asked.items():
        asked[placer, _as_planted(days.fifty, placer, item)] += times

    assert asked == owed


def _as_planted(fifty: Fifty, placer: str, item: str) -> str:
    truth = next(one.truth for one in fifty.letters if one.truth.placer == placer)
    if item in {"reason", "question"}:
        return item
    return "fresh_item" if "fresh_item" in truth.lacks else "item"


def test_what_the_patient_owes_is_asked_of_the_patient_once(days: Days) -> None:
    for request in days.fifty.who["incomplete"]:
        lacks, number = days.fifty.truth(request).lacks, days.fifty.number(request)
        if "insurance" in lacks:
            assert len(days.next_day.texts[number]) == 1
        else:
            assert number not in days.next_day.texts, "who owes nothing, or has no telephone, gets no text"
    assert days.next_day.states(days.fifty.who["incomplete"]) == {"information_missing": 10}


def test_every_case_is_owned_and_dated_at_every_look(days: Days) -> None:
    for at in (days.noon, days.answered, days.next_day):
        assert len(at.cases) == 50
        assert (at.total["without_owner"], at.total["without_due"]) == (0, 0)
        for case in at.cases.values():
            if case["closed_at"] is None:
                assert all(case[known] for known in ("owner", "awaits", "due_at", "deadline"))


def test_who_says_stop_hears_nothing_more_by_text_and_is_not_forgotten(days: Days) -> None:
    for request in days.fifty.who["stop"]:
        number = days.fifty.number(request)
        assert days.next_day.texts[number] == days.noon.texts[number]
        assert days.next_day.cases[request]["closed_at"] is None
    assert days.next_day.told["sms"]["after_stop"] == 0


def test_a_symptom_goes_to_a_nurse_and_software_says_nothing_to_it(days: Days) -> None:
    for request in days.fifty.who["symptoms"]:
        cards = days.answered.cards[request]
        assert any(card["team"] == "nurses" and card["urgent"] for card in cards), cards
        number = days.fifty.number(request)
        assert days.answered.texts[number] == days.noon.texts[number]


def test_a_wrong_number_gets_no_further_text(days: Days) -> None:
    for request in days.fifty.who["wrong"]:
        number = days.fifty.number(request)
        assert days.next_day.texts[number] == days.noon.texts[number]
        assert days.next_day.cases[request]["closed_at"] is None


def test_who_chooses_a_time_has_it_in_the_clinics_own_book(days: Days) -> None:
    booked = (*days.fifty.who["good"], *days.fifty.who["first"], *days.fifty.who["lapsed"])

    assert days.answered.states(booked) == {"scheduled": len(booked)}
    assert days.answered.told["ehr"]["double_booked"] == 0


def test_a_lapsed_insurance_is_found_before_the_visit_and_shown_to_a_person(days: Days) -> None:
    for request in days.fifty.who["lapsed"]:
        kinds = {card["kind"] for card in days.next_day.cards.get(request, ())}
        assert "registration.verified" in kinds, kinds
    for request in days.fifty.who["good"]:
        kinds = {card["kind"] for card in days.next_day.cards.get(request, ())}
        assert "registration.verified" not in kinds


def test_no_text_leaves_outside_its_hours_or_says_what_somebody_suffers_from(days: Days) -> None:
    sms = days.next_day.told["sms"]

    assert (sms["outside_window"], sms["private_texts"], sms["repeated"]) == (0, 0, 0)
    assert sms["webhooks_refused"] == {}


def test_the_report_tells_the_same_fifty(days: Days) -> None:
    figures = days.next_day.report["figures"]

    assert (figures["referrals.opened"]["value"], figures["referrals.not_counted"]["value"]) == (50, 5)
    assert figures["bookings.made"]["value"] == 22
    assert figures["texts.made"]["value"] == days.next_day.told["sms"]["accepted"]


def test_the_ledger_proves_it(days: Days) -> None:
    assert days.next_day.verified
