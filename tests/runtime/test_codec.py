"""A stored body begins with its codec and is read back exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careengine.runtime.codec import StoredBodyDamaged, pack, unpack


@given(st.binary(max_size=5000), st.booleans())
def test_what_is_packed_is_read_back_exactly(raw: bytes, compress: bool) -> None:
    stored = pack(raw, compress=compress)
    assert unpack(stored) == raw
    assert unpack(memoryview(stored)) == raw
    assert len(stored) <= len(raw) + 1


def test_a_repetitive_body_is_compressed_and_a_small_one_is_not() -> None:
    assert pack(b"chart " * 200)[0] == 1
    assert len(pack(b"chart " * 200)) < 60
    assert pack(b"chart")[0] == 0
    assert pack(b"chart " * 200, compress=False)[0] == 0


@pytest.mark.parametrize("stored", [b"", b"\x01", b"\x01not zstd", b"\x02sealed", b"\x09new"])
def test_a_damaged_or_unknown_body_is_an_error_that_holds_none_of_it(stored: bytes) -> None:
    with pytest.raises(StoredBodyDamaged) as caught:
        unpack(stored)
    assert "not zstd" not in str(caught.value)
