"""The pages of actions: recorded by providers, looked over by the consortium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from hopback.kernel.clocks import office_zone
from hopback.kernel.errors import BadInput, HopbackError
from hopback.portal.accounts.access import READERS, STAFF, page
from hopback.portal.audit.actors import Role
from hopback.portal.clock import now
from hopback.portal.mitigations.access import action_of, actions_of, with_returns
from hopback.portal.mitigations.actions import record_action, verify_action
from hopback.portal.mitigations.forms import ActionForm, VerifyForm
from hopback.portal.mitigations.models import ActionKind, Target
from hopback.portal.pages import paged, render, status_of
from hopback.portal.tracebacks.access import hop_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.mitigations.models import Action
    from hopback.portal.tracebacks.models import Hop


@page(Role.PROVIDER, *READERS)
@require_GET
def listed(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What was done, the latest first: all for the consortium, a provider's own for that provider."""
    rows = actions_of(actor)
    kind, target = request.GET.get("kind", ""), request.GET.get("target", "")
    provider = request.GET.get("provider", "")[:64]
    if kind in ActionKind.values:
        rows = rows.filter(kind=kind)
    if target in Target.values:
        rows = rows.filter(target=target)
    if provider and actor.role in READERS:
        rows = rows.filter(provider=provider)
    if request.GET.get("verified") == "no":
        rows = rows.filter(verification__isnull=True)
    found = paged(with_returns(rows), request, order=("-effective_at", "-pk"))
    context = {
        "page": found,
        "kinds": ActionKind.choices,
        "targets": Target.choices,
        "kind": kind,
        "target": target,
        "provider": provider,
        "is_unverified": request.GET.get("verified") == "no",
        "is_staff": actor.role in READERS,
        "is_filtered": bool(kind or target or provider or request.GET.get("verified")),
    }
    return render(request, "mitigations/list.html", context)


@page(Role.PROVIDER, *READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """One action; the consortium's people say here that they have seen proof of it."""
    row = action_of(actor, pk)
    form = VerifyForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if actor.role not in STAFF:
            raise Http404
        status = 422
        if form.is_valid():
            try:
                verify_action(actor, row, how=form.cleaned_data["how"], at=now())
            except HopbackError as error:
                form.add_error(None, f"{error.message}.")
                status = 422 if isinstance(error, BadInput) else status_of(error)
            else:
                messages.success(request, "Noted as verified.")
                return redirect("mitigations:show", pk)
    counted = with_returns(actions_of(actor).filter(pk=pk)).first()
    context = {
        "row": row,
        "returns": counted.returns if counted is not None else None,  # type: ignore[attr-defined]  # annotated
        "is_replaced": counted is None,
        "form": form,
        "is_staff": actor.role in READERS,
        "may_verify": actor.role in STAFF and counted is not None,
        "may_record": actor.role in (Role.PROVIDER, *STAFF) and counted is not None,
        "is_own": actor.role is Role.PROVIDER,
    }
    return render(request, "mitigations/action.html", context, status=status)


@page(Role.PROVIDER, *STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Record what was done about the source of a call, or record anew what was recorded wrongly."""
    hop = hop_of(actor, request_id)
    replaces = None
    if request.GET.get("instead", "").isdigit():
        replaces = action_of(actor, int(request.GET["instead"][:18]))
        if replaces.hop_id != hop.pk:
            raise Http404
    zone = hop.provider.time_zone
    form = ActionForm(request.POST or None, initial=_begin(hop, replaces, zone=zone))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                row = record_action(actor, hop, form.draft(zone), at=now(), replaces=replaces)
            except HopbackError as error:
                form.add_error(None, f"{error.message}.")
                status = 422 if isinstance(error, BadInput) else status_of(error)
            else:
                messages.success(request, "Recorded.")
                return redirect("mitigations:show", row.pk)
    context = {"form": form, "request_id": request_id, "replaces": replaces, "is_staff": actor.role in READERS}
    return render(request, "mitigations/record.html", context, status=status)


def _begin(hop: Hop, replaces: Action | None, *, zone: str) -> dict[str, Any]:
    """What the form begins with: what is to be replaced, or whom the answer names."""
    if replaces is None:
        target = Target.CUSTOMER if hop.customer or not hop.upstream else Target.UPSTREAM
        what = hop.customer if target is Target.CUSTOMER else ""
        return {"target": target, "what": what, "effective_at": now().astimezone(office_zone(zone)).date()}
    day = replaces.effective_at.astimezone(office_zone(zone)).date()
    until = replaces.until.astimezone(office_zone(zone)).date() if replaces.until else None
    names = ("kind", "target", "what", "scope", "reason", "evidence")
    return {name: getattr(replaces, name) for name in names} | {"effective_at": day, "until": until}
