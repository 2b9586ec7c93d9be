"""The chain's arithmetic: what is sealed can be proved, and nothing else passes for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careengine.trust import chain

digests = st.binary(min_size=32, max_size=32)
blocks = st.lists(digests, min_size=1, max_size=40, unique=True)


@given(blocks)
def test_every_leaf_leads_to_the_root(leaves: list[bytes]) -> None:
    joined = b"".join(leaves)
    root = chain.merkle_root(joined)
    for place, leaf in enumerate(leaves):
        assert chain.climb(leaf, chain.merkle_path(joined, place)) == root


@given(blocks, digests)
def test_no_other_leaf_does(leaves: list[bytes], stranger: bytes) -> None:
    joined = b"".join(leaves)
    root = chain.merkle_root(joined)
    for place, leaf in enumerate(leaves):
        if stranger != leaf:
            assert chain.climb(stranger, chain.merkle_path(joined, place)) != root


@given(blocks, st.data())
def test_another_order_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    mixed = data.draw(st.permutations(leaves))
    same = chain.merkle_root(b"".join(mixed)) == chain.merkle_root(b"".join(leaves))
    assert same == (mixed == leaves)


@given(blocks)
def test_inner_nodes_pass_for_no_leaves(leaves: list[bytes]) -> None:
    joined = b"".join(leaves)
    parents = b"".join(chain._parents(leaves))
    if len(leaves) > 1:
        pairs = [leaves[n] + leaves[n + 1] for n in range(0, len(leaves) - 1, 2)]
        assert all(chain.decision_leaf(pair, b"") not in parents for pair in pairs)
    assert chain.merkle_root(joined) == chain.merkle_root(parents)


@given(blocks, digests)
def test_one_leaf_more_another_root(leaves: list[bytes], more: bytes) -> None:
    assert chain.merkle_root(b"".join([*leaves, more])) != chain.merkle_root(b"".join(leaves))


numbers = st.integers(min_value=0, max_value=2**62)


@given(digests, digests, st.tuples(numbers, numbers, st.integers(0, 2**30), numbers), st.integers(0, 5))
def test_a_blocks_hash_hangs_on_each_of_its_parts(
    prev: bytes, root: bytes, counted: tuple[int, int, int, int], changed: int
) -> None:
    seq, batch, n, recorded = counted
    parts = {"prev": prev, "root": root, "seq": seq, "batch": batch, "n": n, "recorded": recorded}
    name = list(parts)[changed]
    value = parts[name]
    other = bytes([value[0] ^ 1]) + value[1:] if isinstance(value, bytes) else value + 1
    assert chain.block_hash(**parts) != chain.block_hash(**{**parts, name: other})  # type: ignore[arg-type]


def test_a_block_without_leaves_has_no_root() -> None:
    with pytest.raises(ValueError, match="at least one"):
        chain.merkle_root(b"")
