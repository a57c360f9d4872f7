"""The one sealer: numbers leaves, extends the tree, signs a checkpoint.

A leaf is written without a number, in its action's transaction. Numbers are given later, under a
lock, to whatever has been committed by then: a transaction that began first and committed last gets
a later number, and none is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from hopback.kernel.errors import NotFound
from hopback.portal.audit.models import Checkpoint, Head, Leaf
from hopback.proofs import checkpoints
from hopback.proofs.inclusion import InclusionProof
from hopback.proofs.tree import Frontier, inclusion, leaf_hash
from hopback.proofs.verify import CHECKPOINT_NAME, KEY_NAME, LEAVES_NAME, OLDER_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from hopback.proofs.notes import Signer

__all__ = ["export", "log_origin", "prove", "seal", "signer"]


def signer() -> Signer:
    """The key this portal signs with."""
    found: Signer = settings.CONFIGURATION.log_signer()
    return found


def log_origin() -> str:
    """The log's name."""
    return str(settings.CONFIGURATION.log_origin)


def seal(*, at: datetime, by: Signer | None = None) -> Checkpoint | None:
    """Number every committed leaf that has no number yet, and sign a checkpoint over the whole log.

    Returns the checkpoint, or None when there was nothing to seal. Safe to run from several places
    at once: one waits for the other.
    """
    with transaction.atomic():
        head = Head.objects.select_for_update().get_or_create(id=1)[0]
        frontier = Frontier(head.size, [bytes.fromhex(peak) for peak in head.peaks])
        numbered: list[tuple[int, bytes, int]] = []
        unsealed = Leaf.objects.filter(number__isnull=True).order_by("serial")
        for serial, body in unsealed.values_list("serial", "body"):
            hashed = leaf_hash(body.encode())
            numbered.append((frontier.size, hashed, serial))
            frontier.append(hashed)
        if not numbered:
            return None
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE audit_leaf SET number = %s, hash = %s WHERE serial = %s", numbered)
        Head.objects.filter(id=1).update(size=frontier.size, peaks=[peak.hex() for peak in frontier.peaks])
        note = checkpoints.sign_checkpoint(
            checkpoints.Checkpoint(log_origin(), frontier.size, frontier.root), by=by or signer()
        )
        return Checkpoint.objects.create(size=frontier.size, root=frontier.root, note=note, sealed_at=at)


def prove(number: int) -> InclusionProof:
    """The proof that leaf ``number`` is under the latest checkpoint; raises :class:`NotFound`."""
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None or not 0 <= number < checkpoint.size:
        raise NotFound(f"leaf {number} is not sealed", mend="seal the log first, or name another leaf")
    sealed = Leaf.objects.filter(number__lt=checkpoint.size)
    hashes = [bytes(item or b"") for item in sealed.order_by("number").values_list("hash", flat=True).iterator()]
    body = Leaf.objects.values_list("body", flat=True).get(number=number)
    return InclusionProof(body.encode(), number, inclusion(hashes, number), checkpoint.note)


def export(folder: Path, *, disclosing: Iterable[int] | None = None, by: Signer | None = None) -> Checkpoint:
    """Write the sealed log to a folder that ``hopback verify`` checks offline.

    ``disclosing`` names the leaves that are shown; all others are replaced by their hashes. None
    shows every leaf. Raises :class:`NotFound` when nothing is sealed yet.
    """
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        raise NotFound("nothing is sealed yet", mend="seal the log first")
    shown = None if disclosing is None else frozenset(disclosing)
    older = folder / OLDER_NAME
    older.mkdir(parents=True, exist_ok=True)
    for earlier in Checkpoint.objects.filter(size__lt=checkpoint.size).iterator():
        (older / str(earlier.size)).write_text(earlier.note, encoding="utf-8")
    (folder / CHECKPOINT_NAME).write_text(checkpoint.note, encoding="utf-8")
    (folder / KEY_NAME).write_text(f"{(by or signer()).verifier}\n", encoding="utf-8")
    with (folder / LEAVES_NAME).open("w", encoding="utf-8", newline="\n") as lines:
        rows = Leaf.objects.filter(number__lt=checkpoint.size).order_by("number")
        for number, body, hashed in rows.values_list("number", "body", "hash").iterator(chunk_size=2000):
            is_shown = shown is None or number in shown
            lines.write((body if is_shown else f'{{"withheld":"{bytes(hashed or b"").hex()}"}}') + "\n")
    return checkpoint
