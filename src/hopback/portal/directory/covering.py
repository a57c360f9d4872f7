"""The directory's tables under the log: what was claimed, decided about numbers, and linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.portal.audit import covering
from hopback.portal.directory.actions.links import link_form
from hopback.portal.directory.actions.numbers import decision_form
from hopback.portal.directory.claims import claim_form
from hopback.portal.directory.models import IdentityClaim, LinkKind, NumberDecision, Provider, ProviderLink

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["register"]


def register() -> None:
    """Put the tables under the log, and have merges checked against the links they follow from."""
    covering.cover(IdentityClaim, form=claim_form)
    covering.cover(NumberDecision, form=decision_form)
    covering.cover(ProviderLink, form=link_form)
    covering.replay("directory", _differences)


def _differences() -> Iterator[str]:
    """A sentence for each provider that leads somewhere no standing merge says."""
    standing = ProviderLink.objects.filter(kind=LinkKind.SAME, undone_at__isnull=True)
    said = dict(standing.values_list("provider_id", "other_id"))
    leads = dict(Provider.objects.filter(merged_into__isnull=False).values_list("pk", "merged_into_id"))
    for provider in sorted(said.keys() | leads.keys()):
        if said.get(provider) != leads.get(provider):
            yield f"provider {provider} leads to {leads.get(provider)}, the links say {said.get(provider)}"
