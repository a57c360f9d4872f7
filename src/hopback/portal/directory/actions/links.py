"""How providers hang together, as people find: merged, succeeded, affiliated, told apart; and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import F

from hopback.kernel.errors import BadInput, Conflict
from hopback.portal.audit.actions import action, entry
from hopback.portal.directory.access import may_change
from hopback.portal.directory.links import canonical
from hopback.portal.directory.models import LikelyPair, LinkKind, PairState, Provider, ProviderLink

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.likeness import Pair

__all__ = [
    "LIKENESS",
    "LINKS",
    "link_form",
    "link_providers",
    "merge_providers",
    "refresh_pairs",
    "settle_pair",
    "undo_link",
]

LINKS: Final = "directory.providerlink"
LIKENESS: Final = "directory.likeness"
"""The kind of job that looks for who looks alike."""
BATCH: Final = 500


@action("providers.linked", may=may_change)
def link_providers(
    actor: Actor, provider: Provider, other: Provider, kind: str, *, reason: str, at: datetime
) -> ProviderLink:
    """Say that one succeeds the other, is its affiliate, or is not the same. Who is the same is merged instead."""
    if kind not in (LinkKind.SUCCESSOR, LinkKind.AFFILIATE, LinkKind.DISTINCT):
        raise BadInput(f"{kind!r} is no link of this sort", where="kind")
    return _link(actor, provider, other, LinkKind(kind), reason=reason, at=at)


@action("providers.merged", may=may_change)
def merge_providers(actor: Actor, provider: Provider, into: Provider, *, reason: str, at: datetime) -> ProviderLink:
    """Say that ``provider`` is the same as ``into``: from now on its id leads there.

    Nothing is moved or deleted: both keep their rows, and :func:`undo_link` takes it back. Raises
    :class:`Conflict` where one leads to the other already.
    """
    here = Provider.objects.select_for_update().get(pk=provider.pk)
    if here.merged_into_id is not None:
        raise Conflict(f"{provider.pk} is merged into {here.merged_into_id} already", mend="undo that first")
    if canonical(into.pk) == provider.pk:
        raise Conflict(f"{into.pk} leads to {provider.pk} already", mend="undo that first")
    link = _link(actor, provider, into, LinkKind.SAME, reason=reason, at=at)
    Provider.objects.filter(pk=provider.pk).update(merged_into=into, version=F("version") + 1, changed_at=at)
    return link


@action("providers.unlinked", may=may_change)
def undo_link(actor: Actor, link: ProviderLink, *, why: str, at: datetime) -> None:
    """Take a link or a merge back; it stays to be read, with the reason."""
    if not why.strip():
        raise BadInput("no reason", where="why", mend="say why it does not hold")
    entry().about(link.audit_name)
    entry().facts = {"provider": link.provider_id, "other": link.other_id, "kind": link.kind}
    standing = ProviderLink.objects.filter(pk=link.pk, undone_at__isnull=True)
    if not standing.update(undone_at=at, undone_by=actor.name, undone_why=why.strip()):
        raise Conflict("it was taken back already")
    if link.kind == LinkKind.SAME:
        Provider.objects.filter(pk=link.provider_id).update(merged_into=None, version=F("version") + 1, changed_at=at)
    one, other = f"provider:{link.provider_id}", f"provider:{link.other_id}"
    pairs = LikelyPair.objects.filter(left__in=(one, other), right__in=(one, other))
    pairs.update(state=PairState.OPEN, settled_at=None, settled_by="", settled_why="")


@action("pairs.refreshed", may=may_change)
def refresh_pairs(_actor: Actor, found: Sequence[Pair], *, at: datetime) -> int:
    """Keep the pairs that were found; open ones that no longer look alike go. Returns how many are open."""
    keys = {(pair.left.key, pair.right.key): pair for pair in found}
    settled = set(LikelyPair.objects.filter(state=PairState.SETTLED).values_list("left", "right"))
    standing = LikelyPair.objects.filter(state=PairState.OPEN).values_list("pk", "left", "right")
    gone = [pk for pk, left, right in standing if (left, right) not in keys]
    for start in range(0, len(gone), BATCH):
        LikelyPair.objects.filter(pk__in=gone[start : start + BATCH], state=PairState.OPEN).delete()
    rows = [
        LikelyPair(
            left=left,
            right=right,
            left_name=pair.left.label[:300],
            right_name=pair.right.label[:300],
            weight=pair.weight,
            reasons=[{"code": one.code, "value": one.value, "weight": one.weight} for one in pair.reasons],
            found_at=at,
        )
        for (left, right), pair in keys.items()
        if (left, right) not in settled
    ]
    LikelyPair.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["left", "right"],
        update_fields=["left_name", "right_name", "weight", "reasons"],
        batch_size=BATCH,
    )
    entry().about("directory")
    entry().facts = {"pairs": len(rows), "gone": len(gone)}
    return len(rows)


@action("pair.settled", may=may_change)
def settle_pair(actor: Actor, pair: LikelyPair, *, why: str, at: datetime) -> None:
    """Note that somebody has looked at two that look alike and leaves them two."""
    if not why.strip():
        raise BadInput("no reason", where="why", mend="say what tells them apart")
    entry().about(pair.audit_name)
    entry().facts = {"left": pair.left, "right": pair.right}
    _settle(pair.left, pair.right, actor, why=why.strip(), at=at)


def link_form(row: ProviderLink) -> dict[str, Any]:
    """What the log answers for of a link."""
    return {
        "kind": row.kind,
        "provider": row.provider_id,
        "other": row.other_id,
        "reason": row.reason,
        "evidence": row.evidence,
        "made_at": row.made_at.isoformat(),
        "made_by": row.made_by,
    }


def _link(
    actor: Actor, provider: Provider, other: Provider, kind: LinkKind, *, reason: str, at: datetime
) -> ProviderLink:
    if not reason.strip():
        raise BadInput("no reason", where="reason", mend="say what it rests on")
    if provider.pk == other.pk:
        raise BadInput("a provider and itself", where="other", mend="name another")
    if ProviderLink.objects.filter(kind=kind, provider=provider, other=other, undone_at__isnull=True).exists():
        raise Conflict("this is on record already")
    one, two = f"provider:{provider.pk}", f"provider:{other.pk}"
    pair = LikelyPair.objects.filter(left__in=(one, two), right__in=(one, two)).first()
    row = ProviderLink.objects.create(
        kind=kind,
        provider=provider,
        other=other,
        reason=reason.strip(),
        evidence=pair.reasons if pair else [],
        made_at=at,
        made_by=actor.name,
        leaf=entry().uid,
    )
    entry().about(provider.audit_name)
    entry().facts = {"other": other.pk, "kind": kind.value}
    entry().wrote(LINKS, [link_form(row)])
    _settle(one, two, actor, why=f"{kind.value}: {reason.strip()}", at=at)
    return row


def _settle(one: str, other: str, actor: Actor, *, why: str, at: datetime) -> None:
    LikelyPair.objects.filter(left__in=(one, other), right__in=(one, other), state=PairState.OPEN).update(
        state=PairState.SETTLED, settled_at=at, settled_by=actor.name, settled_why=why
    )
