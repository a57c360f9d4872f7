"""Replay the sealed log against the tables."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from hopback.kernel.errors import BrokenProof
from hopback.portal.audit.covering import Covered, covered, replays, rows_digest
from hopback.portal.audit.models import Checkpoint, Head, Leaf
from hopback.portal.audit.sealing import log_origin, signer
from hopback.proofs.checkpoints import Checkpoint as SignedCheckpoint
from hopback.proofs.checkpoints import open_checkpoint
from hopback.proofs.leaves import read_leaf
from hopback.proofs.tree import Frontier, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hopback.proofs.notes import Verifier

__all__ = ["Verified", "verify"]

BATCH = 500


@dataclass(frozen=True, slots=True)
class Verified:
    """What was replayed and found to hold.

    ``leaves`` are sealed leaves, ``unsealed`` those written since the last seal (their rows were
    checked too), ``checkpoints`` the signed ones met on the way, ``rows`` covered rows by table,
    ``replays`` the names of derived tables recomputed.
    """

    origin: str
    root: str
    leaves: int
    unsealed: int
    checkpoints: int
    rows: dict[str, int]
    replays: tuple[str, ...]


def verify(*, key: Verifier | None = None, given: str | None = None) -> Verified:
    """Replay the log against the tables in one consistent view.

    ``given`` is a checkpoint note from outside (one that was published, or kept by a provider):
    it must be a beginning of this log. ``key`` is the log's verifier key, by default this portal's
    own. Raises :class:`BrokenProof` with the first thing that fails.
    """
    with _one_view():
        return _verify(key or signer().verifier, given=given)


@contextmanager
def _one_view() -> Iterator[None]:
    """A transaction that sees one state of the database throughout and keeps no writer waiting."""
    mode = getattr(connection, "transaction_mode", None)
    if connection.vendor == "sqlite":
        setattr(connection, "transaction_mode", "DEFERRED")  # noqa: B010 -- SQLite's own attribute
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield
    finally:
        if connection.vendor == "sqlite":
            setattr(connection, "transaction_mode", mode)  # noqa: B010 -- as above


def _verify(key: Verifier, *, given: str | None) -> Verified:
    known = _checkpoints(key, given=given)
    frontier, unsealed = Frontier(), 0
    counts = {table.name: 0 for table in covered()}
    sealed = Leaf.objects.filter(number__isnull=False).order_by("number").iterator(chunk_size=BATCH)
    since = Leaf.objects.filter(number__isnull=True).order_by("serial").iterator(chunk_size=BATCH)
    _check_known(frontier, known)
    for batch in _batches(chain(sealed, since)):
        rows = {table.name: table.by_leaf([leaf.uid for leaf in batch]) for table in covered()}
        for leaf in batch:
            unsealed += _take(leaf, frontier, known)
            _check_rows(leaf, rows, counts)
    if known:
        raise BrokenProof(f"a checkpoint counts {min(known)} leaves, but there are {frontier.size}")
    head = Head.objects.filter(id=1).first()
    if (head.size if head else 0) != frontier.size:
        raise BrokenProof(f"the head counts {head.size if head else 0} leaves, but {frontier.size} are numbered")
    for table in covered():
        _check_strays(table, counts[table.name])
    for name, check in replays().items():
        for problem in check():
            raise BrokenProof(problem, where=name)
    return Verified(
        origin=log_origin(),
        root=frontier.root.hex(),
        leaves=frontier.size,
        unsealed=unsealed,
        checkpoints=Checkpoint.objects.count(),
        rows=counts,
        replays=tuple(replays()),
    )


def _checkpoints(key: Verifier, *, given: str | None) -> dict[int, SignedCheckpoint]:
    known: dict[int, SignedCheckpoint] = {}
    notes = [(f"checkpoint {row.size}", row.note) for row in Checkpoint.objects.order_by("size")]
    if given is not None:
        notes.append(("the checkpoint given", given))
    for where, note in notes:
        try:
            checkpoint = open_checkpoint(note, by=key)
        except BrokenProof as error:
            raise BrokenProof(error.message, where=where) from error
        if checkpoint.origin != log_origin():
            raise BrokenProof(f"it is of another log, {checkpoint.origin}", where=where)
        if known.get(checkpoint.size, checkpoint).root != checkpoint.root:
            raise BrokenProof(f"this log had another root at {checkpoint.size} leaves", where=where)
        known[checkpoint.size] = checkpoint
    return known


def _take(leaf: Leaf, frontier: Frontier, known: dict[int, SignedCheckpoint]) -> bool:
    """Append a sealed leaf; say whether it was unsealed."""
    if leaf.number is None:
        return True
    where = f"leaf {leaf.number}"
    if leaf.number != frontier.size:
        raise BrokenProof(f"leaf {frontier.size} is missing", where=where)
    hashed = leaf_hash(leaf.body.encode())
    if leaf.hash is None or bytes(leaf.hash) != hashed:
        raise BrokenProof("the body does not have the hash it was sealed with", where=where)
    frontier.append(hashed)
    _check_known(frontier, known)
    return False


def _check_known(frontier: Frontier, known: dict[int, SignedCheckpoint]) -> None:
    checkpoint = known.pop(frontier.size, None)
    if checkpoint is not None and checkpoint.root != frontier.root:
        raise BrokenProof(f"the first {frontier.size} leaves do not hash to the checkpoint's root")


def _check_rows(leaf: Leaf, rows: dict[str, dict[Any, list[dict[str, Any]]]], counts: dict[str, int]) -> None:
    where = f"leaf {leaf.number if leaf.number is not None else leaf.uid}"
    body = read_leaf(leaf.body.encode())
    columns = {
        "id": str(leaf.uid),
        "action": leaf.action,
        "actor": leaf.actor,
        "subject": leaf.subject,
        "at": leaf.at.isoformat(),
        "refused": leaf.is_refusal,
    }
    for name, value in columns.items():
        if body.get(name) != value:
            raise BrokenProof(f"its column {name} says {value}, the leaf {body.get(name)}", where=where)
    written = {name: by_leaf.get(leaf.uid, []) for name, by_leaf in rows.items()}
    if rows_digest(written, salt=bytes.fromhex(body["salt"])) != body["rows"]:
        raise BrokenProof(f"the rows written by {leaf.action} on {leaf.subject} are not what they were", where=where)
    for name, some in written.items():
        counts[name] += len(some)


def _check_strays(table: Covered, counted: int) -> None:
    total = table.model._default_manager.count()  # noqa: SLF001 -- Django documents it
    if total != counted:
        raise BrokenProof(f"{total - counted} of {total} rows belong to no leaf", where=table.name)


def _batches(leaves: Iterator[Leaf]) -> Iterator[list[Leaf]]:
    while batch := list(islice(leaves, BATCH)):
        yield batch
