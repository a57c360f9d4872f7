"""Requests, packages and tracebacks for an agency's own programs.

An agency sees its own requests and what the gate shows it; the id of anything else is as unknown as one
that never was. What is fetched is on record as disclosed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from django.http import HttpRequest  # noqa: TC002 -- django-ninja reads the annotations
from ninja import Query, Router, Status

from hopback.kernel.errors import BadInput
from hopback.portal.accounts.keys import Key
from hopback.portal.clock import now
from hopback.portal.cursors import cursor_of, following
from hopback.portal.intake.facts import read_facts
from hopback.portal.referrals import access, actions
from hopback.wire import referrals as wire
from hopback.wire.hops import Utc  # noqa: TC001 -- django-ninja reads the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.kernel.disclosure import AgencyView
    from hopback.portal.audit.actors import Actor
    from hopback.portal.intake.facts import Facts
    from hopback.portal.referrals.models import AgencyRequest

__all__ = ["router"]

READ: Final = Key("referrals:read")
WRITE: Final = Key("referrals:write")

router = Router(tags=["referrals"], auth=READ)

ORDER: Final = ("changed_at", "pk")
SETTLED: Final = timedelta(seconds=30)
"""A change is listed so long after it was made: one that was still being written is not passed over then."""
NEWEST: Final = ("-proposed_at", "pk")
MOST_IN_A_PACKAGE: Final = 500

Cursor = Annotated[str, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/referrals/requests", response=wire.RequestList, exclude_none=True)
def list_requests(
    request: HttpRequest, updated_since: Utc | None = None, cursor: Cursor = "", limit: Limit = 100
) -> wire.RequestList:
    """The agency's requests in the order they last changed; a change is listed half a minute after it was made.

    To keep up, hand back ``next`` until there is none, and begin again later with ``updated_since`` the
    ``changed_at`` of the last one read.
    """
    rows = access.requests_of(_actor(request)).filter(changed_at__lte=now() - SETTLED)
    if updated_since is not None:
        rows = rows.filter(changed_at__gte=updated_since)
    found = list(following(rows, cursor, ORDER)[: limit + 1])
    told = _told(_actor(request), found[:limit])
    return wire.RequestList(requests=told, next=cursor_of(found[limit - 1], ORDER) if len(found) > limit else None)


@router.post("/referrals/requests", response={201: wire.RequestTold}, exclude_none=True, auth=WRITE)
def file_request(request: HttpRequest, asked: wire.Asked) -> Status[wire.RequestTold]:
    """File a request. Calls become candidates that the consortium's analysts vet."""
    actor, at = _actor(request), now()
    given: dict[str, Any] = asked.model_dump(exclude={"calls"})
    calls = _facts(asked.calls, why=asked.purpose, at=at)
    row = actions.file_request(actor, access.own_agency(actor), **given, calls=calls, at=at)
    return Status(201, _told(actor, [row])[0])


@router.get("/referrals/requests/{request_id}", response=wire.RequestTold, exclude_none=True)
def read_request(request: HttpRequest, request_id: str) -> wire.RequestTold:
    """One of the agency's requests."""
    actor = _actor(request)
    return _told(actor, [access.request_of(actor, request_id)])[0]


@router.post("/referrals/requests/{request_id}/withdraw", response=wire.RequestTold, exclude_none=True, auth=WRITE)
def withdraw(request: HttpRequest, request_id: str, said: wire.Withdrawn) -> wire.RequestTold:
    """Ask no longer. What was sent stays sent."""
    actor = _actor(request)
    row = actions.withdraw_request(actor, access.request_of(actor, request_id), seen=said.seen, at=now())
    return _told(actor, [row])[0]


@router.post("/referrals/requests/{request_id}/preservations", response={201: wire.Kept}, exclude_none=True, auth=WRITE)
def preserve(request: HttpRequest, request_id: str, said: wire.Keeping) -> Status[wire.Kept]:
    """Ask that records be kept until a day."""
    actor = _actor(request)
    row = actions.ask_preservation(
        actor, access.request_of(actor, request_id), what=said.what, until=said.until, at=now()
    )
    return Status(201, wire.Kept(what=row.what, asked_until=row.asked_until))


