"""What the public registry says of the directory's providers, joined by FRN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hopback.portal.directory.claims import Claimed, take_down
from hopback.portal.directory.models import (
    ClaimKind,
    Provider,
    RegistryRecord,
    RegistrySnapshot,
    RegistryStatus,
    Source,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["latest_snapshot", "refresh_standing"]

BATCH: Final = 500


def latest_snapshot() -> RegistrySnapshot | None:
    """The export that stands for the latest day."""
    return RegistrySnapshot.objects.order_by("-as_of").first()


def refresh_standing(ids: Iterable[str] | None = None, *, at: datetime) -> set[str]:
    """Bring ``rmd_status`` and ``rmd_number`` of these providers, or of all, up to date with the latest export.

    Listed: its FRN is in the latest export. Removed: it was in an earlier one. Missing: it never was.
    Not known: the provider has no FRN here, or there is no export. What changes is taken down as a claim
    of the registry's. Belongs into an action; returns which changed.
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
    listed = dict(RegistryRecord.objects.filter(snapshot=latest, frn__in=frns).values_list("frn", "number"))
    earlier = RegistryRecord.objects.filter(frn__in=frns - listed.keys(), snapshot__as_of__lt=latest.as_of)
    # of several exports the latest gives the number it had
    had = dict(earlier.order_by("snapshot__as_of").values_list("frn", "number"))
    changed: list[Provider] = []
    claims: list[Claimed] = []
    ref = f"export of {latest.as_of.isoformat()}"
    for row in some:
        before = (row.rmd_status, row.rmd_number)
        if not row.frn:
            row.rmd_status, row.rmd_number = RegistryStatus.UNKNOWN, ""
        elif row.frn in listed:
            row.rmd_status, row.rmd_number = RegistryStatus.LISTED, listed[row.frn]
        elif row.frn in had:
            row.rmd_status, row.rmd_number = RegistryStatus.REMOVED, had[row.frn]
        else:
            row.rmd_status, row.rmd_number = RegistryStatus.MISSING, ""
        row.rmd_checked_at = at
        if (row.rmd_status, row.rmd_number) != before:
            changed.append(row)
            claims.append(Claimed(row.pk, ClaimKind.RMD_STATUS, row.rmd_status, Source.RMD, ref))
            if row.rmd_number:
                claims.append(Claimed(row.pk, ClaimKind.RMD_NUMBER, row.rmd_number, Source.RMD, ref))
    Provider.objects.bulk_update(some, ["rmd_status", "rmd_number", "rmd_checked_at"], batch_size=BATCH)
    take_down(claims, by=f"registry {latest.as_of}", at=at)
    return {row.pk for row in changed}
