"""The Merkle tree of RFC 6962 section 2.1, over SHA-256.

A log of leaves has one root; a few dozen hashes show that a leaf is in it (an inclusion proof,
2.1.1) or that an older log is its beginning (a consistency proof, 2.1.2). Everything here takes leaf
*hashes*, so that a log can be proved without its leaves. :class:`Frontier` keeps only the roots of
the complete subtrees on the right edge, so that appending to a log of n leaves costs log n.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput, BrokenProof

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "EMPTY",
    "HASH_SIZE",
    "Frontier",
    "check_consistency",
    "check_inclusion",
    "consistency",
    "inclusion",
    "leaf_hash",
    "node_hash",
    "root",
]

HASH_SIZE: Final = 32
EMPTY: Final = hashlib.sha256().digest()
"""The root of a log without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf: SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below ``size``, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing log: its size and the roots of its complete subtrees, largest first."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Take one more leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self.peaks.pop(), node)
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root over all leaves taken so far."""
        if not self.peaks:
            return EMPTY
        *rest, node = self.peaks
        for peak in reversed(rest):
            node = node_hash(peak, node)
        return node


def root(hashes: Sequence[bytes]) -> bytes:
    """The root of a log with these leaf hashes."""
    frontier = Frontier()
    for leaf in hashes:
        frontier.append(leaf)
    return frontier.root


def inclusion(hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The proof that leaf ``index`` is in the log: sibling hashes, from the leaf up."""
    if not 0 <= index < len(hashes):
        raise BadInput(f"there is no leaf {index} in a log of {len(hashes)}")
    proof: list[bytes] = []
    while len(hashes) > 1:
        middle = _split(len(hashes))
        if index < middle:
            proof.append(root(hashes[middle:]))
            hashes = hashes[:middle]
        else:
            proof.append(root(hashes[:middle]))
            hashes, index = hashes[middle:], index - middle
    return tuple(reversed(proof))


def consistency(hashes: Sequence[bytes], older: int) -> tuple[bytes, ...]:
    """The proof that the log's first ``older`` leaves were the whole log once."""
    if not 0 < older <= len(hashes):
        raise BadInput(f"a log of {len(hashes)} was never one of {older}")
    proof: list[bytes] = []
    is_known = True  # the older root is the verifier's own until the path leaves a complete subtree of it
    while older != len(hashes):
        middle = _split(len(hashes))
        if older <= middle:
            proof.append(root(hashes[middle:]))
            hashes = hashes[:middle]
        else:
            proof.append(root(hashes[:middle]))
            hashes, older, is_known = hashes[middle:], older - middle, False
    if not is_known:
        proof.append(root(hashes))
    return tuple(reversed(proof))


def check_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> None:
    """Raise :class:`BrokenProof` unless leaf hash ``leaf`` is number ``index`` under the root ``expected``."""
    if not 0 <= index < size:
        raise BrokenProof(f"leaf {index} lies outside a log of {size}")
    node = leaf
    for sibling, is_left in _climb(index, size - 1, proof):
        node = node_hash(sibling, node) if is_left else node_hash(node, sibling)
    if node != expected:
        raise BrokenProof("the inclusion proof does not lead to the checkpoint's root")


def check_consistency(proof: Sequence[bytes], *, older: int, newer: int, older_root: bytes, newer_root: bytes) -> None:
    """Raise :class:`BrokenProof` unless the log of ``older`` leaves is the beginning of the one of ``newer``."""
    if not 0 < older <= newer:
        raise BrokenProof(f"a log of {newer} was never one of {older}")
    if older == newer:
        if proof or older_root != newer_root:
            raise BrokenProof("one size, but two roots" if older_root != newer_root else "the proof is too long")
        return
    is_one_subtree = older & (older - 1) == 0  # then the verifier holds its root already
    first, *rest = (older_root, *proof) if is_one_subtree else proof or (b"",)
    index, last = older - 1, newer - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = first
    for sibling, is_left in _climb(index, last, rest):
        if is_left:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
        else:
            after = node_hash(after, sibling)
    if before != older_root:
        raise BrokenProof("the consistency proof does not lead to the older root")
    if after != newer_root:
        raise BrokenProof("the consistency proof does not lead to the newer root")


def _climb(index: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The sibling met on each floor above node ``index`` of ``last`` + 1, and whether it stands to the left."""
    siblings = iter(proof)
    while last:
        if index & 1 or index < last:
            sibling = next(siblings, None)
            if sibling is None:
                raise BrokenProof("the proof is too short")
            yield sibling, bool(index & 1)
        index, last = index >> 1, last >> 1
    if next(siblings, None) is not None:
        raise BrokenProof("the proof is too long")
