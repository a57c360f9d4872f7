"""Signed notes (C2SP signed-note): text a person can read, with Ed25519 signatures below it.

::

    text, ending in a newline
    <empty line>
    — <key name> <base64 of 4 bytes of key id and the signature>

A key id is the first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), 0x01 standing for
Ed25519. A verifier key is ``name+id+base64(0x01 ‖ public key)``; a signer key has ``PRIVATE+KEY+``
before it and the seed in place of the public key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hopback.kernel.errors import BadInput, BrokenProof

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Signer", "Verifier", "decode64", "encode64", "names_signed", "new_signer", "sign", "text_of", "verify"]

ED25519: Final = b"\x01"
KEY_SIZE: Final = 32
ID_SIZE: Final = 4
SIGNED: Final = "\n\n— "
PRIVATE: Final = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name it goes by."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key a signature claims to be by."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:ID_SIZE]

    def __str__(self) -> str:
        """The verifier key, as it is published."""
        return f"{self.name}+{self.key_id.hex()}+{encode64(ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str, *, where: str = "verifier key") -> Verifier:
        """Read a published verifier key; raise :class:`BadInput` if it is none."""
        name, key_id, key = _parse_key(text.strip(), where=where)
        verifier = cls(name, key)
        if verifier.key_id.hex() != key_id:
            raise BadInput(f"the key id {key_id} is not the key's own", where=where, mend="copy the whole key again")
        return verifier


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key with the name it goes by. Its text is a secret; its ``repr`` does not show it."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def secret(self) -> str:
        """The signer key as it is kept in a file."""
        return f"{PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{encode64(ED25519 + self.seed)}"

    @classmethod
    def parse(cls, text: str, *, where: str = "signer key") -> Signer:
        """Read a signer key; raise :class:`BadInput`, which never shows the key, if it is none."""
        text = text.strip()
        if not text.startswith(PRIVATE):
            raise BadInput("not a signer key", where=where, mend=f"it begins with {PRIVATE}")
        name, key_id, seed = _parse_key(text.removeprefix(PRIVATE), where=where)
        signer = cls(name, seed)
        if signer.verifier.key_id.hex() != key_id:
            raise BadInput("the key id is not the key's own", where=where, mend="copy the whole key again")
        return signer


def new_signer(name: str) -> Signer:
    """A fresh key under ``name``, which holds neither spaces nor ``+``."""
    _check_name(name, where="key name")
    return Signer(name, Ed25519PrivateKey.generate().private_bytes_raw())


def sign(text: str, *, by: Signer) -> str:
    """``text`` as a note signed by one key. The text is not empty and ends in a newline."""
    if not text.endswith("\n") or text == "\n" or SIGNED in text:
        raise BadInput("a note's text ends in a newline and holds no signature line")
    signature = Ed25519PrivateKey.from_private_bytes(by.seed).sign(text.encode())
    return f"{text}\n— {by.name} {encode64(by.verifier.key_id + signature)}\n"


def verify(note: str, *, by: Verifier) -> str:
    """The text of ``note`` after checking the signature by key ``by``.

    Signatures by other keys are skipped, as the specification asks. Raises :class:`BrokenProof`
    when there is no signature by that key or it does not hold.
    """
    text, signatures = _take_apart(note)
    for name, key_id, signature in signatures:
        if name != by.name or key_id != by.key_id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(by.public).verify(signature, text.encode())
        except InvalidSignature:
            raise BrokenProof(f"the signature by {name} does not hold") from None
        return text
    signed_by = ", ".join(f"{name}+{key_id.hex()}" for name, key_id, _ in signatures)
    raise BrokenProof(f"not signed by {by.name}+{by.key_id.hex()} but by {signed_by}")


def text_of(note: str) -> str:
    """The text of a note, *without* checking who signed it."""
    return _take_apart(note)[0]


def names_signed(note: str) -> tuple[str, ...]:
    """Who a note claims to be signed by."""
    return tuple(name for name, _, _ in _take_apart(note)[1])


def encode64(data: bytes) -> str:
    """Standard base64 (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def decode64(text: str, *, where: str) -> bytes:
    """The bytes of canonical standard base64; raise :class:`BrokenProof` for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BrokenProof("not base64", where=where) from None
    if encode64(data) != text:
        raise BrokenProof("base64 is not in its one canonical form", where=where)
    return data


def _take_apart(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    text, mark, below = note.rpartition(SIGNED)
    if not mark or not note.endswith("\n"):
        raise BrokenProof("not a signed note: no signature line after an empty line")
    return text + "\n", list(_signatures(f"— {below}".removesuffix("\n").split("\n")))


def _signatures(lines: Iterable[str]) -> Iterable[tuple[str, bytes, bytes]]:
    for line in lines:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "—" or not name or not encoded:
            raise BrokenProof(f"not a signature line: {line[:60]!r}")
        blob = decode64(encoded, where=f"signature by {name}")
        if len(blob) <= ID_SIZE:
            raise BrokenProof(f"the signature by {name} is too short")
        yield name, blob[:ID_SIZE], blob[ID_SIZE:]


def _parse_key(text: str, *, where: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    if len(blob) != KEY_SIZE + 1 or blob[:1] != ED25519:
        raise BadInput("not an Ed25519 note key", where=where, mend="it reads name+id+base64")
    _check_name(name, where=where)
    return name, key_id, blob[1:]


def _check_name(name: str, *, where: str) -> None:
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise BadInput(f"{name!r} is no key name", where=where, mend="no spaces and no +")
