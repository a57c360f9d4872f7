"""Providers, and what is claimed of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import F

from hopback.kernel.errors import BadInput, Conflict, NotFound, Refused
from hopback.portal.accounts.models import Kind, Organisation
from hopback.portal.audit.actions import action, entry
from hopback.portal.directory.access import is_keeper, may_change, may_state
from hopback.portal.directory.claims import Claimed, refresh_search, take_down
from hopback.portal.directory.models import ClaimKind, IdentityClaim, Provider, Source
from hopback.portal.directory.sheets import check_provider
from hopback.portal.directory.standing import refresh_standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.sheets import ProviderSheet

__all__ = [
    "OWN_KINDS",
    "ProviderDraft",
    "add_provider",
    "change_provider",
    "import_providers",
    "state_claims",
    "supersede_claim",
]

ROW: Final = {
    "legal_name": ClaimKind.LEGAL_NAME,
    "country": ClaimKind.COUNTRY,
    "state": ClaimKind.STATE,
    "frn": ClaimKind.FRN,
    "ocn": ClaimKind.OCN,
}
"""What the row keeps for speed, and the claim each stands for."""

OWN_KINDS: Final = (
    ClaimKind.LEGAL_NAME,
    ClaimKind.DBA,
    ClaimKind.FORMER_NAME,
    ClaimKind.FRN,
    ClaimKind.OCN,
    ClaimKind.SPC,
    ClaimKind.FILER_499,
    ClaimKind.ADDRESS,
    ClaimKind.PHONE,
    ClaimKind.MAILBOX,
    ClaimKind.WEBSITE,
    ClaimKind.PRINCIPAL,
)
"""What a provider may say of itself. It is taken down as its word; the entry is the consortium's."""


@dataclass(frozen=True, slots=True)
class ProviderDraft:
    """A provider's entry as somebody wants it, and where that comes from."""

    id: str
    legal_name: str
    country: str
    time_zone: str
    frn: str = ""
    ocn: str = ""
    state: str = ""
    answers: str = "agent"
    source: str = Source.ANALYST
    source_ref: str = ""

    def row(self) -> Provider:
        """The row; raises :class:`BadInput` naming the field that will not do."""
        cells = {
            "provider_id": self.id,
            "legal_name": self.legal_name.strip(),
            "country": self.country.strip().upper(),
            "frn": self.frn.strip(),
            "ocn": self.ocn.strip().upper(),
            "time_zone": self.time_zone.strip(),
            "answers": self.answers,
        }
        row = check_provider(cells)
        row.state = self.state.strip()[:40]
        return row


@action("directory.imported", may=may_change)
def import_providers(actor: Actor, sheet: ProviderSheet, *, at: datetime) -> int:
    """Take over a sheet: new providers are added, known ones brought up to date. Returns how many are in it."""
    entry().about("directory")
    entry().facts = {"providers": len(sheet.providers), "sha256": sheet.sha256}
    fields = ["legal_name", "country", "frn", "ocn", "time_zone", "answers"]
    before = _codes_now([row.pk for row in sheet.providers])
    for row in sheet.providers:
        row.added_at = at
    Provider.objects.bulk_create(
        sheet.providers, update_conflicts=True, unique_fields=["id"], update_fields=fields, batch_size=500
    )
    _as_organisations(sheet.providers)
    said = f"sha256:{sheet.sha256}"
    ids = {row.pk for row in sheet.providers}
    claims = [one for row in sheet.providers for one in _claims(row, source=Source.SHEET, ref=said)]
    _end_codes(before, sheet.providers, by=actor.name, at=at)
    take_down(claims, by=actor.name, at=at)
    refresh_standing(ids, at=at)
    refresh_search(ids, at=at)
    return len(sheet.providers)


@action("provider.added", may=may_change)
def add_provider(actor: Actor, draft: ProviderDraft, *, at: datetime) -> Provider:
    """Add one provider. Raises :class:`Conflict` if there is one of that id."""
    row = draft.row()
    row.added_at = at
    entry().about(row.audit_name)
    entry().facts = {"legal_name": row.legal_name}
    if Provider.objects.filter(pk=row.pk).exists():
        raise Conflict(f"there is a provider {row.pk} already", where="id", mend="choose another id")
    row.save(force_insert=True)
    _as_organisations([row])
    take_down(_claims(row, source=draft.source, ref=draft.source_ref), by=actor.name, at=at)
    refresh_standing({row.pk}, at=at)
    refresh_search({row.pk}, at=at)
    row.refresh_from_db()
    return row


