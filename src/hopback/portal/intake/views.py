"""The intake's pages: the queue, one candidate with everything on one screen, and how samples come in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from hopback.kernel.disclosure import FullView
from hopback.kernel.errors import BadInput, Conflict, HopbackError, NotFound
from hopback.kernel.hops import DeclineReason, SourceKind
from hopback.portal.accounts.access import note_read, page
from hopback.portal.audit.actors import READERS, Role
from hopback.portal.campaigns.access import campaign_of, choices_of
from hopback.portal.clock import now
from hopback.portal.intake import sheets
from hopback.portal.intake.access import (
    SUPPLIERS,
    counts_of,
    import_of,
    imports_of,
    queue_of,
    recording_of,
    recordings_of,
    rejected_of,
    resemblance_of,
    resemblances_of,
    sample_of,
    samples_of,
    source_id_of,
    source_of,
    sources_of,
    views_of,
)
from hopback.portal.intake.actions import (
    add_recording,
    confirm_import,
    decide_resemblance,
    decline_sample,
    decline_samples,
    keep_source,
    note_export,
    open_sample,
    preview_import,
    propose,
    vet_sample,
)
from hopback.portal.intake.facts import FIELDS
from hopback.portal.intake.forms import (
    BulkForm,
    DeclineForm,
    FilterForm,
    ImportForm,
    OpenForm,
    RecordingForm,
    SampleForm,
    SourceForm,
    VetForm,
    blame,
)
from hopback.portal.intake.models import WAITING, CallSample, Stage
from hopback.portal.intake.recordings import TYPES, Part, keep, kept_at, part_of
from hopback.portal.intake.resembling import REASONS
from hopback.portal.intake.resolving import first_asked, how_of, provider_named
from hopback.portal.intake.words import DECLINES, FIELD_NAMES, SOURCE_KINDS
from hopback.portal.pages import paged, render, status_of
from hopback.portal.tracebacks.access import seen as shown_to
from hopback.portal.tracebacks.policies import policy_named

if TYPE_CHECKING:
    from datetime import datetime

    from django.forms import Form
    from django.http import HttpRequest

    from hopback.kernel.hops import Trace
    from hopback.portal.audit.actors import Actor
    from hopback.portal.intake.models import Recording
    from hopback.portal.intake.resolving import FirstAsked

DECIDERS: Final = (Role.LEAD, Role.ANALYST)
OWNERS: Final = (Role.SOURCE, Role.AGENCY)
"""Who puts calls forward on pages, in its own name. A provider's program does so by the API."""
QUEUE: Final = ("rank", "received_at", "pk")
LATEST: Final = ("-received_at", "pk")
MOST_AT_ONCE: Final = 100
OK, CONFLICT = 200, 409
EXPORTED: Final = 5000


# The queue


