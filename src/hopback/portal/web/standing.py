"""How providers stand over a period: what is counted, against which thresholds, and every step people took.

A machine proposes a closer look and never takes one (domain B.3). Counts are always beside what they are a share of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Q

from hopback.kernel.findings import STANDING_STEPS, Standing
from hopback.portal.audit.actors import READERS, Actor, Role
from hopback.portal.tracebacks.access import hops_of, tracebacks_of
from hopback.portal.tracebacks.policies import current_policy, terms_of
from hopback.portal.web.filters import provider_names
from hopback.portal.web.models import ProviderReply, StandingStep

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from hopback.portal.tracebacks.policies import Thresholds

__all__ = [
    "TOLD",
    "Counts",
    "Proposal",
    "counts_of",
    "next_of",
    "proposals_of",
    "replies_of",
    "standing_of",
    "steps_of",
]

TOLD = frozenset(
    {
        Standing.UNDER_REVIEW,
        Standing.NON_RESPONSIVE_PERIOD,
        Standing.REPEAT_ORIGIN,
        Standing.NON_COOPERATIVE,
        Standing.APPEALED,
        Standing.UPHELD,
        Standing.WITHDRAWN,
    }
)
"""The standings a provider is told of. That somebody watches is the consortium's own note."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted of a provider over the days of the thresholds, and the thresholds."""

    days: int
    asked: int
    silent: int
    late: int
    origins: int
    campaigns: int
    thresholds: Thresholds
    policy: str

    @property
    def silent_share(self) -> float:
        """The share of requests asked that were found not answered."""
        return self.silent / self.asked if self.asked else 0.0

    @property
    def is_silent(self) -> bool:
        """Whether the thresholds for silence are reached: count and share, both."""
        limits = self.thresholds
        return self.silent >= limits.silent and self.silent_share >= limits.silent_share

    @property
    def is_origin(self) -> bool:
        """Whether the thresholds for repeated origin are reached: tracebacks and campaigns, both."""
        return self.origins >= self.thresholds.origins and self.campaigns >= self.thresholds.campaigns

    def plain(self) -> dict[str, Any]:
        """Its JSON form, as a step keeps it."""
        limits = self.thresholds
        return {
            "days": self.days,
            "asked": self.asked,
            "silent": self.silent,
            "silent_percent": round(100 * self.silent_share, 1),
            "late": self.late,
            "origins": self.origins,
            "campaigns": self.campaigns,
            "thresholds": {
                "silent": limits.silent,
                "silent_percent": round(100 * limits.silent_share, 1),
                "origins": limits.origins,
                "campaigns": limits.campaigns,
            },
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """A provider at which a person should look more closely, and what says so."""

    id: str
    name: str
    counts: Counts
    now: Standing


def steps_of(actor: Actor, provider: str) -> QuerySet[StandingStep]:
    """The steps of a provider's standing, oldest first: the consortium all, the provider those it is told of."""
    rows = StandingStep.objects.filter(provider=provider).order_by("number")
    if actor.role in READERS or actor.role is Role.SYSTEM:
        return rows
    if actor.role is Role.PROVIDER and actor.provider == provider:
        return rows.filter(now__in=[one.value for one in TOLD])
    return rows.none()


def replies_of(actor: Actor, provider: str) -> QuerySet[ProviderReply]:
    """What a provider said to the steps that an actor may see."""
    return ProviderReply.objects.filter(step__in=steps_of(actor, provider)).order_by("pk")


def standing_of(actor: Actor, provider: str) -> Standing:
    """How a provider stands, as far as the actor may see; clear before any step."""
    last = steps_of(actor, provider).last()
    return Standing(last.now) if last is not None else Standing.CLEAR


def next_of(standing: Standing) -> list[Standing]:
    """The steps that may be taken from a standing; an appeal is the provider's."""
    return sorted((one for one in STANDING_STEPS[standing] if one is not Standing.APPEALED), key=lambda one: one.value)


def counts_of(actor: Actor, provider: str, *, at: datetime) -> Counts:
    """What is counted of one provider now."""
    return _counted(actor, [provider], at=at)[provider]


def proposals_of(actor: Actor, *, at: datetime) -> list[Proposal]:
    """The providers that reach a threshold, whoever has most first."""
    policy = current_policy(at=at)
    limits = terms_of(policy.version).thresholds
    since = at - timedelta(days=limits.days)
    silent = hops_of(actor).filter(state="non_responsive", sent_at__gte=since).values("provider").order_by()
    origins = tracebacks_of(actor).filter(proposed_at__gte=since).exclude(origin_provider="")
    began = (
        origins.values("origin_provider")
        .order_by()
        .annotate(count=Count("pk"), campaigns=Count("campaign", distinct=True, filter=~Q(campaign="")))
    )
    ids = {row["provider"] for row in silent.annotate(count=Count("pk")) if row["count"] >= limits.silent}
    ids |= {
        row["origin_provider"]
        for row in began
        if row["count"] >= limits.origins and row["campaigns"] >= limits.campaigns
    }
    counted = _counted(actor, ids, at=at)
    names = provider_names(actor, ids)
    last = StandingStep.objects.filter(provider__in=ids).values("provider").order_by().annotate(last=Max("number"))
    where = Q(pk__in=[])
    for row in last:
        where |= Q(provider=row["provider"], number=row["last"])
    standings = dict(StandingStep.objects.filter(where).values_list("provider", "now")) if ids else {}
    found = [
        Proposal(one, names.get(one, one), counts, Standing(standings.get(one, Standing.CLEAR.value)))
        for one, counts in counted.items()
        if counts.is_silent or counts.is_origin
    ]
    return sorted(found, key=lambda one: (-one.counts.silent, -one.counts.origins, one.id))


def _counted(actor: Actor, providers: Any, *, at: datetime) -> dict[str, Counts]:
    policy = current_policy(at=at)
    limits = terms_of(policy.version).thresholds
    since = at - timedelta(days=limits.days)
    ids = list(providers)
    hops = hops_of(actor).filter(provider__in=ids, sent_at__gte=since).exclude(state__in=["superseded", "cancelled"])
    asked = (
        hops.values("provider")
        .order_by()
        .annotate(
            asked=Count("pk"),
            late=Count("pk", filter=Q(is_late=True)),
            silent=Count("pk", filter=Q(state="non_responsive")),
        )
    )
    told: dict[str, Any] = {row["provider"]: row for row in asked}
    origins = tracebacks_of(actor).filter(origin_provider__in=ids, proposed_at__gte=since)
    began = (
        origins.values("origin_provider")
        .order_by()
        .annotate(count=Count("pk"), campaigns=Count("campaign", distinct=True, filter=~Q(campaign="")))
    )
    origin: dict[str, Any] = {row["origin_provider"]: row for row in began}
    none: dict[str, int] = {}
    return {
        one: Counts(
            days=limits.days,
            asked=told.get(one, none).get("asked", 0),
            silent=told.get(one, none).get("silent", 0),
            late=told.get(one, none).get("late", 0),
            origins=origin.get(one, none).get("count", 0),
            campaigns=origin.get(one, none).get("campaigns", 0),
            thresholds=limits,
            policy=policy.version,
        )
        for one in ids
    }
