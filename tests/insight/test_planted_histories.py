"""Cases live through planted histories on the real engine; the report gives the known answer."""

from datetime import timedelta

import pytest
from visit_histories import Histories, asked_twin, booked, moved, offered, said, texted

from careengine.oversight.insight.referrals import NamesNoCases, NoSuchFigure, Report


def value(report: Report, name: str) -> float | None:
    return report.figures()[name].value


def plant_six(histories: Histories) -> None:
    """Two kept on days 4 and 10, one lost, one withdrawn, one double, one on its way."""
    histories.plant("kept_4", moved(1, "offering"), moved(2, "scheduled"), moved(4, "awaiting_report"))
    histories.plant("kept_10", moved(1, "offering"), moved(3, "scheduled"), moved(10, "awaiting_report"))
    histories.plant("lost", moved(1, "offering"), moved(6, "unreachable", "toy.no_answer"))
    histories.plant("taken_back", moved(2, "withdrawn", "toy.sender_withdrew"))
    histories.plant("double", moved(1, "joined", "toy.twin"))
    histories.plant("waiting", moved(2, "offering"))


def test_who_is_on_the_way_stays_in_the_denominator_and_a_double_does_not(histories: Histories) -> None:
    plant_six(histories)
    histories.live_until(12)
    report = histories.report()

    assert {name: value(report, f"referrals.{name}") for name in ("opened", "not_counted", "reached")} == {
        "opened": 6, "not_counted": 1, "reached": 2,
    }  # fmt: skip
    assert (value(report, "referrals.under_way"), value(report, "referrals.fallen_out")) == (1, 2)
    assert value(report, "completion.kept.share") == pytest.approx(2 / 5)
    assert value(report, "completion.kept.settled") == pytest.approx(2 / 4)
    assert value(report, "completion.closed.share") == 0


def test_the_curve_counts_who_fell_out_as_never_arriving(histories: Histories) -> None:
    plant_six(histories)
    histories.live_until(12)
    report = histories.report()

    assert value(report, "completion.kept.7d") == pytest.approx(1 / 5)
    assert value(report, "completion.kept.14d") is None, "nobody has been watched for 14 days"
    assert report.figures()["completion.kept.7d"].plain()["watched"] == 4


def test_who_began_late_is_censored(histories: Histories) -> None:
    histories.plant("kept_5", moved(5, "awaiting_report"))
    histories.plant("kept_9", moved(9, "awaiting_report"))
    histories.plant("late", opened=6)
    histories.live_until(10)
    report = histories.report()

    # day 5: one of three; day 9: one of the one still watched, since the late one was seen for 4 days only
    assert value(report, "completion.kept.7d") == pytest.approx(1 / 2)
    assert value(report, "completion.kept.share") == pytest.approx(2 / 3)
    assert value(report, "completion.kept.median") == 5


def test_each_step_tells_how_long_it_took(histories: Histories) -> None:
    plant_six(histories)
    histories.live_until(12)
    figures = histories.report().figures()

    assert figures["step.received.offering"].value == 24
    assert figures["step.received.offering"].plain()["p90"] == 48
    assert figures["step.offering.scheduled"].value == 24
    assert figures["step.scheduled.awaiting_report"].plain()["p90"] == 7 * 24
    assert histories.named(histories.report().cases("step.offering.unreachable")) == ["lost"]


def test_fall_out_is_told_by_end_and_by_reason_without_a_cases_own_values(histories: Histories) -> None:
    plant_six(histories)
    histories.plant("lost_too", moved(1, "offering"), moved(2, "unreachable", "toy.refused"))
    histories.live_until(32)
    report = histories.report()

    assert value(report, "fallout.unreachable") == pytest.approx(2 / 6)
    assert value(report, "fallout.unreachable.toy.no_answer") == 1
    assert histories.named(report.cases("fallout.unreachable.toy.refused")) == ["lost_too"]
    assert report.figures()["fallout.unreachable"].plain()["by_horizon"] == pytest.approx(2 / 6)
    assert "secret" not in str(report.plain())
    assert "fallout.joined" not in report.figures()


def test_a_case_opened_again_has_not_fallen_out(histories: Histories) -> None:
    histories.plant("mended", moved(2, "unreachable", "toy.no_answer"), moved(5, "awaiting_report"))
    histories.plant("reopened", moved(2, "unreachable", "toy.no_answer"))
    histories.live_until(3)
    assert value(histories.report(), "referrals.fallen_out") == 2

    for key in ("mended", "reopened"):
        histories.reopen(key, "offering")
    histories.live_until(6)
    report = histories.report()

    assert value(report, "referrals.fallen_out") == 0
    assert histories.named(report.cases("referrals.under_way")) == ["reopened"]
    assert histories.named(report.cases("referrals.reached")) == ["mended"]


