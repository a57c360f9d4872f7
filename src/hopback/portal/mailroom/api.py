"""An organisation's webhook endpoints and their delivery log, for its own programs.

A key sees and keeps its organisation's endpoints; the id of anybody else's is as unknown as one that never was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from django.http import HttpRequest  # noqa: TC002 -- django-ninja reads the annotations
from ninja import Query, Router, Status

from hopback.portal.accounts.keys import Key
from hopback.portal.clock import now
from hopback.portal.cursors import cursor_of, following
from hopback.portal.messages.access import attempts_of, endpoint_of, endpoints_of, posting_of, postings_of
from hopback.portal.messages.models import EndpointState
from hopback.portal.messages.webhooks import (
    add_endpoint,
    announce_test,
    change_endpoint,
    event_types,
    remove_endpoint,
    replay,
    rotate_secret,
    set_endpoint_state,
)
from hopback.wire import webhooks as wire

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor
    from hopback.portal.messages.models import Endpoint, Posting

__all__ = ["router"]

router = Router(tags=["webhooks"], auth=Key("webhooks"))

ORDER: Final = ("-at", "-pk")


@router.get("/webhooks/types", response=list[wire.EventType])
def list_types(request: HttpRequest) -> list[wire.EventType]:  # noqa: ARG001 -- django-ninja gives it by name
    """What there is to be told."""
    return [wire.EventType(type=name, meaning=sentence) for name, sentence in event_types().items()]


@router.get("/webhooks", response=list[wire.Endpoint], exclude_none=True)
def list_endpoints(request: HttpRequest) -> list[wire.Endpoint]:
    """The endpoints of this key's organisation."""
    actor = _actor(request)
    return [_endpoint(row) for row in endpoints_of(actor).filter(organisation=actor.organisation).order_by("pk")]


@router.post("/webhooks", response={201: wire.EndpointSecret}, exclude_none=True)
def add(request: HttpRequest, draft: wire.EndpointDraft) -> Status[wire.EndpointSecret]:
    """Add an endpoint. The secret that signs what is posted to it is in this reply and nowhere else."""
    actor = _actor(request)
    row, secret = add_endpoint(actor, actor.organisation or "", at=now(), **draft.model_dump())
    return Status(201, wire.EndpointSecret(endpoint=_endpoint(row), secret=secret))


@router.get("/webhooks/{endpoint}", response=wire.Endpoint, exclude_none=True)
def read(request: HttpRequest, endpoint: str) -> wire.Endpoint:
    """One endpoint."""
    return _endpoint(endpoint_of(_actor(request), endpoint))


@router.put("/webhooks/{endpoint}", response=wire.Endpoint, exclude_none=True)
def change(request: HttpRequest, endpoint: str, given: wire.EndpointChange) -> wire.Endpoint:
    """Change an endpoint, and pause it or make it active again."""
    actor, at = _actor(request), now()
    row = endpoint_of(actor, endpoint)
    fields = given.model_dump(exclude={"version", "state"})
    change_endpoint(actor, row, seen=given.version, at=at, **fields)
    if given.state is not None and given.state != row.state:
        set_endpoint_state(actor, row, EndpointState(given.state), seen=given.version + 1, at=at)
    return _endpoint(endpoint_of(actor, endpoint))


@router.delete("/webhooks/{endpoint}", response={204: None})
def remove(request: HttpRequest, endpoint: str) -> Status[None]:
    """Remove an endpoint: nothing more is posted to it."""
    actor = _actor(request)
    row = endpoint_of(actor, endpoint)
    remove_endpoint(actor, row, seen=row.version, at=now())
    return Status(204, None)


@router.post("/webhooks/{endpoint}/secret", response=wire.EndpointSecret, exclude_none=True)
def replace_secret(request: HttpRequest, endpoint: str) -> wire.EndpointSecret:
    """Replace the secret. For a day the one before it signs as well."""
    actor = _actor(request)
    row = endpoint_of(actor, endpoint)
    return wire.EndpointSecret(secret=rotate_secret(actor, row, at=now()), endpoint=_endpoint(row))


@router.post("/webhooks/{endpoint}/test", response={202: None})
def test(request: HttpRequest, endpoint: str) -> Status[None]:
    """Post a test."""
    actor = _actor(request)
    announce_test(actor, endpoint_of(actor, endpoint), at=now())
    return Status(202, None)


@router.get("/webhooks/{endpoint}/deliveries", response=wire.DeliveryList, exclude_none=True)
def list_deliveries(
    request: HttpRequest,
    endpoint: str,
    state: Literal["waiting", "delivered", "dead", "held"] | None = None,
    cursor: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> wire.DeliveryList:
    """What an endpoint was told, the newest first."""
    actor = _actor(request)
    rows = postings_of(actor, endpoint_of(actor, endpoint))
    if state is not None:
        rows = rows.filter(state=state)
    found = list(following(rows, cursor, ORDER)[: limit + 1])
    following_cursor = cursor_of(found[limit - 1], ORDER) if len(found) > limit else None
    return wire.DeliveryList(deliveries=[_delivery(row) for row in found[:limit]], next=following_cursor)


@router.get("/webhooks/deliveries/{delivery}", response=wire.DeliveryInFull, exclude_none=True)
def read_delivery(request: HttpRequest, delivery: str) -> wire.DeliveryInFull:
    """One delivery: the exact body, and each attempt."""
    actor = _actor(request)
    row = posting_of(actor, delivery)
    log = [
        wire.Attempt(
            number=one.number,
            at=one.at,
            status=one.status,
            duration_ms=one.duration_ms,
            reply=one.reply,
            error=one.error,
        )
        for one in attempts_of(actor, row)
    ]
    return wire.DeliveryInFull(**_delivery(row).model_dump(), body=row.announced.body, log=log)


@router.post("/webhooks/deliveries/{delivery}/replay", response={202: wire.Delivery}, exclude_none=True)
def post_again(request: HttpRequest, delivery: str) -> Status[wire.Delivery]:
    """Post an announcement again, under the same ``webhook-id``."""
    actor = _actor(request)
    replay(actor, posting_of(actor, delivery), at=now())
    return Status(202, _delivery(posting_of(actor, delivery)))


def _endpoint(row: Endpoint) -> wire.Endpoint:
    return wire.Endpoint(
        id=row.uid,
        url=row.url,
        mailbox=row.mailbox,
        label=row.label,
        types=row.types,
        state=cast("Literal['active', 'paused', 'disabled']", str(row.state)),
        version=row.version,
        created_at=row.created_at,
        failing_since=row.failing_since,
    )


def _delivery(row: Posting) -> wire.Delivery:
    return wire.Delivery(
        id=row.uid,
        webhook_id=row.announced.uid,
        type=row.announced.type,
        state=cast("Literal['waiting', 'delivered', 'dead', 'held']", str(row.state)),
        attempts=row.attempts,
        announced_at=row.announced.at,
        next_attempt_at=row.due_at,
    )


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja
