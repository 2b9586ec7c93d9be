"""Bodies packed with a dictionary of phrases come back exactly, as long as the dictionary stays the same."""

from hashlib import sha256
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careengine.runtime.codec import StoredBodyDamaged, pack, unpack

RELEASED = {1: "7ee42102fcc0bda858a469b8c62d1a513b55ff851a10cfb9224e4b7f04c8368f"}
BODY = b'{"question":"referrals.standing","route":"proceed","answer":"work","because":[{"code":"x"}]}'


@given(st.binary(max_size=400), st.sampled_from([0, *RELEASED]))
def test_any_body_comes_back_exactly(body: bytes, phrases: int) -> None:
    assert unpack(pack(body, phrases=phrases)) == body


def test_a_body_that_repeats_known_phrases_is_much_smaller() -> None:
    assert len(pack(BODY, phrases=1)) * 2 < len(pack(BODY))


@pytest.mark.parametrize("number", RELEASED)
def test_a_released_dictionary_never_changes(number: int) -> None:
    file = files("careengine.runtime").joinpath("phrases", f"{number}.zdict")
    assert sha256(file.read_bytes()).hexdigest() == RELEASED[number]


def test_phrases_of_a_newer_version_are_named() -> None:
    stored = pack(BODY, phrases=1)
    with pytest.raises(StoredBodyDamaged, match="phrases 250"):
        unpack(bytes((stored[0], 250)) + stored[2:])


def test_a_damaged_body_is_told_from_a_good_one() -> None:
    stored = pack(BODY, phrases=1)
    for damaged in (stored[:1], stored[:2], stored[:-3]):
        with pytest.raises(StoredBodyDamaged):
            unpack(damaged)
