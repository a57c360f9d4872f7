"""Verify what the portal hands out, offline: a checkpoint, a proof, or an export of the log.

An export is a folder:

``checkpoint``      the signed checkpoint
``verifier.key``    the public key it is signed by
``leaves.jsonl``    the leaves in order, one a line; ``{"withheld":"<hex leaf hash>"}`` for one not disclosed
``older/*``         earlier checkpoints, each of which must be a beginning of this log

The key is looked for beside the file unless it is handed in. A key that came in the same folder
shows only that the folder agrees with itself: compare it with the one the consortium publishes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput, BrokenProof, NotFound
from hopback.proofs.checkpoints import Checkpoint, open_checkpoint
from hopback.proofs.inclusion import MAGIC, check_proof, read_proof
from hopback.proofs.leaves import read_leaf
from hopback.proofs.notes import Verifier
from hopback.proofs.tree import HASH_SIZE, Frontier, leaf_hash

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHECKPOINT_NAME", "KEY_NAME", "LEAVES_NAME", "OLDER_NAME", "Report", "verify_path"]

KEY_NAME: Final = "verifier.key"
CHECKPOINT_NAME: Final = "checkpoint"
LEAVES_NAME: Final = "leaves.jsonl"
OLDER_NAME: Final = "older"


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified.

    ``kind`` is ``checkpoint``, ``proof`` or ``export``; ``size`` and ``root`` (hexadecimal) are the
    log's; ``is_key_given`` is False when the key came from beside the file. ``leaves`` counts leaves
    read, ``withheld`` those only their hash stood for, ``older`` earlier checkpoints found to be
    beginnings of this log. ``entry`` is a proof's leaf.
    """

    kind: str
    path: str
    origin: str
    size: int
    root: str
    signed_by: str
    is_key_given: bool
    leaves: int = 0
    withheld: int = 0
    older: int = 0
    entry: dict[str, object] | None = None

    def to_json(self) -> dict[str, object]:
        """The report for a program."""
        return {"valid": True} | {field.name: getattr(self, field.name) for field in fields(self)}

    def to_text(self) -> str:
        """The report for a reader, one fact a line."""
        lines = [f"{self.kind} of the log {self.origin}: {self.size} leaves, root {self.root}"]
        lines.append(f"signed by {self.signed_by}")
        if not self.is_key_given:
            lines.append("the key was found beside it: compare it with the one the consortium publishes")
        if self.kind == "export":
            shown = self.leaves - self.withheld
            lines.append(f"{self.leaves} leaves hash to the root, {shown} of them disclosed; ")
            lines[-1] += f"{self.older} earlier checkpoints are beginnings of this log"
        if self.entry is not None:
            lines += [f"{name}: {value}" for name, value in self.entry.items()]
        return "\n".join(lines) + "\n"


def verify_path(path: Path, *, key: Verifier | None = None) -> Report:
    """Verify a checkpoint file, a proof file or an export folder.

    Raises :class:`BrokenProof` with the first thing that fails, :class:`NotFound` when the path or
    the key is missing, :class:`BadInput` when the path holds nothing that can be verified.
    """
    if not path.exists():
        raise NotFound("there is nothing here", where=str(path), mend="name a checkpoint, a proof or an export")
    if path.is_dir():
        return _verify_export(path, key=key)
    text = _read(path)
    by = key or _key_beside(path.parent)
    try:
        if text.startswith(MAGIC):
            proof = read_proof(text)
            checkpoint = check_proof(proof, by=by)
            entry = read_leaf(proof.leaf)
            return _report("proof", path, checkpoint, by=by, is_key_given=key is not None, leaves=1, entry=entry)
        if "\n— " not in text:
            raise BadInput("neither a checkpoint nor a proof", where=str(path))
        return _report("checkpoint", path, open_checkpoint(text, by=by), by=by, is_key_given=key is not None)
    except BrokenProof as error:
        raise _at(error, where=str(path)) from error


