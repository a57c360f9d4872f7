"""Who may see and do what in the intake.

The consortium sees and decides everything. A source, an agency and a provider put calls forward in their
own name; a source and an agency see their own samples and how far each is, nothing else. A provider sees
nothing of the intake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Exists, OuterRef, Q

from hopback.kernel.disclosure import disclose
from hopback.kernel.errors import NotFound, Refused
from hopback.portal.accounts.models import Kind, Membership, Part
from hopback.portal.audit.actors import READERS, Actor, Role
from hopback.portal.campaigns.access import campaigns_of, family_of
from hopback.portal.intake.models import (
    WAITING,
    CallSample,
    Move,
    Recording,
    Rejected,
    Resemblance,
    SampleImport,
    Source,
    Stage,
)
from hopback.portal.tracebacks.access import viewer_of
from hopback.portal.tracebacks.docket import load_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from hopback.kernel.disclosure import View
    from hopback.portal.campaigns.models import Campaign

__all__ = [
    "SUPPLIERS",
    "counts_of",
    "import_of",
    "imports_of",
    "may_decide_samples",
    "may_keep_sources",
    "may_supply",
    "moves_of",
    "outcomes_of_campaign",
    "queue_of",
    "recording_of",
    "recordings_of",
    "rejected_of",
    "resemblance_of",
    "resemblances_of",
    "sample_of",
    "samples_of",
    "samples_of_campaign",
    "source_id_of",
    "source_of",
    "sources_of",
    "urgent_readers",
    "views_of",
]

SUPPLIERS: Final = frozenset({Role.SOURCE, Role.AGENCY, Role.PROVIDER})
"""Who puts calls forward in its own name alone."""


def may_decide_samples(actor: Actor, _subject: Any, /) -> None:
    """The consortium's people decide."""
    if actor.role not in (Role.LEAD, Role.ANALYST):
        raise Refused(f"{actor.name} may not decide on samples", mend="ask an analyst of the consortium")


def may_keep_sources(actor: Actor, subject: Any, /) -> None:
    """The consortium's people keep what is known of sources."""
    may_decide_samples(actor, subject)


def may_supply(actor: Actor, source: Any, /) -> None:
    """The consortium for any source, everybody else for itself; ``source`` is an id."""
    name = source if isinstance(source, str) else getattr(source, "source_id", None) or getattr(source, "pk", None)
    if actor.role in (Role.LEAD, Role.ANALYST):
        return
    if actor.role not in SUPPLIERS or not actor.organisation or name != actor.organisation:
        raise Refused(f"{actor.name} may not put calls forward for {name}")


def source_id_of(actor: Actor) -> str:
    """The id under which somebody who is not of the consortium supplies samples; empty for the consortium."""
    return actor.organisation or "" if actor.role in SUPPLIERS else ""


def sources_of(actor: Actor) -> QuerySet[Source]:
    """The sources an actor may see: the consortium all, a supplier itself."""
    if actor.role in READERS:
        return Source.objects.all()
    return Source.objects.filter(pk=source_id_of(actor)) if source_id_of(actor) else Source.objects.none()


def source_of(actor: Actor, source: str) -> Source:
    """One source; :class:`NotFound` if there is none or the actor may not see it."""
    row = sources_of(actor).filter(pk=source).first() if source.isprintable() else None
    if row is None:
        raise NotFound(f"there is no source {source}")
    return row


def samples_of(actor: Actor) -> QuerySet[CallSample]:
    """The samples an actor may see: the consortium all, a supplier its own."""
    rows = CallSample.objects.select_related("source", "campaign", "traceback")
    if actor.role in READERS:
        return rows
    return rows.filter(source=source_id_of(actor)) if source_id_of(actor) else rows.none()


def queue_of(
    actor: Actor, *, stage: str = "", urgent: bool = False, source: str = "", text: str = ""
) -> QuerySet[CallSample]:
    """The samples of the queue, each told apart by whether it may be one that was put forward before.

    ``stage`` is one of :class:`Stage`, ``waiting`` for all at which a person is waited for, or ``all``.
    """
    rows = samples_of(actor) if actor.role in READERS else CallSample.objects.none()
    rows = rows.annotate(is_doubtful=Exists(Resemblance.objects.filter(later=OuterRef("pk"), verdict="")))
    if stage == "waiting":
        rows = rows.filter(stage__in=WAITING)
    elif stage in Stage.values:
        rows = rows.filter(stage=stage)
    if urgent:
        rows = rows.filter(rank=0)
    if source:
        rows = rows.filter(source=source)
    digits = "".join(one for one in text if one.isdigit())
    if digits:
        numbers = {int(digits), int(f"1{digits}")} if len(digits) <= 15 else {0}  # noqa: PLR2004 -- E.164
        rows = rows.filter(Q(called__in=numbers) | Q(calling__in=numbers))
    elif text:
        rows = rows.filter(Q(pk=text) | Q(source_record_id=text) | Q(campaign__name__icontains=text))
    return rows


def sample_of(actor: Actor, sample: str) -> CallSample:
    """One sample; :class:`NotFound` if there is none or the actor may not see it."""
    row = samples_of(actor).filter(pk=sample).first() if sample.isalnum() else None
    if row is None:
        raise NotFound(f"there is no sample {sample}")
    return row


