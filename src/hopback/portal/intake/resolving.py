"""Who is asked first about a sample: what the directory finds, what the sample claims, and how each is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from hopback.portal.directory.access import providers_of
from hopback.portal.directory.resolving import Resolution, plain, resolve

if TYPE_CHECKING:
    from datetime import date

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider
    from hopback.portal.intake.models import CallSample

__all__ = ["FirstAsked", "call_day", "first_asked", "how_of", "provider_named"]


@dataclass(frozen=True, slots=True)
class FirstAsked:
    """Who could be asked first. ``resolution`` is the directory's, ``claimed`` the provider the sample names."""

    resolution: Resolution
    claimed: Provider | None

    @property
    def found(self) -> Provider | None:
        """The provider that the directory leads to, where no person has to decide."""
        return None if self.resolution.needs_person else self.resolution.provider

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Whom a person may choose, by id, the best known first."""
        listed = []
        if self.found is not None:
            listed.append((self.found.pk, f"{self.found.legal_name}: the directory finds it"))
        if self.resolution.needs_person and self.resolution.provider is not None:
            row = self.resolution.provider
            listed.append((row.pk, f"{row.legal_name}: the carrier beneath; a person decides"))
        if self.claimed is not None and self.claimed.pk not in {pk for pk, _ in listed}:
            listed.append((self.claimed.pk, f"{self.claimed.legal_name}: the sample says so"))
        return listed

    @property
    def is_contradicted(self) -> bool:
        """Whether the sample names another provider than the directory finds."""
        return self.found is not None and self.claimed is not None and self.claimed.pk != self.found.pk


def call_day(sample: CallSample) -> date:
    """The day of the call where it was received."""
    return sample.call_start.astimezone(ZoneInfo(sample.call_start_zone)).date()


def first_asked(actor: Actor, sample: CallSample) -> FirstAsked:
    """Who serves a sample's called number, as far as is known."""
    return FirstAsked(resolve(sample.called, on=call_day(sample)), provider_named(actor, sample.terminating))


def provider_named(actor: Actor, text: str) -> Provider | None:
    """The one provider of the directory that has this id, or else this legal name; None if none or several do."""
    if not text.strip() or not text.isprintable():
        return None
    rows = providers_of(actor).filter(Q(pk=text.strip()) | Q(legal_name__iexact=text.strip()))
    found = list(rows.order_by("pk")[:3])
    exact = [row for row in found if row.pk == text.strip()]
    return exact[0] if exact else found[0] if len(found) == 1 else None


def how_of(first: FirstAsked, provider: str) -> dict[str, Any]:
    """How it is known that this provider is to be asked, to be kept with the sample."""
    if first.found is not None and first.found.pk == provider:
        return {"how": "directory", "resolution": plain(first.resolution)}
    if first.claimed is not None and first.claimed.pk == provider:
        return {"how": "claimed", "resolution": plain(first.resolution)}
    return {"how": "person", "resolution": plain(first.resolution)}