def test_what_happens_after_the_milestone_takes_nothing_away(histories: Histories) -> None:
    histories.plant("closed", moved(3, "awaiting_report"), moved(5, "completed"))
    histories.plant("never_reported", moved(3, "awaiting_report"), moved(9, "unreachable"))
    histories.live_until(10)
    report = histories.report()

    assert value(report, "completion.kept.share") == 1
    assert value(report, "completion.closed.share") == pytest.approx(1 / 2)


def test_a_breach_is_counted_once_a_deadline_however_often_it_is_told(histories: Histories) -> None:
    histories.plant("prompt", moved(0.5, "completed"))
    histories.plant("late", moved(4, "completed"))
    histories.live_until(5)
    figure = histories.report().figures()["breach.access.acknowledge_referral"]

    assert (figure.plain()["breaches"], figure.of, figure.value) == (1, 2, 0.5)
    assert histories.named(figure.cases.tolist()) == ["late"]


def test_a_deadline_behind_an_open_case_counts_before_anybody_told_of_it(histories: Histories) -> None:
    histories.plant("open")
    histories.live_until(0.2)
    histories.clock.advance(timedelta(days=3))
    report = histories.report()

    assert histories.named(report.cases("breach.access.acknowledge_referral")) == ["open"]


def test_an_overruled_proposal_is_an_override_and_touches_the_case(histories: Histories) -> None:
    histories.plant("overruled", asked_twin(0.1), said(0.3, "separate"), moved(0.5, "completed"))
    histories.plant("agreed", asked_twin(0.1), said(0.2, "joined"))
    histories.plant("alone", moved(0.5, "completed"))
    histories.live_until(1)
    report = histories.report()

    assert (value(report, "overrides.share"), report.figures()["overrides.share"].of) == (0.5, 2)
    assert histories.named(report.cases("overrides.share")) == ["overruled"]
    assert value(report, "automation.share") == 0.5
    assert histories.named(report.cases("automation.share")) == ["alone"]


def test_cards_tell_how_long_they_lay_and_which_still_lie(histories: Histories) -> None:
    histories.plant("answered", asked_twin(0.1), said(0.35, "separate"))
    histories.plant("lying", asked_twin(0.1))
    histories.live_until(0.4)
    report = histories.report()
    cards = report.figures()["cards.referrals.duplicate"].plain()

    assert (cards["value"], cards["answered"], cards["open"]) == (2, 1, 1)
    assert cards["median_hours"] == pytest.approx(6)
    assert histories.named(report.cases("waiting.access.0-1d")) == ["lying"]


def test_first_contact_counts_from_when_the_text_might_leave(histories: Histories) -> None:
    histories.plant("soon", texted(1))
    histories.plant("held_back", texted(1, held_hours=12))
    histories.plant("never")
    histories.live_until(3)
    report = histories.report()

    assert value(report, "contact.first") == 1.5
    assert histories.named(report.cases("contact.first")) == ["never"]


def test_texts_and_offers_are_told_per_booking(histories: Histories) -> None:
    histories.plant("booked_twice", texted(1), offered(1, "a"), booked(2, "a"), moved(3, "offering"),
                    texted(3), offered(3, "a"), booked(4, "b"))  # fmt: skip
    histories.plant("in_vain", texted(1), texted(2), offered(1, "b"))
    histories.live_until(5)
    report = histories.report()

    assert value(report, "bookings.made") == 2
    assert value(report, "texts.per_booking") == 2
    assert value(report, "offers.per_booking") == 1.5


def plant_groups(histories: Histories, sizes: dict[str, int]) -> None:
    for group, size in sizes.items():
        for n in range(size):
            day = 1 if group == "english" else 3
            histories.plant(f"{group}{n}", offered(0.5, group), moved(day, "scheduled"))


def test_each_group_has_its_own_wait_and_offers(histories: Histories) -> None:
    plant_groups(histories, {"english": 12, "spanish": 11})
    histories.live_until(4)
    report = histories.report()

    assert (value(report, "group.group.english.wait"), value(report, "group.group.spanish.wait")) == (1, 3)
    assert value(report, "group.group.spanish.offers") == 1
    assert value(report, "group.group.spanish.referrals") == 11


