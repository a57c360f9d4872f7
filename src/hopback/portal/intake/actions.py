"""Every write of the intake. It drives the process of a traceback and never goes round it."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.template.loader import render_to_string

from hopback.kernel.errors import BadInput, Conflict, Refused
from hopback.kernel.hops import DeclineReason, SourceKind, TraceState
from hopback.portal.accounts.models import Kind, Organisation
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import READERS, SYSTEM
from hopback.portal.directory.actions import resolve_or_queue
from hopback.portal.intake.access import (
    SUPPLIERS,
    may_decide_samples,
    may_keep_sources,
    may_supply,
    urgent_readers,
)
from hopback.portal.intake.models import (
    CallSample,
    Move,
    Recording,
    Rejected,
    Resemblance,
    SampleImport,
    Source,
    Stage,
    Verdict,
)
from hopback.portal.intake.resembling import note_alike, note_same_sound
from hopback.portal.intake.resolving import call_day
from hopback.portal.jobs.owing import owe_index
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter
from hopback.portal.tracebacks import actions as process
from hopback.portal.tracebacks.actions import Proposal
from hopback.portal.tracebacks.models import Priority
from hopback.portal.tracebacks.policies import current_policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.portal.accounts.models import Membership
    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign
    from hopback.portal.intake.facts import Facts
    from hopback.portal.intake.sheets import Sheet

__all__ = [
    "Kept",
    "add_recording",
    "confirm_import",
    "decide_resemblance",
    "decline_sample",
    "decline_samples",
    "keep_source",
    "move_form",
    "move_samples",
    "note_export",
    "open_sample",
    "preview_import",
    "propose",
    "undo_move",
    "vet_sample",
]

ID_BYTES: Final = 8
KIND_OF: Final = {
    Kind.SOURCE: SourceKind.ANALYTICS,
    Kind.AGENCY: SourceKind.AGENCY,
    Kind.PROVIDER: SourceKind.PROVIDER,
}
"""What kind of source an organisation is until the consortium says otherwise."""


# Sources


@action("source.kept", may=may_keep_sources)
def keep_source(
    actor: Actor,
    source: str,
    *,
    at: datetime,
    name: str,
    kind: SourceKind,
    provider: str = "",
    contact: str = "",
    is_verified: bool = False,
    reliability: str = "new",
    note: str = "",
    seen: int | None = None,
) -> Source:
    """Write down what is known of a source; ``seen`` is the version looked at, None for a new one."""
    if not name.strip():
        raise BadInput("is needed", where="name")
    if kind is SourceKind.PROVIDER and not provider:
        raise BadInput("say which provider of the directory it is", where="provider")
    row = Source.objects.select_for_update().filter(pk=source).first()
    if row is None and seen is not None:
        raise Conflict(f"there is no source {source}", mend="look again")
    if row is not None and seen is None:
        raise BadInput(f"there is a source {source} already", where="id", mend="change that one, or give another id")
    if row is not None and row.version != seen:
        raise Conflict(f"{row.name} was changed meanwhile", mend="look at what it says now, then change it again")
    row = row or Source(pk=source, since=at, version=0)
    row.name, row.kind, row.provider = name.strip(), kind.value, provider if kind is SourceKind.PROVIDER else ""
    row.contact, row.is_verified, row.reliability, row.note = contact, is_verified, reliability, note
    row.version += 1
    row.save()
    entry().about(row.audit_name)
    entry().facts = {
        "name": row.name,
        "kind": row.kind,
        "verified": row.is_verified,
        "reliability": row.reliability,
        "by": actor.name,
    }
    return row


def _source(actor: Actor, source: str, *, at: datetime) -> Source:
    """The source of that id; one that supplies in its own name is written down when it does so first."""
    if not source or not source.isprintable():
        raise BadInput("this names no source", where="source")
    row = Source.objects.filter(pk=source).first()
    if row is not None:
        return row
    organisation = Organisation.objects.filter(pk=source).exclude(kind=Kind.CONSORTIUM).first()
    if organisation is None:
        raise BadInput(f"there is no source {source}", where="source", mend="write the source down first")
    kind = KIND_OF[Kind(organisation.kind)]
    is_provider = kind is SourceKind.PROVIDER
    return Source.objects.create(
        pk=source,
        name=organisation.name,
        kind=kind.value,
        provider=source if is_provider else "",
        is_verified=actor.role in SUPPLIERS,
        since=at,
    )


# Candidates


@dataclass(frozen=True, slots=True)
class Kept:
    """Samples put forward: those taken in, and those that were known by their record's id already."""

    fresh: list[CallSample]
    known: list[CallSample]


