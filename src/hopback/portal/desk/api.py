"""What a provider's program does beside answering: it asks, hands files in and says what was done.

A provider sees and writes to its own requests only; the id of anybody else's is as unknown as one that never was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import File, Query, Router, Status
from ninja.files import UploadedFile  # noqa: TC002 -- django-ninja reads the annotations

from hopback.kernel.errors import NotFound
from hopback.portal.clock import now
from hopback.portal.cursors import cursor_of, following
from hopback.portal.desk.access import attachments_of, lines_of, own_hop
from hopback.portal.desk.actions import ask_back, attach
from hopback.portal.desk.files import LARGEST, path_of
from hopback.portal.mitigations.access import action_of, actions_of, with_returns
from hopback.portal.mitigations.actions import ActionDraft, record_action
from hopback.portal.mitigations.models import ActionKind, Target
from hopback.wire import desk as wire

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor
    from hopback.portal.desk.models import Attachment, Line

__all__ = ["router"]

router = Router(tags=["desk"])

ORDER: Final = ("recorded_at", "pk")


@router.get("/requests/{request_id}/questions", response=list[wire.Said])
def list_questions(request: HttpRequest, request_id: str) -> list[wire.Said]:
    """What was said about a request, oldest first."""
    actor = _actor(request)
    return [_said(line) for line in lines_of(actor, own_hop(actor, request_id))]


@router.post("/requests/{request_id}/questions", response={201: wire.Said})
def ask(request: HttpRequest, request_id: str, question: wire.Question) -> Status[wire.Said]:
    """Ask the consortium about a request. The clock runs on."""
    actor = _actor(request)
    line = ask_back(actor, own_hop(actor, request_id), text=question.text, at=now())
    return Status(201, _said(line))


@router.get("/requests/{request_id}/attachments", response=list[wire.HandedIn])
def list_attachments(request: HttpRequest, request_id: str) -> list[wire.HandedIn]:
    """The files handed in for a request."""
    actor = _actor(request)
    return [_handed_in(row) for row in attachments_of(actor, own_hop(actor, request_id))]


@router.post("/requests/{request_id}/attachments", response={201: wire.HandedIn})
def hand_in(request: HttpRequest, request_id: str, file: Annotated[UploadedFile, File()]) -> Status[wire.HandedIn]:
    """Hand a file in: PDF, PNG, JPEG, PCAP, WAV, CSV, JSON or text of at most 5 MB. The same bytes count once."""
    actor = _actor(request)
    hop = own_hop(actor, request_id)
    row = attach(actor, hop, str(file.name or "file"), file.read(LARGEST + 1), at=now())
    return Status(201, _handed_in(row))


@router.get("/requests/{request_id}/attachments/{pk}", response={200: None}, include_in_schema=True)
def fetch_attachment(request: HttpRequest, request_id: str, pk: int) -> HttpResponse:
    """The bytes of a file that was handed in."""
    actor = _actor(request)
    row = attachments_of(actor, own_hop(actor, request_id)).filter(pk=pk).first() if 0 < pk < MOST else None
    if row is None:
        raise NotFound(f"there is no file {pk}")
    response = HttpResponse(path_of(row.sha256).read_bytes(), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=row.name) or ""
    return response


MOST: Final = 2**62
"""Beyond the ids of any table."""


@router.get("/requests/{request_id}/actions", response=list[wire.DoneAction], exclude_none=True)
def list_actions_of_request(request: HttpRequest, request_id: str) -> list[wire.DoneAction]:
    """What was done about the source of one call."""
    actor = _actor(request)
    rows = with_returns(actions_of(actor).filter(hop=own_hop(actor, request_id)))
    return [_done(row) for row in rows.order_by(*ORDER)]


@router.post("/requests/{request_id}/actions", response={201: wire.DoneAction}, exclude_none=True)
def record(request: HttpRequest, request_id: str, draft: wire.DoneDraft) -> Status[wire.DoneAction]:
    """Say what was done. The same said again for the same request counts once."""
    actor, at = _actor(request), now()
    hop = own_hop(actor, request_id)
    replaces = action_of(actor, draft.replaces) if draft.replaces is not None else None
    done = ActionDraft(
        kind=ActionKind(draft.kind.value),
        target=Target(draft.target),
        what=draft.what,
        effective_at=draft.effective_at,
        reason=draft.reason,
        scope=draft.scope,
        until=draft.until,
        evidence=draft.evidence,
    )
    row = record_action(actor, hop, done, at=at, replaces=replaces)
    return Status(201, _done(with_returns(actions_of(actor)).get(pk=row.pk)))


@router.get("/actions", response=wire.DeskActions, exclude_none=True)
def list_actions(
    request: HttpRequest,
    after: Annotated[str, Query(max_length=400)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> wire.DeskActions:
    """Everything this provider recorded, in the order it was recorded; ``after`` goes on from an earlier reading."""
    rows = list(following(with_returns(actions_of(_actor(request))), after, ORDER)[: limit + 1])
    following_one = cursor_of(rows[limit - 1], ORDER) if len(rows) > limit else None
    return wire.DeskActions(items=[_done(row) for row in rows[:limit]], next=following_one)


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja


def _said(row: Line) -> wire.Said:
    return wire.Said(side=cast("Any", row.side), at=row.at, text=row.text)


def _handed_in(row: Attachment) -> wire.HandedIn:
    return wire.HandedIn(
        id=row.pk, sha256=row.sha256, name=row.name, kind=row.kind, size=row.size, added_at=row.added_at
    )


def _done(row: Any) -> wire.DoneAction:
    return wire.DoneAction(
        id=row.pk,
        request_id=row.hop.request_id,
        kind=row.kind,
        target=row.target,
        what=row.what,
        scope=row.scope,
        effective_at=row.effective_at,
        until=row.until,
        reason=row.reason,
        evidence=row.evidence,
        recorded_at=row.recorded_at,
        recurrence=row.recurrence,
        returns=row.returns,
    )
