"""Files of code assignments, ported numbers and the public registry: looked at, then taken over, once.

A file is known by the SHA-256 of its bytes. It is read before any transaction begins; a preview keeps
its bytes until somebody decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from hopback.kernel.errors import BadInput, Conflict, NotFound
from hopback.portal.audit.actions import action, entry
from hopback.portal.directory.access import files_of, may_change
from hopback.portal.directory.actions.links import LIKENESS
from hopback.portal.directory.claims import refresh_search
from hopback.portal.directory.files.codes import CodeRow, read_codes
from hopback.portal.directory.files.ports import PortRow, read_ports
from hopback.portal.directory.files.registry import FIELDS, RegistryRow, read_registry
from hopback.portal.directory.models import (
    CodeAssignment,
    ImportedFile,
    ImportKind,
    ImportState,
    PortRecord,
    RegistryRecord,
    RegistrySnapshot,
)
from hopback.portal.directory.names import clean, words
from hopback.portal.directory.standing import refresh_standing
from hopback.portal.jobs.owing import Owed, owe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.db.models import Model

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.files.columns import Read

__all__ = [
    "LARGEST_UPLOAD",
    "FileDraft",
    "Handed",
    "discard_file",
    "handed_again",
    "import_file",
    "preview_file",
    "read_file",
    "take_over_file",
]

LARGEST_UPLOAD: Final = 64 * 2**20
"""Bytes a page takes; larger files come by the command line."""
BATCH: Final = 2000

READERS: Final[dict[str, Callable[..., Read[Any]]]] = {
    ImportKind.CODES: read_codes,
    ImportKind.PORTS: read_ports,
    ImportKind.REGISTRY: read_registry,
}


@dataclass(frozen=True, slots=True)
class FileDraft:
    """A file as it was handed in: whose it is, and the date it stands for."""

    kind: str
    name: str
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Handed:
    """A file that was read, with its bytes."""

    draft: FileDraft
    content: bytes
    read: Read[Any]

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"file:{self.read.sha256[:16]}"


def read_file(draft: FileDraft, content: bytes) -> Handed:
    """Read a file, outside any transaction. Raises :class:`BadInput` where it cannot be read at all."""
    if draft.kind not in READERS:
        raise BadInput(f"{draft.kind!r} is no kind of file", where="kind")
    if not draft.source.strip():
        raise BadInput("no source", where="source", mend="say whose file it is")
    draft = replace(draft, name=clean(draft.name), source=clean(draft.source))
    return Handed(draft, content, READERS[draft.kind](content, where=draft.name or "file"))


def handed_again(actor: Actor, row: ImportedFile) -> Handed:
    """A file that was looked at, read once more from the bytes kept of it. Raises :class:`Conflict` without them."""
    kept = files_of(actor).filter(pk=row.pk, state=ImportState.PREVIEWED).values_list("content", flat=True).first()
    if kept is None:
        raise Conflict("it was taken over, or discarded, meanwhile")
    return read_file(FileDraft(row.kind, row.name, row.source, row.as_of), bytes(kept))


@action("file.previewed", may=may_change)
def preview_file(actor: Actor, handed: Handed, *, at: datetime) -> ImportedFile:
    """Keep a file to be looked at; nothing of it counts. The same bytes again are the same row."""
    known = _known(handed)
    if known is not None:
        if known.state == ImportState.PREVIEWED:
            _describe(known, handed)
            known.save()
        return known
    row = _described(handed, actor, at=at)
    row.state = ImportState.PREVIEWED
    row.content = handed.content
    row.save()
    return row


@action("file.taken_over", may=may_change)
def take_over_file(actor: Actor, row: ImportedFile, *, handed: Handed, at: datetime) -> ImportedFile:
    """Take over a file that was looked at. Raises :class:`Conflict` if it was taken over meanwhile."""
    if row.sha256 != handed.read.sha256 or row.kind != handed.draft.kind:
        raise BadInput("this is another file than the one that was looked at")
    current = ImportedFile.objects.select_for_update().defer("content").filter(pk=row.pk).first()
    if current is None:
        raise NotFound("there is no such file")
    if current.state == ImportState.IMPORTED:
        raise Conflict("it was taken over meanwhile")
    return _take_over(actor, current, handed, at=at)


@action("file.discarded", may=may_change)
def discard_file(_actor: Actor, row: ImportedFile, *, at: datetime) -> None:  # noqa: ARG001 -- recorded by the decorator
    """Forget a file that was only looked at. Raises :class:`Conflict` if it was taken over."""
    entry().about(row.audit_name)
    if not ImportedFile.objects.filter(pk=row.pk, state=ImportState.PREVIEWED).delete()[0]:
        raise Conflict("it was taken over, or discarded, meanwhile")


@action("file.taken_over", may=may_change)
def import_file(actor: Actor, handed: Handed, *, at: datetime) -> ImportedFile:
    """Take over a file at once; one that was taken over already is left as it is."""
    row = _known(handed)
    if row is not None and row.state == ImportState.IMPORTED:
        entry().facts = {"sha256": row.sha256, "already": True}
        return row
    if row is None:
        row = _described(handed, actor, at=at)
        row.state = ImportState.PREVIEWED
        row.save()
    else:
        _describe(row, handed)
    return _take_over(actor, row, handed, at=at)


def _known(handed: Handed) -> ImportedFile | None:
    rows = ImportedFile.objects.select_for_update().defer("content")
    return rows.filter(kind=handed.draft.kind, sha256=handed.read.sha256).first()


def _described(handed: Handed, actor: Actor, *, at: datetime) -> ImportedFile:
    row = ImportedFile(seen_at=at, seen_by=actor.name)
    _describe(row, handed)
    return row


def _describe(row: ImportedFile, handed: Handed) -> None:
    row.kind, row.sha256 = handed.draft.kind, handed.read.sha256
    row.name, row.source, row.as_of = handed.draft.name[:200], handed.draft.source.strip()[:100], handed.draft.as_of
    row.size, row.rows, row.rejected = len(handed.content), len(handed.read.rows), handed.read.rejected
    row.report = handed.read.report()


def _take_over(actor: Actor, row: ImportedFile, handed: Handed, *, at: datetime) -> ImportedFile:
    row.added = _TAKERS[row.kind](row, handed.read.rows, at)
    row.state, row.imported_at, row.imported_by, row.content = ImportState.IMPORTED, at, actor.name, None
    row.save()
    entry().about(row.audit_name)
    entry().facts = {
        "kind": row.kind,
        "sha256": row.sha256,
        "as_of": row.as_of.isoformat(),
        "rows": row.rows,
        "added": row.added,
        "rejected": row.rejected,
    }
    return row


def _take_codes(file: ImportedFile, rows: list[CodeRow], _at: datetime) -> int:
    """What is known from the same source with the same dates is not written twice."""
    from_source = CodeAssignment.objects.filter(file__source=file.source)
    is_first = not from_source.exists()
    names = ("prefix", "ocn", "company", "valid_from", "valid_to")
    added = 0
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        told = [(one.prefix, one.ocn, one.company, one.valid_from, one.valid_to) for one in some]
        known = set() if is_first else set(from_source.filter(prefix__in={one[0] for one in told}).values_list(*names))
        fresh = [
            (*one[:3], _written(one[3]), _written(one[4]), file.pk, row.line)
            for one, row in zip(told, some, strict=True)
            if one not in known
        ]
        _insert(CodeAssignment, (*names, "file_id", "line"), fresh)
        added += len(fresh)
    return added


def _take_ports(file: ImportedFile, rows: list[PortRow], at: datetime) -> int:
    names = ("number", "lrn", "spid", "ocn", "company", "reseller", "valid_from", "valid_to", "source", "file_id",
             "line", "seen_at")  # fmt: skip
    seen = connection.ops.adapt_datetimefield_value(at)
    for start in range(0, len(rows), BATCH):
        told = [
            (
                *(one.number, one.lrn, one.spid, one.ocn, one.company, one.reseller),
                *(_written(one.valid_from), _written(one.valid_to)),
                *(file.source, file.pk, one.line, seen),
            )
            for one in rows[start : start + BATCH]
        ]
        _insert(PortRecord, names, told)
    return len(rows)


def _insert(model: type[Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write many rows without making an object of each: a national file has most of a million."""
    quote = connection.ops.quote_name
    columns = ", ".join(quote(name) for name in names)
    marks = ", ".join(["%s"] * len(names))
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})", rows)  # noqa: S608, SLF001 -- our own names