@action("sample.proposed", may=may_supply)
def propose(
    actor: Actor, source: str, facts: Sequence[Facts], *, at: datetime, via: str, campaign: Campaign | None = None
) -> Kept:
    """Put calls forward. One whose record id this source has used before is not taken in again."""
    return _take_in(actor, _source(actor, source, at=at), facts, at=at, via=via, campaign=campaign)


def _take_in(
    actor: Actor, source: Source, facts: Sequence[Facts], *, at: datetime, via: str, campaign: Campaign | None = None
) -> Kept:
    records = {one.source_record_id for one in facts if one.source_record_id}
    known = {
        row.source_record_id: row for row in CallSample.objects.filter(source=source, source_record_id__in=records)
    }
    fresh = [one for one in facts if one.source_record_id not in known]
    readers = urgent_readers(at=at) if any(one.lane for one in fresh) else []
    told = [member.user.name or member.user.email for member in readers]
    rows = [_row(actor, source, one, at=at, via=via, campaign=campaign, told=told) for one in fresh]
    proposals = [
        Proposal(
            sample=one.sought,
            source=source.pk,
            source_kind=SourceKind(source.kind),
            reference=one.source_record_id[:100],
            terminating=one.terminating,
            identity=one.identity,
            campaign=campaign.name if campaign is not None else None,
            source_provider=source.provider or None,
            targets_competitor=one.targets_competitor,
            priority=Priority.URGENT if one.lane else Priority.NORMAL,
        )
        for one, row in zip(fresh, rows, strict=True)
    ]
    policy = current_policy(at=at)
    if proposals:
        traces = process.propose_samples(actor, policy.version, proposals, at=at)
        for row, trace in zip(rows, traces, strict=True):
            row.traceback_id = trace
        CallSample.objects.bulk_create(rows)
        owe_index("sample", [row.pk for row in rows], at=at)
        note_alike(rows, at=at)
        _tell(source, rows, readers, at=at)
    entry().about(rows[0].audit_name if len(rows) == 1 else source.audit_name, policy=policy.version)
    entry().facts = {
        "source": source.pk,
        "via": via,
        "samples": {row.pk: row.sha256 for row in rows},
        "known": sorted(known),
        "told": told,
    }
    return Kept(rows, list(known.values()))


def _row(
    actor: Actor, source: Source, facts: Facts, *, at: datetime, via: str, campaign: Campaign | None, told: list[str]
) -> CallSample:
    return CallSample(
        id=f"S{secrets.token_hex(ID_BYTES)}",
        source=source,
        source_record_id=facts.source_record_id,
        via=via,
        received_at=at,
        changed_at=at,
        proposed_by=actor.name,
        lane=facts.lane,
        rank=0 if facts.lane else 1,
        told=told if facts.lane else [],
        call_start=facts.call_start,
        call_start_zone=facts.call_start_zone,
        accuracy_s=facts.accuracy_s,
        called=facts.called,
        calling=facts.calling,
        calling_name=facts.calling_name,
        callback=facts.callback,
        answered=facts.answered,
        duration_s=facts.duration_s,
        terminating=facts.terminating,
        sip_call_id=facts.sip_call_id,
        identity=facts.identity,
        headers_anomalies=facts.headers_anomalies,
        transcript=facts.transcript,
        why=facts.why,
        basis=list(facts.basis),
        violations=list(facts.violations),
        is_honeypot=facts.is_honeypot or source.kind == SourceKind.HONEYPOT.value,
        complainant_ref=facts.complainant_ref,
        targets_competitor=facts.targets_competitor,
        consent_basis=facts.consent_basis,
        sha256=facts.sha256,
        campaign=campaign,
    )


def _tell(source: Source, rows: Sequence[CallSample], readers: Sequence[Membership], *, at: datetime) -> None:
    """Write to everybody who is told of samples that cannot wait; one letter each, with no number in it."""
    urgent = [row for row in rows if row.lane]
    if not urgent:
        return
    told = [member.user.name or member.user.email for member in readers]
    text = render_to_string("intake/urgent.txt", {"samples": urgent, "source": source, "told": told})
    subject = f"Urgent: {urgent[0].get_lane_display()}" if len(urgent) == 1 else f"Urgent: {len(urgent)} samples"
    for member in readers:
        letter = Letter(
            kind="sample.urgent",
            mailbox=member.user.email,
            subject=subject,
            text=text,
            about=urgent[0].audit_name,
            organisation=member.organisation_id,
            key=f"sample.urgent:{urgent[0].pk}:{member.user_id}",
        )
        send(SYSTEM, letter, at=at)


@action("sample.recorded", may=may_supply)
def add_recording(
    actor: Actor,
    sample: CallSample,
    *,
    sha256: str,
    media_type: str,
    size: int,
    name: str,
    at: datetime,
    consent_basis: str = "",
) -> Recording:
    """Add a recording, kept in the data folder before, to a sample. The same sound again is the same recording."""
    row, _ = Recording.objects.get_or_create(
        sample=sample,
        sha256=sha256,
        defaults={
            "media_type": media_type,
            "size": size,
            "name": name[:200],
            "consent_basis": consent_basis,
            "added_by": actor.name,
            "added_at": at,
        },
    )
    note_same_sound(sample, sha256, at=at)
    entry().facts = {"sha256": sha256, "size": size, "media_type": media_type}
    return row


@action("resemblance.decided", may=may_decide_samples)
def decide_resemblance(actor: Actor, pair: Resemblance, *, is_same: bool, at: datetime) -> Resemblance:
    """Say whether two samples are one call. A later word replaces an earlier one; the log has both."""
    row = Resemblance.objects.select_for_update().get(pk=pair.pk)
    row.verdict = Verdict.SAME if is_same else Verdict.DIFFERENT
    row.decided_by, row.decided_at = actor.name, at
    row.save(update_fields=["verdict", "decided_by", "decided_at"])
    entry().facts = {"later": row.later_id, "earlier": row.earlier_id, "verdict": str(row.verdict)}
    return row


@action("sample.vetted", may=may_decide_samples)
def vet_sample(
    actor: Actor,
    sample: CallSample,
    *,
    campaign: Campaign,
    reason: str,
    basis: tuple[str, ...],
    violations: tuple[str, ...],
    at: datetime,
    seen: int | None = None,
    provider: str = "",
    resolved: dict[str, Any] | None = None,
) -> CallSample:
    """Take a candidate on. Where a second person is asked for it waits for one.

    With ``provider`` the traceback is opened at once with the provider named, unless a second person has to
    look first. ``resolved`` says how that provider was found.
    """
    row = _locked(sample)
    _check_open(campaign)
    trace = process.vet(
        actor,
        row.traceback,
        at=at,
        reason=reason,
        basis=basis,
        violations=violations,
        campaign=campaign.name,
        seen=seen,
    )
    row.campaign = campaign
    row.stage = Stage.VETTED if trace.state is TraceState.VETTED else Stage.SECONDED
    row.decided_at = at
    entry().facts = {"campaign": campaign.pk, "stage": str(row.stage)}
    _saved(row, at=at)
    if row.stage == Stage.VETTED and provider:
        return open_sample(actor, row, provider=provider, resolved=resolved or {}, at=at)
    if row.stage == Stage.VETTED:
        resolve_or_queue(actor, row.called, on=call_day(row), at=at, asked_for=row.audit_name)
    return row


@action("sample.declined", may=may_decide_samples)
def decline_sample(
    actor: Actor, sample: CallSample, *, code: DeclineReason, at: datetime, note: str = "", seen: int | None = None
) -> CallSample:
    """Refuse a candidate, with a reason that is counted by the source's kind."""
    row = _locked(sample)
    process.decline(actor, row.traceback, at=at, code=code, note=note, seen=seen)
    row.stage, row.decline_code, row.decided_at = Stage.DECLINED, code.value, at
    entry().facts = {"code": code.value, "source": row.source_id}
    return _saved(row, at=at)


@action("samples.declined", may=may_decide_samples)
def decline_samples(
    actor: Actor, samples: Sequence[CallSample], *, code: DeclineReason, at: datetime, note: str = ""
) -> tuple[list[str], list[str]]:
    """Refuse several for one reason; returns the ids of those refused, and of those decided meanwhile."""
    rows = CallSample.objects.select_for_update().filter(pk__in=[one.pk for one in samples]).order_by("pk")
    done, left = [], []
    for row in rows:
        if row.stage not in (Stage.CANDIDATE, Stage.SECONDED):
            left.append(row.pk)
            continue
        decline_sample(actor, row, code=code, at=at, note=note)
        done.append(row.pk)
    entry().about("samples")
    entry().facts = {"code": code.value, "declined": done, "left": left}
    return done, left


@action("sample.opened", may=may_decide_samples)
def open_sample(
    actor: Actor, sample: CallSample, *, provider: str, at: datetime, resolved: dict[str, Any] | None = None
) -> CallSample:
    """Open the traceback of a sample that was taken on: ask that provider first."""
    row = _locked(sample)
    process.open_traceback(actor, row.traceback, at=at, provider=provider)
    row.stage, row.decided_at = Stage.OPENED, at
    row.resolved = {"provider": provider, **(resolved or {})}
    entry().facts = {"provider": provider, "traceback": row.traceback_id, "how": row.resolved.get("how", "")}
    return _saved(row, at=at)


def _may_export(actor: Actor, _query: Any, /) -> None:
    if actor.role not in READERS:
        raise Refused(f"{actor.name} may not take samples out")


@action("samples.exported", may=_may_export)
def note_export(_actor: Actor, query: str, *, at: datetime, rows: int) -> None:  # noqa: ARG001 -- recorded by the decorator
    """Note that somebody took the samples of a filter out as a sheet."""
    entry().about("samples")
    entry().facts = {"query": query, "rows": rows}


# Samples between campaigns


def move_form(row: Move) -> dict[str, Any]:
    """What the log answers for of a move."""
    return {
        "batch": str(row.batch),
        "sample": row.sample_id,
        "origin": row.origin_id,
        "target": row.target_id,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "reason": row.reason,
    }


@action("samples.moved", may=may_decide_samples)
def move_samples(
    actor: Actor, samples: Sequence[CallSample], *, target: Campaign, reason: str, at: datetime
) -> uuid.UUID:
    """Move samples to another campaign; returns the name of the batch, by which it is undone."""
    if not reason.strip():
        raise BadInput("say why these calls belong elsewhere", where="reason")
    _check_open(target)
    rows = CallSample.objects.select_for_update().filter(pk__in=[one.pk for one in samples]).order_by("pk")
    moved = [(row, target) for row in rows if row.campaign_id != target.pk]
    if not moved:
        raise BadInput("choose the samples to move", where="samples")
    return _move(actor, moved, reason=reason, at=at)


