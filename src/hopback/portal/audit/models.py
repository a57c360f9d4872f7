"""The log: leaves, each inserted once and numbered once, and the checkpoints over them.

The database refuses to change or delete a row as well (see ``audit/guards.py``): what is below
only says so earlier and more clearly.
"""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from django.db import models
from django.db.models import Q

from hopback.kernel.errors import Refused

__all__ = ["AppendOnly", "AppendOnlyRows", "Checkpoint", "Head", "Leaf"]

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


def _refuse(model: type[models.Model]) -> NoReturn:
    raise Refused(f"a row of {model.__name__} is written once", mend="record the correction as a new row")


class AppendOnlyRows(models.QuerySet[Row_co, Row_co]):
    """Rows that are only ever added."""

    def update(self, **_kwargs: Any) -> NoReturn:
        """Refuse."""
        _refuse(self.model)

    def delete(self) -> NoReturn:
        """Refuse."""
        _refuse(self.model)


class AppendOnly(models.Model):
    """A row that is only ever added."""

    objects = AppendOnlyRows.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; refuse to change it."""
        if not self._state.adding:
            _refuse(type(self))
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse."""
        _refuse(type(self))


class Leaf(AppendOnly):
    """One thing that was done, or refused.

    ``body`` is the salted leaf in canonical JSON; the columns repeat what lists are asked by, and
    verification compares them. ``uid`` is what covered rows name. ``number`` and ``hash`` are set
    once, by the sealer: until then the leaf has been written but has no place in the log.
    """

    serial = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(unique=True)
    action = models.CharField(max_length=80)
    actor = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    at = models.DateTimeField()
    is_refusal = models.BooleanField(default=False)
    body = models.TextField()
    number = models.BigIntegerField(null=True, unique=True)
    hash = models.BinaryField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="leaf_numbered_with_its_hash",
                condition=Q(number__isnull=True, hash__isnull=True) | Q(number__gte=0, hash__isnull=False),
            ),
        )
        indexes = (
            models.Index(name="leaf_unsealed", fields=["serial"], condition=Q(number__isnull=True)),
            models.Index(name="leaf_subject", fields=["subject", "serial"]),
            models.Index(name="leaf_actor", fields=["actor", "at"]),
        )

    def __str__(self) -> str:
        return f"{self.number if self.number is not None else 'unsealed'} {self.action} {self.subject} by {self.actor}"


class Head(models.Model):
    """The one row the sealer locks: how many leaves are numbered, and the right edge of the tree over them."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    peaks = models.JSONField(default=list)

    class Meta:
        constraints = (models.CheckConstraint(name="head_is_one", condition=Q(id=1)),)

    def __str__(self) -> str:
        return f"log of {self.size}"


class Checkpoint(AppendOnly):
    """What the log was at one size: the root, and the signed note that says so."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"
