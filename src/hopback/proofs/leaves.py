"""A salted leaf: an entry that can be published as a hash and disclosed later, one by one.

Without the salt the hash of a short entry could be found by trying; with 128 random bits in every
leaf it gives nothing away until its holder hands the leaf over.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import BrokenProof
from hopback.proofs.canonical import EXACT, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SALT_SIZE", "leaf_bytes", "read_leaf"]

SALT_SIZE: Final = 16


def leaf_bytes(entry: Mapping[str, Any], *, salt: bytes) -> bytes:
    """The leaf as it is hashed: the canonical JSON of ``entry`` with its ``salt``, in hexadecimal."""
    return canonical({**entry, "salt": salt.hex()})


def read_leaf(leaf: bytes) -> dict[str, Any]:
    """The entry in a leaf; raise :class:`BrokenProof` unless it is one canonical, salted JSON object."""
    try:
        entry = json.loads(leaf, parse_int=_whole)
    except ValueError:
        raise BrokenProof("a leaf is not JSON") from None
    if not isinstance(entry, dict) or canonical(entry) != leaf:
        raise BrokenProof("a leaf is not in canonical JSON")
    salt = entry.get("salt")
    if not isinstance(salt, str) or len(salt) != 2 * SALT_SIZE:
        raise BrokenProof("a leaf has no salt of 16 bytes")
    return entry


def _whole(text: str) -> int | float:
    number = int(text)
    return number if abs(number) <= EXACT else float(text)
