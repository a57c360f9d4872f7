"""A proof that stands alone (C2SP tlog-proof): one leaf, its place, the way to the root, the checkpoint.

The leaf itself travels in the ``extra`` line, so that a reader needs this file and the log's key
and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hopback.kernel.errors import BrokenProof
from hopback.proofs.checkpoints import Checkpoint, open_checkpoint
from hopback.proofs.notes import Verifier, decode64, encode64
from hopback.proofs.tree import HASH_SIZE, check_inclusion, leaf_hash

__all__ = ["MAGIC", "InclusionProof", "check_proof", "read_proof"]

MAGIC: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Leaf ``index`` of a log, its sibling hashes from the leaf up, and the signed checkpoint."""

    leaf: bytes
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    def __str__(self) -> str:
        """The proof file's text."""
        lines = [MAGIC, f"extra {encode64(self.leaf)}", f"index {self.index}", *map(encode64, self.hashes)]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def read_proof(text: str) -> InclusionProof:
    """Take a proof file apart; raise :class:`BrokenProof` if it is none."""
    head, gap, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines[0] != MAGIC:
        raise BrokenProof(f"not a proof: it begins with {MAGIC}")
    if len(lines) < 3 or not lines[1].startswith("extra ") or not lines[2].startswith("index "):  # noqa: PLR2004 -- magic, extra, index
        raise BrokenProof("a proof carries its leaf in an extra line and then its index")
    number = lines[2].removeprefix("index ")
    if not (number.isascii() and number.isdigit()) or (number != "0" and number.startswith("0")):
        raise BrokenProof(f"a leaf's index is a number, not {number[:20]!r}")
    hashes = tuple(decode64(line, where="proof hash") for line in lines[3:])
    if any(len(item) != HASH_SIZE for item in hashes):
        raise BrokenProof("a proof's hashes have 32 bytes each")
    leaf = decode64(lines[1].removeprefix("extra "), where="proof leaf")
    return InclusionProof(leaf, int(number), hashes, checkpoint)


def check_proof(proof: InclusionProof, *, by: Verifier) -> Checkpoint:
    """The checkpoint that holds the leaf, after checking signature and path; raises :class:`BrokenProof`."""
    checkpoint = open_checkpoint(proof.checkpoint, by=by)
    check_inclusion(
        leaf_hash(proof.leaf),
        index=proof.index,
        size=checkpoint.size,
        proof=proof.hashes,
        expected=checkpoint.root,
    )
    return checkpoint
