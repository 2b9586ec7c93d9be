"""A town of many people made of a few: who they are, and that their charts fit it."""

import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import fhirkit
import pytest

from caretown.charts import member_of, write_charts
from caretown.errors import TownTooSmall
from caretown.multiply import language_of, multiply, places
from caretown.people import Person, read_people, sample_records
from caretown.referrals import write_referrals
from caretown.residents import Resident, Town, consent_of, settle
from caretown.spoken import spoken
from caretown.temperaments import STIMULI, manners

DAY = date(2026, 11, 2)
START = datetime(2026, 11, 2, 13, tzinfo=UTC)
READ = read_people(sample_records())
PEOPLE = multiply(READ, living=300, seed=1, day=DAY)
TOWN = settle(PEOPLE, seed=1)


def entries(path: Path) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(gzip.decompress(path.read_bytes()))["entry"]]


def of_kind(kind: str) -> list[Resident]:
    return [
        one
        for one in settle(multiply(READ, living=1500, seed=2, day=DAY), seed=2).living()
        if one.kind == kind
    ]


def test_a_few_people_become_a_town() -> None:
    living = [person for person in PEOPLE if person.alive]

    assert len(living) == 300
    assert {person.id for person in READ} <= {person.id for person in PEOPLE}
    assert len({person.id for person in PEOPLE}) == len(PEOPLE)


def test_the_same_seed_makes_the_same_town_and_another_another() -> None:
    assert multiply(READ, living=300, seed=1, day=DAY) == PEOPLE
    assert multiply(READ, living=300, seed=2, day=DAY) != PEOPLE
    assert settle(PEOPLE, seed=1) == TOWN


def test_nothing_of_a_copy_names_whom_it_was_copied_from() -> None:
    read = json.dumps([person.patient for person in READ])
    originals = {person.id for person in READ}
    for person in PEOPLE:
        if person.id not in originals:
            patient = person.patient
            assert all(one["value"] not in read for one in patient["identifier"])
            assert patient["telecom"][0]["value"] not in read
            assert "us-ssn" not in json.dumps(patient)


def test_people_live_in_several_states_and_zones_and_speak_several_languages() -> None:
    states = {person.patient["address"][0]["state"] for person in PEOPLE}

    assert len(states) >= 5
    assert len({one.zone for one in TOWN.residents.values()}) >= 3
    assert len({language_of(person.patient) for person in PEOPLE}) >= 2
    assert {"en", "es", "pt", "ht"} <= {one.language for one in TOWN.residents.values()}


def test_race_and_ethnicity_are_kept_for_reports() -> None:
    told = [json.dumps(person.patient.get("extension", [])) for person in PEOPLE]

    assert sum("us-core-race" in one for one in told) > 0.9 * len(PEOPLE)
    assert sum("us-core-ethnicity" in one for one in told) > 0.9 * len(PEOPLE)


def test_every_telephone_is_someones_own_unless_they_share_it() -> None:
    numbers = Counter(one.number for one in TOWN.residents.values() if one.number)
    sharing = {one.number for one in TOWN.residents.values() if one.shares_with}

    assert sharing
    assert {number for number, times in numbers.items() if times > 1} == sharing
    assert all(number.startswith("+1") and len(number) == 12 for number in numbers)


def test_a_town_of_ten_thousand_still_has_a_telephone_for_each() -> None:
    people = multiply(READ, living=10_000, seed=1, day=DAY)
    numbers = {person.patient["telecom"][0]["value"] for person in people}

    assert len(numbers) == len(people)


def test_most_agreed_to_texts_some_refused_and_some_were_never_asked() -> None:
    signed = Counter(one.texts for one in TOWN.living())

    assert signed["agreed"] > 0.7 * 300
    assert signed["refused"] > 0
    assert signed["never_asked"] > 0
    assert {None} == {consent_of(one, signed=DAY) for one in TOWN.living() if one.texts == "never_asked"}


def test_there_is_somebody_of_every_kind() -> None:
    town = settle(multiply(READ, living=1500, seed=2, day=DAY), seed=2)
    shares = Counter(one.kind for one in town.living())

    assert set(shares) == set(manners().kinds)
    assert sum(one.share for one in manners().kinds.values()) == 100
    assert shares["prompt"] / 1500 == pytest.approx(manners().kinds["prompt"].share / 100, abs=0.05)


def test_who_has_no_phone_has_none_in_the_chart() -> None:
    assert {one.number for one in of_kind("no_phone")} == {""}


@pytest.mark.parametrize("known", [True, False])
def test_every_chart_and_every_member_is_valid_fhir(tmp_path: Path, known: bool) -> None:
    read = [person.id for person in PEOPLE] if known else []
    folders = write_charts(TOWN, tmp_path, read=read, day=DAY)

    for folder in (folders.provider, folders.payer):
        for path in folder.glob("*.gz"):
            for resource in entries(path):
                assert fhirkit.validate(json.dumps(resource).encode()) == []


