"""Tracebacks for the consortium's own programs: lists to keep up with, whole tracebacks, and the verbs people have.

What rests on a person's judgement of somebody is not here: findings, disputes, and setting a traceback aside are
done on its page. What was decided on an older sight of a traceback (``seen``) is a conflict.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from django.http import HttpRequest  # noqa: TC002 -- django-ninja reads the annotations
from ninja import Query, Router, Schema, Status
from pydantic import Field

from hopback.kernel.errors import BadInput
from hopback.kernel.hops import TraceState  # noqa: TC001 -- django-ninja reads the annotations
from hopback.kernel.outcomes import Outcome  # noqa: TC001 -- as above
from hopback.portal.accounts.keys import Key
from hopback.portal.clock import now
from hopback.portal.cursors import cursor_of, following
from hopback.portal.tracebacks import actions
from hopback.portal.tracebacks.access import hop_in, owners_of, traceback_of, tracebacks_of
from hopback.portal.tracebacks.dossier import dossier_of
from hopback.portal.tracebacks.naming import provider_named
from hopback.portal.tracebacks.telling import event_told, note_told, row_told, traceback_told
from hopback.wire import tracebacks as wire
from hopback.wire.hops import Utc  # noqa: TC001 -- django-ninja reads the annotations

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.models import Traceback

__all__ = ["router"]

READ: Final = Key("tracebacks:read")
WRITE: Final = Key("tracebacks:write")

router = Router(tags=["tracebacks"], auth=READ)

ORDER: Final = ("updated_at", "pk")

SETTLED: Final = timedelta(seconds=30)
"""A change is listed so long after it was made: one that was still being written is not passed over then."""


class Wanted(Schema):
    """Which tracebacks. Those given together all have to hold."""

    state: TraceState | None = None
    turn: Literal["consortium", "provider"] | None = None
    waiting_on: Annotated[str, Field(max_length=64)] | None = None
    provider: Annotated[str, Field(max_length=64)] | None = None
    campaign: Annotated[str, Field(max_length=200)] | None = None
    source: Annotated[str, Field(max_length=200)] | None = None
    reference: Annotated[str, Field(max_length=100)] | None = None
    outcome: Outcome | None = None
    priority: Literal["urgent", "high", "normal"] | None = None
    called: Annotated[str, Field(max_length=17)] | None = None
    is_overdue: bool | None = None
    updated_since: Utc | None = None


@router.get("/tracebacks", response=wire.TracebackList, exclude_none=True)
def list_tracebacks(
    request: HttpRequest,
    wanted: Query[Wanted],
    cursor: Annotated[str, Query(max_length=400)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> wire.TracebackList:
    """Tracebacks in the order they last changed; a change is listed half a minute after it was made.

    To keep up, hand back ``next`` until there is none, and begin again later with ``updated_since`` the
    ``updated_at`` of the last one read.
    """
    rows = _narrowed(tracebacks_of(_actor(request)).select_related("owner"), wanted)
    found = list(following(rows.filter(updated_at__lte=now() - SETTLED), cursor, ORDER)[: limit + 1])
    page = found[:limit]
    return wire.TracebackList(
        tracebacks=[row_told(row) for row in page], next=cursor_of(page[-1], ORDER) if len(found) > limit else None
    )


@router.get("/tracebacks/{traceback_id}", response=wire.TracebackTold, exclude_none=True)
def read_traceback(request: HttpRequest, traceback_id: str) -> wire.TracebackTold:
    """A whole traceback, as the consortium sees it. That it was read is recorded."""
    return _told(_actor(request), traceback_id)


@router.get("/tracebacks/{traceback_id}/events", response=list[wire.EventTold], exclude_none=True)
def list_events(
    request: HttpRequest, traceback_id: str, after: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> list[wire.EventTold]:
    """What happened, in order; with ``after`` only what came after that number."""
    dossier = dossier_of(_actor(request), traceback_id, at=now())
    told = zip(dossier.events, dossier.raw, strict=True)
    return [event_told(said, event) for said, (number, event) in told if number > after]


@router.get("/tracebacks/{traceback_id}/notes", response=list[wire.NoteTold])
def list_notes(request: HttpRequest, traceback_id: str) -> list[wire.NoteTold]:
    """What the consortium's people wrote down beside it."""
    return [note_told(note) for note in dossier_of(_actor(request), traceback_id, at=now()).notes]


@router.post("/tracebacks/{traceback_id}/notes", response={201: wire.NoteTold}, auth=WRITE)
def add_note(request: HttpRequest, traceback_id: str, said: wire.Noted) -> Status[wire.NoteTold]:
    """Write something down beside it. A note cannot be changed."""
    actor, at = _actor(request), now()
    note = actions.note(actor, traceback_of(actor, traceback_id), at=at, text=said.text)
    return Status(201, wire.NoteTold(at=note.at, author=note.author, text=note.text))


