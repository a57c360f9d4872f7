"""Call samples: put forward by whoever supplies them, read by the consortium, and by sources as far as they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, cast

from django.http import HttpRequest  # noqa: TC002 -- django-ninja reads the annotations
from ninja import File, Query, Router, Status
from ninja.files import UploadedFile  # noqa: TC002 -- the same

from hopback.kernel.disclosure import AgencyView, FullView, SourceView, Stage
from hopback.kernel.errors import BadInput
from hopback.kernel.hops import TraceState
from hopback.kernel.numbers import format_e164
from hopback.portal.accounts.access import note_read
from hopback.portal.accounts.keys import Key
from hopback.portal.audit.actors import READERS
from hopback.portal.clock import now
from hopback.portal.cursors import cursor_of, following
from hopback.portal.intake.access import (
    recordings_of,
    resemblances_of,
    sample_of,
    samples_of,
    source_id_of,
    views_of,
)
from hopback.portal.intake.actions import add_recording, propose
from hopback.portal.intake.facts import FIELDS, read_facts
from hopback.portal.intake.recordings import keep
from hopback.wire import samples as wire
from hopback.wire.hops import Utc  # noqa: TC001 -- the same

if TYPE_CHECKING:
    from hopback.kernel.disclosure import View
    from hopback.portal.audit.actors import Actor
    from hopback.portal.intake.models import CallSample

__all__ = ["router"]

router = Router(tags=["samples"])

READ: Final = Key("intake:read")
WRITE: Final = Key("intake:write")
ORDER: Final = ("changed_at", "pk")

STAGES: Final = {
    TraceState.CANDIDATE: Stage.PROPOSED,
    TraceState.VETTED: Stage.TAKEN_ON,
    TraceState.DECLINED: Stage.DECLINED,
    TraceState.CONCLUDED: Stage.FINISHED,
    TraceState.CLOSED: Stage.FINISHED,
    TraceState.VOID: Stage.SET_ASIDE,
}


@router.post("/samples", response={200: wire.Sample, 201: wire.Sample}, exclude_none=True, auth=WRITE)
def put_forward(request: HttpRequest, draft: wire.SampleDraft) -> Status[wire.Sample]:
    """Put a call forward. One whose ``source_record_id`` was sent before is not taken twice (200)."""
    actor, at = _actor(request), now()
    if actor.role in READERS and not draft.source:
        raise BadInput("say who supplied it", where="source")
    source = draft.source if actor.role in READERS else source_id_of(actor)
    raw = {name: _text(getattr(draft, name)) for name in FIELDS}
    facts, wrong = read_facts(raw, at=at)
    if facts is None:
        first = wrong[0]
        more = "; ".join(f"{miss.field} {miss.message}" for miss in wrong[1:])
        raise BadInput(first.message, where=first.field, mend=more)
    kept = propose(actor, source or "", [facts], at=at, via="api")
    row = (kept.fresh or kept.known)[0]
    return Status(201 if kept.fresh else 200, _samples(actor, [row])[0])


@router.get("/samples", response=wire.SampleList, exclude_none=True, auth=READ)
def list_samples(
    request: HttpRequest,
    updated_since: Utc | None = None,
    cursor: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> wire.SampleList:
    """The samples in the order their stage last changed: those that change meanwhile come at the end.

    A source's key lists what it supplied itself.
    """
    actor = _actor(request)
    rows = samples_of(actor)
    if updated_since is not None:
        rows = rows.filter(changed_at__gte=updated_since)
    found = list(following(rows, cursor, ORDER)[: limit + 1])
    after = cursor_of(found[limit - 1], ORDER) if len(found) > limit else None
    return wire.SampleList(samples=_samples(actor, found[:limit]), next=after)


@router.get("/samples/{sample}", response=wire.SampleInFull | wire.Sample, exclude_none=True, auth=READ)
def read(request: HttpRequest, sample: str) -> wire.SampleInFull | wire.Sample:
    """One sample: in full for the consortium, how far it is for its source."""
    actor = _actor(request)
    row = sample_of(actor, sample)
    (short,) = _samples(actor, [row])
    if actor.role not in READERS:
        return short
    note_read(actor, row.audit_name, at=now())
    return wire.SampleInFull(
        **short.model_dump(),
        queue=row.stage,
        facts=_facts(row),
        sha256=row.sha256,
        campaign=row.campaign_id,
        traceback=row.traceback_id,
        recordings=[
            wire.Recording(id=one.pk, sha256=one.sha256, media_type=one.media_type, size=one.size)
            for one in recordings_of(actor, row)
        ],
        may_be=[
            pair.earlier_id if pair.later_id == row.pk else pair.later_id
            for pair in resemblances_of(actor, row)
            if pair.verdict != "different"
        ],
    )


@router.post("/samples/{sample}/recordings", response={201: wire.Recording}, auth=WRITE)
def add_sound(request: HttpRequest, sample: str, file: Annotated[UploadedFile, File()]) -> Status[wire.Recording]:
    """Add a recording to a sample; the same sound again is the same recording."""
    actor = _actor(request)
    row = sample_of(actor, sample)
    sha256, media_type, size = keep(file)
    kept = add_recording(
        actor, row, sha256=sha256, media_type=media_type, size=size, name=file.name or "recording", at=now()
    )
    return Status(201, wire.Recording(id=kept.pk, sha256=sha256, media_type=media_type, size=size))


def _samples(actor: Actor, rows: list[CallSample]) -> list[wire.Sample]:
    views = views_of(actor, rows)
    return [_sample(row, views.get(row.pk)) for row in rows]


def _sample(row: CallSample, view: View | None) -> wire.Sample:
    stage, reason = None, None
    if isinstance(view, SourceView):
        stage, reason = view.stage, view.decline_reason
    elif isinstance(view, AgencyView):
        stage = view.stage
    elif isinstance(view, FullView):
        stage = STAGES.get(view.trace.state, Stage.TRACING)
        reason = view.trace.decline_reason
    return wire.Sample(
        id=row.pk,
        source=row.source_id,
        source_record_id=row.source_record_id,
        received_at=row.received_at,
        changed_at=row.changed_at,
        stage=stage.value if stage else None,
        decline_reason=reason.value if reason else None,
    )


def _facts(row: CallSample) -> wire.SampleFacts:
    return wire.SampleFacts(
        call_start=row.call_start.isoformat(),
        call_start_zone=row.call_start_zone,
        accuracy_s=row.accuracy_s,
        called=format_e164(row.called),
        calling="anonymous" if row.calling is None else format_e164(row.calling),
        source_record_id=row.source_record_id,
        calling_name=row.calling_name,
        answered=row.answered,
        duration_s=row.duration_s,
        terminating=row.terminating,
        sip_call_id=row.sip_call_id,
        identity=row.identity,
        headers_anomalies=row.headers_anomalies,
        transcript=row.transcript,
        why=row.why,
        basis=list(row.basis),
        violations=list(row.violations),
        lane=cast("wire.Lane", row.lane),
        is_honeypot=row.is_honeypot,
        complainant_ref=row.complainant_ref,
        callback=format_e164(row.callback) if row.callback else "",
        targets_competitor=row.targets_competitor,
        consent_basis=row.consent_basis,
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja
