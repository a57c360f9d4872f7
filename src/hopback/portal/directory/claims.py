"""What is claimed of a provider, taken down inside an action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import BadInput
from hopback.portal.audit.actions import entry
from hopback.portal.directory.models import ClaimKind, IdentityClaim, Provider, Source
from hopback.portal.directory.names import claim_key, words
from hopback.portal.jobs.owing import owe_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

__all__ = ["SINGLE", "TABLE", "VALUE_MOST", "Claimed", "claim_form", "refresh_search", "take_down"]

TABLE: Final = "directory.identityclaim"

SINGLE: Final = frozenset({
    ClaimKind.LEGAL_NAME, ClaimKind.FRN, ClaimKind.RMD_NUMBER, ClaimKind.RMD_STATUS, ClaimKind.COUNTRY, ClaimKind.STATE,
})  # fmt: skip
"""Of which a provider has one at a time: a new one of a source replaces what that source said before."""

SEARCHED: Final = frozenset({
    ClaimKind.LEGAL_NAME, ClaimKind.DBA, ClaimKind.FORMER_NAME, ClaimKind.OCN, ClaimKind.SPC, ClaimKind.RMD_NUMBER,
    ClaimKind.FRN, ClaimKind.FILER_499,
})  # fmt: skip

VALUE_MOST: Final = 500
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Claimed:
    """One thing said of a provider, before it is taken down."""

    provider: str
    kind: str
    value: str
    source: str
    source_ref: str = ""
    valid_from: date | None = None
    valid_to: date | None = None

    def checked(self) -> Claimed:
        """Itself; raises :class:`BadInput` naming the field."""
        if self.kind not in ClaimKind.values:
            raise BadInput(f"{self.kind!r} is no kind of claim", where="kind")
        if self.source not in Source.values:
            raise BadInput(f"{self.source!r} is no source", where="source")
        if not self.value.strip():
            raise BadInput("empty", where="value", mend="say what is claimed")
        if len(self.value) > VALUE_MOST:
            raise BadInput(f"longer than {VALUE_MOST} characters", where="value")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise BadInput("ends before it begins", where="valid_to")
        return self


def take_down(claims: Sequence[Claimed], *, by: str, at: datetime) -> list[IdentityClaim]:
    """Write what is new among ``claims``; what one source says anew of a single thing replaces what it said.

    What stands already, in the same words and with the same dates, is not written again.
    """
    standing = _standing({one.provider for one in claims})
    rows: list[IdentityClaim] = []
    replaced: list[int] = []
    current = entry()
    for one in claims:
        value = " ".join(one.value.split())[:VALUE_MOST]
        said = standing.setdefault((one.provider, one.kind, one.source), [])
        if any((row.value, row.valid_from, row.valid_to) == (value, one.valid_from, one.valid_to) for row in said):
            continue
        key = claim_key(one.kind, value)
        if one.kind in SINGLE:
            replaced += [row.pk for row in said if row.pk]
            said.clear()
        row = IdentityClaim(
            provider_id=one.provider,
            kind=one.kind,
            value=value,
            key=key,
            source=one.source,
            source_ref=one.source_ref[:300],
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            seen_at=at,
            seen_by=by,
            leaf=current.uid,
        )
        rows.append(row)
        said.append(row)
    for start in range(0, len(replaced), BATCH):
        some = IdentityClaim.objects.filter(pk__in=replaced[start : start + BATCH])
        some.update(superseded_at=at, superseded_by=by, superseded_why="said anew")
    rows = IdentityClaim.objects.bulk_create(rows, batch_size=BATCH)
    current.wrote(TABLE, [claim_form(row) for row in rows])
    return rows


def claim_form(row: IdentityClaim) -> dict[str, Any]:
    """What the log answers for of a claim."""
    return {
        "provider": row.provider_id,
        "kind": row.kind,
        "value": row.value,
        "source": row.source,
        "source_ref": row.source_ref,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "seen_at": row.seen_at.isoformat(),
        "seen_by": row.seen_by,
    }


def refresh_search(providers: Iterable[str], *, at: datetime) -> None:
    """Bring what a search looks through up to date, here and in the portal's own index, and note that these changed."""
    ids = sorted(set(providers))
    owe_index("provider", ids, at=at)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        told: dict[str, list[str]] = {}
        claims = IdentityClaim.objects.filter(provider__in=some, kind__in=SEARCHED, superseded_at__isnull=True)
        for provider, value in claims.order_by("pk").values_list("provider_id", "value"):
            told.setdefault(provider, []).append(value)
        rows = list(Provider.objects.filter(pk__in=some))
        for row in rows:
            texts = (row.pk, row.legal_name, row.frn, row.ocn, row.rmd_number, *told.get(row.pk, ()))
            row.search = " | ".join(dict.fromkeys(" ".join(words(text)) for text in texts if text))
            row.changed_at = at
        Provider.objects.bulk_update(rows, ["search", "changed_at"], batch_size=BATCH)


def _standing(providers: set[str]) -> dict[tuple[str, str, str], list[IdentityClaim]]:
    found: dict[tuple[str, str, str], list[IdentityClaim]] = {}
    ids = sorted(providers)
    for start in range(0, len(ids), BATCH):
        rows = IdentityClaim.objects.filter(provider__in=ids[start : start + BATCH], superseded_at__isnull=True)
        for row in rows.order_by("pk"):
            found.setdefault((row.provider_id, row.kind, row.source), []).append(row)
    return found
