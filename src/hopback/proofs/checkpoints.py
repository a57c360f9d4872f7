"""Checkpoints (C2SP tlog-checkpoint): what a log is at one size, signed.

The text of the note is the log's origin, its size, the base64 root, and any extension lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from hopback.kernel.errors import BrokenProof
from hopback.proofs.notes import Signer, Verifier, decode64, encode64, sign, text_of, verify
from hopback.proofs.tree import HASH_SIZE

__all__ = ["Checkpoint", "open_checkpoint", "read_checkpoint", "sign_checkpoint"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's origin (a name without scheme), its number of leaves, its root, and extension lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note's text."""
        return "\n".join([self.origin, str(self.size), encode64(self.root), *self.extensions]) + "\n"


def sign_checkpoint(checkpoint: Checkpoint, *, by: Signer) -> str:
    """The checkpoint as a signed note."""
    return sign(checkpoint.text, by=by)


def open_checkpoint(note: str, *, by: Verifier) -> Checkpoint:
    """The checkpoint in ``note``, after checking the signature; raises :class:`BrokenProof`."""
    return _parse(verify(note, by=by))


def read_checkpoint(note: str) -> Checkpoint:
    """The checkpoint in ``note`` *without* checking who signed it."""
    return _parse(text_of(note))


def _parse(text: str) -> Checkpoint:
    lines = text.removesuffix("\n").split("\n")
    try:
        origin, size, encoded, *extensions = lines
    except ValueError:
        raise BrokenProof("not a checkpoint: it has an origin, a size and a root, a line each") from None
    if not origin:
        raise BrokenProof("a checkpoint's first line names its log")
    if not (size.isascii() and size.isdigit()) or (size != "0" and size.startswith("0")):
        raise BrokenProof(f"a checkpoint's second line is its size, not {size[:20]!r}")
    digest = decode64(encoded, where="checkpoint root")
    if len(digest) != HASH_SIZE:
        raise BrokenProof("a checkpoint's root has 32 bytes")
    if any(not line for line in extensions):
        raise BrokenProof("a checkpoint has no empty extension line")
    return Checkpoint(origin, int(size), digest, tuple(extensions))
