"""What is free in the record becomes openings: to come, held by nobody else, dealt without collisions."""

from datetime import timedelta
from pathlib import Path

import pytest
from clinic_calendar import ANN, BEN, NOW, a_case, appointment, charts, clinic, day, put, slot

from careengine.capabilities.scheduling import Openings
from careengine.capabilities.scheduling.wiring import LOADERS
from careengine.engine.case import Case
from careengine.engine.held import HeldNow
from careengine.engine.writing import take_holds
from careengine.runtime.database import Connection
from careengine.trust.charts import NOTHING_HELD, Holds

FRIDAY, MONDAY, TUESDAY = (NOW + timedelta(days=n) for n in (1, 4, 5))


@pytest.fixture
def town(conn: Connection) -> Connection:
    put(conn, ANN, BEN, *clinic(), *day(FRIDAY), *day(MONDAY), *day(TUESDAY))
    return conn


def load(conn: Connection, pack: Path, *cases: Case, held: Holds = NOTHING_HELD) -> dict[int, Openings]:
    return dict(LOADERS["scheduling.openings"](charts(conn, pack, held=held), cases))


def slots(openings: Openings) -> list[str]:
    return [one.slot.removeprefix("Slot/cardiology-") for one in openings.found]


def test_a_case_sees_slots_of_several_days_soonest_first_with_where_and_how_far(
    town: Connection, tmp_path: Path
) -> None:
    found = load(town, tmp_path, a_case(town))[1]

    assert slots(found)[0] == "0306-0"
    assert {name[:4] for name in slots(found)} == {"0306", "0309", "0310"}
    first = found.found[0]
    assert (first.clinic, first.place, first.distance_km) == ("cardiology", "Location/cardiology", 0.0)
    assert first.version == 1
    assert found.patient == "Patient/ann"
    assert found.group == "race=2106-3;language=es"
    assert found.until == TUESDAY + timedelta(hours=2)


def test_a_patient_whose_home_and_group_nobody_knows_is_offered_the_same(
    town: Connection, tmp_path: Path
) -> None:
    ann, ben = (load(town, tmp_path, a_case(town, patient=who))[1] for who in ("ann", "ben"))

    assert slots(ben) == slots(ann)
    assert {one.distance_km for one in ben.found} == {None}
    assert ben.group == "unknown"


def test_what_is_busy_over_closed_or_of_another_clinic_is_no_opening(
    town: Connection, tmp_path: Path
) -> None:
    put(
        town, slot("cardiology-0306", 0, FRIDAY, "busy"), *day(NOW - timedelta(hours=1)), *clinic("skin"),
        *day(FRIDAY, of="skin"), *day(MONDAY, active=False),
    )  # fmt: skip
    found = load(town, tmp_path, a_case(town))[1]

    assert "0306-0" not in slots(found)
    assert all(one.start > NOW for one in found.found)
    assert {one.clinic for one in found.found} == {"cardiology"}
    assert {name[:4] for name in slots(found)} <= {"0305", "0306", "0310"}


def test_a_clinic_may_carry_our_name_as_an_identifier(conn: Connection, tmp_path: Path) -> None:
    put(conn, ANN, *clinic(marked="hs-77"), *day(FRIDAY, service="hs-77"))
    assert slots(load(conn, tmp_path, a_case(conn))[1])


def test_what_another_case_holds_is_left_out_and_what_this_case_holds_is_not(
    town: Connection, tmp_path: Path
) -> None:
    until = NOW + timedelta(minutes=1)
    names = [f"slot:Slot/cardiology-0306-{n}" for n in range(4)]
    take_holds(town, [(names[0], 99, until), (names[1], 1, until), (names[2], 99, NOW)], now=NOW)
    case = a_case(town, slots="Slot/cardiology-0306-0 Slot/cardiology-0306-1")
    found = slots(load(town, tmp_path, case, held=HeldNow(town, NOW))[1])

    assert "0306-0" not in found, "another case holds it"
    assert "0306-1" in found, "its own"
    assert slots(load(town, tmp_path, a_case(town), held=HeldNow(town, NOW))[1])[0] == "0306-2", "lapsed"


def test_cases_that_look_at_the_same_moment_are_dealt_different_slots(
    town: Connection, tmp_path: Path
) -> None:
    hands = load(town, tmp_path, *(a_case(town, n) for n in (1, 2, 3, 4)))
    dealt = [name for hand in hands.values() for name in slots(hand)]

    assert len(dealt) == len(set(dealt)), "enough for everybody"
    assert all(slots(hand) for hand in hands.values())


