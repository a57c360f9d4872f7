"""Every write to agencies' requests, packages and what was disclosed."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from hopback.kernel.errors import BadInput, Conflict, NotFound, Refused
from hopback.kernel.plain import to_plain
from hopback.portal.accounts.models import Organisation, User
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.intake.actions import propose
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter
from hopback.portal.referrals.access import may_ask, may_decide_requests, may_share, takes_part
from hopback.portal.referrals.models import (
    OPEN,
    Addressed,
    AgencyRequest,
    Authority,
    Disclosure,
    Match,
    Package,
    PackageState,
    Preservation,
    RequestedCall,
    RequestKind,
    RequestState,
    Target,
)
from hopback.portal.referrals.targets import MOST_TARGETS, target_key
from hopback.proofs.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from hopback.kernel.disclosure import AgencyView
    from hopback.portal.audit.actors import Actor
    from hopback.portal.intake.facts import Facts
    from hopback.portal.tracebacks.models import Traceback

__all__ = [
    "add_target",
    "address",
    "approve_package",
    "ask_preservation",
    "confirm_preservation",
    "decline_request",
    "disclosure_form",
    "file_request",
    "grant_request",
    "make_package",
    "note_shown",
    "opt",
    "recall_package",
    "send_package",
    "share_contact",
    "take_out",
    "withdraw_request",
]

ID_BYTES: Final = 8
LONGEST_AHEAD: Final = timedelta(days=730)


# An agency asks


@action("agency_request.filed", may=may_ask)
def file_request(
    actor: Actor,
    organisation: Organisation,
    *,
    kind: str,
    authority: str,
    purpose: str,
    due_on: date,
    at: datetime,
    instrument: str = "",
    reference: str = "",
    targets: Sequence[str] = (),
    calls: Sequence[Facts] = (),
    opted_in: bool = False,
) -> AgencyRequest:
    """Ask the consortium for something, by some authority, for some purpose, by some day.

    Calls are put forward to the intake as candidates in the agency's own name. A legal process has the
    number of its instrument.
    """
    if kind not in RequestKind.values or authority not in Authority.values:
        raise BadInput("there is no such request", where="kind")
    if not purpose.strip():
        raise BadInput("it has no purpose", where="purpose", mend="say what it is needed for")
    if authority != Authority.VOLUNTARY and not instrument.strip():
        raise BadInput("a legal process has a number", where="instrument", mend="give the number of the instrument")
    if not at.date() - timedelta(days=1) <= due_on <= at.date() + LONGEST_AHEAD:
        raise BadInput("it cannot be due that day", where="due_on", mend="name a day from today on")
    if kind == RequestKind.CALLS and not calls:
        raise BadInput("no calls", where="calls", mend="write one call a line")
    if kind != RequestKind.CALLS and not targets:
        raise BadInput("nothing it is about", where="targets")
    if len(targets) > MOST_TARGETS:
        raise BadInput(f"at most {MOST_TARGETS} in one request", where="targets", mend="file several requests")
    row = AgencyRequest.objects.create(
        id=f"A{secrets.token_hex(ID_BYTES)}",
        organisation=organisation,
        kind=kind,
        authority=authority,
        instrument=instrument.strip(),
        purpose=purpose.strip(),
        reference=reference.strip(),
        due_on=due_on,
        filed_by=actor.name,
        filed_at=at,
        changed_at=at,
        opted_in=opted_in,
    )
    entry().about(row.audit_name)
    entry().facts = {"kind": kind, "authority": authority, "due": due_on.isoformat(), "opted_in": opted_in}
    if kind == RequestKind.CALLS:
        _put_forward(actor, row, calls, at=at)
    else:
        _add_targets(row, [(kind, target_key(kind, text), text.strip()) for text in targets])
    return row


def _put_forward(actor: Actor, row: AgencyRequest, calls: Sequence[Facts], *, at: datetime) -> None:
    kept = propose(actor, row.organisation_id, list(calls), at=at, via="request")
    RequestedCall.objects.bulk_create([RequestedCall(request=row, sample=sample) for sample in kept.fresh])
    numbers = {call.calling for call in calls if call.calling is not None}
    _add_targets(row, [(RequestKind.NUMBER, str(number), f"+{number}") for number in sorted(numbers)])


def _add_targets(row: AgencyRequest, targets: Sequence[tuple[str, str, str]]) -> None:
    unique = {(kind, key): text for kind, key, text in targets}
    rows = [Target(request=row, kind=kind, key=key, text=text[:200]) for (kind, key), text in unique.items()]
    Target.objects.bulk_create(rows, ignore_conflicts=True)


@action("agency_request.withdrawn", may=may_ask)
def withdraw_request(_actor: Actor, request: AgencyRequest, *, at: datetime, seen: int | None = None) -> AgencyRequest:
    """Ask no longer. What was sent stays sent."""
    row = _locked(request, seen=seen)
    _check_open(row)
    return _moved(row, RequestState.WITHDRAWN, at=at)


@action("agency_request.opted", may=may_ask)
def opt(_actor: Actor, request: AgencyRequest, *, is_in: bool, at: datetime, seen: int | None = None) -> AgencyRequest:
    """Opt in to, or out of, hearing of a colleague with the same target."""
    row = _locked(request, seen=seen)
    if row.state in {RequestState.DECLINED, RequestState.WITHDRAWN}:
        raise Conflict("this request is over")
    row.opted_in = is_in
    entry().facts = {"opted_in": is_in}
    row = _saved(row, at=at)
    _match(row, at=at)
    return row


@action("preservation.asked", may=may_ask)
def ask_preservation(actor: Actor, request: AgencyRequest, *, what: str, until: date, at: datetime) -> Preservation:
    """Ask that records be kept until a day."""
    row = _locked(request)
    if row.state in {RequestState.DECLINED, RequestState.WITHDRAWN}:
        raise Conflict("this request is over", mend="file another")
    if not what.strip():
        raise BadInput("nothing to keep", where="what", mend="say which records")
    if not at.date() <= until <= at.date() + LONGEST_AHEAD:
        raise BadInput("records cannot be kept until that day", where="until", mend="name a day within two years")
    kept = Preservation.objects.create(
        request=row, what=what.strip(), asked_until=until, asked_by=actor.name, asked_at=at
    )
    _saved(row, at=at)
    entry().about(row.audit_name)
    entry().facts = {"preservation": kept.pk, "until": until.isoformat()}
    return kept


# The consortium answers


@action("agency_request.granted", may=may_decide_requests)
def grant_request(
    actor: Actor, request: AgencyRequest, *, at: datetime, reason: str = "", seen: int | None = None
) -> AgencyRequest:
    """Take a request on."""
    row = _locked(request, seen=seen)
    if row.state != RequestState.FILED:
        raise Conflict("it was decided meanwhile", mend="look at it again")
    row.decided_by, row.decided_at, row.reason = actor.name, at, reason.strip()
    row = _moved(row, RequestState.GRANTED, at=at)
    _match(row, at=at)
    return row


@action("agency_request.declined", may=may_decide_requests)
def decline_request(
    actor: Actor, request: AgencyRequest, *, reason: str, at: datetime, seen: int | None = None
) -> AgencyRequest:
    """Decline a request, saying why; the agency reads the reason."""
    if not reason.strip():
        raise BadInput("no reason", where="reason", mend="say why, for the agency to read")
    row = _locked(request, seen=seen)
    if row.state != RequestState.FILED:
        raise Conflict("it was decided meanwhile", mend="look at it again")
    row.decided_by, row.decided_at, row.reason = actor.name, at, reason.strip()
    row = _moved(row, RequestState.DECLINED, at=at)
    _tell(row, "request_declined", {"request": row}, at=at)
    return row


@action("agency_request.target_named", may=may_decide_requests)
def add_target(_actor: Actor, request: AgencyRequest, *, kind: str, text: str, at: datetime) -> AgencyRequest:
    """Name what a request is about as the consortium knows it, so that two that mean the same are found."""
    row = _locked(request)
    if kind not in {RequestKind.NUMBER, RequestKind.PROVIDER, RequestKind.CAMPAIGN}:
        raise BadInput("there is no such target", where="kind")
    _add_targets(row, [(kind, target_key(kind, text), text.strip())])
    entry().facts = {"kind": kind}
    row = _saved(row, at=at)
    _match(row, at=at)
    return row


@action("preservation.confirmed", may=may_decide_requests)
def confirm_preservation(
    actor: Actor, preservation: Preservation, *, until: date, note: str = "", at: datetime
) -> Preservation:
    """Say until when records are kept. A later word replaces an earlier one; the log has both."""
    if until < at.date():
        raise BadInput("that day is past", where="until")
    row = Preservation.objects.select_for_update().select_related("request").get(pk=preservation.pk)
    row.kept_until, row.note = until, note.strip()
    row.confirmed_by, row.confirmed_at = actor.name, at
    row.save()
    _saved(_locked(row.request), at=at)
    entry().about(row.request.audit_name)
    entry().facts = {"preservation": row.pk, "until": until.isoformat()}
    return row


@action("package.made", may=may_decide_requests)
def make_package(
    actor: Actor,
    organisation: Organisation,
    *,
    title: str,
    at: datetime,
    request: AgencyRequest | None = None,
    note: str = "",
    on_process: bool = False,
) -> Package:
    """Begin a package for an agency. One on legal process answers a request that was taken on and rests on process."""
    if not title.strip():
        raise BadInput("it has no title", where="title")
    if organisation.kind != "agency":
        raise BadInput("packages go to agencies", where="organisation")
    if request is not None and request.organisation_id != organisation.pk:
        raise BadInput("that is another agency's request", where="request")
    if request is not None and request.state not in {RequestState.GRANTED, RequestState.SENT}:
        raise Conflict("the request is not taken on")
    if on_process and (request is None or not request.is_on_process):
        raise BadInput(
            "no legal process stands behind it",
            where="on_process",
            mend="answer a request made by subpoena, demand or court order",
        )
    row = Package.objects.create(
        id=f"K{secrets.token_hex(ID_BYTES)}",
        organisation=organisation,
        request=request,
        title=title.strip(),
        note=note.strip(),
        on_process=on_process,
        made_by=actor.name,
        made_at=at,
    )
    entry().about(row.audit_name)
    entry().facts = {"agency": organisation.pk, "request": request.pk if request else "", "on_process": on_process}
    return row


@action("package.addressed", may=may_decide_requests)
def address(actor: Actor, package: Package, *, tracebacks: Sequence[Traceback], at: datetime) -> Package:
    """Put tracebacks into a package that is still being put together."""
    row = _locked_package(package)
    _check_draft(row)
    known = set(row.addressed.values_list("traceback", flat=True))
    fresh = {one.pk: one for one in tracebacks if one.pk not in known}
    Addressed.objects.bulk_create(
        [Addressed(package=row, traceback=one, added_by=actor.name, added_at=at) for one in fresh.values()]
    )
    entry().facts = {"tracebacks": sorted(fresh)}
    return _bumped(row)


@action("package.thinned", may=may_decide_requests)
def take_out(_actor: Actor, package: Package, *, traceback: str, at: datetime) -> Package:  # noqa: ARG001
    """Take a traceback out of a package that is still being put together."""
    row = _locked_package(package)
    _check_draft(row)
    if not row.addressed.filter(traceback=traceback).delete()[0]:
        raise Conflict("it is not in the package")
    entry().facts = {"traceback": traceback}
    return _bumped(row)


@action("package.approved", may=may_decide_requests)
def approve_package(actor: Actor, package: Package, *, at: datetime, seen: int | None = None) -> Package:
    """Approve what goes out on legal process, as somebody other than who put it together."""
    row = _locked_package(package, seen=seen)
    _check_draft(row)
    makers = {row.made_by, *row.addressed.values_list("added_by", flat=True)}
    if not row.on_process:
        raise Conflict("it needs no second person")
    if actor.name in makers:
        raise Refused("a second person approves it", mend="ask a colleague who put nothing into it")
    if not row.addressed.exists():
        raise Conflict("there is nothing in it")
    row.state, row.approved_by, row.approved_at = PackageState.APPROVED, actor.name, at
    return _bumped(row)


@action("package.sent", may=may_decide_requests)
def send_package(actor: Actor, package: Package, *, at: datetime, seen: int | None = None) -> Package:
    """Let the agency see what is in the package. One on legal process has been approved by a second person."""
    row = _locked_package(package, seen=seen)
    ready = PackageState.APPROVED if row.on_process else PackageState.DRAFT
    if row.state != ready:
        raise Conflict(
            "a second person has not approved it"
            if row.state == PackageState.DRAFT
            else f"it is {row.get_state_display()}"
        )
    ids = list(row.addressed.order_by("traceback").values_list("traceback", flat=True))
    if not ids:
        raise Conflict("there is nothing in it", mend="put tracebacks into it first")
    row.state, row.sent_by, row.sent_at = PackageState.SENT, actor.name, at
    row = _bumped(row)
    _disclose(
        row.organisation_id,
        [(f"traceback:{one}", _no_content(row, one)) for one in ids],
        how="sent",
        basis=_basis(row),
        package=row.pk,
        actor=actor,
        at=at,
    )
    if row.request is not None:
        request = _locked(row.request)
        if request.state == RequestState.GRANTED:
            _moved(request, RequestState.SENT, at=at)
        _tell(request, "package_sent", {"package": row, "request": request}, at=at)
    entry().facts = {"agency": row.organisation_id, "tracebacks": ids, "on_process": row.on_process}
    return row


@action("package.recalled", may=may_decide_requests)
def recall_package(actor: Actor, package: Package, *, reason: str, at: datetime) -> Package:
    """Show a package no longer. That it was shown stays on record."""
    if not reason.strip():
        raise BadInput("no reason", where="reason")
    row = _locked_package(package)
    if row.state != PackageState.SENT:
        raise Conflict("it was not sent")
    ids = list(row.addressed.order_by("traceback").values_list("traceback", flat=True))
    row.state, row.recalled_at, row.recall_reason = PackageState.RECALLED, at, reason.strip()
    row = _bumped(row)
    _disclose(
        row.organisation_id,
        [(f"traceback:{one}", _no_content(row, one)) for one in ids],
        how="recalled",
        basis=_basis(row),
        package=row.pk,
        actor=actor,
        at=at,
    )
    return row


# What an agency was shown


def _may_be_shown(_actor: Actor, _organisation: str, /) -> None:
    """Whether one may was asked of the gate, which gave what is written down here."""


def note_shown(actor: Actor, views: Sequence[AgencyView], *, how: str, at: datetime) -> None:
    """Write down what an agency looks at, fetches or takes away; what it saw before just so, only once."""
    if not actor.organisation or not views:
        return
    shown = [(f"traceback:{view.trace}", view_digest(view)) for view in views]
    if how != "exported":
        known = set(
            Disclosure.objects.filter(
                actor=actor.name, how=how, subject__in=[subject for subject, _ in shown]
            ).values_list("subject", "sha256")
        )
        shown = [one for one in shown if one not in known]
    if shown:
        _note_shown(actor, actor.organisation, shown=shown, how=how, at=at)


@action("agency.shown", may=_may_be_shown)
def _note_shown(actor: Actor, organisation: str, *, shown: Sequence[tuple[str, str]], how: str, at: datetime) -> None:
    entry().about(f"organisation:{organisation}")
    entry().facts = {"how": how, "tracebacks": [subject.partition(":")[2] for subject, _ in shown]}
    _disclose(organisation, shown, how=how, basis="own request or package", package="", actor=actor, at=at)


def view_digest(view: AgencyView) -> str:
    """The digest of what an agency is shown of one traceback."""
    return digest(to_plain(view), salt=b"")


def disclosure_form(row: Disclosure) -> dict[str, Any]:
    """What the log answers for of a disclosure."""
    return {
        "organisation": row.organisation,
        "package": row.package,
        "subject": row.subject,
        "how": row.how,
        "basis": row.basis,
        "actor": row.actor,
        "at": row.at.isoformat(),
        "sha256": row.sha256,
    }


def _disclose(
    organisation: str,
    shown: Sequence[tuple[str, str]],
    *,
    how: str,
    basis: str,
    package: str,
    actor: Actor,
    at: datetime,
) -> None:
    rows = [
        Disclosure(
            leaf=entry().uid,
            organisation=organisation,
            package=package,
            subject=subject,
            how=how,
            basis=basis,
            actor=actor.name,
            at=at,
            sha256=sha256,
        )
        for subject, sha256 in shown
    ]
    Disclosure.objects.bulk_create(rows)
    entry().wrote(Disclosure._meta.label_lower, [disclosure_form(row) for row in rows])  # noqa: SLF001 -- documented


def _basis(package: Package) -> str:
    request = package.request
    if request is None:
        return "voluntary referral"
    return f"{request.authority} {request.instrument}".strip()[:120]


def _no_content(package: Package, traceback: str) -> str:
    """What a package lets an agency see depends on the traceback as it is when it looks; this names the grant."""
    return digest({"package": package.pk, "traceback": traceback, "on_process": package.on_process}, salt=b"")


# Deconfliction


@action("contact.shared", may=may_share)
def share_contact(actor: Actor, match: Match, *, contact: str, at: datetime) -> Match:
    """Share how one is reached with a colleague who has the same target. Either learns the other's once both have."""
    if not contact.strip():
        raise BadInput("no contact", where="contact", mend="say how you are reached")
    row = Match.objects.select_for_update().select_related("first", "second").get(pk=match.pk)
    if not (takes_part(row.first) and takes_part(row.second)):
        raise NotFound("there is no such colleague")
    if row.first.organisation_id == actor.organisation:
        row.first_contact, row.first_shared_at = contact.strip()[:300], at
    else:
        row.second_contact, row.second_shared_at = contact.strip()[:300], at
    row.save()
    entry().facts = {"both": row.first_shared_at is not None and row.second_shared_at is not None}
    return row


def _match(row: AgencyRequest, *, at: datetime) -> None:
    """Find the colleagues of a request that takes part, and tell both sides that there is one."""
    if not takes_part(row):
        return
    same = Q()
    for kind, key in row.targets.values_list("kind", "key"):
        same |= Q(targets__kind=kind, targets__key=key)
    if not same:
        return
    others = AgencyRequest.objects.filter(same, opted_in=True, state__in=(RequestState.GRANTED, RequestState.SENT))
    for other in others.exclude(organisation=row.organisation_id).distinct().order_by("filed_at", "pk")[:100]:
        first, second = sorted((row, other), key=lambda one: (one.filed_at, one.pk))
        _, is_new = Match.objects.get_or_create(first=first, second=second, defaults={"found_at": at})
        if is_new:
            for side in (first, second):
                _tell(side, "colleague", {"request": side}, at=at)


def _tell(request: AgencyRequest, template: str, context: dict[str, Any], *, at: datetime) -> None:
    """Write to whoever filed a request, without anything of its content."""
    kind, _, number = request.filed_by.partition(":")
    person = User.objects.filter(pk=int(number)).first() if kind == "user" and number.isdigit() else None
    if person is None or not person.is_active:
        return
    link = settings.CONFIGURATION.address.rstrip("/") + reverse("referrals:request", args=[request.pk])
    text = render_to_string(f"referrals/letters/{template}.txt", {**context, "link": link, "person": person})
    subject, _, body = text.strip().partition("\n")
    letter = Letter(
        kind=f"agency.{template}",
        mailbox=person.email,
        subject=" ".join(subject.split())[:200],
        text=body.strip() + "\n",
        about=request.audit_name,
        organisation=request.organisation_id,
    )
    send(SYSTEM, letter, at=at)