def test_each_has_exactly_one_cover_in_force_with_a_members_number(tmp_path: Path) -> None:
    folders = write_charts(TOWN, tmp_path, read=[person.id for person in READ], day=DAY)
    for path in folders.provider.glob("*.gz"):
        active = [
            one for one in entries(path) if one["resourceType"] == "Coverage" and one["status"] == "active"
        ]
        assert len(active) == 1
        assert active[0]["subscriberId"]


def member(person: Person, town: Town, cover: str) -> list[dict[str, Any]]:
    fields = {name: getattr(town.residents[person.id], name) for name in Resident.__slots__}
    return member_of(person, Resident(**fields | {"cover": cover}), day=DAY)


def test_the_payer_knows_of_each_cover_what_was_planted() -> None:
    person = next(one for one in PEOPLE if one.alive)
    patient, lapsed = member(person, TOWN, "lapsed")
    _, active = member(person, TOWN, "active")

    assert patient["birthDate"] == person.patient["birthDate"]
    assert lapsed["period"]["end"] < DAY.isoformat()
    assert "end" not in active["period"]
    assert member(person, TOWN, "not_found") == []
    assert member(person, TOWN, "birth_date_differs")[0]["birthDate"] != person.patient["birthDate"]
    assert len(member(person, TOWN, "other_payer")) == 3


def test_a_town_of_the_dead_cannot_be_multiplied() -> None:
    with pytest.raises(TownTooSmall):
        multiply([person for person in READ if not person.alive], living=5, seed=1, day=DAY)


def test_a_week_of_post_has_three_hundred_letters_for_most_of_the_town() -> None:
    post = write_referrals(TOWN.people, seed=1, start=START, count=300, days=5)
    days = Counter((letter.at - START).days for letter in post.letters)
    living = {person.id for person in TOWN.people if person.alive}

    assert len(post.letters) >= 300
    assert set(days) == {0, 1, 2, 3, 4}
    assert len({letter.truth.patient for letter in post.letters} & living) >= 220
    assert all((letter.at - START).seconds < 10 * 3600 for letter in post.letters)


def test_a_series_says_how_many_visits_and_in_which_rhythm() -> None:
    post = write_referrals(TOWN.people, seed=1, start=START, count=300, days=5)
    ordered = [letter for letter in post.letters if letter.truth.plant == "series"]

    assert {letter.truth.visits for letter in ordered} == {6, 12}
    assert all('"quantityQuantity"' in json.dumps(letter.bundle) for letter in ordered)


TEXTS = {
    "Harbour Health visit times: 1 Tue Nov 10 9:20, 2 Wed Nov 11 15:00, 3 Fri Nov 13 8:40. Reply a number "
    "or a better time. Call 617-555-0100. STOP=end": ("offer", ("1", "2", "3")),
    "Harbour Health citas: 1 mar 10 nov 9:20, 2 mie 11 nov 15:00. Escriba la cifra u otra hora.": (
        "offer", ("1", "2"),
    ),
    "Harbour Health: you have a visit on Tue Nov 10 9:20. Reply C if you will come, R for a new time.": (
        "confirm", (),
    ),
    "Harbour Health: you can come sooner, on Mon Nov 9 9:00. Reply YES to take it.": ("early", ()),
    "Harbour Health: we did not see you on Mon Nov 9 9:00. Want a new time? Reply YES": ("again", ()),
    "Harbour Health: form for your visit: https://intake.example/i/abc Need help?": ("intake", ()),
    "Harbour Health: to plan your visit we need your phone number. Please send it": ("item", ()),
    "Harbour Health: thank you. Call 617-555-0100 if you have questions.": ("", ()),
}  # fmt: skip


@pytest.mark.parametrize(("text", "means"), TEXTS.items())
def test_people_understand_what_a_message_asks(text: str, means: tuple[str, tuple[str, ...]]) -> None:
    understood = spoken().understand(text)

    assert (understood.asks, understood.options) == means


def test_people_say_the_number_they_choose() -> None:
    for number in range(40):
        assert "3" in spoken().say("choose", "en", Random(number), options=("3",))


def test_every_deed_that_is_said_has_words_and_every_other_is_known() -> None:
    known = {"ring", "fill", "fill_half", "nothing"}
    for kind in manners().kinds.values():
        for stimulus in STIMULI:
            assert all(spoken().has(deed) or deed in known for deed in kind.deeds[stimulus])


def test_places_name_real_zones_and_share_a_hundred() -> None:
    assert sum(place.share for place in places().places) == 100


def test_a_wait_is_log_normal_around_its_median() -> None:
    prompt = manners().kinds["prompt"]
    waits = sorted(prompt.wait(Random(number)).total_seconds() / 3600 for number in range(2001))

    assert waits[1000] == pytest.approx(prompt.hours[0], rel=0.2)
