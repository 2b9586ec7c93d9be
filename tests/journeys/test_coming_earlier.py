"""A sooner time is offered to whoever has a visit: a yes, a no, and answers that come too late."""

from datetime import timedelta

import pytest
from visit_stories import NOW, VisitStory, openings

from careengine.capabilities import scheduling


def test_an_earlier_time_is_taken_without_losing_the_old_one_on_the_way() -> None:
    story = VisitStory().booked()
    early = openings().found[0]
    story.happens(
        "slot.offered", slot=early.slot, start=early.start.isoformat(), end=early.end.isoformat(),
        answer_by=(NOW + timedelta(hours=1)).isoformat(),
    )  # fmt: skip
    assert story.said[-1] == "scheduling.earlier_slot"

    story.writes_back("yes")
    assert story.state == "booking"
    story.fails(scheduling.BOOK_APPOINTMENT, "rejected:scheduling.slot_taken")
    assert story.state == "scheduled"
    assert story.case.data["appointment"] == "Appointment/a1"
    assert story.said[-1] == "scheduling.earlier_gone"


def test_a_no_to_an_earlier_time_passes_it_to_the_next_and_changes_nothing() -> None:
    story = VisitStory().booked()
    early = openings().found[0]
    story.happens(
        "slot.offered", slot=early.slot, start=early.start.isoformat(), end=early.end.isoformat(),
        answer_by=(NOW + timedelta(hours=1)).isoformat(),
    )  # fmt: skip

    story.writes_back("no")

    assert story.state == "scheduled"
    assert [tell.body["taken"] for tell in story.tells if tell.kind == "offer.closed"] == [False]
    assert story.case.data["appointment"] == "Appointment/a1"


def asked_to_come_earlier(*, taken: bool) -> VisitStory:
    """Return somebody with a visit who let the time to answer about an earlier one pass."""
    story = VisitStory().booked()
    early = openings().found[0]
    story.happens(
        "slot.offered", slot=early.slot, start=early.start.isoformat(), end=early.end.isoformat(),
        answer_by=(NOW + timedelta(hours=1)).isoformat(),
    )  # fmt: skip
    story.happens("offer.lapsed", slot=early.slot, taken=taken)
    return story


def test_a_late_yes_still_takes_an_earlier_time_that_nobody_took() -> None:
    story = asked_to_come_earlier(taken=False)
    story.writes_back("yes")
    assert story.state == "booking"
    story.clinic_confirms("Appointment/a2")
    assert (story.state, story.case.data["appointment"]) == ("scheduled", "Appointment/a2")


def test_a_late_yes_to_an_earlier_time_that_was_taken_hears_so_and_keeps_the_visit() -> None:
    story = asked_to_come_earlier(taken=True)
    story.writes_back("yes")
    assert (story.state, story.said[-1]) == ("scheduled", "scheduling.earlier_gone")
    assert story.case.data["appointment"] == "Appointment/a1"
    assert not story.case.data.get("confirmed")


@pytest.mark.parametrize("taken", [True, False])
def test_a_late_no_to_an_earlier_time_is_no_word_about_the_visit(taken: bool) -> None:
    story = asked_to_come_earlier(taken=taken)
    story.writes_back("no")
    assert (story.state, story.said[-1]) == ("scheduled", "scheduling.keep_old")
    assert [tell for tell in story.tells if tell.kind == "offer.closed"] == []


def test_a_new_earlier_time_is_offered_to_whoever_let_the_last_one_pass() -> None:
    story = asked_to_come_earlier(taken=True)
    other = openings().found[1]
    story.happens(
        "slot.offered", slot=other.slot, start=other.start.isoformat(), end=other.end.isoformat(),
        answer_by=(NOW + timedelta(hours=2)).isoformat(),
    )  # fmt: skip
    assert story.case.data["early"] == other.slot
    assert not story.case.data.get("early_over")