@require_GET
@page(*READERS, personal=True)
def queue(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The samples that wait for a person: the urgent first, then as they came in."""
    form = FilterForm(request.GET, sources=_source_choices(actor))
    rows = _asked(actor, form)
    order = QUEUE if form.stage_asked in {"waiting", "candidate", "seconded", "vetted"} else LATEST
    at = now()
    shown = paged(rows, request, order=order)
    context = {
        "form": form,
        "page": shown,
        "rows": [(row, row.is_aged(at)) for row in shown.rows],
        "may_decide": actor.role in DECIDERS,
        "query": request.GET.urlencode(),
    }
    return render(request, "intake/list.html", context)


def _asked(actor: Actor, form: FilterForm) -> Any:
    asked = form.cleaned_data if form.is_valid() else {}
    return queue_of(
        actor,
        stage=form.stage_asked,
        urgent=bool(asked.get("urgent")),
        source=asked.get("source", ""),
        text=asked.get("q", "").strip(),
    )


@require_safe
@page(*READERS, personal=True)
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The samples that the filter lets through as a sheet, safe to open. That it was taken is on record."""
    form = FilterForm(request.GET, sources=_source_choices(actor))
    rows = list(_asked(actor, form).order_by(*LATEST)[:EXPORTED])
    note_export(actor, request.GET.urlencode()[:200], at=now(), rows=len(rows))
    header = ("id", "stage", "decline_reason", "source", "source_kind", "received_at", *sheets.EXPORTED, "campaign")
    lines = [
        (
            row.pk,
            row.stage,
            row.decline_code,
            row.source_id,
            row.source.kind,
            row.received_at.isoformat(),
            *sheets.cells_of(row),
            row.campaign.name if row.campaign else "",
        )
        for row in rows
    ]
    return _sheet(sheets.written(header, lines), "samples.csv")


@require_http_methods(["POST"])
@page(*DECIDERS)
def decline_many(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Decline several for one reason: first a page that says which, then it is done."""
    picked = [sample_of(actor, one) for one in request.POST.getlist("pick")[:MOST_AT_ONCE]]
    if not picked:
        messages.warning(request, "Pick the samples to decline first.")
        return redirect("intake:list")
    is_decided = "code" in request.POST
    form = BulkForm(request.POST if is_decided else None)
    if is_decided and form.is_valid():
        code, note = DeclineReason(form.cleaned_data["code"]), form.cleaned_data["note"]
        done, left = decline_samples(actor, picked, code=code, note=note, at=now())
        if done:
            messages.success(request, f"{len(done)} declined.")
        if left:
            messages.warning(request, f"{len(left)} had been decided meanwhile and stay as they are.")
        return redirect("intake:list")
    return render(
        request, "intake/decline_many.html", {"form": form, "picked": picked}, status=422 if is_decided else 200
    )


# One sample


@dataclass(frozen=True, slots=True)
class Next:
    """What is to be done next with a sample: a step of the page's row of steps, and a sentence's code."""

    step: int
    code: str


@require_GET
@page(*READERS, personal=True)
def sample(request: HttpRequest, actor: Actor, sample: str) -> HttpResponse:
    """Everything about one candidate on one screen, and the next step."""
    return _sample_page(request, actor, sample_of(actor, sample))


def _sample_page(
    request: HttpRequest, actor: Actor, row: CallSample, *, status: int = 200, **forms_given: Any
) -> HttpResponse:
    if status != OK:
        row = sample_of(actor, row.pk)  # somebody may have been here meanwhile
    view = shown_to(actor, row.traceback_id)
    if not isinstance(view, FullView):
        raise NotFound(f"there is no sample {row.pk}")
    trace, at = view.trace, now()
    note_read(actor, row.audit_name, at=at)
    first = first_asked(actor, row) if row.stage in WAITING else None
    may_decide = actor.role in DECIDERS
    eyes = _eyes(actor, row, trace)
    context: dict[str, Any] = {
        "sample": row,
        "trace": trace,
        "at": at,
        "is_aged": row.is_aged(at),
        "recordings": list(recordings_of(actor, row)),
        "pairs": [_pair(pair, row) for pair in resemblances_of(actor, row)[:20]],
        "first": first,
        "next": _next(row, eyes),
        "may_decide": may_decide,
        "traceback_url": _traceback_url(row),
        "decline_words": dict(DECLINES).get(row.decline_code, ""),
        "source_kind": dict(SOURCE_KINDS).get(row.source.kind, row.source.kind),
        "eyes": eyes,
        "is_undecided": row.stage in (Stage.CANDIDATE, Stage.SECONDED),
    }
    if may_decide and row.stage in (Stage.CANDIDATE, Stage.SECONDED):
        context["vet_form"] = _vet_form(request, actor, row, trace)
        context["decline_form"] = DeclineForm(initial={"seen": trace.version}, prefix="decline")
    if may_decide and first is not None:
        context["open_form"] = OpenForm(choices=first.choices, initial={"provider": _first_choice(first)})
        context["recording_form"] = RecordingForm(prefix="recording")
    if status == CONFLICT:
        for form in forms_given.values():
            _seen_now(form, trace.version)
    return render(request, "intake/sample.html", context | forms_given, status=status)


def _seen_now(form: Form, version: int) -> None:
    """Let a form that came too late be sent again: its reader has now seen what has happened meanwhile."""
    data: Any = form.data
    form.data = data = data.copy()
    data[form.add_prefix("seen")] = version


def _first_choice(first: FirstAsked) -> str:
    return first.choices[0][0] if first.choices else "other"


def _next(row: CallSample, eyes: str) -> Next:
    if row.stage in (Stage.CANDIDATE, Stage.SECONDED):
        return Next(1, "wait" if eyes == "wait" else "second" if row.stage == Stage.SECONDED else "vet")
    if row.stage == Stage.VETTED:
        return Next(2, "open")
    if row.stage == Stage.SET_ASIDE:
        return Next(4, "void")
    return Next(4, "declined") if row.stage == Stage.DECLINED else Next(3, "opened")


def _eyes(actor: Actor, row: CallSample, trace: Trace) -> str:
    """Where two people decide, whose turn it is: ``first``, ``second``, or ``wait`` for somebody else; else empty."""
    policy = policy_named(row.traceback.policy)
    is_members = trace.source_provider is not None and policy.member_source_needs_second
    if not is_members and not (trace.targets_competitor and policy.competitor_needs_second):
        return ""
    people = {*trace.vetted_by, *([trace.proposed_by] if trace.proposer_counts else [])}
    if actor.name in trace.vetted_by or people == {actor.name}:
        return "wait"
    return "second" if people else "first"


def _pair(pair: Any, row: CallSample) -> dict[str, Any]:
    other = pair.earlier if pair.later_id == row.pk else pair.later
    return {"pair": pair, "other": other, "reasons": [REASONS.get(code, code) for code in pair.reasons]}


def _vet_form(request: HttpRequest, actor: Actor, row: CallSample, trace: Trace) -> VetForm:
    """The form as it stands before anybody types: what whoever supplied it suggests, and what the campaign says."""
    asked = request.GET.get("campaign", "")
    campaigns = choices_of(actor)
    chosen = row.campaign if row.campaign is not None else None
    if asked and any(pk == asked for pk, _ in campaigns):
        chosen = campaign_of(actor, asked)
    basis = list(row.basis) or (list(chosen.basis) if chosen else [])
    violations = list(row.violations) or ([code for code, _ in chosen.violations if code != "other"] if chosen else [])
    initial = {
        "campaign": chosen.pk if chosen else "",
        "basis": [*dict.fromkeys([*trace.basis, *basis])],
        "violations": [*dict.fromkeys([*trace.violations, *violations])],
        "seen": trace.version,
    }
    if chosen is not None and all(pk != chosen.pk for pk, _ in campaigns):
        campaigns = [(chosen.pk, chosen.name), *campaigns]
    return VetForm(campaigns=campaigns, initial=initial)


def _traceback_url(row: CallSample) -> str:
    try:
        return reverse("tracebacks:page", args=[row.traceback_id])
    except NoReverseMatch:
        return ""


@require_POST
@page(*DECIDERS, personal=True)
def vet(request: HttpRequest, actor: Actor, sample: str) -> HttpResponse:
    """Take a candidate on, and with the same button open its traceback."""
    row = sample_of(actor, sample)
    first = first_asked(actor, row)
    form = VetForm(request.POST, campaigns=choices_of(actor))
    is_opening = request.POST.get("then") == "open"
    open_form = OpenForm(
        request.POST if is_opening else None, choices=first.choices, initial={"provider": _first_choice(first)}
    )
    if not form.is_valid() or (is_opening and not open_form.is_valid()):
        return _sample_page(request, actor, row, status=422, vet_form=form, open_form=open_form)
    provider = _chosen(actor, open_form) if is_opening else ""
    try:
        campaign = campaign_of(actor, form.cleaned_data["campaign"])
        done = vet_sample(
            actor,
            row,
            campaign=campaign,
            reason=form.cleaned_data["reason"],
            basis=form.basis_said(campaign),
            violations=form.violations_said(campaign),
            seen=form.cleaned_data["seen"],
            provider=provider,
            resolved=how_of(first, provider) if provider else {},
            at=now(),
        )
    except HopbackError as error:
        blame(form, error)
        return _sample_page(request, actor, row, status=_form_status(error), vet_form=form, open_form=open_form)
    return _after(request, done)


@require_POST
@page(*DECIDERS, personal=True)
def open_traceback(request: HttpRequest, actor: Actor, sample: str) -> HttpResponse:
    """Open the traceback of a sample that was taken on."""
    row = sample_of(actor, sample)
    first = first_asked(actor, row)
    form = OpenForm(request.POST, choices=first.choices)
    if not form.is_valid():
        return _sample_page(request, actor, row, status=422, open_form=form)
    provider = _chosen(actor, form)
    try:
        done = open_sample(actor, row, provider=provider, resolved=how_of(first, provider), at=now())
    except HopbackError as error:
        blame(form, error)
        return _sample_page(request, actor, row, status=_form_status(error), open_form=form)
    return _after(request, done)


def _chosen(actor: Actor, form: OpenForm) -> str:
    """The id of the provider chosen; what was written, where the directory has no such provider."""
    named = provider_named(actor, form.chosen)
    return form.chosen if named is None else named.pk


def _after(request: HttpRequest, row: CallSample) -> HttpResponse:
    if row.stage == Stage.OPENED:
        messages.success(request, "The traceback is open, and the first provider is asked.")
        return redirect(_traceback_url(row) or reverse("intake:sample", args=[row.pk]))
    if row.stage == Stage.SECONDED:
        messages.success(request, "You have vetted it. A second person has to do so as well.")
    else:
        messages.success(request, "It is taken on. Next: say who is asked first, and open the traceback.")
    return redirect("intake:sample", row.pk)


@require_POST
@page(*DECIDERS, personal=True)
def decline(request: HttpRequest, actor: Actor, sample: str) -> HttpResponse:
    """Decline a candidate, with a reason."""
    row = sample_of(actor, sample)
    form = DeclineForm(request.POST, prefix="decline")
    if not form.is_valid():
        return _sample_page(request, actor, row, status=422, decline_form=form)
    code, note, seen = (form.cleaned_data[name] for name in ("code", "note", "seen"))
    try:
        decline_sample(actor, row, code=DeclineReason(code), note=note, seen=seen, at=now())
    except HopbackError as error:
        blame(form, error)
        return _sample_page(request, actor, row, status=_form_status(error), decline_form=form)
    messages.success(request, "Declined. The reason is counted and its source sees it.")
    return redirect("intake:list")


@require_POST
@page(*DECIDERS)
def judge_pair(request: HttpRequest, actor: Actor, pair: int) -> HttpResponse:
    """Say whether two samples are one call."""
    row = resemblance_of(actor, pair)
    verdict = request.POST.get("verdict")
    if verdict not in {"same", "different"}:
        raise BadInput("say whether they are the same call or two", where="verdict")
    decide_resemblance(actor, row, is_same=verdict == "same", at=now())
    messages.success(request, "Noted: one call." if verdict == "same" else "Noted: two calls.")
    back = request.POST.get("back", "")
    return redirect("intake:sample", back if back in (row.later_id, row.earlier_id) else row.later_id)


@require_POST
@page(*DECIDERS)
def add_sound(request: HttpRequest, actor: Actor, sample: str) -> HttpResponse:
    """Add a recording to a sample."""
    row = sample_of(actor, sample)
    form = RecordingForm(request.POST, request.FILES, prefix="recording")
    if form.is_valid():
        try:
            _keep_sound(actor, row, form.cleaned_data["recording"], form.cleaned_data["consent_basis"], at=now())
        except HopbackError as error:
            blame(form, error)
        else:
            messages.success(request, "The recording is kept.")
            return redirect("intake:sample", row.pk)
    return _sample_page(request, actor, row, status=422, recording_form=form)


def _keep_sound(actor: Actor, row: CallSample, upload: Any, consent: str, *, at: datetime) -> None:
    sha256, media_type, size = keep(upload)
    add_recording(
        actor,
        row,
        sha256=sha256,
        media_type=media_type,
        size=size,
        name=upload.name or "recording",
        consent_basis=consent,
        at=at,
    )


@require_safe
@page(*READERS, personal=True)
def sound(request: HttpRequest, actor: Actor, recording: int) -> HttpResponse:
    """A recording's sound, whole or a stretch of it."""
    row = recording_of(actor, recording)
    note_read(actor, row.sample.audit_name, at=now())
    response: HttpResponse = _serve(request, row)
    return response


def _serve(request: HttpRequest, row: Recording) -> Any:
    place = kept_at(row.sha256)
    size = place.stat().st_size
    try:
        stretch = part_of(request.headers.get("Range", ""), size)
    except BadInput:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    if stretch is None:
        response = FileResponse(place.open("rb"), content_type=row.media_type)
        response.headers["Content-Length"] = str(size)
    else:
        first, last = stretch
        response = FileResponse(Part(place.open("rb"), first, last), content_type=row.media_type, status=206)
        response.headers["Content-Length"] = str(last - first + 1)
        response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = f'inline; filename="recording-{row.sha256[:12]}.{TYPES[row.media_type]}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; media-src 'self'; sandbox"
    return response


def _form_status(error: HopbackError) -> int:
    if isinstance(error, BadInput):
        return 422
    return 409 if isinstance(error, Conflict) else status_of(error)


# Putting calls forward


@require_http_methods(["GET", "POST"])
@page(*DECIDERS, *OWNERS)
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Put one call forward."""
    at = now()
    is_staff = actor.role in DECIDERS
    zone = str(getattr(request.user, "time_zone", "") or "")
    form = SampleForm(
        request.POST or None,
        request.FILES or None,
        at=at,
        sources=_source_choices(actor) if is_staff else None,
        zone=zone,
    )
    context = {"form": form, "is_staff": is_staff}
    if request.method != "POST" or not form.is_valid() or form.facts is None:
        return render(request, "intake/new.html", context, status=422 if form.is_bound else 200)
    source = form.cleaned_data["source"] if is_staff else source_id_of(actor)
    try:
        upload = form.cleaned_data.get("recording")
        sounds = [(*keep(upload), upload.name)] if upload else []
        kept = propose(actor, source, [form.facts], at=at, via="form")
        row = (kept.fresh or kept.known)[0]
        for sha256, media_type, size, name in sounds:
            add_recording(
                actor,
                row,
                sha256=sha256,
                media_type=media_type,
                size=size,
                name=name,
                consent_basis=form.facts.consent_basis,
                at=at,
            )
    except HopbackError as error:
        blame(form, error)
        return render(request, "intake/new.html", context, status=_form_status(error))
    if kept.known:
        messages.warning(request, "This record is here already; nothing was taken in twice.")
    else:
        messages.success(request, "The call is put forward.")
    return redirect("intake:sample", row.pk) if is_staff else redirect("intake:own")


@require_GET
@page(*OWNERS)
def own(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A source's own samples, and how far each is; nothing else."""
    shown = paged(samples_of(actor), request, order=LATEST, per=25)
    views = views_of(actor, shown.rows)
    rows = [(row, views[row.pk]) for row in shown.rows if row.pk in views]
    context = {"page": shown, "rows": rows, "declines": dict(DECLINES), "sheets": list(imports_of(actor)[:5])}
    return render(request, "intake/own.html", context)


# Sheets


@require_http_methods(["GET", "POST"])
@page(*DECIDERS, *OWNERS)
def upload(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Upload a sheet; the next page shows what it says before anything is taken over."""
    is_staff = actor.role in DECIDERS
    choices = _source_choices(actor) if is_staff else None
    form = ImportForm(request.POST or None, request.FILES or None, sources=choices)
    past = imports_of(actor).order_by("-uploaded_at", "pk")[:20]
    context = {"form": form, "is_staff": is_staff, "past": past, "most": sheets.MOST_LINES}
    if request.method != "POST" or not form.is_valid():
        return render(request, "intake/upload.html", context, status=422 if form.is_bound else 200)
    at = now()
    try:
        data = sheets.keep(form.cleaned_data["file"])
        sheet = sheets.read(data, at=at)
        source = form.cleaned_data["source"] if is_staff else source_id_of(actor)
        found = preview_import(actor, source, sheet, name=form.cleaned_data["file"].name, at=at)
    except HopbackError as error:
        blame(form, error)
        return render(request, "intake/upload.html", context, status=_form_status(error))
    return redirect("intake:sheet", found.pk)


@require_GET
@page(*DECIDERS, *OWNERS)
def template(_request: HttpRequest, _actor: Actor) -> HttpResponse:
    """An empty sheet with every column."""
    return _sheet(sheets.template(), "samples-template.csv")


@require_GET
@page(*READERS, *OWNERS)
def sheet(request: HttpRequest, actor: Actor, sheet: int) -> HttpResponse:
    """What a sheet says: how many calls can be taken over, and each line that cannot, with what is wrong."""
    found = import_of(actor, sheet)
    shown = paged(rejected_of(actor, found), request, order=("line", "pk"), per=100)
    context = {
        "sheet": found,
        "page": shown,
        "names": FIELD_NAMES,
        "may_confirm": actor.role in (*DECIDERS, *OWNERS) and found.confirmed_at is None and found.good > 0,
        "is_staff": actor.role in READERS,
        "fresh": max(found.good - found.known, 0),
    }
    return render(request, "intake/sheet.html", context)


@require_POST
@page(*DECIDERS, *OWNERS)
def confirm(request: HttpRequest, actor: Actor, sheet: int) -> HttpResponse:
    """Take over the good lines of a sheet."""
    found, at = import_of(actor, sheet), now()
    done = confirm_import(actor, found, sheets.read(sheets.kept(found.sha256), at=at), at=at)
    messages.success(request, f"{done.taken} calls are put forward, {done.known} were here already.")
    return redirect("intake:list" if actor.role in DECIDERS else "intake:own")


@require_GET
@page(*READERS, *OWNERS)
def rejected(_request: HttpRequest, actor: Actor, sheet: int) -> HttpResponse:
    """The lines of a sheet that were not taken over, as a sheet to mend and send again."""
    found = import_of(actor, sheet)
    header = ("line", "what_is_wrong", *FIELDS)
    lines = [
        (
            row.line,
            "; ".join(f"{FIELD_NAMES.get(name, name)}: {message}" for name, message in row.reasons),
            *(row.raw.get(name, "") for name in FIELDS),
        )
        for row in rejected_of(actor, found)
    ]
    return _sheet(sheets.written(header, lines), f"not-taken-over-{found.pk}.csv")


def _sheet(text: str, name: str) -> HttpResponse:
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# Sources


def _source_choices(actor: Actor) -> list[tuple[str, str]]:
    return (
        list(sources_of(actor).order_by("name", "pk").values_list("pk", "name")) if actor.role not in SUPPLIERS else []
    )


@require_GET
@page(*READERS)
def sources(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who supplies samples, with how many were taken on and declined, and the same by kind of source."""
    counted = counts_of(actor, by=("source", "stage", "decline_code"))
    kind_of = dict(sources_of(actor).values_list("pk", "kind"))
    for one in counted:
        one["kind"] = kind_of.get(one["source"], "")
    tallies, by_kind = _tallies(counted, "source"), _tallies(counted, "kind")
    shown = paged(sources_of(actor), request, order=("name", "pk"))
    kinds = [(words, by_kind[kind]) for kind, words in SOURCE_KINDS if kind in by_kind]
    reasons = _reasons(counted)
    context = {
        "page": shown,
        "rows": [(row, tallies.get(row.pk, Tally())) for row in shown.rows],
        "kinds": kinds,
        "reasons": reasons,
        "may_keep": actor.role in DECIDERS,
        "kind_words": dict(SOURCE_KINDS),
    }
    return render(request, "intake/sources.html", context)


@dataclass(slots=True)
class Tally:
    """How many samples there were, waiting, taken on and declined."""

    total: int = 0
    waiting: int = 0
    taken: int = 0
    declined: int = 0

    @property
    def decided(self) -> int:
        """Those that a person has decided about."""
        return self.taken + self.declined

    @property
    def share(self) -> str:
        """The share taken on of those decided; nothing where there are too few to say."""
        return f"{round(100 * self.taken / self.decided)} %" if self.decided else ""


def _tallies(counted: list[dict[str, Any]], name: str) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for row in counted:
        if row["stage"] == Stage.SET_ASIDE:
            continue  # put forward or opened in error: not counted
        tally = found.setdefault(row[name], Tally())
        tally.total += row["samples"]
        if row["stage"] == Stage.DECLINED:
            tally.declined += row["samples"]
        elif row["stage"] in (Stage.VETTED, Stage.OPENED):
            tally.taken += row["samples"]
        else:
            tally.waiting += row["samples"]
    return found


def _reasons(counted: list[dict[str, Any]]) -> list[tuple[str, list[int], int]]:
    """For each reason to decline, how often by kind of source, and in all; the columns are those of SOURCE_KINDS."""
    by: Counter[tuple[str, str]] = Counter()
    for row in counted:
        by[row["decline_code"], row["kind"]] += row["samples"]
    kinds = [kind for kind, _ in SOURCE_KINDS]
    rows = []
    for code, words in DECLINES:
        listed = [by[code, kind] for kind in kinds]
        if sum(listed):
            rows.append((words, listed, sum(listed)))
    return rows


@require_GET
@page(*READERS)
def source(request: HttpRequest, actor: Actor, source: str) -> HttpResponse:
    """One source: what is known of it, how much it supplied and what became of that."""
    row = source_of(actor, source)
    counted = counts_of(actor, by=("stage", "decline_code"), source=row.pk)
    tally = _tallies([one | {"source": row.pk} for one in counted], "source").get(row.pk, Tally())
    reasons = [(dict(DECLINES).get(one["decline_code"], ""), one["samples"]) for one in counted if one["decline_code"]]
    context = {
        "source": row,
        "tally": tally,
        "reasons": reasons,
        "page": paged(queue_of(actor, stage="all", source=row.pk), request, order=LATEST, per=25),
        "sheets": list(imports_of(actor).filter(source=row).order_by("-uploaded_at", "pk")[:10]),
        "may_keep": actor.role in DECIDERS,
        "kind_words": dict(SOURCE_KINDS).get(row.kind, row.kind),
        "at": now(),
    }
    return render(request, "intake/source.html", context)


@require_http_methods(["GET", "POST"])
@page(*DECIDERS)
def keep_source_page(request: HttpRequest, actor: Actor, source: str = "") -> HttpResponse:
    """Write down a source, or what is known of one now."""
    row = source_of(actor, source) if source else None
    initial = (
        {
            name: getattr(row, name)
            for name in ("id", "name", "kind", "provider", "contact", "is_verified", "reliability", "note")
        }
        | {"seen": row.version}
        if row
        else {}
    )
    form = SourceForm(request.POST or None, initial=initial)
    if row is not None:
        form.fields["id"].required = False
    context = {"form": form, "source": row}
    if request.method != "POST" or not form.is_valid():
        return render(request, "intake/source_form.html", context, status=422 if form.is_bound else 200)
    said = form.cleaned_data
    try:
        kept = keep_source(
            actor,
            row.pk if row else said["id"],
            name=said["name"],
            kind=SourceKind(said["kind"]),
            provider=said["provider"],
            contact=said["contact"],
            is_verified=said["is_verified"],
            reliability=said["reliability"],
            note=said["note"],
            seen=said["seen"] if row else None,
            at=now(),
        )
    except HopbackError as error:
        blame(form, error)
        return render(request, "intake/source_form.html", context, status=_form_status(error))
    messages.success(request, f"{kept.name} is kept.")
    return redirect("intake:source", kept.pk)