@action("samples.moved_back", may=may_decide_samples)
def undo_move(actor: Actor, batch: str, *, at: datetime) -> int:
    """Move the samples of a batch back to where they were; one that has moved on since stays. Returns how many."""
    try:
        name = uuid.UUID(batch)
    except ValueError:
        raise BadInput("this names no move", where="batch") from None
    past = {row.sample_id: row for row in Move.objects.select_related("origin").filter(batch=name)}
    rows = CallSample.objects.select_for_update().filter(pk__in=past).order_by("pk")
    moved = [(row, past[row.pk].origin) for row in rows if row.campaign_id == past[row.pk].target_id]
    if not moved:
        raise Conflict("these samples are not where that move put them any more", mend="move them by hand")
    _move(actor, moved, reason="undone", at=at)
    return len(moved)


def _move(actor: Actor, moved: Sequence[tuple[CallSample, Campaign | None]], *, reason: str, at: datetime) -> uuid.UUID:
    batch = uuid.uuid4()
    kept = []
    for row, target in moved:
        kept.append(
            Move(
                leaf=entry().uid,
                batch=batch,
                sample=row,
                origin_id=row.campaign_id,
                target=target,
                at=at,
                actor=actor.name,
                reason=reason[:300],
            )
        )
        row.campaign, row.changed_at = target, at
    Move.objects.bulk_create(kept)
    CallSample.objects.bulk_update([row for row, _ in moved], ["campaign", "changed_at"])
    entry().about("samples")
    entry().wrote(Move._meta.label_lower, [move_form(one) for one in kept])  # noqa: SLF001 -- Django's public _meta
    return batch


# Sheets


@action("import.previewed", may=may_supply)
def preview_import(actor: Actor, source: str, sheet: Sheet, *, name: str, at: datetime) -> SampleImport:
    """Note a sheet that was read, with the lines that cannot be taken over. The same file again is the same import."""
    row = _source(actor, source, at=at)
    known = SampleImport.objects.filter(source=row, sha256=sheet.sha256).first()
    entry().facts = {"sha256": sheet.sha256, "good": len(sheet.good), "bad": len(sheet.bad)}
    if known is not None:
        return known
    records = {one.facts.source_record_id for one in sheet.good if one.facts.source_record_id}
    taken = CallSample.objects.filter(source=row, source_record_id__in=records).count()
    found = SampleImport.objects.create(
        source=row,
        sha256=sheet.sha256,
        name=name[:200],
        uploaded_by=actor.name,
        uploaded_at=at,
        good=len(sheet.good),
        known=taken,
        bad=len(sheet.bad),
    )
    Rejected.objects.bulk_create(
        Rejected(
            sheet=found,
            line=one.line,
            record=one.record,
            reasons=[[miss.field, miss.message] for miss in one.reasons],
            raw=dict(one.raw),
        )
        for one in sheet.bad
    )
    return found


@action("import.confirmed", may=may_supply)
def confirm_import(actor: Actor, found: SampleImport, sheet: Sheet, *, at: datetime) -> SampleImport:
    """Take over the good lines of a sheet that was looked at. A second time does nothing."""
    row = SampleImport.objects.select_for_update().select_related("source").get(pk=found.pk)
    if row.confirmed_at is not None:
        return row
    if sheet.sha256 != row.sha256:
        raise BadInput("this is not the sheet that was looked at", where="file")
    kept = propose(actor, row.source_id, [one.facts for one in sheet.good], at=at, via="sheet")
    row.confirmed_at, row.taken, row.known = at, len(kept.fresh), len(kept.known)
    row.save(update_fields=["confirmed_at", "taken", "known"])
    entry().facts = {"taken": row.taken, "known": row.known, "rejected": row.bad}
    return row


def _locked(sample: CallSample) -> CallSample:
    return CallSample.objects.select_for_update(of=("self",)).select_related("traceback").get(pk=sample.pk)


def _saved(row: CallSample, *, at: datetime) -> CallSample:
    row.changed_at = at
    row.save(
        update_fields=["campaign", "stage", "decline_code", "decided_at", "resolved", "changed_at"],
    )
    return row


def _check_open(campaign: Campaign) -> None:
    if campaign.merged_into_id is not None or campaign.status == "closed":
        raise BadInput(
            f"{campaign.name} is closed or merged into another", where="campaign", mend="choose the one it went into"
        )
