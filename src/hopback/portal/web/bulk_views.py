"""Pages on which one verb is done to several tracebacks: a preview, the doing, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from hopback.kernel.errors import BadInput
from hopback.kernel.hops import DeclineReason
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import STAFF
from hopback.portal.clock import now
from hopback.portal.pages import render
from hopback.portal.web.access import colleagues_of
from hopback.portal.web.bulk import VERBS, Options, carry_out, check, foresee, picked

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor

__all__ = ["BulkForm", "done", "preview"]

CAME: Final = "bulk"
"""Where a session keeps what came of the last go."""

FIELDS: Final = {
    "assign": ("owner",),
    "note": ("text",),
    "conclude": ("text",),
    "close": ("is_told",),
    "decline": ("code", "text"),
}


class BulkForm(forms.Form):
    """What a verb needs to be told besides which tracebacks it is about."""

    owner = forms.ChoiceField(required=False, label="Owner")
    code = forms.ChoiceField(
        choices=[(one.value, one.value.replace("_", " ")) for one in DeclineReason], required=False, label="Reason"
    )
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False, max_length=2000)
    is_told = forms.BooleanField(
        required=False, label="The providers found have been told and asked to mitigate", initial=False
    )

    def __init__(self, data: Any, *, verb: str, actor: Actor) -> None:
        super().__init__(data)
        wanted = FIELDS.get(verb, ())
        for name in set(self.fields) - set(wanted):
            del self.fields[name]
        owner = self.fields.get("owner")
        if isinstance(owner, forms.ChoiceField):
            people = [(str(user.pk), user.name or user.email) for user in colleagues_of(actor)]
            owner.choices = [("", "nobody"), *people]
        if "text" in self.fields:
            self.fields["text"].label = {"note": "Note", "decline": "Remark"}.get(verb, "Reason")
            self.fields["text"].required = verb == "note"
        if "code" in self.fields:
            self.fields["code"].required = True

    @property
    def options(self) -> Options:
        """What was said."""
        said = self.cleaned_data
        return Options(
            said.get("owner", ""), said.get("text", ""), said.get("code", ""), is_told=bool(said.get("is_told"))
        )


@require_POST
@page(*STAFF)
def preview(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What would be done, and what would not, and why; with ``confirmed`` it is done."""
    verb, at = request.POST.get("verb", ""), now()
    if verb not in VERBS:
        raise BadInput("choose what is to be done", where="verb", mend="go back to the list and choose")
    rows = picked(actor, request.POST.getlist("pick"))
    is_asked = "previewed" in request.POST
    form = BulkForm(request.POST if is_asked else None, verb=verb, actor=actor)
    options, status = Options(), 200
    if is_asked:
        try:
            if form.is_valid():
                options = form.options
                check(verb, options, actor)
            else:
                status = 422
        except BadInput as error:
            form.add_error(error.where if error.where in form.fields else None, error.message)
            status = 422
    is_ready = bool(is_asked and status == 200) or not form.fields  # noqa: PLR2004 -- nothing is wrong
    if is_ready and "confirmed" in request.POST:
        return _carried_out(request, actor, verb, options)
    foreseen = foresee(actor, verb, rows, options, at=at) if is_ready else []
    context = {
        "verb": verb,
        "words": VERBS[verb],
        "rows": foreseen,
        "will": sum(one.will for one in foreseen),
        "picks": [f"{row.pk}:{version}" for row, version in rows],
        "count": len(rows),
        "form": form,
        "is_ready": is_ready,
        "query": request.POST.get("query", "")[:1000],
    }
    return render(request, "web/bulk.html", context, status=status)


def _carried_out(request: HttpRequest, actor: Actor, verb: str, options: Options) -> HttpResponse:
    told = carry_out(actor, verb, picked(actor, request.POST.getlist("pick")), options, at=now())
    refused = [(one.row.reference or one.row.pk, one.row.pk, one.why) for one in told if not one.will]
    query = request.POST.get("query", "")[:1000]
    request.session[CAME] = {
        "verb": verb,
        "did": len(told) - len(refused),
        "refused": refused,
        "query": query,
    }
    return redirect("web:bulk_done")


@require_safe
@page(*STAFF)
def done(request: HttpRequest, actor: Actor) -> HttpResponse:  # noqa: ARG001 -- what came is the session's own
    """What came of the last go: how many were done, and each that was refused, with the reason."""
    came = request.session.get(CAME)
    if came is None:
        return redirect("web:tracebacks")
    back = f"{reverse('web:tracebacks')}?{came['query']}"
    if not came["refused"]:
        messages.success(request, f"Done: {VERBS[came['verb']]}, {came['did']} of {came['did']}.")
        del request.session[CAME]
        return redirect(back)
    return render(request, "web/bulk_done.html", {**came, "words": VERBS[came["verb"]], "back": back})
