"""A provider's record: what it was asked and how it answered, rates beside counts, all in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Final

from django.db.models import Count, Q

from hopback.kernel.errors import NotFound
from hopback.portal.directory.access import providers_of
from hopback.portal.mitigations.access import actions_of
from hopback.portal.tracebacks.access import hops_of, tracebacks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider
    from hopback.portal.tracebacks.models import Hop

__all__ = ["Quarter", "Rate", "Record", "record_of"]

BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any request: a span that the index of records serves, where "is not null" would not."""

QUARTERS: Final = 6
CAMPAIGNS: Final = 10
YEAR: Final = timedelta(days=365)
ANSWERED: Final = ("answered", "late_answered", "needs_info", "accepted", "redirected", "disputed")
HELD: Final = ("superseded", "cancelled")


@dataclass(frozen=True, slots=True)
class Rate:
    """A count, and what it is a share of."""

    count: int
    of: int

    @property
    def percent(self) -> float | None:
        """The share in percent; None of nothing."""
        return 100 * self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of a year: requests sent, those late or not answered, tracebacks that began there."""

    name: str
    asked: int
    late: Rate
    origins: int


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of how a provider answers. ``withdrawn`` requests count for nothing."""

    provider: Provider
    asked: int
    answered: Rate
    late: Rate
    silent: Rate
    waiting: int
    withdrawn: int
    median_s: int | None
    p90_s: int | None
    origin: Rate
    entry: Rate
    transit: Rate
    campaigns: list[tuple[str, int]]
    actions: list[tuple[str, int]]
    quarters: list[Quarter]


def record_of(actor: Actor, provider_id: str, *, at: datetime) -> Record:
    """A provider's record; :class:`NotFound` where the actor may not see that there is such a provider."""
    provider = providers_of(actor).filter(pk=provider_id).first()
    if provider is None:
        raise NotFound("there is no such provider")
    hops = hops_of(actor).filter(provider=provider_id, sent_at__gte=BEGINNING)
    by_state = hops.values("state").order_by().annotate(count=Count("pk"), late=Count("pk", filter=Q(is_late=True)))
    counted = {row["state"]: (row["count"], row["late"]) for row in by_state}
    withdrawn = sum(counted.get(state, (0, 0))[0] for state in HELD)
    asked = sum(count for count, _ in counted.values()) - withdrawn
    answered = sum(counted.get(state, (0, 0))[0] for state in ANSWERED)
    silent = counted.get("non_responsive", (0, 0))[0]
    late = sum(late for state, (_, late) in counted.items() if state not in HELD)
    seen = tracebacks_of(actor)
    origins = seen.filter(origin_provider=provider_id)
    campaigns = origins.filter(proposed_at__gte=at - YEAR).exclude(campaign="").values("campaign").order_by()
    taken = actions_of(actor).filter(provider=provider_id).values("kind").order_by().annotate(count=Count("pk"))
    median, p90 = _quantiles(hops_of(actor).filter(provider=provider_id, clock_s__isnull=False), (0.5, 0.9))
    return Record(
        provider=provider,
        asked=asked,
        answered=Rate(answered, asked),
        late=Rate(late, asked),
        silent=Rate(silent, asked),
        waiting=asked - answered - silent,
        withdrawn=withdrawn,
        median_s=median,
        p90_s=p90,
        origin=Rate(origins.count(), asked),
        entry=Rate(seen.filter(point_of_entry=provider_id).count(), asked),
        transit=Rate(hops.filter(upstream__gt="").count(), asked),
        campaigns=[
            (row["campaign"], row["count"])
            for row in campaigns.annotate(count=Count("pk")).order_by("-count", "campaign")[:CAMPAIGNS]
        ],
        actions=[(row["kind"], row["count"]) for row in taken.order_by("-count", "kind")],
        quarters=list(_quarters(actor, provider_id, at=at)),
    )


def _quantiles(timed: QuerySet[Hop], shares: Sequence[float]) -> list[int | None]:
    """The nearest-rank quantiles of how long first answers took on the office's clock, from the index alone."""
    count = timed.count()
    if not count:
        return [None] * len(shares)
    ranks = [min(count - 1, max(0, ceil(share * count) - 1)) for share in shares]
    seconds = timed.order_by("clock_s").values_list("clock_s", flat=True)
    return [seconds[rank] for rank in ranks]


def _quarters(actor: Actor, provider_id: str, *, at: datetime) -> list[Quarter]:
    found = []
    year, quarter = at.year, (at.month - 1) // 3
    for _ in range(QUARTERS):
        start = datetime(year, 3 * quarter + 1, 1, tzinfo=UTC)
        end = datetime(year + (quarter == 3), 3 * ((quarter + 1) % 4) + 1, 1, tzinfo=UTC)  # noqa: PLR2004 -- the last
        sent = hops_of(actor).filter(provider=provider_id, sent_at__gte=start, sent_at__lt=end)
        told = sent.exclude(state__in=HELD).aggregate(
            asked=Count("sent_at"), late=Count("sent_at", filter=Q(is_late=True))
        )
        began = tracebacks_of(actor).filter(origin_provider=provider_id, proposed_at__gte=start, proposed_at__lt=end)
        found.append(Quarter(f"{year} Q{quarter + 1}", told["asked"], Rate(told["late"], told["asked"]), began.count()))
        year, quarter = (year, quarter - 1) if quarter else (year - 1, 3)
    return found