def _verify_export(folder: Path, *, key: Verifier | None) -> Report:
    note = folder / CHECKPOINT_NAME
    if not note.is_file():
        raise BadInput("a folder without a checkpoint", where=str(folder), mend="name the export's own folder")
    by = key or _key_beside(folder)
    try:
        checkpoint = open_checkpoint(_read(note), by=by)
    except BrokenProof as error:
        raise _at(error, where=str(note)) from error
    earlier = _older(folder / OLDER_NAME, by=by, origin=checkpoint.origin)
    leaves = folder / LEAVES_NAME
    frontier, withheld = Frontier(), 0
    if not leaves.is_file():
        raise BrokenProof("the leaves are missing", where=str(leaves))
    with leaves.open("rb") as lines:
        for number, raw in enumerate(lines, 1):
            _check_beginning(frontier, earlier)
            try:
                hashed, is_withheld = _hash_line(raw.removesuffix(b"\n"))
            except BrokenProof as error:
                raise _at(error, where=f"{leaves}:{number}") from error
            frontier.append(hashed)
            withheld += is_withheld
    _check_beginning(frontier, earlier)
    if frontier.size != checkpoint.size:
        raise BrokenProof(f"{frontier.size} leaves, but the checkpoint counts {checkpoint.size}", where=str(leaves))
    if frontier.root != checkpoint.root:
        raise BrokenProof("the leaves do not hash to the checkpoint's root", where=str(leaves))
    for size, (where, _) in sorted(earlier.items()):
        if size > frontier.size:
            raise BrokenProof(f"an earlier checkpoint counts {size} leaves, more than there are", where=where)
    return _report(
        "export",
        folder,
        checkpoint,
        by=by,
        is_key_given=key is not None,
        leaves=frontier.size,
        withheld=withheld,
        older=len(earlier),
    )


def _hash_line(line: bytes) -> tuple[bytes, bool]:
    if line.startswith(b'{"withheld":'):
        try:
            hashed = bytes.fromhex(json.loads(line)["withheld"])
        except (ValueError, KeyError, TypeError):
            raise BrokenProof("a withheld leaf is its hash in hexadecimal") from None
        if len(hashed) != HASH_SIZE:
            raise BrokenProof("a withheld leaf's hash has 32 bytes")
        return hashed, True
    read_leaf(line)
    return leaf_hash(line), False


def _older(folder: Path, *, by: Verifier, origin: str) -> dict[int, tuple[str, bytes]]:
    found: dict[int, tuple[str, bytes]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            checkpoint = open_checkpoint(_read(path), by=by)
        except BrokenProof as error:
            raise _at(error, where=str(path)) from error
        if checkpoint.origin != origin:
            raise BrokenProof(f"a checkpoint of another log, {checkpoint.origin}", where=str(path))
        if found.get(checkpoint.size, ("", checkpoint.root))[1] != checkpoint.root:
            raise BrokenProof(f"two checkpoints of {checkpoint.size} leaves have different roots", where=str(path))
        found[checkpoint.size] = (str(path), checkpoint.root)
    return found


def _check_beginning(frontier: Frontier, earlier: dict[int, tuple[str, bytes]]) -> None:
    known = earlier.get(frontier.size)
    if known is not None and known[1] != frontier.root:
        raise BrokenProof("an earlier checkpoint is not a beginning of this log", where=known[0])


def _key_beside(folder: Path) -> Verifier:
    path = folder / KEY_NAME
    if not path.is_file():
        raise NotFound("no key to verify with", where=str(path), mend="hand in the log's verifier key")
    return Verifier.parse(_read(path), where=str(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput("not UTF-8 text", where=str(path)) from None


def _at(error: BrokenProof, *, where: str) -> BrokenProof:
    return BrokenProof(error.message, where=f"{where}: {error.where}" if error.where else where, mend=error.mend)


def _report(
    kind: str,
    path: Path,
    checkpoint: Checkpoint,
    *,
    by: Verifier,
    is_key_given: bool,
    leaves: int = 0,
    withheld: int = 0,
    older: int = 0,
    entry: dict[str, object] | None = None,
) -> Report:
    return Report(
        kind=kind,
        path=str(path),
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        signed_by=str(by),
        is_key_given=is_key_given,
        leaves=leaves,
        withheld=withheld,
        older=older,
        entry=entry,
    )
