"""The directory for the consortium's own programs: providers, who serves a number, files.

Keys of the consortium with ``directory:read`` and ``directory:write``; for any other key there is nothing here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

from django.http import HttpRequest  # noqa: TC002 -- django-ninja reads the annotations
from ninja import File, Form, Query, Router
from ninja.files import UploadedFile  # noqa: TC002 -- the same
from pydantic import AwareDatetime  # noqa: TC002 -- the same

from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import format_e164, read_e164
from hopback.portal.accounts.keys import Key
from hopback.portal.clock import now
from hopback.portal.cursors import cursor_of, following
from hopback.portal.directory.access import claims_of, contacts_of, may_read, open_numbers_of
from hopback.portal.directory.actions import import_file
from hopback.portal.directory.actions.imports import LARGEST_UPLOAD, FileDraft, read_file
from hopback.portal.directory.consulting import consult
from hopback.portal.directory.files.registry import split_names
from hopback.portal.directory.models import OpenState
from hopback.portal.directory.reading import provider_of, roster
from hopback.portal.directory.registry import search_registry
from hopback.portal.directory.resolving import plain, resolve
from hopback.wire import directory as wire

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Contact, IdentityClaim, ImportedFile, Provider

__all__ = ["router"]

READ, WRITE = Key("directory:read"), Key("directory:write")

router = Router(tags=["directory"], auth=READ)

ORDER: Final = ("changed_at", "pk")
Text = Annotated[str, Query(max_length=100)]


@router.get("/directory/providers", response=wire.ProviderPage, exclude_none=True)
def list_providers(
    request: HttpRequest,
    *,
    q: Text = "",
    rmd_status: Literal["", "listed", "missing", "removed", "unknown"] = "",
    updated_since: AwareDatetime | None = None,
    after: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> wire.ProviderPage:
    """Providers in the order they were changed, merged ones among them; go on from ``next`` until there is none."""
    actor = _actor(request)
    may_read(actor, None)
    rows = roster(actor, text=q, rmd=rmd_status, show="all")
    if updated_since is not None:
        rows = rows.filter(changed_at__gte=_since(updated_since))
    found = list(following(rows, after, ORDER)[: limit + 1])
    more = cursor_of(found[limit - 1], ORDER) if len(found) > limit else None
    return wire.ProviderPage(providers=[_provider(row) for row in found[:limit]], next=more)


@router.get("/directory/providers/{provider}", response=wire.ProviderEntry, exclude_none=True)
def read_provider(request: HttpRequest, provider: str) -> wire.ProviderEntry:
    """One provider, with every claim and contact on record."""
    actor = _actor(request)
    may_read(actor, None)
    row = provider_of(actor, provider)
    claims = claims_of(actor).filter(provider=row).order_by("-seen_at", "-pk")[:1000]
    contacts = contacts_of(actor).filter(provider=row).order_by("pk")
    shown = _provider(row)
    return shown.model_copy(
        update={"claims": [_claim(one) for one in claims], "contacts": [_contact(one, row) for one in contacts]}
    )


@router.get("/directory/resolve", response=wire.ResolutionEntry, exclude_none=True)
def resolve_number(
    request: HttpRequest, number: Annotated[str, Query(max_length=20)], on: date
) -> wire.ResolutionEntry:
    """Who serves a called number (``+12025550143``) on a day, by what is on record. Nothing is asked or queued."""
    may_read(_actor(request), None)
    return wire.ResolutionEntry(**plain(resolve(read_e164(number, where="number"), on=on)))


@router.post("/directory/resolve", response=wire.ResolutionEntry, exclude_none=True, auth=WRITE)
def resolve_and_queue(request: HttpRequest, asked: wire.NumberAsked) -> wire.ResolutionEntry:
    """The same, asking the look-ups first; what needs a person then waits for one."""
    number = read_e164(asked.number, where="number")
    found, failed = consult(_actor(request), number, on=asked.on, at=now(), asked_for=asked.asked_for)
    return wire.ResolutionEntry(**plain(found), failed_lookups=list(failed))


@router.get("/directory/numbers/waiting", response=list[wire.OpenNumberEntry], exclude_none=True)
def list_waiting(request: HttpRequest) -> list[wire.OpenNumberEntry]:
    """The numbers that wait for a person, the oldest first; at most five hundred."""
    actor = _actor(request)
    may_read(actor, None)
    rows = open_numbers_of(actor).filter(state=OpenState.WAITING).order_by("first_at", "pk")[:500]
    return [
        wire.OpenNumberEntry(
            id=row.pk,
            number=format_e164(row.number),
            call_on=row.call_on,
            why=row.why,
            ocn=row.ocn,
            company=row.company,
            asked_for=row.asked_for,
            times=row.times,
            first_at=row.first_at,
        )
        for row in rows
    ]


@router.post("/directory/files/{kind}", response=wire.FileReport, exclude_none=True, auth=WRITE)
def bring_file(
    request: HttpRequest,
    kind: Literal["codes", "ports", "registry"],
    source: Annotated[str, Form(min_length=1, max_length=100)],
    as_of: Annotated[date, Form()],
    file: Annotated[UploadedFile, File()],
) -> wire.FileReport:
    """Take over a file at once (multipart). The same bytes again are answered as they were the first time."""
    if (file.size or 0) > LARGEST_UPLOAD:
        raise BadInput("too large for the API", where="file", mend="bring it by the command line")
    draft = FileDraft(kind, file.name or kind, source, as_of)
    return _report(import_file(_actor(request), read_file(draft, file.read()), at=now()))


@router.get("/directory/registry", response=list[wire.RegistryEntry], exclude_none=True)
def find_in_registry(
    request: HttpRequest, q: Annotated[str, Query(min_length=2, max_length=100)]
) -> list[wire.RegistryEntry]:
    """Entries of the public registry that have every word of ``q`` in their names or numbers; at most fifty."""
    may_read(_actor(request), None)
    rows = search_registry(q, limit=50)
    return [
        wire.RegistryEntry(
            number=row.number,
            frn=row.frn,
            name=row.name,
            other_names=list(split_names(row.dbas)),
            former_names=list(split_names(row.former_names)),
            state=row.state,
            implementation=row.implementation,
            as_of=row.snapshot.as_of,
        )
        for row in rows
    ]


def _since(when: datetime) -> datetime:
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise BadInput("no such instant in UTC", where="updated_since") from None


def _provider(row: Provider) -> wire.ProviderEntry:
    return wire.ProviderEntry(
        id=row.pk,
        legal_name=row.legal_name,
        country=row.country,
        state=row.state,
        frn=row.frn,
        ocn=row.ocn,
        time_zone=row.time_zone,
        rmd_number=row.rmd_number,
        rmd_status=row.rmd_status,
        rmd_checked_at=row.rmd_checked_at,
        merged_into=row.merged_into_id,
        version=row.version,
        changed_at=row.changed_at,
    )


def _claim(row: IdentityClaim) -> wire.ClaimEntry:
    return wire.ClaimEntry(
        kind=row.kind,
        value=row.value,
        source=row.source,
        source_ref=row.source_ref,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        seen_at=row.seen_at,
        superseded_at=row.superseded_at,
    )


def _contact(row: Contact, provider: Provider) -> wire.ContactEntry:
    return wire.ContactEntry(
        duty=row.duty,
        name=row.name,
        mailbox=row.mailbox,
        phone=row.phone,
        zone=row.zone or provider.time_zone,
        opens=row.opens.isoformat("minutes") if row.opens else "",
        closes=row.closes.isoformat("minutes") if row.closes else "",
        days=row.days,
        bounces=row.bounces,
        verified_at=row.verified_at,
        active_from=row.active_from,
        active_to=row.active_to,
    )


def _report(row: ImportedFile) -> wire.FileReport:
    return wire.FileReport(
        id=row.pk,
        kind=row.kind,
        sha256=row.sha256,
        source=row.source,
        as_of=row.as_of,
        rows=row.rows,
        added=row.added,
        rejected=row.rejected,
        rejects=[wire.RejectedLine(**one) for one in row.report.get("rejects", ())],
        imported_at=row.imported_at,
    )


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja
