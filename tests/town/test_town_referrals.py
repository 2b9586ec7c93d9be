import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fhirkit
import pytest

from caretown.errors import TownTooSmall, TownUnreadable
from caretown.letters import Letter
from caretown.people import Person, read_people, sample_records
from caretown.phrasebook import phrasebook
from caretown.referrals import RECIPE, Post, write_referrals
from caretown.truth import Expect, read_truth, write_truth

START = datetime(2026, 11, 2, 13, tzinfo=UTC)
PEOPLE = read_people(sample_records())
POST = write_referrals(PEOPLE, seed=1, start=START)
REFERENCE = re.compile(r'"reference": "([A-Z][A-Za-z]+/[^"]+)"')


def resources(post: Post) -> list[dict[str, Any]]:
    bundles = [post.directory, *(letter.bundle for letter in post.letters)]
    return [entry["resource"] for bundle in bundles for entry in bundle["entry"]]


def in_the_records(folder: Path) -> set[str]:
    known = set()
    for path in folder.glob("*.json.gz"):
        for entry in json.loads(gzip.decompress(path.read_bytes()))["entry"]:
            known.add(f"{entry['resource']['resourceType']}/{entry['resource']['id']}")
    return known


def referral(letter: Letter) -> dict[str, Any]:
    return next(
        e["resource"] for e in letter.bundle["entry"] if e["resource"]["resourceType"] == "ServiceRequest"
    )


def planted(plant: str) -> list[Letter]:
    return [letter for letter in POST.letters if letter.truth.plant == plant]


def test_the_sample_town_has_twenty_people_of_whom_three_have_died() -> None:
    assert len(PEOPLE) == 20
    assert sum(not person.alive for person in PEOPLE) == 3


def test_the_sample_is_small_enough_to_ship() -> None:
    size = sum(path.stat().st_size for path in sample_records().glob("*.gz"))

    assert size < 3_000_000


def test_every_reference_in_the_sample_points_into_its_own_bundle() -> None:
    for path in sample_records().glob("*.json.gz"):
        bundle = json.loads(gzip.decompress(path.read_bytes()))
        named = set(re.findall(r'"reference": "([^"]+)"', json.dumps(bundle)))

        assert named <= {entry["fullUrl"] for entry in bundle["entry"]}


def test_the_same_seed_writes_the_same_letters() -> None:
    again = write_referrals(PEOPLE, seed=1, start=START)

    assert again == POST


def test_another_seed_writes_another_morning() -> None:
    assert write_referrals(PEOPLE, seed=2, start=START).letters != POST.letters


def test_every_reference_resolves_in_the_bundles_or_in_what_is_sent() -> None:
    sent = {f"{one['resourceType']}/{one['id']}" for one in resources(POST)}
    named = {ref for one in resources(POST) for ref in REFERENCE.findall(json.dumps(one))}

    assert named - sent <= in_the_records(sample_records())


def test_every_resource_sent_is_valid_fhir() -> None:
    for resource in resources(POST):
        assert fhirkit.validate(json.dumps(resource).encode()) == []


def test_letters_arrive_in_order_of_time_and_twins_after_their_originals() -> None:
    times = [letter.at for letter in POST.letters]
    sent_at = {letter.truth.service_request: letter.at for letter in reversed(POST.letters)}

    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < START + timedelta(hours=5)
    for letter in POST.letters:
        if letter.truth.twin_of:
            assert sent_at[letter.truth.twin_of] < letter.at


def test_each_kind_of_flaw_is_planted_and_most_letters_have_none() -> None:
    plants = {letter.truth.plant for letter in POST.letters}
    flawless = [letter for letter in POST.letters if letter.truth.expect is Expect.ACKNOWLEDGE]

    assert len(plants) == len(RECIPE) + 1, "each way of the recipe, and the flawless"
    assert len(flawless) > len(POST.letters) / 2


def test_urgent_words_stand_in_the_note_of_a_letter_coded_routine() -> None:
    letters = planted("urgent_in_words")

    assert len(letters) >= 5
    for letter in letters:
        assert referral(letter)["priority"] == "routine"
        assert letter.truth.words in referral(letter)["note"][0]["text"]


@pytest.mark.parametrize(
    ("lack", "element"),
    [("reason", "reasonCode"), ("question", "note"), ("requester", "requester"), ("insurance", "insurance")],
)
def test_what_is_said_to_be_lacking_is_not_there(lack: str, element: str) -> None:
    letters = [letter for letter in POST.letters if lack in letter.truth.lacks]

    assert letters
    assert all(element not in referral(letter) for letter in letters)