def resemblances_of(actor: Actor, sample: CallSample) -> QuerySet[Resemblance]:
    """The pairs a sample is in, the undecided first. For the consortium alone."""
    if actor.role not in READERS:
        return Resemblance.objects.none()
    rows = Resemblance.objects.select_related(
        "later__source", "earlier__source", "later__traceback", "earlier__traceback"
    )
    return rows.filter(Q(later=sample) | Q(earlier=sample)).order_by("verdict", "pk")


def recording_of(actor: Actor, recording: int) -> Recording:
    """One recording, for the consortium alone; otherwise :class:`NotFound`."""
    rows = Recording.objects.all() if actor.role in READERS else Recording.objects.none()
    row = rows.select_related("sample").filter(pk=recording).first()
    if row is None:
        raise NotFound(f"there is no recording {recording}")
    return row


def recordings_of(actor: Actor, sample: CallSample) -> QuerySet[Recording]:
    """A sample's recordings, for the consortium alone."""
    rows = Recording.objects.all() if actor.role in READERS else Recording.objects.none()
    return rows.filter(sample=sample).order_by("pk")


def resemblance_of(actor: Actor, pair: int) -> Resemblance:
    """One pair, for the consortium alone; otherwise :class:`NotFound`."""
    rows = Resemblance.objects.all() if actor.role in READERS else Resemblance.objects.none()
    row = rows.filter(pk=pair).first()
    if row is None:
        raise NotFound(f"there is no pair {pair}")
    return row


def imports_of(actor: Actor) -> QuerySet[SampleImport]:
    """The sheets an actor may see: the consortium all, a supplier its own."""
    rows = SampleImport.objects.select_related("source")
    if actor.role in READERS:
        return rows
    return rows.filter(source=source_id_of(actor)) if source_id_of(actor) else rows.none()


def import_of(actor: Actor, sheet: int) -> SampleImport:
    """One sheet; :class:`NotFound` if there is none or the actor may not see it."""
    row = imports_of(actor).filter(pk=sheet).first()
    if row is None:
        raise NotFound(f"there is no import {sheet}")
    return row


def rejected_of(actor: Actor, sheet: SampleImport) -> QuerySet[Rejected]:
    """The lines of a sheet that were not taken over."""
    return Rejected.objects.filter(sheet__in=imports_of(actor).filter(pk=sheet.pk)).order_by("line")


def samples_of_campaign(actor: Actor, campaign: Campaign) -> QuerySet[CallSample]:
    """The samples of a campaign and of all that were merged into it."""
    if not campaigns_of(actor).filter(pk=campaign.pk).exists():
        return CallSample.objects.none()
    return samples_of(actor).filter(campaign__in=[one.pk for one in family_of(campaign)])


def moves_of(actor: Actor, campaign: Campaign) -> QuerySet[Move]:
    """The movings of samples away from a campaign or to it, the newest first."""
    if not campaigns_of(actor).filter(pk=campaign.pk).exists():
        return Move.objects.none()
    return (
        Move.objects.select_related("origin", "target")
        .filter(Q(origin=campaign) | Q(target=campaign))
        .order_by("-at", "-pk")
    )


def views_of(actor: Actor, samples: Iterable[CallSample]) -> dict[str, View]:
    """What the gate shows an actor of the tracebacks of these samples, by the sample's id."""
    listed = list(samples)
    dockets = load_all({row.traceback_id for row in listed})
    shown: dict[str, View] = {}
    for row in listed:
        try:
            shown[row.pk] = disclose(dockets[row.traceback_id].trace, to=viewer_of(actor))
        except NotFound:
            continue
    return shown


def outcomes_of_campaign(actor: Actor, campaign: Campaign) -> list[dict[str, Any]]:
    """How many tracebacks of a campaign are in each state and came to each outcome."""
    rows = samples_of_campaign(actor, campaign).select_related(None)
    by = ("traceback__state", "traceback__outcome")
    return list(rows.order_by(*by).values(*by).annotate(samples=Count("pk")))


def counts_of(
    actor: Actor, *, by: Sequence[str], source: str = "", since: datetime | None = None
) -> list[dict[str, Any]]:
    """How many samples there are for each combination of these columns: what shows how samples are chosen.

    ``by`` names columns of the sample, such as ``source__kind``, ``stage`` and ``decline_code``.
    """
    rows = CallSample.objects.all() if actor.role in READERS else CallSample.objects.none()
    if source:
        rows = rows.filter(source=source)
    if since is not None:
        rows = rows.filter(received_at__gte=since)
    return list(rows.order_by(*by).values(*by).annotate(samples=Count("pk")))


def urgent_readers(*, at: datetime) -> list[Membership]:
    """The people who are told of an urgent sample: the consortium's leads and analysts."""
    rows = Membership.objects.select_related("user").filter(
        organisation__kind=Kind.CONSORTIUM, part__in=(Part.LEAD, Part.ANALYST), since__lte=at, user__is_active=True
    )
    return list(rows.exclude(ended__lte=at).order_by("-part", "user__name"))
