"""An answer on its way through the page: typed, searched, previewed, sent. The same for whoever comes by a link."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction

from hopback.kernel.errors import BadInput, HopbackError
from hopback.portal.audit.actions import recording_refusals
from hopback.portal.desk.access import attachments_of, travels_of
from hopback.portal.desk.actions import attach, submit
from hopback.portal.desk.files import MOST
from hopback.portal.desk.forms import AnswerForm, several_files
from hopback.portal.desk.upstreams import choice_of, choices_for, chosen, neighbours_of
from hopback.portal.pages import status_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from hopback.portal.audit.actors import Actor
    from hopback.portal.desk.models import Attachment
    from hopback.portal.desk.reading import Asked
    from hopback.portal.tracebacks.models import Hop

__all__ = ["Filling", "filled_in", "is_fillable"]


@dataclass(frozen=True, slots=True)
class Filling:
    """Where an answer stands: sent, or what the page shows next."""

    is_sent: bool = False
    preview: str = ""
    status: int = 200
    context: dict[str, Any] = field(default_factory=dict)


def is_fillable(ask: Asked) -> bool:
    """Whether an answer may be given now. Nothing was received yet: answering is the receipt."""
    return ask.own.can_answer or (ask.own.received_at is None and ask.own.state.value == "asked")


def filled_in(
    request: HttpRequest, actor: Actor, hop: Hop, ask: Asked, *, at: datetime, is_signed_in: bool = True
) -> Filling:
    """Go one step on with an answer. Whoever came by a link is shown nothing of what was said before."""
    travels = travels_of(hop.provider_id)
    near = neighbours_of(actor) if is_signed_in else []
    if request.method != "POST":
        form = AnswerForm(asked=ask, at=at, travels=travels, repeats=is_signed_in)
        if is_signed_in and not form.initial.get("certified_by"):
            form.initial["certified_by"] = str(request.user)
        return Filling(context=_context(form, actor=actor, near=near, kept=[]))
    kept, trouble = _files(request, actor, hop, at=at, most=MOST if is_signed_in else MOST // 2)
    digests = tuple(one.sha256 for one in kept)
    if request.POST.get("do") == "find":
        text = request.POST.get("find", "")[:100]
        typed = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
        form = AnswerForm(asked=ask, at=at, travels=travels, kept=digests, typed=typed, repeats=is_signed_in)
        found = choices_for(actor, text, shows_neighbours=is_signed_in)
        return Filling(context=_context(form, actor=actor, near=near, kept=kept, found=found, text=text))
    form = AnswerForm(request.POST, asked=ask, at=at, travels=travels, kept=digests, repeats=is_signed_in)
    if trouble is not None:
        form.is_valid()
        form.add_error(None, f"{trouble.message}. {trouble.mend}.".replace(" .", ""))
    if not form.is_valid():
        return Filling(status=422, context=_context(form, actor=actor, near=near, kept=kept))
    is_sure = request.POST.get("do") == "sure"
    if form.record_sent() is not None and not is_sure:
        preview = form.filled(hop.provider_id, upstream=None, name="").message.details
        record = preview.record if preview is not None else None
        if record is not None:
            hidden = [
                (name, value)
                for name, values in request.POST.lists()
                for value in values
                if name not in ("csrfmiddlewaretoken", "do", "kept")
            ]
            hidden += [("kept", digest) for digest in digests]
            context = {"record": record, "hidden": hidden, "travels": travels.value}
            return Filling(preview=record.line, context=context)
    try:
        with recording_refusals(), transaction.atomic():
            upstream, name = None, ""
            if form.cleaned_data["said"] in ("upstream", "foreign"):
                picked = form.cleaned_data["upstream"]
                upstream, name = chosen(actor, picked, form.claim(), at=at, may_name_neighbours=is_signed_in)
            filled = form.filled(hop.provider_id, upstream=upstream, name=name)
            submit(actor, hop, filled, at=at, authenticated=is_signed_in)
    except HopbackError as error:
        form.add_error(None, f"{error.message}. {error.mend}." if error.mend else f"{error.message}.")
        status = 422 if isinstance(error, BadInput) else status_of(error)
        return Filling(status=status, context=_context(form, actor=actor, near=near, kept=kept))
    return Filling(is_sent=True)


def _files(
    request: HttpRequest, actor: Actor, hop: Hop, *, at: datetime, most: int
) -> tuple[list[Attachment], BadInput | None]:
    """The files handed in with this page and those handed in before it was shown again."""
    wanted = set(request.POST.getlist("kept"))
    trouble = None
    try:
        for name, content in several_files(request.FILES.getlist("files")):
            wanted.add(attach(actor, hop, name, content, at=at, most=most).sha256)
    except BadInput as error:
        trouble = error
    return [one for one in attachments_of(actor, hop) if one.sha256 in wanted], trouble


def _context(form: AnswerForm, *, actor: Actor, **more: Any) -> dict[str, Any]:
    value = str(form["upstream"].value() or "")
    offered = {one.value for one in (*more.get("near", ()), *more.get("found", ()))}
    # what was chosen from an earlier search is kept in sight
    kept_choice = choice_of(actor, value) if value and value != "other" and value not in offered else None
    return {"form": form, "chosen": value, "kept_choice": kept_choice} | more
