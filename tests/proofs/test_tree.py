from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.kernel.errors import BadInput, BrokenProof
from hopback.proofs.tree import (
    EMPTY,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    leaf_hash,
    root,
)

# the eight leaves and roots that Certificate Transparency's implementations test themselves with
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    bytes.fromhex(item)
    for item in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_certificate_transparency_publishes(size: int) -> None:
    assert root(HASHES[:size]) == ROOTS[size]


def test_the_empty_log_has_the_hash_of_nothing_as_its_root() -> None:
    assert root([]) == EMPTY == ROOTS[0]


def test_proofs_are_those_certificate_transparency_publishes() -> None:
    assert [item.hex() for item in inclusion(HASHES, 5)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [item.hex() for item in consistency(HASHES, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 70), st.data())
def test_every_leaf_is_proved_and_no_other_place_or_leaf_is(size: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(bytes([number])) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof, expected = inclusion(hashes, index), root(hashes)
    check_inclusion(hashes[index], index=index, size=size, proof=proof, expected=expected)
    with pytest.raises(BrokenProof):
        check_inclusion(leaf_hash(b"another"), index=index, size=size, proof=proof, expected=expected)
    with pytest.raises(BrokenProof):
        check_inclusion(hashes[index], index=index + 1, size=size, proof=proof, expected=expected)
    with pytest.raises(BrokenProof):
        check_inclusion(hashes[index], index=index, size=size, proof=(*proof, EMPTY), expected=expected)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 70), st.data())
def test_an_older_log_is_shown_to_be_the_beginning_and_a_rewritten_one_is_not(size: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(bytes([number])) for number in range(size)]
    older = data.draw(st.integers(1, size))
    proof, before, after = consistency(hashes, older), root(hashes[:older]), root(hashes)
    check_consistency(proof, older=older, newer=size, older_root=before, newer_root=after)
    rewritten = root([leaf_hash(b"another"), *hashes[1:older]])
    with pytest.raises(BrokenProof):
        check_consistency(proof, older=older, newer=size, older_root=rewritten, newer_root=after)
    with pytest.raises(BrokenProof):
        check_consistency((*proof, EMPTY), older=older, newer=size, older_root=before, newer_root=after)
    if proof:
        with pytest.raises(BrokenProof):
            check_consistency(proof[1:], older=older, newer=size, older_root=before, newer_root=after)


def test_a_leaf_that_is_not_there_is_bad_input() -> None:
    with pytest.raises(BadInput):
        inclusion(HASHES, 8)
    with pytest.raises(BadInput):
        consistency(HASHES, 9)
