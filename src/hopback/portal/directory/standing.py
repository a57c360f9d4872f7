"""What the public registry says of the directory's providers, joined by FRN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hopback.portal.directory.claims import VALUE_MOST, Claimed, take_down
from hopback.portal.directory.files.registry import split_names
from hopback.portal.directory.models import (
    ClaimKind,
    IdentityClaim,
    Provider,
    RegistryRecord,
    RegistrySnapshot,
    RegistryStatus,
    Source,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

__all__ = ["latest_snapshot", "refresh_standing"]

BATCH: Final = 500
NAMES_MOST: Final = 40
"""Names of one sort taken from an entry; a few list hundreds of towns."""

SEVERAL: Final = (
    ClaimKind.DBA,
    ClaimKind.FORMER_NAME,
    ClaimKind.ADDRESS,
    ClaimKind.PRINCIPAL,
    ClaimKind.PHONE,
    ClaimKind.MAILBOX,
)
"""Of which a provider may have several at a time, so that a new one does not by itself end an old one."""


def latest_snapshot() -> RegistrySnapshot | None:
    """The export that stands for the latest day."""
    return RegistrySnapshot.objects.order_by("-as_of").first()


def refresh_standing(ids: Iterable[str] | None = None, *, at: datetime) -> set[str]:
    """Bring ``rmd_status`` and ``rmd_number`` of these providers, or of all, up to date with the latest export.

    Listed: its FRN is in the latest export. Removed: it was in an earlier one. Missing: it never was.
    Not known: the provider has no FRN here, or there is no export. What its entry says (names, address,
    contact) is taken down as claims of the registry's; what it says no longer stands no longer. Belongs into
    an action; returns which changed.
    """
    latest = latest_snapshot()
    if latest is None:
        return set()
    rows = Provider.objects.only("pk", "frn", "rmd_status", "rmd_number")
    wanted = sorted(ids) if ids is not None else list(rows.order_by("pk").values_list("pk", flat=True))
    changed: set[str] = set()
    for start in range(0, len(wanted), BATCH):
        some = list(rows.filter(pk__in=wanted[start : start + BATCH]))
        changed |= _refresh(some, latest, at=at)
    return changed


def _refresh(some: list[Provider], latest: RegistrySnapshot, *, at: datetime) -> set[str]:
    frns = {row.frn for row in some if row.frn}
    listed = {row.frn: row for row in RegistryRecord.objects.filter(snapshot=latest, frn__in=frns).defer("text")}
    earlier = RegistryRecord.objects.filter(frn__in=frns - listed.keys(), snapshot__as_of__lt=latest.as_of)
    # of several exports the latest gives the number it had
    had = dict(earlier.order_by("snapshot__as_of").values_list("frn", "number"))
    claims: list[Claimed] = []
    changed: set[str] = set()
    ref = f"export of {latest.as_of.isoformat()}"
    for row in some:
        before = (row.rmd_status, row.rmd_number)
        if not row.frn:
            row.rmd_status, row.rmd_number = RegistryStatus.UNKNOWN, ""
        elif row.frn in listed:
            row.rmd_status, row.rmd_number = RegistryStatus.LISTED, listed[row.frn].number
            claims += [Claimed(row.pk, kind, value, Source.RMD, ref) for kind, value in _told(listed[row.frn])]
        elif row.frn in had:
            row.rmd_status, row.rmd_number = RegistryStatus.REMOVED, had[row.frn]
        else:
            row.rmd_status, row.rmd_number = RegistryStatus.MISSING, ""
        row.rmd_checked_at = at
        if (row.rmd_status, row.rmd_number) != before:
            changed.add(row.pk)
            claims.append(Claimed(row.pk, ClaimKind.RMD_STATUS, row.rmd_status, Source.RMD, ref))
            if row.rmd_number:
                claims.append(Claimed(row.pk, ClaimKind.RMD_NUMBER, row.rmd_number, Source.RMD, ref))
    Provider.objects.bulk_update(some, ["rmd_status", "rmd_number", "rmd_checked_at"], batch_size=BATCH)
    by = f"registry {latest.as_of}"
    changed |= _end_what_is_told_no_longer(claims, by=by, at=at)
    return changed | {row.provider_id for row in take_down(claims, by=by, at=at)}


def _told(record: RegistryRecord) -> list[tuple[str, str]]:
    """What an entry says of its provider, as claims: everything but what the join itself says."""
    told = [
        (ClaimKind.LEGAL_NAME, record.name),
        (ClaimKind.STATE, record.state),
        (ClaimKind.ADDRESS, record.address),
        (ClaimKind.PRINCIPAL, record.contact_name),
        (ClaimKind.PHONE, record.contact_phone),
        (ClaimKind.MAILBOX, record.contact_mailbox),
        *((ClaimKind.DBA, name) for name in split_names(record.dbas)[:NAMES_MOST]),
        *((ClaimKind.FORMER_NAME, name) for name in split_names(record.former_names)[:NAMES_MOST]),
    ]
    return [(kind.value, " ".join(value.split())[:VALUE_MOST]) for kind, value in told if value.strip()]


def _end_what_is_told_no_longer(claims: Sequence[Claimed], *, by: str, at: datetime) -> set[str]:
    """What earlier exports said of those that are listed, and this one does not. Returns whose claims ended."""
    told = {(one.provider, one.kind, one.value) for one in claims}
    listed = {one.provider for one in claims if one.kind == ClaimKind.LEGAL_NAME}
    standing = IdentityClaim.objects.filter(
        provider__in=listed, source=Source.RMD, kind__in=SEVERAL, superseded_at__isnull=True
    ).values_list("pk", "provider_id", "kind", "value")
    gone = {pk: provider for pk, provider, kind, value in standing if (provider, kind, value) not in told}
    ended = list(gone)
    for start in range(0, len(ended), BATCH):
        IdentityClaim.objects.filter(pk__in=ended[start : start + BATCH]).update(
            superseded_at=at, superseded_by=by, superseded_why="no longer in the export"
        )
    return set(gone.values())