def test_a_case_that_has_chosen_sees_its_choice_and_takes_nothing_from_others(
    town: Connection, tmp_path: Path
) -> None:
    chosen = a_case(town, 1, choice="Slot/cardiology-0309-2")
    hands = load(town, tmp_path, chosen, a_case(town, 2))

    assert slots(hands[1]) == ["0309-2"]
    assert slots(hands[2])[0] == "0306-0"


def test_the_urgent_one_draws_first_then_the_oldest(town: Connection, tmp_path: Path) -> None:
    hands = load(town, tmp_path, a_case(town, 1), a_case(town, 2), a_case(town, 3, urgency="urgent"))
    assert [slots(hands[n])[0] for n in (3, 1, 2)] == ["0306-0", "0306-1", "0306-2"]


def test_when_there_are_fewer_slots_than_cases_everybody_still_sees_some(
    conn: Connection, tmp_path: Path
) -> None:
    put(conn, ANN, *clinic(), *day(FRIDAY, slots=2))
    hands = load(conn, tmp_path, *(a_case(conn, n) for n in range(1, 6)))
    assert all(slots(hand) for hand in hands.values())


def test_a_wish_is_searched_for_until_the_schedules_end(town: Connection, tmp_path: Path) -> None:
    found = load(town, tmp_path, a_case(town, wish="days=tue"))[1]
    assert {name[:4] for name in slots(found)} == {"0310"}


def test_a_wish_that_nothing_meets_shows_what_is_nearest(town: Connection, tmp_path: Path) -> None:
    found = load(town, tmp_path, a_case(town, wish="days=sun"))[1]
    assert slots(found) == ["0306-0", "0306-1", "0306-2"]


def test_somebody_who_was_seen_before_is_shown_the_same_practitioner(
    town: Connection, tmp_path: Path
) -> None:
    late = MONDAY + timedelta(days=21)
    put(
        town, *day(late, practitioner="Practitioner/ito"),
        appointment("old", "x", NOW - timedelta(days=90), status="fulfilled", with_=["Practitioner/ito"]),
    )  # fmt: skip
    known = [one for one in load(town, tmp_path, a_case(town))[1].found if one.known]
    assert known[0].practitioner == "Practitioner/ito"


def test_a_case_of_a_clinic_without_schedules_sees_nothing(town: Connection, tmp_path: Path) -> None:
    assert load(town, tmp_path, a_case(town, clinic="podiatry"))[1].found == ()
    assert load(town, tmp_path, a_case(town, clinic=None))[1].found == ()


def test_a_freed_slot_is_an_opening_only_while_it_is_free(town: Connection, tmp_path: Path) -> None:
    def freed() -> list[str]:
        case = a_case(
            town, freed="Slot/cardiology-0306-0", about="Slot/cardiology-0306-1@1", key="cardiology"
        )
        return slots(LOADERS["scheduling.freed"](charts(town, tmp_path), [case])[1])

    assert freed() == ["0306-0", "0306-1"]
    put(town, slot("cardiology-0306", 0, FRIDAY, "busy"))
    assert freed() == ["0306-1"]


def test_the_number_of_questions_does_not_grow_with_the_number_of_cases(
    town: Connection, tmp_path: Path
) -> None:
    def asked(count: int) -> int:
        reading = charts(town, tmp_path)
        LOADERS["scheduling.openings"](reading, [a_case(town, n) for n in range(1, count + 1)])
        return len(reading.audits)

    assert asked(40) == asked(1)


def test_a_waitlist_finds_what_others_gave_back_in_the_clinics_book_once(
    town: Connection, tmp_path: Path
) -> None:
    def look(seen: str) -> Openings:
        case = a_case(town, key="cardiology", seen=seen or None)
        return LOADERS["scheduling.freed"](charts(town, tmp_path), [case])[1]

    first = look("")
    assert slots(first) == [], "the first look only says from where on later ones look"
    put(town, slot("cardiology-0306", 0, FRIDAY, "busy"))
    assert slots(look(first.seen)) == []
    put(town, slot("cardiology-0306", 0, FRIDAY))
    second = look(first.seen)
    assert slots(second) == ["0306-0"]
    assert slots(look(second.seen)) == []