@action("provider.changed", may=may_change)
def change_provider(actor: Actor, provider: Provider, draft: ProviderDraft, *, seen: int, at: datetime) -> Provider:
    """Bring an entry up to date; what it said before stays among the claims.

    ``seen`` is the version that was looked at; raises :class:`Conflict` if it has changed since.
    """
    entry().about(provider.audit_name)
    row = draft.row()
    if row.pk != provider.pk:
        raise BadInput("an id stays as it is", where="id")
    names = (*ROW, "time_zone", "answers")
    before = Provider.objects.get(pk=provider.pk)
    changed = {name: [getattr(before, name), getattr(row, name)] for name in names}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    values = {name: getattr(row, name) for name in names}
    if not Provider.objects.filter(pk=provider.pk, version=seen).update(**values, version=F("version") + 1):
        raise Conflict("the entry was changed meanwhile", mend="look at it as it is now, and say it again")
    entry().facts = {"changed": changed}
    _as_organisations([row])
    if "ocn" in changed:
        _end_codes({row.pk: before.ocn}, [row], by=actor.name, at=at)
    claims = [one for one in _claims(row, source=draft.source, ref=draft.source_ref) if _column(one.kind) in changed]
    if "legal_name" in changed:
        old = changed["legal_name"][0]
        claims.append(Claimed(row.pk, ClaimKind.FORMER_NAME, old, draft.source, draft.source_ref, valid_to=at.date()))
    take_down(claims, by=actor.name, at=at)
    refresh_standing({row.pk}, at=at)
    refresh_search({row.pk}, at=at)
    return Provider.objects.get(pk=row.pk)


@action("claim.stated", may=may_state)
def state_claims(actor: Actor, provider: Provider, claims: Sequence[Claimed], *, at: datetime) -> list[IdentityClaim]:
    """Take down what is said of a provider. A provider speaks of itself, and under its own name."""
    entry().about(provider.audit_name)
    for one in claims:
        one.checked()
        if one.provider != provider.pk:
            raise BadInput("a claim about somebody else", where="provider")
        if not is_keeper(actor) and (one.source != Source.SELF or one.kind not in OWN_KINDS):
            raise Refused("a provider says what it is, as its own word", where=one.kind)
    rows = take_down(claims, by=actor.name, at=at)
    entry().facts = {"kinds": sorted({row.kind for row in rows})}
    refresh_search({provider.pk}, at=at)
    return rows


@action("claim.superseded", may=may_change)
def supersede_claim(actor: Actor, claim: IdentityClaim, *, why: str, at: datetime) -> None:
    """Let a claim stand no longer; it stays to be read. Raises :class:`Conflict` if it does not stand."""
    entry().about(f"provider:{claim.provider_id}")
    entry().facts = {"claim": claim.pk, "kind": claim.kind, "why": why}
    if not why.strip():
        raise BadInput("no reason", where="why", mend="say why it stands no longer")
    standing = IdentityClaim.objects.filter(pk=claim.pk, superseded_at__isnull=True)
    if not standing.update(superseded_at=at, superseded_by=actor.name, superseded_why=why.strip()[:300]):
        if not IdentityClaim.objects.filter(pk=claim.pk).exists():
            raise NotFound("there is no such claim")
        raise Conflict("it stood no longer already", mend="look at the claims as they are now")
    refresh_search({claim.provider_id}, at=at)


def _claims(row: Provider, *, source: str, ref: str) -> list[Claimed]:
    return [Claimed(row.pk, kind, value, source, ref) for name, kind in ROW.items() if (value := getattr(row, name))]


def _column(kind: str) -> str:
    return next(name for name, one in ROW.items() if one == kind)


def _end_codes(before: Mapping[str, str], rows: Sequence[Provider], *, by: str, at: datetime) -> None:
    """The OCN that a row had ``before`` and has no longer stands no longer; further ones of the provider do."""
    gone = {row.pk: old for row in rows if (old := before.get(row.pk, "")) and old != row.ocn}
    ids = sorted(gone)
    for start in range(0, len(ids), 500):
        claims = IdentityClaim.objects.filter(
            provider__in=ids[start : start + 500],
            kind=ClaimKind.OCN,
            source__in=(Source.SHEET, Source.ANALYST),
            superseded_at__isnull=True,
        )
        ended = [claim.pk for claim in claims if claim.key == gone[claim.provider_id].upper()]
        IdentityClaim.objects.filter(pk__in=ended).update(
            superseded_at=at, superseded_by=by, superseded_why="said anew"
        )


def _codes_now(ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(ids), 500):
        found |= dict(Provider.objects.filter(pk__in=ids[start : start + 500]).values_list("pk", "ocn"))
    return found


def _as_organisations(rows: Sequence[Provider]) -> None:
    Organisation.objects.bulk_create(
        [Organisation(id=row.id, name=row.legal_name, kind=Kind.PROVIDER) for row in rows],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name"],
        batch_size=500,
    )