def test_a_small_group_is_hidden_with_the_one_that_would_tell_its_size(histories: Histories) -> None:
    plant_groups(histories, {"english": 14, "spanish": 12, "other": 2})
    histories.live_until(4)
    report = histories.report()
    plain = report.plain()["figures"]

    for name in ("other", "spanish"):
        assert (
            plain[f"group.group.{name}.referrals"] | {"value": None, "of": 0, "cases": 0, "hidden": True}
            == (plain[f"group.group.{name}.referrals"])
        )
        assert f"group.group.{name}.wait" not in plain
    assert plain["group.group.english.referrals"]["value"] == 14


def test_groups_of_each_kind_are_told_apart(histories: Histories) -> None:
    for n in range(12):
        histories.plant(f"a{n}", offered(0.5, "race=2106-3;language=en"))
        histories.plant(f"b{n}", offered(0.5, "race=2106-3;language=es"))
    histories.live_until(1)
    report = histories.report()

    assert value(report, "group.race.2106-3.referrals") == 24
    assert value(report, "group.language.es.referrals") == 12


def test_who_was_never_offered_a_time_is_of_unknown_group_and_counted(histories: Histories) -> None:
    for n in range(11):
        histories.plant(f"offered{n}", offered(0.5, "language=en"))
        histories.plant(f"never{n}")
    histories.live_until(1)
    report = histories.report()

    assert value(report, "group.language.unknown.referrals") == 11
    assert value(report, "group.language.unknown.offers") == 0


def test_an_earlier_time_offered_by_a_waitlist_is_an_offer_to_each_it_asked(histories: Histories) -> None:
    for n in range(11):
        histories.plant(f"case{n}", offered(0.5, "language=en"))
    histories.live_until(1)
    histories.open_list("cardiology")
    histories.deal("cardiology", case0="language=en", case1="language=en")

    assert value(histories.report(), "group.language.en.offers") == pytest.approx(13 / 11)


def test_a_freed_slot_is_refilled_once_for_each_time_it_became_free(histories: Histories) -> None:
    histories.plant("first", booked(0.1, "Slot/a"))
    histories.plant("second", booked(2, "Slot/a"))
    histories.plant("third", booked(4, "Slot/a"), booked(4.1, "Slot/other"))
    histories.live_until(1)
    histories.open_list("cardiology")
    histories.free("cardiology", "Slot/a")
    histories.free("cardiology", "Slot/b")
    histories.live_until(3)
    assert value(histories.report(), "slots.refilled") == pytest.approx(1 / 2)

    histories.free("cardiology", "Slot/a")
    histories.live_until(5)
    report = histories.report()

    assert value(report, "slots.refilled") == pytest.approx(2 / 3)
    assert histories.named(report.cases("slots.refilled")) == ["second", "third"]
    assert "slots.refilled" not in histories.report(clinic="dermatology").figures()


def test_nobody_learns_from_a_report_which_group_somebody_belongs_to(histories: Histories) -> None:
    plant_groups(histories, {"english": 12})
    histories.live_until(4)

    with pytest.raises(NamesNoCases):
        histories.report().cases("group.group.english.referrals")


def test_a_report_is_of_one_site_clinic_and_span(histories: Histories) -> None:
    histories.plant("here")
    histories.plant("north", site="north")
    histories.plant("skin", clinic="dermatology")
    histories.plant("later", opened=2)
    histories.live_until(3)
    day_1 = histories.start.replace(day=3)

    def opened(**narrowed: object) -> list[str]:
        return histories.named(histories.report(**narrowed).cases("referrals.opened"))

    assert opened(site="north") == ["north"]
    assert opened(clinic="dermatology") == ["skin"]
    assert opened(since=day_1) == ["later"]
    assert opened(until=day_1) == ["here", "north", "skin"]
    assert opened() == ["here", "north", "skin", "later"]


def test_a_report_on_nothing_says_nothing(histories: Histories) -> None:
    report = histories.report()

    assert value(report, "referrals.opened") == 0
    assert value(report, "completion.kept.share") is None
    with pytest.raises(NoSuchFigure, match=r"referrals\.opened"):
        report.cases("referrals.oepned")


def test_a_case_nobody_has_looked_at_yet_is_on_its_way(histories: Histories) -> None:
    histories.plant("new")
    histories.live_until(0)
    histories.conn.execute("delete from case_event")

    assert value(histories.report(), "referrals.under_way") == 1


def test_reporting_leaves_no_transaction_open(histories: Histories) -> None:
    plant_six(histories)
    histories.live_until(12)
    histories.report()

    assert histories.conn.info.transaction_status.name == "IDLE"