@router.get("/referrals/packages/{package_id}", response=wire.PackageTold, exclude_none=True)
def read_package(request: HttpRequest, package_id: str) -> wire.PackageTold:
    """A package addressed to the agency."""
    actor = _actor(request)
    row = access.package_of(actor, package_id)
    views = access.views_of_agency(actor, access.contents_of(actor, row)[:MOST_IN_A_PACKAGE])
    return wire.PackageTold(
        id=row.pk,
        title=row.title,
        note=row.note or None,
        on_process=row.on_process,
        request=row.request_id,
        sent_at=row.sent_at or row.made_at,
        tracebacks=_shown(actor, views),
    )


@router.get("/referrals/tracebacks", response=wire.TracebackList, exclude_none=True)
def list_tracebacks(request: HttpRequest, cursor: Cursor = "", limit: Limit = 100) -> wire.TracebackList:
    """The tracebacks the agency may know of, as it is shown them, the newest first."""
    actor = _actor(request)
    found = list(following(access.tracebacks_of_agency(actor), cursor, NEWEST)[: limit + 1])
    views = access.views_of_agency(actor, [row.pk for row in found[:limit]])
    return wire.TracebackList(
        tracebacks=_shown(actor, views),
        next=cursor_of(found[limit - 1], NEWEST) if len(found) > limit else None,
    )


@router.get("/referrals/tracebacks/{traceback_id}", response=wire.TracebackShown, exclude_none=True)
def read_traceback(request: HttpRequest, traceback_id: str) -> wire.TracebackShown:
    """One traceback, as the agency is shown it."""
    actor = _actor(request)
    return _shown(actor, [access.seen_by_agency(actor, traceback_id)])[0]


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja


def _facts(calls: Sequence[wire.AskedCall], *, why: str, at: datetime) -> list[Facts]:
    found = []
    for number, call in enumerate(calls):
        raw = {
            "called": call.called,
            "calling": call.calling or "anonymous",
            "call_start": call.started_at.isoformat(),
            "call_start_zone": "UTC",
            "accuracy_s": str(call.accuracy_s),
            "why": why,
        }
        facts, wrong = read_facts(raw, at=at)
        if facts is None:
            raise BadInput(f"{wrong[0].field} {wrong[0].message}", where=f"calls.{number}.{wrong[0].field}")
        found.append(facts)
    return found


def _told(actor: Actor, rows: Sequence[AgencyRequest]) -> list[wire.RequestTold]:
    details = access.details_of(actor, rows)
    return [
        wire.RequestTold(
            id=row.pk,
            version=row.version,
            kind=cast("wire.Kind", row.kind),
            authority=cast("wire.Authority", row.authority),
            instrument=row.instrument or None,
            purpose=row.purpose,
            reference=row.reference or None,
            due_on=row.due_on,
            filed_at=row.filed_at,
            changed_at=row.changed_at,
            state=cast("Any", row.state),
            reason=row.reason or None,
            opted_in=row.opted_in,
            targets=details[row.pk].targets,
            tracebacks=details[row.pk].tracebacks,
            packages=details[row.pk].packages,
            preservations=[
                wire.Kept(what=one.what, asked_until=one.asked_until, kept_until=one.kept_until, note=one.note or None)
                for one in details[row.pk].preservations
            ],
        )
        for row in rows
    ]


def _shown(actor: Actor, views: Sequence[AgencyView]) -> list[wire.TracebackShown]:
    actions.note_shown(actor, views, how="fetched", at=now())
    return [
        wire.TracebackShown(
            id=one.view.trace,
            stage=one.view.stage,
            outcome=one.view.outcome,
            origin_provider=one.view.origin_provider,
            origin_provider_name=one.origin or None,
            customer=one.view.customer,
            point_of_entry=one.view.point_of_entry,
            point_of_entry_name=one.entry or None,
            path=[
                wire.HopShown(
                    number=named.number,
                    provider=hop.provider,
                    provider_name=named.provider,
                    state=hop.state,
                    answer=hop.answer.kind if hop.answer else None,
                    upstream=hop.answer.upstream if hop.answer else None,
                    respond_by=hop.respond_by,
                    late_s=hop.late_s,
                )
                for named, hop in zip(one.path, one.view.path, strict=True)
            ],
        )
        for one in access.named(views)
    ]