# Rows


def _locked(request: AgencyRequest, *, seen: int | None = None) -> AgencyRequest:
    row = AgencyRequest.objects.select_for_update().get(pk=request.pk)
    if seen is not None and seen != row.version:
        raise Conflict("this request was changed meanwhile", mend="look at it as it is now")
    return row


def _check_open(row: AgencyRequest) -> None:
    if row.state not in OPEN:
        raise Conflict(f"this request is {row.get_state_display()}")


def _moved(row: AgencyRequest, state: RequestState, *, at: datetime) -> AgencyRequest:
    entry().facts = {**entry().facts, "from": row.state}
    row.state = state
    return _saved(row, at=at)


def _saved(row: AgencyRequest, *, at: datetime) -> AgencyRequest:
    row.changed_at = at
    row.version += 1
    row.save()
    return row


def _locked_package(package: Package, *, seen: int | None = None) -> Package:
    row = Package.objects.select_for_update().get(pk=package.pk)
    if seen is not None and seen != row.version:
        raise Conflict("this package was changed meanwhile", mend="look at it as it is now")
    return row


def _check_draft(row: Package) -> None:
    if row.state != PackageState.DRAFT:
        raise Conflict(f"this package is {row.get_state_display()}", mend="make another")


def _bumped(row: Package) -> Package:
    row.version += 1
    row.save()
    return row
