"""A policy file is read strictly: what could be misunderstood is refused, with its line and what to do."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_examples import PROMISE, PROMISE_VALUES, SCHEMAS, promise_source, spoil

from careengine.policy.book import PolicyBook, book_of, draft
from careengine.policy.file import read_policy
from careengine.policy.findings import BrokenPolicy, NoPolicyThatDay
from careengine.policy.plain import DEEPEST, LARGEST_FILE, read_plain


def _problems(text: str) -> list[str]:
    with pytest.raises(BrokenPolicy) as broken:
        read_plain("x.yaml", text)
    return [str(finding) for finding in broken.value]


def _refused(piece: str, by: str) -> str:
    with pytest.raises(BrokenPolicy) as broken:
        read_policy(spoil(promise_source(), piece, by))
    return str(broken.value)


@pytest.mark.parametrize(
    "code", ["0710", "0450", "NO", "on", "yes", "12:30:00", "1_000", "0x1F", "1e3", "~", "+5"]
)
def test_a_code_without_quotes_that_readers_disagree_on_is_refused(code: str) -> None:
    assert f'Write it in quotes: "{code}"' in _problems(f"codes:\n  - {code}\n")[0]
    assert _problems(f"codes:\n  - {code}\n")[0].startswith("x.yaml:2: ")


@pytest.mark.parametrize("number", ["0123456789", "1234567890123456"])
def test_an_identifier_written_as_a_number_is_refused(number: str) -> None:
    assert "x.yaml:1" in _problems(f"npi: {number}\n")[0]


def test_quoted_codes_dates_and_plain_numbers_are_what_they_look_like() -> None:
    text = (
        "{code: '0710', no: \"NO\", days: 3, share: -0.25, from: 2026-03-01, really: true, none: null, "
        "text: two words}"
    )

    with pytest.raises(BrokenPolicy, match="no"):
        read_plain("x.yaml", text)
    assert read_plain("x.yaml", text.replace("no:", '"no":')).value == {
        "code": "0710", "no": "NO", "days": 3, "share": -0.25, "from": date(2026, 3, 1), "really": True,
        "none": None, "text": "two words",
    }  # fmt: skip


def test_a_key_given_twice_is_refused_with_both_lines() -> None:
    assert "'days' stands here and on line 1" in _problems("days: 3\ndays: 2\n")[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x [1]\nb: *x\n", "Anchors and aliases"),
        ("a: !!python/object:os.system {}\n", "The tag"),
        ("a: 1\n---\nb: 2\n", "A second document"),
        ("a: [1, 2\n", "This is not YAML"),
        ("? [a, b]\n: c\n", "A key is a list"),
        ("7: seven\n", "The key '7' is not text"),
        ("a: 2026-02-30\n", "There is no day 2026-02-30"),
        ("a: b\x00c\n", "a character that YAML does not allow"),
        ("a: '" + "x" * LARGEST_FILE + "'", "characters"),
        ("[" * (DEEPEST + 5) + "]" * (DEEPEST + 5), "nested deeper"),
        ("[" * 100_000, "nested deeper"),
    ],
)
def test_what_a_file_must_not_hold_is_refused(text: str, problem: str) -> None:
    assert problem in _problems(text)[0]


@given(st.text())
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    said: object = None
    try:
        said = read_plain("x.yaml", text)
    except BrokenPolicy as refused:
        said = refused.findings
    assert said, "what is refused is refused with a finding"


@pytest.mark.parametrize(
    ("piece", "by", "said"),
    [
        ("owner: access-operations\n", "", "owner: Field required. Add the field."),
        ("jurisdiction: US", "jurisdiction: US\nregion: west", "region: Extra inputs are not permitted."),
        ("approver: clinical-safety", "approver: access-operations", "owns and approves"),
        ("applies_by: received", "applies_by: posted", "applies_by"),
        ("review_by: 2027-06-01", "review_by: 2025-06-01", "due before the policy begins"),
        ("https://intranet", "intranet", "references.0.href"),
        ("policy: access.promise", "policy: promise", "policy: String should match pattern"),
        ("until: 2026-07-01", "until: 2026-01-01", "not after it begins"),
        ("    values: {days: 2,", "    table: x.jdm.json\n    values: {days: 2,", "either values or a table"),
    ],
)
def test_an_incomplete_or_contradictory_head_is_refused(piece: str, by: str, said: str) -> None:
    assert said in _refused(piece, by)


def test_a_table_that_is_not_there_is_named() -> None:
    assert "x.jdm.json is not beside the policy" in _refused(
        'values: {days: 3, tell: ["sender"]}', "table: x.jdm.json"
    )


def test_overlapping_versions_are_refused_with_both_days() -> None:
    said = _refused("until: 2026-07-01", "until: 2026-07-02")

    assert "one from 2026-01-01 until 2026-07-02, one from 2026-07-01" in said
    assert "access/promise.yaml:15 effective.1" in said


def test_versions_out_of_order_and_two_on_one_day_are_refused() -> None:
    assert "Put the earliest first" in _refused("from: 2026-07-01", "from: 2025-07-01")
    assert "overlap" in _refused("from: 2026-07-01", "from: 2026-01-01")


def test_a_gap_is_allowed_and_known() -> None:
    file = read_policy(spoil(promise_source(), "until: 2026-07-01", "until: 2026-06-01"))

    assert [(gap.start, gap.end) for gap in file.gaps()] == [(date(2026, 6, 1), date(2026, 7, 1))]


@pytest.mark.parametrize(
    ("piece", "by", "said"),
    [
        ("days: 3", 'days: "3"', "days: Input should be a valid integer."),
        ("days: 3", "days: 0", "greater than or equal to 1"),
        ("days: 3", "days: 3, hours: 4", "hours: Extra inputs are not permitted."),
        ('tell: ["sender"]', "tell: [456]", "tell.0: Input should be a valid string. Write it in quotes."),
        ("days: 3, ", "", "days: Field required."),
    ],
)
def test_values_that_do_not_fit_their_shape_are_refused_with_their_line(
    piece: str, by: str, said: str
) -> None:
    source = spoil(promise_source(), piece, by)

    with pytest.raises(BrokenPolicy) as broken:
        draft(source, SCHEMAS).build(0)

    assert str(broken.value).startswith("access/promise.yaml:14 effective.0.values.")
    assert said in str(broken.value)


def _book(effective: str) -> PolicyBook:
    return book_of({"access.promise": promise_source(effective)}, SCHEMAS)


def test_the_last_day_before_until_has_the_old_value_and_until_the_new_one() -> None:
    book = _book(PROMISE_VALUES)

    assert book.value(PROMISE, date(2026, 6, 30)).days == 3
    assert book.value(PROMISE, date(2026, 7, 1)).days == 2


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2026, 6, 1), date(2026, 6, 30)])
def test_a_day_the_policy_says_nothing_about_is_an_error_that_says_so(day: date) -> None:
    book = _book(PROMISE_VALUES.replace("until: 2026-07-01", "until: 2026-06-01"))

    with pytest.raises(NoPolicyThatDay, match=f"says nothing for {day}"):
        book.value(PROMISE, day)


def test_a_version_that_begins_on_a_leap_day_holds_from_that_day() -> None:
    book = _book(PROMISE_VALUES.replace("2026-07-01", "2028-02-29").replace("2027-06-01", "2029-06-01"))

    assert book.value(PROMISE, date(2028, 2, 28)).days == 3
    assert book.value(PROMISE, date(2028, 2, 29)).days == 2


_DAY = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(st.lists(_DAY, min_size=1, max_size=6, unique=True), _DAY)
def test_every_day_has_the_value_of_the_last_version_that_began(starts: list[date], day: date) -> None:
    starts.sort()
    lines = [f"  - {{from: {start}, values: {{days: {n}, tell: []}}}}\n" for n, start in enumerate(starts, 1)]
    source = spoil(promise_source("".join(lines)), "2027-06-01", "2050-01-01")
    book = book_of({"access.promise": source}, SCHEMAS)

    began = [n for n, start in enumerate(starts, 1) if start <= day]
    if began:
        assert book.value(PROMISE, day).days == began[-1]
    else:
        with pytest.raises(NoPolicyThatDay):
            book.value(PROMISE, day)


@given(_DAY, st.integers(1, 400), st.integers(0, 400))
def test_a_version_holds_from_its_first_day_up_to_but_not_including_its_last(
    start: date, length: int, offset: int
) -> None:
    until = start + timedelta(days=length)
    effective = f"  - {{from: {start}, until: {until}, values: {{days: 3, tell: []}}}}\n"
    source = spoil(promise_source(effective), "2027-06-01", "2050-01-01")
    book = book_of({"access.promise": source}, SCHEMAS)

    if offset < length:
        assert book.value(PROMISE, start + timedelta(days=offset)).days == 3
    else:
        with pytest.raises(NoPolicyThatDay):
            book.value(PROMISE, start + timedelta(days=offset))