def test_a_patient_without_a_telephone_has_no_other_referral() -> None:
    (letter,) = planted("lacks_phone")
    patients = [one for one in resources(POST) if one["resourceType"] == "Patient"]

    assert [patient["id"] for patient in patients] == [letter.truth.patient]
    assert all(point["system"] != "phone" for point in patients[0].get("telecom", ()))
    assert [one for one in POST.letters if one.truth.patient == letter.truth.patient] == [letter]


INCOMPLETE = [letter for letter in POST.letters if letter.truth.lacks]


@pytest.mark.parametrize("letter", INCOMPLETE, ids=lambda letter: letter.truth.plant)
def test_who_is_rung_sends_the_same_referral_with_nothing_missing(letter: Letter) -> None:
    assert letter.completed
    sent = {one["resource"]["resourceType"]: one["resource"] for one in letter.completed["entry"]}
    request = sent["ServiceRequest"]

    assert request["id"] == letter.truth.service_request
    assert {"reasonCode", "note", "requester", "insurance"} <= set(request)
    assert "supportingInfo" in request or letter.truth.clinic == "physiotherapy"
    assert ("Patient" in sent) == ("phone" in letter.truth.lacks)


def test_sent_again_means_the_same_number_under_another_id() -> None:
    originals = {letter.truth.service_request: letter for letter in POST.letters}
    for letter in planted("sent_again"):
        original = originals[letter.truth.twin_of]

        assert letter.truth.placer == original.truth.placer
        assert letter.truth.service_request != original.truth.service_request


def test_no_patient_is_sent_twice_to_a_clinic_unless_that_is_what_is_planted() -> None:
    pairs = [(one.truth.patient, one.truth.clinic) for one in POST.letters if not one.truth.twin_of]

    assert len(pairs) == len(set(pairs))


def test_the_dead_are_referred_only_where_that_is_planted() -> None:
    dead = {person.id for person in PEOPLE if not person.alive}

    assert {letter.truth.plant for letter in POST.letters if letter.truth.patient in dead} == {"dead_patient"}


def test_the_truth_is_written_apart_and_read_back_whole(tmp_path: Path) -> None:
    truths = tuple(letter.truth for letter in POST.letters)

    write_truth(truths, tmp_path / "apart" / "truth.jsonl")

    assert read_truth(tmp_path / "apart" / "truth.jsonl") == truths


def test_nothing_of_the_truth_is_in_what_is_sent() -> None:
    sent = json.dumps([POST.directory, *(letter.bundle for letter in POST.letters)])

    for word in ("lacks_", "urgent_in_words", "decoy", "sent_again", "caretown"):
        assert word not in sent


def test_more_than_the_town_can_refer_is_refused() -> None:
    with pytest.raises(TownTooSmall):
        write_referrals(PEOPLE, seed=1, start=START, count=500)


def test_too_few_letters_to_show_every_flaw_are_refused() -> None:
    with pytest.raises(TownTooSmall):
        write_referrals(PEOPLE, seed=1, start=START, count=3)


def test_a_town_of_the_dead_is_refused() -> None:
    with pytest.raises(TownTooSmall):
        write_referrals([person for person in PEOPLE if not person.alive], seed=1, start=START)


def test_a_folder_without_bundles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TownUnreadable):
        read_people(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"entry": [{}]}', b'{"resourceType": "Bundle"}'])
def test_a_file_that_is_no_bundle_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.json").write_bytes(content)

    with pytest.raises(TownUnreadable, match=r"broken\.json"):
        read_people(tmp_path)


def a_plain_bundle(number: int) -> dict[str, Any]:
    patient = {
        "resourceType": "Patient",
        "id": f"p{number}",
        "telecom": [{"system": "phone", "value": "555-0100"}],
    }
    doctor = {"resourceType": "Practitioner", "id": f"d{number}"}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": patient}, {"resource": doctor}],
    }


def other_people(folder: Path) -> tuple[Person, ...]:
    for number in range(12):
        (folder / f"{number}.json").write_text(json.dumps(a_plain_bundle(number)))
    return read_people(folder)


def test_other_peoples_bundles_can_be_the_towns_patients(tmp_path: Path) -> None:
    people = other_people(tmp_path)

    post = write_referrals(people, seed=1, start=START, count=40)

    assert {letter.truth.patient for letter in post.letters} <= {person.id for person in people}
    assert all("insurance" in referral(one) for one in post.letters if "insurance" not in one.truth.lacks)


def test_clinics_say_the_words_they_call_urgent() -> None:
    for clinic in phrasebook().clinics:
        for ask in clinic.urgent:
            assert ask.words in ask.note
