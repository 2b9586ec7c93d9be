import pytest
from hypothesis import given
from hypothesis import strategies as st

from careengine.oversight.insight.arrays import quantile
from careengine.oversight.insight.shares import hidden_groups, rate_of, share_of

GROUPS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 60), max_size=8)


def test_wilsons_interval_as_he_printed_it() -> None:
    found = share_of(81, 263, 0.95)

    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_no_attempt_gives_no_share() -> None:
    assert share_of(0, 0, 0.95) is None
    assert rate_of(3, 0, 0.95) is None
    assert quantile([], 0.5) is None


def test_byars_interval_is_close_to_poissons() -> None:
    # exact: 4.795 to 18.391 of 10, 0 to 3.689 of 0
    found, none = rate_of(10, 1, 0.95), rate_of(0, 1, 0.95)

    assert found is not None
    assert none is not None
    assert (found.low, found.high) == pytest.approx((4.795, 18.391), abs=0.01)
    assert (none.low, none.high) == pytest.approx((0.0, 3.689), abs=0.05)


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_share_lies_in_its_interval(part: int, more: int) -> None:
    found = share_of(part, part + more, 0.95)

    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(GROUPS)
def test_what_is_hidden_cannot_be_told_from_the_sum(sizes: dict[str, int]) -> None:
    hidden = hidden_groups(sizes, 11)
    people = sum(sizes[name] for name in hidden)

    assert {name for name, size in sizes.items() if size < 11} <= hidden
    assert not hidden or hidden == set(sizes) or (len(hidden) > 1 and people >= 11)


@given(GROUPS)
def test_nothing_is_hidden_where_all_groups_are_large(sizes: dict[str, int]) -> None:
    assert hidden_groups({name: size + 10 for name, size in sizes.items()}, 11) == frozenset()