def _written(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _take_registry(file: ImportedFile, rows: list[RegistryRow], at: datetime) -> int:
    if RegistrySnapshot.objects.filter(as_of=file.as_of).exists():
        raise Conflict(
            f"there is an export as of {file.as_of} already", where="as_of", mend="give the date this one stands for"
        )
    snapshot = RegistrySnapshot.objects.create(as_of=file.as_of, file=file, records=len(rows), imported_at=at)
    RegistryRecord.objects.bulk_create(
        [
            RegistryRecord(
                snapshot=snapshot,
                digest=one.digest,
                text=_text(one),
                **{name: getattr(one, name) for name in FIELDS},
            )
            for one in rows
        ],
        batch_size=BATCH,
    )
    refresh_search(refresh_standing(at=at), at=at)
    owe([Owed(LIKENESS, LIKENESS, at)])
    return len(rows)


def _text(row: RegistryRow) -> str:
    names = (row.name, row.dbas, row.former_names)
    told = [row.number.casefold(), row.frn, *(" ".join(words(name)) for name in names), " ".join(words(row.other_frns))]
    return " | ".join(one for one in told if one)


_TAKERS: Final[dict[str, Callable[[ImportedFile, list[Any], datetime], int]]] = {
    ImportKind.CODES: _take_codes,
    ImportKind.PORTS: _take_ports,
    ImportKind.REGISTRY: _take_registry,
}
