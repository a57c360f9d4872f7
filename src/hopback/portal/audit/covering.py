"""Which rows the log answers for.

An app registers a table whose rows name the leaf they were written under, with a function that gives
a row its plain JSON form. A leaf's ``rows`` is a salted digest over all of them, so that a row that
was changed, removed or slipped in is found. An app may also register a replay: a check that what it
derived from those rows still follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopback.proofs.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from uuid import UUID

    from django.db import models

__all__ = ["Covered", "cover", "covered", "replay", "replays", "rows_digest"]


@dataclass(frozen=True, slots=True)
class Covered:
    """A covered table: the model, whose ``leaf`` column names a leaf, and the JSON form of a row."""

    model: type[models.Model]
    form: Callable[[Any], dict[str, Any]]

    @property
    def name(self) -> str:
        """What the table is called in a leaf."""
        return self.model._meta.label_lower  # noqa: SLF001 -- Django documents it

    def by_leaf(self, uids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        """The rows written under each of these leaves, in the order they were written."""
        found: dict[UUID, list[dict[str, Any]]] = {}
        rows = self.model._default_manager.filter(leaf__in=uids)  # noqa: SLF001 -- Django documents it
        for row in rows.order_by("pk").iterator(chunk_size=2000):
            found.setdefault(row.leaf, []).append(self.form(row))  # type: ignore[attr-defined]  # each has the column
        return found


_covered: dict[str, Covered] = {}
_replays: dict[str, Callable[[], Iterator[str]]] = {}


def cover(model: type[models.Model], *, form: Callable[[Any], dict[str, Any]]) -> None:
    """Put a table under the log."""
    table = Covered(model, form)
    _covered[table.name] = table


def covered() -> tuple[Covered, ...]:
    """The covered tables, by name."""
    return tuple(_covered[name] for name in sorted(_covered))


def replay(name: str, check: Callable[[], Iterator[str]]) -> None:
    """Register a check that yields a sentence for each thing that does not follow from the covered rows."""
    _replays[name] = check


def replays() -> dict[str, Callable[[], Iterator[str]]]:
    """The registered checks."""
    return dict(_replays)


def rows_digest(rows: Mapping[str, Sequence[Mapping[str, Any]]], *, salt: bytes) -> str | None:
    """The digest of an action's rows, by table; None where it wrote none."""
    written = {name: list(some) for name, some in rows.items() if some}
    return digest(written, salt=salt) if written else None