@router.put("/tracebacks/{traceback_id}/owner", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def assign(request: HttpRequest, traceback_id: str, said: wire.Assigned) -> wire.TracebackTold:
    """Say who looks after it."""
    actor, at = _actor(request), now()
    row = traceback_of(actor, traceback_id)
    owner = None
    if said.owner is not None:
        owner = owners_of(actor, at=at).filter(email__iexact=said.owner).first()
        if owner is None:
            raise BadInput("nobody of the consortium has this address", where="owner")
    actions.assign(actor, row, owner, at=at)
    return _told(actor, traceback_id)


@router.put("/tracebacks/{traceback_id}/priority", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def prioritise(request: HttpRequest, traceback_id: str, said: wire.Prioritised) -> wire.TracebackTold:
    """Say how soon people look at it."""
    actor = _actor(request)
    actions.prioritise(actor, traceback_of(actor, traceback_id), at=now(), priority=said.priority)
    return _told(actor, traceback_id)


@router.post("/tracebacks/{traceback_id}/open", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def open_it(request: HttpRequest, traceback_id: str, said: wire.Opened) -> wire.TracebackTold:
    """Begin with the provider that serves the called number."""
    actor, row = _actor(request), traceback_of(_actor(request), traceback_id)
    provider = None if said.provider is None else provider_named(actor, said.provider).pk
    actions.open_traceback(actor, row, at=now(), provider=provider, seen=said.seen)
    return _told(actor, traceback_id)


@router.post("/tracebacks/{traceback_id}/resume", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def resume(request: HttpRequest, traceback_id: str, said: wire.Reasoned) -> wire.TracebackTold:
    """Go on after a pause."""
    actor = _actor(request)
    actions.resume(actor, traceback_of(actor, traceback_id), at=now(), reason=said.reason, seen=said.seen)
    return _told(actor, traceback_id)


@router.post("/tracebacks/{traceback_id}/conclude", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def conclude(request: HttpRequest, traceback_id: str, said: wire.Concluded) -> wire.TracebackTold:
    """Confirm what the answers that stand come to, or set an outcome that rests on something else."""
    actor = _actor(request)
    actions.conclude(
        actor,
        traceback_of(actor, traceback_id),
        at=now(),
        reason=said.reason,
        outcome=said.outcome,
        confidence=said.confidence,
        seen=said.seen,
    )
    return _told(actor, traceback_id)


@router.post("/tracebacks/{traceback_id}/close", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def close(request: HttpRequest, traceback_id: str, said: wire.Closed) -> wire.TracebackTold:
    """Check and close it."""
    actor = _actor(request)
    actions.close(actor, traceback_of(actor, traceback_id), at=now(), notices=said.notices, seen=said.seen)
    return _told(actor, traceback_id)


@router.post("/tracebacks/{traceback_id}/reopen", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def reopen(request: HttpRequest, traceback_id: str, said: wire.Reopened) -> wire.TracebackTold:
    """Take it up again, with an erratum."""
    actor, row = _actor(request), traceback_of(_actor(request), traceback_id)
    actions.reopen(actor, row, at=now(), reason=said.reason, erratum=said.erratum, seen=said.seen)
    return _told(actor, traceback_id)


HOP: Final = "/tracebacks/{traceback_id}/hops/{number}"


@router.post(f"{HOP}/accept", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def accept(request: HttpRequest, traceback_id: str, number: int, said: wire.Judged) -> wire.TracebackTold:
    """Let an answer stand."""
    actor = _actor(request)
    hop = hop_in(actor, traceback_id, number)
    actions.judge_answer(actor, hop, at=now(), version=said.version, seen=said.seen)
    return _told(actor, traceback_id)


@router.post(f"{HOP}/return", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def give_back(request: HttpRequest, traceback_id: str, number: int, said: wire.Returned) -> wire.TracebackTold:
    """Send an answer back, with a reason for each missing field. The clock runs on."""
    actor = _actor(request)
    hop = hop_in(actor, traceback_id, number)
    actions.return_answer(actor, hop, at=now(), missing=said.missing, seen=said.seen)
    return _told(actor, traceback_id)


@router.post(f"{HOP}/upstream", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def name_upstream(request: HttpRequest, traceback_id: str, number: int, said: wire.ToAnother) -> wire.TracebackTold:
    """Say which provider of the directory an answer means; that provider is asked."""
    actor = _actor(request)
    hop, provider = hop_in(actor, traceback_id, number), provider_named(actor, said.provider)
    actions.name_upstream(actor, hop, provider, at=now(), reason=said.reason, seen=said.seen)
    return _told(actor, traceback_id)


@router.post(f"{HOP}/fork", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def fork(request: HttpRequest, traceback_id: str, number: int, said: wire.ToAnother) -> wire.TracebackTold:
    """Ask another provider besides."""
    actor = _actor(request)
    hop, provider = hop_in(actor, traceback_id, number), provider_named(actor, said.provider)
    actions.fork(actor, hop, provider, at=now(), reason=said.reason, seen=said.seen)
    return _told(actor, traceback_id)


@router.post(f"{HOP}/cancel", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def cancel(request: HttpRequest, traceback_id: str, number: int, said: wire.Reasoned) -> wire.TracebackTold:
    """Ask a provider no longer; what it said is kept."""
    actor = _actor(request)
    hop = hop_in(actor, traceback_id, number)
    actions.cancel_hop(actor, hop, at=now(), reason=said.reason, seen=said.seen)
    return _told(actor, traceback_id)


@router.post(f"{HOP}/send", response=wire.TracebackTold, exclude_none=True, auth=WRITE)
def send(request: HttpRequest, traceback_id: str, number: int, said: wire.Sent) -> wire.TracebackTold:
    """Note that a request that waits was sent, and by which ways."""
    actor = _actor(request)
    hop = hop_in(actor, traceback_id, number)
    actions.send_request(actor, hop, at=now(), channels=said.channels, seen=said.seen)
    return _told(actor, traceback_id)


def _narrowed(rows: QuerySet[Traceback], wanted: Wanted) -> QuerySet[Traceback]:
    given = wanted.model_dump(exclude_none=True, exclude={"provider", "updated_since"})
    if wanted.provider is not None:
        given["hops__provider"] = wanted.provider
    if wanted.updated_since is not None:
        given["updated_at__gte"] = wanted.updated_since
    found = rows.filter(**given)
    return found.distinct() if wanted.provider is not None else found


def _told(actor: Actor, traceback_id: str) -> wire.TracebackTold:
    return traceback_told(dossier_of(actor, traceback_id, at=now()))


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja
