"""The public registry: searched, and compared between two exports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from hopback.portal.directory.files.registry import FIELDS
from hopback.portal.directory.models import Provider, RegistryRecord, RegistrySnapshot
from hopback.portal.directory.names import words
from hopback.portal.directory.standing import latest_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Change", "ChangeKind", "Difference", "compare", "providers_by_frn", "record_of", "search_registry"]

BATCH: Final = 500


class ChangeKind(StrEnum):
    """What happened to an entry between two exports; an entry may be under several."""

    NEW = "new"
    GONE = "gone"
    RENAMED = "renamed"
    FRN = "frn"
    ROLES = "roles"
    IMPLEMENTATION = "implementation"
    CONTACT = "contact"
    RECERTIFIED = "recertified"
    UPDATED = "updated"
    OTHER = "other"


KINDS: Final = {
    "frn": ChangeKind.FRN,
    "name": ChangeKind.RENAMED,
    "dbas": ChangeKind.RENAMED,
    "former_names": ChangeKind.RENAMED,
    "is_foreign": ChangeKind.ROLES,
    "is_voice_provider": ChangeKind.ROLES,
    "is_gateway": ChangeKind.ROLES,
    "is_intermediate": ChangeKind.ROLES,
    "implementation": ChangeKind.IMPLEMENTATION,
    "address": ChangeKind.CONTACT,
    "contact_name": ChangeKind.CONTACT,
    "contact_phone": ChangeKind.CONTACT,
    "contact_mailbox": ChangeKind.CONTACT,
    "updated_on": ChangeKind.UPDATED,
    "recertified_on": ChangeKind.RECERTIFIED,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry, before and after, as text."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What happened to one entry."""

    number: str
    frn: str
    name: str
    kinds: tuple[ChangeKind, ...]
    changes: tuple[Change, ...] = ()


def search_registry(text: str, *, limit: int = 20) -> list[RegistryRecord]:
    """Entries of the latest export that have every word of ``text``: in name, other or former names, FRN or RMD number.

    What begins with the text comes first. This is the public register and nothing else: it says nothing of
    who is a member, who answers, or who was ever traced.
    """
    snapshot = latest_snapshot()
    wanted = words(text)
    if snapshot is None or not wanted or len("".join(wanted)) < 2:  # noqa: PLR2004 -- one letter finds everybody
        return []
    rows = RegistryRecord.objects.filter(snapshot=snapshot)
    for word in wanted:
        rows = rows.filter(text__contains=word)
    phrase = " ".join(wanted)
    found = list(rows.only(*FIELDS, "snapshot", "text").order_by("name", "number")[: max(limit * 10, 200)])
    found.sort(key=lambda row: (not _begins(row, phrase), len(row.name), row.name.casefold(), row.number))
    return found[:limit]


def _begins(row: RegistryRecord, phrase: str) -> bool:
    return phrase in (row.number.casefold(), row.frn) or " ".join(words(row.name)).startswith(phrase)


def record_of(number: str, *, snapshot: RegistrySnapshot | None = None) -> RegistryRecord | None:
    """An entry by its RMD number, in one export or as it was last seen."""
    if not number.isprintable():
        return None
    rows = RegistryRecord.objects.select_related("snapshot").filter(number=number)
    rows = rows.filter(snapshot=snapshot) if snapshot else rows
    return rows.order_by("-snapshot__as_of").first()


def compare(older: RegistrySnapshot, newer: RegistrySnapshot) -> list[Difference]:
    """What happened to every entry between two exports, in the order of their RMD numbers, which join them."""
    before, after = _digests(older), _digests(newer)
    changed = [number for number, digest in after.items() if before.get(number, digest) != digest]
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    was = {row.number: row for row in _rows(older, {*changed, *gone})}
    now = {row.number: row for row in _rows(newer, {*changed, *new})}
    found = [Difference(number, row.frn, row.name, (ChangeKind.NEW,)) for number in new if (row := now[number])]
    found += [Difference(number, row.frn, row.name, (ChangeKind.GONE,)) for number in gone if (row := was[number])]
    for number in changed:
        changes = tuple(
            Change(field, _told(getattr(was[number], field)), _told(getattr(now[number], field)))
            for field in FIELDS
            if getattr(was[number], field) != getattr(now[number], field)
        )
        kinds = tuple(dict.fromkeys(KINDS.get(change.field, ChangeKind.OTHER) for change in changes))
        found.append(Difference(number, now[number].frn, now[number].name, kinds, changes))
    return sorted(found, key=lambda one: one.number)


def providers_by_frn(frns: Iterable[str]) -> dict[str, Provider]:
    """The directory's provider of each FRN, where it has one."""
    wanted = sorted({frn for frn in frns if frn})
    found: dict[str, Provider] = {}
    for start in range(0, len(wanted), BATCH):
        for provider in Provider.objects.filter(frn__in=wanted[start : start + BATCH], merged_into__isnull=True):
            found[provider.frn] = provider
    return found


def _digests(snapshot: RegistrySnapshot) -> dict[str, str]:
    return dict(RegistryRecord.objects.filter(snapshot=snapshot).values_list("number", "digest"))


def _rows(snapshot: RegistrySnapshot, numbers: set[str]) -> list[RegistryRecord]:
    wanted = sorted(numbers)
    return [
        row
        for start in range(0, len(wanted), BATCH)
        for row in RegistryRecord.objects.filter(snapshot=snapshot, number__in=wanted[start : start + BATCH])
    ]


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
