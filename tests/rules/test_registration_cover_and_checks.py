"""Who pays is found or asked of a person; checks are planned; silence is never taken for a no."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registration_examples import NEW_YORK, NOW, VISIT, VISIT_DAY, InForce, a_case, a_cover, a_held

from careengine.capabilities import registration
from careengine.capabilities.registration import ANSWERS, CHECKING, COVERS, Check, Checks
from careengine.kernel.decision import Decision, Refusal, Route

POLICY = InForce()
DAYS = st.one_of(st.none(), st.dates(date(2025, 1, 1), date(2028, 1, 1)))
HELD = st.builds(
    a_held,
    ref=st.sampled_from(["Coverage/a@1", "Coverage/b@1", "Coverage/c@2"]),
    status=st.sampled_from(["active", "cancelled", "draft", "entered-in-error"]),
    start=DAYS,
    end=DAYS,
    order=st.one_of(st.none(), st.integers(1, 3)),
    member=st.booleans(),
)
RESULTS = st.sampled_from(
    ["active", "inactive", "not_found", "other_payer", "unclear", "unavailable", "unreadable", "", "x"]
)
REPLIES = st.fixed_dictionaries(
    {"result": RESULTS},
    optional={
        "aaa": st.lists(st.sampled_from(["72", "75", "71", "42", "ZZ"]), max_size=3),
        "day": st.sampled_from(["2026-11-20", "nonsense", ""]),
        "plan_begin": st.sampled_from(["2026-01-01", "2027-01-01", ""]),
        "plan_end": st.sampled_from(["2026-12-31", "2026-11-01", "?"]),
        "other": st.sampled_from(["", "842610099"]),
    },
)


@given(st.lists(HELD, max_size=4, unique_by=lambda one: one.ref))
def test_an_insurance_is_found_only_when_it_is_in_force_on_the_day_and_stands_first(held: list[Any]) -> None:
    cover = a_cover()
    cover = type(cover)(held=tuple(held), patient="Patient/ann", has=("family_name", "birth_date"))
    decision = registration.decide_cover(cover, day=VISIT_DAY, policy=POLICY[COVERS])
    found = registration.chosen(decision, cover)

    assert (decision.route is Route.PROCEED) == (found is not None)
    if found is not None:
        assert found.status == "active"
        assert found.start is None or found.start <= VISIT_DAY
        assert found.end is None or found.end >= VISIT_DAY


def test_without_a_name_on_the_record_no_payer_is_asked() -> None:
    decision = registration.decide_cover(a_cover(has=()), day=VISIT_DAY, policy=POLICY[COVERS])

    assert decision.answer == "unrecognisable"
    assert {reason.params["item"] for reason in decision.because} == {"family_name", "birth_date"}


def test_a_payer_that_merely_sounds_alike_is_not_asked() -> None:
    cover = a_cover(a_held(called=("Town Health Plan of Elsewhere",)))

    assert registration.decide_cover(cover, day=VISIT_DAY, policy=POLICY[COVERS]).answer == "payer_unknown"


def test_an_insurance_that_is_called_by_two_payers_names_is_asked_of_neither() -> None:
    cover = a_cover(a_held(called=("town_health", "slow payer")))

    assert registration.decide_cover(cover, day=VISIT_DAY, policy=POLICY[COVERS]).answer == "payer_unknown"


def _check(at: datetime, result: str = "active") -> Check:
    return Check(
        ref=f"CoverageEligibilityResponse/{at:%d%H%M}@1", coverage="Coverage/ann@1", at=at, result=result
    )


def _due(checks: Checks, now: datetime) -> Decision:
    return registration.decide_check_due(
        VISIT, checks, held=a_held(), now=now, zone=NEW_YORK, policy=POLICY[CHECKING]
    )


def test_followed_from_booking_to_visit_the_payer_is_asked_three_times() -> None:
    checks, now, asked = Checks(), NOW, []
    while (decision := _due(checks, now)).answer != "enough":
        if decision.answer == "due":
            asked.append(now.date().isoformat())
            checks = Checks((_check(now), *checks.found))
            continue
        at = registration.due_at(decision)
        assert at is not None
        assert at > now
        now = at

    assert asked == ["2026-11-02", "2026-11-16", "2026-11-19"]


@given(st.lists(st.tuples(st.integers(0, 30 * 24 * 60), RESULTS), max_size=6), st.integers(0, 30 * 24 * 60))
def test_a_check_is_due_now_or_at_a_moment_ahead_and_never_after_the_visit(
    past: list[tuple[int, str]], minutes: int
) -> None:
    now = NOW + timedelta(minutes=minutes)
    moments = sorted({(now - timedelta(minutes=ago), result) for ago, result in past}, reverse=True)
    decision = _due(Checks(tuple(_check(at, result) for at, result in moments)), now)

    assert decision.answer in {"due", "later", "enough"}
    if now >= VISIT:
        assert decision.answer == "enough"
    at = registration.due_at(decision)
    assert (at is not None) == (decision.answer == "later")
    assert at is None or at > now


@pytest.mark.parametrize(
    ("visit", "asked", "next_check"),
    [
        ("2026-11-02T15:00:00+00:00", "2026-10-31T15:00:00+00:00", "2026-11-01T11:00:00+00:00"),
        ("2026-03-09T15:00:00+00:00", "2026-03-07T15:00:00+00:00", "2026-03-08T10:00:00+00:00"),
    ],
)
def test_on_both_days_of_the_clock_change_the_morning_is_six_oclock_there(
    visit: str, asked: str, next_check: str
) -> None:
    at = datetime.fromisoformat(asked)
    decision = registration.decide_check_due(
        datetime.fromisoformat(visit), Checks((_check(at),)), held=a_held(), now=at, zone=NEW_YORK,
        policy=POLICY[CHECKING],
    )  # fmt: skip

    assert registration.due_at(decision) == datetime.fromisoformat(next_check)


@given(REPLIES, st.integers(0, 9))
def test_no_reply_whatever_is_ever_an_adverse_decision_or_a_refusal(
    reply: dict[str, Any], silent: int
) -> None:
    decision = registration.decide_verified(reply, policy=POLICY[ANSWERS], silent=silent)

    assert type(decision) is Decision
    assert not isinstance(decision, Refusal)
    assert (decision.route is Route.PROCEED) == (decision.answer in {"verified", "again"})
    if decision.answer == "verified":
        assert reply["result"] == "active"


def test_silence_says_nothing_about_the_plan() -> None:
    silent = {"result": "unavailable", "why": "partner.timeout"}
    answers = [
        registration.decide_verified(silent, policy=POLICY[ANSWERS], silent=n).answer for n in range(5)
    ]

    assert answers == ["again", "again", "again", "payer_silent", "payer_silent"]


def test_it_flips_as_it_says() -> None:
    active = {"result": "active", "day": "2026-11-20"}
    flip = registration.decide_verified(active, policy=POLICY[ANSWERS]).flips[0]
    changed = {**active, flip.fact.removeprefix("reply."): flip.becomes}

    assert registration.decide_verified(changed, policy=POLICY[ANSWERS]).answer == flip.answer


def test_the_question_names_records_and_codes_and_nobodys_name() -> None:
    effect = registration.ask_eligibility(
        a_cover(), a_held(), visit_day=VISIT_DAY, covers=POLICY[COVERS], policy=POLICY[CHECKING], now=NOW
    )

    assert effect.partner == "town_health"
    assert effect.body["enclose"] == ["Patient/ann", "Coverage/ann@1"]
    assert effect.purpose == "payment"


@pytest.mark.parametrize(("result", "outcome"), [("active", "complete"), ("unavailable", "error")])
def test_an_answer_is_kept_in_the_chart_with_its_result(result: str, outcome: str) -> None:
    reply = {"result": result, "coverage": "Coverage/ann@1", "day": "2026-11-20", "aaa": ["42"]}
    write = registration.verified(a_case(), a_cover(), reply, now=NOW)

    assert write.subject == a_case().subject
    assert write.resource["outcome"] == outcome
    assert write.resource["id"] == "elig-7-3"


def test_a_reply_counts_as_the_newest_check_at_once() -> None:
    reply = {"result": "active", "coverage": "Coverage/ann@1", "day": "2026-11-20"}
    checks = registration.counted(Checks(), a_case(), reply, now=NOW)

    assert _due(checks, NOW + timedelta(minutes=1)).answer == "later"
