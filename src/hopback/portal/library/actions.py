"""Every write of the library: drafted, revised, published, withdrawn, read."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db.models import F

from hopback.kernel.errors import BadInput, Conflict
from hopback.portal.accounts.models import Kind, Organisation
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.library import covering
from hopback.portal.library.access import address_of, may_read, may_write, organisations_in, receipt_of
from hopback.portal.library.models import (
    Audience,
    Edition,
    EditionFile,
    File,
    Item,
    ItemKind,
    ItemState,
    Receipt,
)
from hopback.portal.messages.tokens import new_uid
from hopback.portal.messages.webhooks import announce, listeners_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import Model

    from hopback.portal.audit.actors import Actor

__all__ = ["NOTIFY", "Draft", "Upload", "draft", "publish", "read", "revise", "withdraw"]

NOTIFY: Final = "library.notify"
"""The kind of job that writes to the people an item is for."""

PUBLISHED: Final = "library.published"
"""What webhooks are told."""

LARGEST_FILE: Final = 10 * 2**20
MOST_FILES: Final = 10
LONGEST_BODY: Final = 100_000
LONGEST_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be attached."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """What an item shall say, and for whom: kinds of organisations, and organisations by id."""

    title: str
    body: str
    kinds: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    files: tuple[Upload, ...] = ()


@action("library.drafted", may=may_write)
def draft(actor: Actor, kind: ItemKind, wanted: Draft, *, at: datetime) -> Item:
    """Write a draft, which only the consortium sees."""
    _check(wanted)
    if kind not in ItemKind.values:
        raise BadInput("it is an announcement or a document", where="kind")
    item = Item.objects.create(uid=new_uid(), kind=kind, title=wanted.title.strip(), changed_at=at)
    entry().about(item.audit_name)
    _write_edition(actor, item, wanted, number=1, note="", is_small=False, kept=(), at=at)
    _set_audience(item, wanted)
    return item


@action("library.revised", may=may_write)
def revise(
    actor: Actor,
    item: Item,
    wanted: Draft,
    *,
    keep: Sequence[int],
    note: str,
    is_small: bool,
    seen: int,
    at: datetime,
) -> Item:
    """Write the next edition. Of a published item it is published at once; ``keep`` names files of the one before.

    With ``is_small`` whoever has read the edition before need not read this one.
    """
    _check(wanted)
    entry().about(item.audit_name)
    row = _changed(item, seen=seen, at=at)
    if row.state == ItemState.WITHDRAWN:
        raise Conflict("it was withdrawn", mend="publish it again first")
    if row.state == ItemState.PUBLISHED and not note.strip():
        raise BadInput("say what has changed", where="note")
    before = Edition.objects.get(item=row, number=row.edition)
    kept = list(before.files.filter(number__in=list(keep)).order_by("number"))
    if len(kept) + len(wanted.files) > MOST_FILES:
        raise BadInput(f"an item has at most {MOST_FILES} files", where="attached")
    row.edition, row.title = row.edition + 1, wanted.title.strip()
    row.read_from = row.read_from if is_small else row.edition
    row.save(update_fields=["edition", "title", "read_from"])
    _write_edition(actor, row, wanted, number=row.edition, note=note, is_small=is_small, kept=kept, at=at)
    _set_audience(row, wanted)
    if row.state == ItemState.PUBLISHED and not is_small:
        _announce(row, at=at)
    return row


@action("library.published", may=may_write)
def publish(actor: Actor, item: Item, *, notify: bool, seen: int, at: datetime) -> None:
    """Show an item to its audience; with ``notify`` they are written to."""
    entry().about(item.audit_name)
    row = _changed(item, seen=seen, at=at)
    if row.state == ItemState.PUBLISHED:
        raise Conflict("it is published already")
    if not row.audience.exists():
        raise BadInput("it is for nobody yet", where="audience", mend="say whom it is for")
    row.state, row.published_at, row.why_withdrawn = ItemState.PUBLISHED, at, ""
    row.save(update_fields=["state", "published_at", "why_withdrawn"])
    entry().facts = {"edition": row.edition, "notify": notify, "organisations": organisations_in(actor, row).count()}
    _announce(row, at=at)
    if notify:
        owe([Owed(NOTIFY, f"library:{row.uid}:{row.version}", at, {"item": row.uid, "edition": row.edition})])


@action("library.withdrawn", may=may_write)
def withdraw(_actor: Actor, item: Item, *, why: str, seen: int, at: datetime) -> None:
    """Show an item to its audience no longer. What was read stays on record."""
    if not why.strip():
        raise BadInput("say why", where="why")
    entry().about(item.audit_name)
    row = _changed(item, seen=seen, at=at)
    if row.state != ItemState.PUBLISHED:
        raise Conflict("it is not published")
    row.state, row.why_withdrawn = ItemState.WITHDRAWN, why.strip()[:300]
    row.save(update_fields=["state", "why_withdrawn"])
    entry().facts = {"why": row.why_withdrawn}


@action("library.read", may=may_read)
def read(actor: Actor, item: Item, *, edition: int, at: datetime) -> None:
    """Say that one has read an edition. Saying it twice counts once."""
    entry().about(item.audit_name)
    entry().facts = {"edition": edition}
    row = Item.objects.select_for_update().get(pk=item.pk)
    if edition < row.read_from or edition > row.edition:
        raise Conflict("there is a newer edition", mend="read that one")
    if receipt_of(actor, row) is not None:
        return
    receipt = Receipt(
        leaf=entry().uid,
        item=row,
        edition=edition,
        reader=actor.name,
        organisation=actor.organisation or "",
        at=at,
    )
    receipt.save()
    entry().wrote(_label(Receipt), [covering.receipt_form(receipt)])


def _check(wanted: Draft) -> None:
    title = wanted.title.strip()
    if not title or len(title) > LONGEST_TITLE or not title.isprintable():
        raise BadInput("a title is one line of at most 200 characters", where="title")
    if not wanted.body.strip() or len(wanted.body) > LONGEST_BODY:
        raise BadInput(f"a text has at most {LONGEST_BODY:,} characters, and some", where="body")
    if len(wanted.files) > MOST_FILES:
        raise BadInput(f"an item has at most {MOST_FILES} files", where="attached")
    for file in wanted.files:
        if len(file.content) > LARGEST_FILE:
            raise BadInput(f"{file.name} is larger than {LARGEST_FILE // 2**20} MB", where="attached")
    if unknown := sorted(set(wanted.kinds) - set(Kind.values)):
        raise BadInput(f"there are no organisations of kind {unknown[0]}", where="kinds")
    known = set(Organisation.objects.filter(pk__in=wanted.organisations).values_list("pk", flat=True))
    if strange := sorted(set(wanted.organisations) - known):
        raise BadInput(f"there is no organisation {strange[0]}", where="organisations")


def _changed(item: Item, *, seen: int, at: datetime) -> Item:
    """Take an item up to be changed, if nobody else has since it was seen."""
    if not Item.objects.filter(pk=item.pk, version=seen).update(version=F("version") + 1, changed_at=at):
        raise Conflict("somebody else changed this item meanwhile", mend="look at it again")
    return Item.objects.select_for_update().get(pk=item.pk)


def _write_edition(
    actor: Actor,
    item: Item,
    wanted: Draft,
    *,
    number: int,
    note: str,
    is_small: bool,
    kept: Sequence[EditionFile],
    at: datetime,
) -> None:
    edition = Edition(
        leaf=entry().uid,
        item=item,
        number=number,
        title=item.title,
        body=wanted.body.replace("\r\n", "\n").replace("\x00", ""),
        note=note.strip()[:300],
        is_small=is_small,
        by=actor.name,
        at=at,
    )
    edition.save()
    entry().facts = {"edition": number}
    entry().wrote(_label(Edition), [covering.edition_form(edition)])
    attached = [(file.name, file.file_id, file.size) for file in kept]
    attached += [(_plain_name(upload.name), _keep(upload.content), len(upload.content)) for upload in wanted.files]
    for place, (name, sha256, size) in enumerate(attached, start=1):
        row = EditionFile(leaf=entry().uid, edition=edition, number=place, name=name, file_id=sha256, size=size)
        row.save()
        entry().wrote(_label(EditionFile), [covering.file_form(row)])


def _keep(content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    File.objects.bulk_create([File(sha256=sha256, size=len(content), content=content)], ignore_conflicts=True)
    return sha256


def _plain_name(name: str) -> str:
    """A name without folders and signs that a header or a file system takes for something else."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(sign if sign.isprintable() and sign not in '";%' else "_" for sign in last)[-200:] or "file"


def _set_audience(item: Item, wanted: Draft) -> None:
    Audience.objects.filter(item=item).delete()
    rows = [Audience(item=item, kind=kind) for kind in sorted(set(wanted.kinds))]
    rows += [Audience(item=item, organisation_id=one) for one in sorted(set(wanted.organisations))]
    Audience.objects.bulk_create(rows)
    entry().facts |= {"kinds": sorted(set(wanted.kinds)), "organisations": sorted(set(wanted.organisations))}


def _announce(item: Item, *, at: datetime) -> None:
    """Tell the programs of the organisations it is for, those that listen."""
    url = settings.CONFIGURATION.address.rstrip("/") + address_of(SYSTEM, item.uid)
    payload = {"item": item.uid, "kind": item.kind, "edition": item.edition, "url": url}
    meant = organisations_in(SYSTEM, item).filter(pk__in=listeners_of(PUBLISHED))
    for organisation in meant.order_by("pk").values_list("pk", flat=True):
        announce(organisation, PUBLISHED, payload, key=f"library:{item.uid}:{item.version}", at=at)


def _label(model: type[Model]) -> str:
    return model._meta.label_lower  # noqa: SLF001 -- Django documents it
