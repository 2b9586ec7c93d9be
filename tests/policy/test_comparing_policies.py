"""Two versions of a policy are compared in sentences a person can approve or refuse."""

from datetime import UTC, datetime

import pytest
from policy_examples import RULES, SCHEMAS, jdm, promise_source, rule, spoil, triage_source

from careengine.policy.diff import diff_policies, policy_diff
from careengine.policy.file import PolicySource, read_policy
from careengine.policy.findings import UnknownPolicy
from careengine.policy.store import install, offer
from careengine.runtime.database import Connection

AT = datetime(2026, 2, 1, 8, 0, tzinfo=UTC)


def _sentences(before: PolicySource, after: PolicySource) -> list[str]:
    return [change.sentence for change in diff_policies(read_policy(before), read_policy(after))]


def test_the_same_text_has_no_differences() -> None:
    assert _sentences(promise_source(), promise_source()) == []
    assert _sentences(triage_source(), triage_source()) == []


@pytest.mark.parametrize(
    ("piece", "by", "sentence"),
    [
        ("days: 3", "days: 4", "2026-01-01 days changes from 3 to 4."),
        ('tell: ["sender"]', "tell: []", "2026-01-01 tell loses sender."),
        ('tell: ["sender"]', 'tell: ["sender", "nurse"]', "2026-01-01 tell gains nurse."),
        (
            '["sender", "patient"]', '["patient", "sender"]',
            '2026-07-01 tell changes its order to ["patient", "sender"].',
        ),
        ("owner: access-operations", "owner: desk", "owner changes from access-operations to desk."),
        ("review_by: 2027", "review_by: 2028", "review_by changes from 2027-06-01 to 2028-06-01."),
        ("applies_by: received", "applies_by: decision", "applies_by changes from received to decision."),
        (
            "effective:\n", "guardrails: {late: {may_rise_by: 0.1}}\neffective:\n",
            'guardrails late is new: {"may_rise_by": 0.1}.',
        ),
        (
            "until: 2026-07-01", "until: 2026-06-30",
            "The version from 2026-01-01 holds until 2026-06-30; it was until 2026-07-01.",
        ),
        (
            "section 4", "section 5",
            (
                "references https://intranet.example/agreement#4 changes from Referral agreement, section 4 "
                "to Referral agreement, section 5."
            ),
        ),
    ],
)  # fmt: skip
def test_a_change_is_said_in_one_sentence(piece: str, by: str, sentence: str) -> None:
    assert _sentences(promise_source(), spoil(promise_source(), piece, by)) == [sentence]


def test_a_version_that_begins_another_day_is_said_to_move() -> None:
    later = spoil(promise_source(), "from: 2026-07-01", "from: 2026-08-01")

    assert _sentences(promise_source(), later) == [
        "The version from 2026-07-01 begins on 2026-08-01 instead."
    ]


def test_a_new_version_is_compared_with_what_held_until_then() -> None:
    before = spoil(promise_source(), "    until: 2026-07-01\n", "")
    more = promise_source(
        before.text.split("effective:\n")[1] + "  - from: 2026-10-01\n    values: {days: 1, tell: []}\n"
    )

    assert _sentences(before, more) == [
        "A new version begins on 2026-10-01.",
        "2026-10-01 days changes from 2 to 1.",
        "2026-10-01 tell loses sender.",
        "2026-10-01 tell loses patient.",
    ]
    assert _sentences(more, before) == ["The version from 2026-10-01 is taken out."]


def test_rows_are_followed_by_their_id() -> None:
    old, last = RULES
    before = triage_source(
        jdm([old, rule("child", "< 16", "", '"fast"'), rule("old", "16", "", '"slow"'), last])
    )
    after = triage_source(
        jdm([rule("child", "< 18", "", '"fast"'), rule("teen", "18", "", '"slow"'), old, last])
    )

    assert _sentences(before, after) == [
        "2026-01-01 row child Age changes from < 16 to < 18.",
        '2026-01-01 row old is taken out; it was: Age 16, Lane "slow", reference Triage agreement, table 1.',
        '2026-01-01 row teen is new: Age 18, Lane "slow", reference Triage agreement, table 1.',
        "2026-01-01 row child moves to place 1; the first matching row wins.",
    ]


def test_a_cell_that_is_emptied_means_any() -> None:
    old, last = RULES
    after = triage_source(jdm([{**old, "u": ""}, last]))

    assert _sentences(triage_source(), after) == [
        '2026-01-01 row old_and_urgent Urgency changes from "urgent" to any.'
    ]


def test_values_that_become_a_table_are_said_to() -> None:
    table = triage_source()
    values = PolicySource(table.where, table.text.replace("table: triage.jdm.json", "values: {days: 3}"))

    assert _sentences(values, table) == ["From 2026-01-01: it becomes a decision table."]
    assert _sentences(table, values) == ["From 2026-01-01: it becomes plain values."]


def test_the_live_version_is_compared_with_another_or_with_a_draft(conn: Connection) -> None:
    install(conn, {"access.promise": promise_source()}, SCHEMAS, at=AT)
    stricter = spoil(promise_source(), "days: 3", "days: 1")
    version = offer(conn, stricter, at=AT, by="ana")

    stored = policy_diff(conn, "access.promise", to=version)
    drafted = policy_diff(conn, "access.promise", to=stricter)

    assert (stored.before, stored.after, drafted.after) == (1, 2, 0)
    assert [c.sentence for c in stored.changes] == ["2026-01-01 days changes from 3 to 1."]
    assert stored.changes == drafted.changes
    assert [c.sentence for c in policy_diff(conn, "access.promise", from_=2, to=1).changes] == [
        "2026-01-01 days changes from 1 to 3."
    ]


def test_a_policy_or_version_that_is_not_there_is_named(conn: Connection) -> None:
    install(conn, {"access.promise": promise_source()}, SCHEMAS, at=AT)

    with pytest.raises(UnknownPolicy, match=r"access\.nowhere"):
        policy_diff(conn, "access.nowhere", to=1)
    with pytest.raises(UnknownPolicy, match="version 9"):
        policy_diff(conn, "access.promise", to=9)
