"""What a provider's program fetches and submits.

A provider sees its own requests; the id of anybody else's is as unknown as one that never was. An answer
may be sent twice: it counts once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, cast

from django.http import HttpRequest  # noqa: TC002 -- django-ninja reads the annotations
from ninja import Router, Status

from hopback.kernel.errors import NotFound
from hopback.portal.clock import now
from hopback.portal.tracebacks.access import hop_of
from hopback.portal.tracebacks.actions import acknowledge, answer_hop, collect_requests
from hopback.portal.tracebacks.reading import open_hops, requests_of, standing_hops
from hopback.wire.hops import HopAnswer, HopRequest

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor

__all__ = ["router"]

router = Router(tags=["requests"])

STANDING: Final = timedelta(days=30)
"""How long an answered request is still listed as standing."""


@router.get("/requests", response=list[HopRequest], exclude_none=True)
def list_requests(request: HttpRequest, state: Literal["open", "standing"] = "open") -> list[HopRequest]:
    """The requests this provider still owes an answer to. Fetching one is the proof that it was received.

    With ``state=standing`` those of the last thirty days that it has answered are listed as well, and
    those that were withdrawn are not: what a provider's program needs to weigh its requests together.
    """
    actor = _actor(request)
    provider = actor.provider or ""
    rows = list(open_hops(provider) if state == "open" else standing_hops(provider, since=now() - STANDING))
    if any(row.received_at is None for row in rows):
        collect_requests(actor, rows, at=now())
    return requests_of(rows)


@router.get("/requests/{request_id}", response=HopRequest, exclude_none=True)
def read_request(request: HttpRequest, request_id: str) -> HopRequest:
    """One of this provider's requests, answered or not."""
    row = hop_of(_actor(request), request_id)
    (message,) = requests_of([row])
    return message


@router.post("/requests/{request_id}/acknowledge", response={204: None})
def acknowledge_request(request: HttpRequest, request_id: str) -> Status[None]:
    """Say that somebody has seen the request. The clock runs on."""
    actor = _actor(request)
    acknowledge(actor, hop_of(actor, request_id), at=now())
    return Status(204, None)


@router.post("/requests/{request_id}/answer", response={202: HopAnswer}, exclude_none=True)
def answer_request(request: HttpRequest, request_id: str, answer: HopAnswer) -> Status[HopAnswer]:
    """Answer. The same answer again, or one under the same ``Idempotency-Key``, counts once."""
    actor = _actor(request)
    row = hop_of(actor, request_id)
    if answer.request_id != request_id or answer.provider != actor.provider:
        raise NotFound(f"there is no request {request_id} to {answer.provider}", where="body")
    answer_hop(actor, row, answer, at=now(), key=request.headers.get("Idempotency-Key") or None)
    return Status(202, answer)


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja
