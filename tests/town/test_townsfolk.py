"""How people react to what reaches them: in their own time and words, the same for the same seed."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from caretown.lives import plan_lives
from caretown.mailbox import Arrived, Kind
from caretown.multiply import multiply
from caretown.people import Resource, read_people, sample_records
from caretown.residents import Resident, Town, settle
from caretown.townsfolk import Townsfolk

NOW = datetime(2026, 11, 3, 15, tzinfo=UTC)
TOWN = settle(multiply(read_people(sample_records()), living=900, seed=3, day=date(2026, 11, 2)), seed=3)
OFFER = (
    "Harbour Health visit times: 1 Tue Nov 10 9:20, 2 Wed Nov 11 15:00, 3 Fri Nov 13 8:40. "
    "Reply a number or a better time. Call 617-555-0100. STOP=end"
)
REMINDER = "Harbour Health: you have a visit on Tue Nov 10 9:20. Reply C if you will come, R for a new time."
FORM = "Harbour Health: form for your visit: https://intake.example/i/abc Need help? Call 617-555-0100."


@dataclass
class Notebook:
    """Writes down what people plan to do."""

    texts: list[tuple[datetime, str, str, bool]] = field(default_factory=list)
    acts: list[tuple[datetime, Any]] = field(default_factory=list)
    filled: list[tuple[str, str, bool]] = field(default_factory=list)

    def say_at(self, when: datetime, sender: str, body: str, *, stops: bool = False) -> None:
        self.texts.append((when, sender, body, stops))

    def at(self, when: datetime, act: Any) -> None:
        self.acts.append((when, act))

    def fill(self, link: str, resident: Resident, *, whole: bool) -> Coroutine[Any, Any, None]:
        self.filled.append((link, resident.id, whole))

        async def nothing() -> None:
            return

        return nothing()


def folks(notebook: Notebook, town: Town = TOWN) -> Townsfolk:
    return Townsfolk(town, notebook, notebook, seed=3)


def text(resident: Resident, body: str, at: datetime = NOW) -> Arrived:
    return Arrived(Kind.TEXT, at, resident.number, body)


def all_of(kind: str) -> list[Resident]:
    return [one for one in TOWN.living() if one.kind == kind and not one.shares_with]


def heard(kind: str, body: str) -> Notebook:
    notebook = Notebook()
    town = folks(notebook)
    assert town.hear([text(one, body) for one in all_of(kind)]) == len(all_of(kind))
    return notebook


def test_prompt_people_choose_one_of_the_times_offered_soon() -> None:
    notebook = heard("prompt", OFFER)
    chosen = [body for _, _, body, _ in notebook.texts if any(number in body for number in "123")]
    waits = sorted(when - NOW for when, *_ in notebook.texts)

    assert len(chosen) > 0.8 * len(all_of("prompt"))
    assert waits[len(waits) // 2] < timedelta(hours=2)
    assert all(wait > timedelta() for wait in waits)


def test_late_people_take_hours() -> None:
    waits = sorted(when - NOW for when, *_ in heard("late", OFFER).texts)

    assert waits[len(waits) // 2] > timedelta(hours=8)


def test_who_reads_and_never_answers_never_answers() -> None:
    assert heard("reads_only", OFFER).texts == []
    assert heard("reads_only", REMINDER).texts == []


def test_a_stranger_says_wrong_number_and_then_nothing_more() -> None:
    notebook = Notebook()
    town = folks(notebook)
    strangers = all_of("wrong_number")
    town.hear([text(one, OFFER) for one in strangers])
    said = len(notebook.texts)
    town.hear([text(one, OFFER) for one in strangers if town.mind(one.id).stopped])

    assert said > 0
    assert all("wrong" in body or "this isn't" in body or "equivoc" in body or "no soy" in body
               for _, _, body, _ in notebook.texts)  # fmt: skip
    assert len(notebook.texts) == said


def test_who_says_stop_in_any_words_means_it() -> None:
    notebook = heard("stop", OFFER)

    assert any(stops for *_, stops in notebook.texts)
    assert {stops for _, _, body, stops in notebook.texts if body in {"STOP", "Unsubscribe"}} <= {True}


def test_who_asks_who_we_are_asks_once_and_then_answers() -> None:
    notebook = Notebook()
    town = folks(notebook)
    one = all_of("who_is_this")[0]
    town.hear([text(one, OFFER)])
    town.hear([text(one, OFFER)])

    first, second = [body for _, _, body, _ in notebook.texts]
    assert "who" in first.lower() or "quién" in first or "de parte" in first
    assert any(number in second for number in "123")


def test_people_who_prefer_to_talk_ring_the_clinic() -> None:
    notebook = Notebook()
    town = folks(notebook)
    town.hear([text(one, OFFER) for one in all_of("prefers_calls")])

    assert len(town.rings) > len(all_of("prefers_calls")) / 2
    assert notebook.texts == []


def test_nobody_writes_in_the_middle_of_their_night() -> None:
    late = NOW.replace(hour=4)
    notebook = Notebook()
    town = folks(notebook)
    residents = {one.number: one for one in TOWN.living()}
    town.hear([text(one, OFFER, late) for one in residents.values() if one.number])

    for when, sender, _, _ in notebook.texts:
        assert 7 <= when.astimezone(ZoneInfo(residents[sender].zone)).hour < 22


def test_a_form_is_opened_by_its_link() -> None:
    notebook = heard("prompt", FORM)
    for _, act in notebook.acts:
        act().close()

    assert len(notebook.filled) > 0.7 * len(all_of("prompt"))
    assert {link for link, *_ in notebook.filled} == {"https://intake.example/i/abc"}


def test_the_same_seed_reacts_the_same_way() -> None:
    assert heard("vague", OFFER).texts == heard("vague", OFFER).texts


def an_appointment(resident: Resident, number: int) -> Resource:
    return {"id": f"v{number}", "participant": [{"actor": {"reference": f"Patient/{resident.id}"}}]}


def came(kind: str, reminded: bool) -> float:
    town = folks(Notebook())
    visits = [(one, number) for one in all_of(kind) for number in range(40)]
    for one, _ in visits:
        town.mind(one.id).reminded = NOW - timedelta(days=1) if reminded else None
    kept = [town.came(an_appointment(one, number), NOW) != "no" for one, number in visits]
    return sum(kept) / len(kept)


def test_who_forgets_comes_when_reminded_and_mostly_not_otherwise() -> None:
    assert came("forgets", reminded=True) == pytest.approx(0.90, abs=0.04)
    assert came("forgets", reminded=False) == pytest.approx(0.42, abs=0.06)


def test_a_reminder_helps_for_days_and_not_for_weeks() -> None:
    town = folks(Notebook())
    one = all_of("forgets")[0]
    town.hear([text(one, REMINDER, NOW)])
    fresh = [town.came(an_appointment(one, n), NOW + timedelta(days=2)) for n in range(200)]
    stale = [town.came(an_appointment(one, n), NOW + timedelta(days=20)) for n in range(200)]

    assert stale.count("no") > 2 * fresh.count("no")


def test_who_said_they_cannot_come_and_who_died_do_not_come() -> None:
    town = folks(Notebook())
    one, other = all_of("prompt")[:2]
    town.mind(one.id).wants_out = True
    town.mind(other.id).dead = True

    assert {town.came(an_appointment(who, n), NOW) for who in (one, other) for n in range(30)} == {"no"}


def test_of_those_who_share_a_telephone_who_was_referred_answers() -> None:
    guest = next(one for one in TOWN.living() if one.shares_with)
    notebook = Notebook()
    town = replace(folks(notebook), expecting=frozenset({guest.id}))
    for _ in range(6):
        town.hear([text(guest, OFFER)])

    assert town.mind(guest.id).heard["offer"] == 6
    assert guest.shares_with not in town.minds


def test_a_letter_is_found_by_who_lives_behind_the_door() -> None:
    town = folks(Notebook())
    person = next(one for one in TOWN.people if one.alive and TOWN.residents[one.id].kind == "landline")
    name, address = person.patient["name"][0], person.patient["address"][0]
    lines = [f"{' '.join(name['given'])} {name['family']}", address["line"][0], "Boston, MA 02113"]
    letter = Arrived(Kind.LETTER, NOW, "\n".join(lines), "Please call Harbour Health and pick one.")
    stranger = Arrived(Kind.LETTER, NOW, "No Body\n1 Nowhere\nBoston, MA 02113", "Please call.")

    assert town.hear([letter, stranger]) == 2
    assert town.mind(person.id).heard["letter"] == 1
    assert town.unaddressed == 1


def test_lives_go_on_in_working_hours_of_the_first_week() -> None:
    told: list[tuple[datetime, Callable[[], list[Resource]]]] = []
    died: list[str] = []
    start = datetime(2026, 11, 2, 13, tzinfo=UTC)
    planned = plan_lives(
        TOWN, seed=3, start=start, tell=lambda at, what: told.append((at, what)), died=died.append
    )
    sent = [resource for _, what in told for resource in what()]

    assert min(planned.values()) > 0
    assert len(told) == sum(planned.values())
    assert all(start < at < start + timedelta(days=6) for at, _ in told)
    assert len(died) == planned["dies"] == sum("deceasedDateTime" in one for one in sent)
    assert sum(one.get("active") is False for one in sent) == planned["merges"]
