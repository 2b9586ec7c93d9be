"""Words are found where they stand, misspelt or accented, and mean what their sentence makes of them."""

import hashlib
import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from referral_examples import TODAY, rules, saying

from careengine.capabilities import referrals
from careengine.kernel.decision import Bearing, Decision, Route

SENTENCES = yaml.safe_load((Path(__file__).parents[2] / "bench" / "data" / "urgency.yaml").read_text("utf-8"))


def decided(text: str, *, today: date = TODAY) -> Decision:
    return referrals.decide_urgency(saying(text), policy=rules().urgency, today=today)


def half_of(text: str) -> str:
    return "reported" if hashlib.sha256(text.encode()).digest()[0] % 2 else "tuned"


def quotes(decision: Decision, bearing: Bearing = Bearing.SUPPORTS) -> list[str]:
    return [e.words for e in decision.evidence if e.start is not None and e.bearing is bearing]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Crescendo angina now.", ["Crescendo angina"]),
        ("PASSING MELAENA.", ["MELAENA"]),
        ("Pérdida súbita de visión.", ["Pérdida súbita de visión"]),
        ("Suspected melenoma.", ["Suspected melenoma"]),
        ("A siezure at work.", ["siezure"]),
        ("Loss of vision, sudden, left eye.", ["Loss of vision, sudden"]),
        ("Dr. Smith found papilloedema.", ["papilloedema"]),
    ],
)
def test_urgent_words_are_quoted_as_written(text: str, quoted: list[str]) -> None:
    decision = decided(text)
    assert decision.route is Route.ASK
    assert quotes(decision) == quoted


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Denies melaena.", False),
        ("No melaena, syncope or jaundice.", False),
        ("No fever but melaena.", True),
        ("No fever. Melaena.", True),
        ("No relevant history, melaena since Monday.", True),
        ("Melaena was ruled out.", False),
        ("Melaena cannot be ruled out.", True),
        ("History of melaena.", False),
        ("Two day history of melaena.", True),
        ("Previous melaena, now again.", True),
        ("Melaena in 2015.", False),
        ("Melaena in 2026.", True),
        ("Mother had melaena.", False),
        ("Mother says he has melaena.", True),
        ("If melaena occurs, call us.", False),
        ("If possible see soon: melaena.", True),
        ("Neighbour had melaena.", False),
        ("Mole has not changed.", False),
        ("Sin melenas ni síncope.", False),
        ("Niega fiebre, pero melenas.", True),
    ],
)
def test_a_sentence_decides_what_its_words_mean(text: str, meant: bool) -> None:
    assert (decided(text).route is Route.ASK) == meant


def test_what_is_denied_is_still_shown_as_speaking_against() -> None:
    decision = decided("Denies chest pain at rest.")
    assert quotes(decision, Bearing.CONTRADICTS) == ["chest pain at rest"]
    assert decision.flips[-1].becomes == ""


def test_a_year_is_past_only_when_it_is_over() -> None:
    assert decided("Stroke in 2026.", today=date(2026, 12, 31)).route is Route.ASK
    assert decided("Stroke in 2026.", today=date(2027, 1, 1)).route is Route.PROCEED


def test_a_code_as_urgent_as_the_words_goes_on() -> None:
    said = saying("Progressive dysphagia.", priority="urgent")
    decision = referrals.decide_urgency(said, policy=rules().urgency, today=TODAY)
    assert (decision.answer, decision.route) == ("urgent", Route.PROCEED)


@given(st.text(max_size=300))
def test_any_text_at_all_is_read_without_a_fault(text: str) -> None:
    decision = decided(text)
    assert all(text[e.start : e.end] == e.words for e in decision.evidence if e.start is not None)
    json.dumps([e.words for e in decision.evidence])


@pytest.mark.parametrize("half", ["tuned", "reported"])
def test_the_published_sentences_are_read_as_well_as_we_say(half: str) -> None:
    """The bar of the reported half is what was measured on it before anything was learned from it."""
    mine = [
        s for s in SENTENCES if (hashlib.sha256(s["text"].encode()).digest()[0] % 2 == 0) == (half == "tuned")
    ]
    found = [(s["is"] == "urgent", decided(s["text"]).route is Route.ASK) for s in mine]
    urgent = [asked for is_urgent, asked in found if is_urgent]
    routine = [asked for is_urgent, asked in found if not is_urgent]
    assert len(mine) >= 60
    assert sum(urgent) / len(urgent) >= 0.98
    assert sum(routine) / len(routine) < 0.10


@given(st.sampled_from(SENTENCES), st.lists(st.sampled_from(SENTENCES), max_size=3), st.integers(0, 3))
def test_a_harmless_sentence_never_hides_an_urgent_one_nor_makes_another_urgent(
    one: dict[str, str], others: list[dict[str, str]], place: int
) -> None:
    """What a sentence means does not depend on the sentences around it."""
    texts = [s["text"] for s in others if decided(s["text"]).route is Route.PROCEED]
    texts.insert(place, one["text"])
    assert decided("\n".join(texts)).route is decided(one["text"]).route
