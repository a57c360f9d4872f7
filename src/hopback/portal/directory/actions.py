"""Every write to the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.portal.accounts.models import Kind, Organisation
from hopback.portal.audit.actions import action, entry
from hopback.portal.directory.access import may_change
from hopback.portal.directory.models import Provider

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.sheets import ProviderSheet

__all__ = ["import_providers"]


@action("directory.imported", may=may_change)
def import_providers(_actor: Actor, sheet: ProviderSheet, *, at: datetime) -> int:  # noqa: ARG001 -- recorded by the decorator
    """Take over a sheet: new providers are added, known ones brought up to date. Returns how many are in it."""
    entry().about("directory")
    entry().facts = {"providers": len(sheet.providers), "sha256": sheet.sha256}
    fields = ["legal_name", "country", "frn", "ocn", "time_zone", "answers"]
    Provider.objects.bulk_create(
        sheet.providers, update_conflicts=True, unique_fields=["id"], update_fields=fields, batch_size=500
    )
    Organisation.objects.bulk_create(
        [Organisation(id=row.id, name=row.legal_name, kind=Kind.PROVIDER) for row in sheet.providers],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name"],
        batch_size=500,
    )
    return len(sheet.providers)
