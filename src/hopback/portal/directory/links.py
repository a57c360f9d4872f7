"""Which provider an id stands for, after merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.portal.directory.models import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["canonical", "canonical_of", "is_same_provider"]


def canonical(provider: str) -> str:
    """The id that stands for a provider: its own, or the one a person merged it into. An unknown id is its own."""
    return canonical_of({provider})[provider]


def canonical_of(providers: Iterable[str]) -> dict[str, str]:
    """The same for many, in as many queries as the longest chain of merges has links."""
    leads = {provider: provider for provider in providers}
    at = set(leads)
    while at:
        onward = dict(Provider.objects.filter(pk__in=at, merged_into__isnull=False).values_list("pk", "merged_into_id"))
        leads = {start: onward.get(end, end) or end for start, end in leads.items()}
        at = {end for end in onward.values() if end}
    return leads


def is_same_provider(one: str, other: str) -> bool:
    """Whether two ids stand for one provider."""
    leads = canonical_of({one, other})
    return leads[one] == leads[other]
