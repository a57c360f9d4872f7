"""What the consortium's people keep for their own work: filters, and the index they search in."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hopback.portal.accounts.models import User

__all__ = ["SavedFilter", "SearchEntry"]


class SavedFilter(models.Model):
    """A filter of the list of tracebacks that somebody keeps under a name.

    ``query`` is the list's query string in its one normal form. Whoever is of the consortium may use it when
    ``is_shared``; only its owner changes it.
    """

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="filters")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000, blank=True)
    is_shared = models.BooleanField(default=False)
    kept_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="filter_once_a_name", fields=["owner", "name"]),
            models.CheckConstraint(name="filter_has_a_name", condition=~Q(name="")),
        )

    def __str__(self) -> str:
        return f"{self.name} of {self.owner_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"filter:{self.pk}"


class SearchEntry(models.Model):
    """The words of one thing, for one audience, as the gate showed it when they were taken down.

    ``audience`` is ``consortium`` or ``provider:`` and the id of the one that may find it; ``kind`` says what it is,
    ``key`` which (``T…``, ``R…``, a provider's id …). ``scope`` stands for the audience and, for the consortium,
    the jurisdiction in one word, so that the index itself keeps others' rows out. ``title_words`` and ``words`` are
    title and body as they are searched; both databases keep an index of them beside the table (see the migrations).
    """

    id = models.BigAutoField(primary_key=True)
    audience = models.CharField(max_length=80)
    jurisdiction = models.CharField(max_length=8, default="us")
    scope = models.CharField(max_length=20)
    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=64)
    title = models.TextField()
    body = models.TextField(blank=True)
    title_words = models.TextField()
    words = models.TextField(blank=True)
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(name="search_once", fields=["audience", "kind", "key"]),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key} for {self.audience}"
