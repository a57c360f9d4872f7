"""What is taken down of each thing for the search: through the gate, for each audience as it is shown to it.

An action that changes something owes its words anew (:func:`hopback.portal.jobs.owing.owe_index`); :func:`reindex`
takes everything down from the beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from hopback.kernel import disclosure
from hopback.kernel.disclosure import ConsortiumPart, disclose, own_hops
from hopback.kernel.errors import NotFound
from hopback.portal.campaigns.models import Campaign
from hopback.portal.directory.models import Contact, Provider
from hopback.portal.intake.models import CallSample
from hopback.portal.messages.models import Direction, Message
from hopback.portal.tracebacks.docket import load_all
from hopback.portal.tracebacks.models import Hop, Note, Traceback
from hopback.portal.web.finding import CONSORTIUM, scope_of
from hopback.portal.web.models import SearchEntry
from hopback.portal.web.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from django.db.models import Model

    from hopback.kernel.answers import Answer
    from hopback.portal.tracebacks.docket import Docket

__all__ = ["INDEXED", "index", "reindex"]

BATCH: Final = 200
LONGEST_BODY: Final = 20_000


def index(kind: str, keys: Sequence[str]) -> int:
    """Take down the words of some things anew; returns how many entries there are of them."""
    _, entries = INDEXED[kind]
    rows = list(entries(list(keys)))
    _write(rows)
    return len(rows)


def reindex(*, said: Callable[[str, int], None] | None = None) -> int:
    """Take down everything anew; returns how many entries there are. May run beside people's work."""
    total = 0
    for kind, (model, _) in INDEXED.items():
        last: Any = None
        while True:
            rows = model._default_manager.order_by("pk")  # noqa: SLF001 -- Django documents it
            keys = list((rows.filter(pk__gt=last) if last is not None else rows).values_list("pk", flat=True)[:BATCH])
            if not keys:
                break
            last = keys[-1]
            total += index(kind, [str(key) for key in keys])
        if said is not None:
            said(kind, total)
    return total


def _entry(
    kind: str,
    key: str,
    title: str,
    body: str,
    *,
    at: datetime | None,
    audience: str = CONSORTIUM,
    jurisdiction: str = "us",
) -> SearchEntry:
    body = body[:LONGEST_BODY]
    return SearchEntry(
        audience=audience,
        jurisdiction=jurisdiction,
        scope=scope_of(audience, jurisdiction),
        kind=kind,
        key=key,
        title=title,
        body=body,
        title_words=words_of(title),
        words=words_of(body),
        at=at,
    )


def _write(rows: Sequence[SearchEntry]) -> None:
    if not rows:
        return
    with transaction.atomic():
        SearchEntry.objects.bulk_create(
            rows,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["audience", "kind", "key"],
            update_fields=["jurisdiction", "scope", "title", "body", "title_words", "words", "at"],
        )


def _tracebacks(keys: Sequence[str]) -> Iterator[SearchEntry]:
    dockets = load_all(keys)
    notes: dict[str, list[str]] = {}
    for traceback, text in Note.objects.filter(traceback__in=keys).order_by("pk").values_list("traceback", "text"):
        notes.setdefault(traceback, []).append(text)
    requests: dict[tuple[str, int], str] = {
        (traceback, number): request
        for traceback, number, request in Hop.objects.filter(traceback__in=keys).values_list(
            "traceback", "number", "request_id"
        )
    }
    named = {hop.provider for docket in dockets.values() for hop in docket.now.hops}
    names = dict(Provider.objects.filter(pk__in=named).values_list("pk", "legal_name"))
    for docket in dockets.values():
        yield from _traceback(docket, requests, names, notes.get(docket.row.pk, []))


def _traceback(
    docket: Docket, requests: dict[tuple[str, int], str], names: dict[str, str], notes: Sequence[str]
) -> Iterator[SearchEntry]:
    row = docket.row
    viewer = disclosure.Consortium(ConsortiumPart.ANALYST, frozenset({row.jurisdiction}))
    view = disclose(docket.now, to=viewer)
    if isinstance(view, disclosure.FullView):
        trace = view.trace
        hops = []
        for hop in trace.hops:
            hops += [names.get(hop.provider, ""), hop.provider, requests.get((row.pk, hop.number), "")]
            hops += [_said(response.answer) for response in hop.responses]
        numbers = [f"+{number}" for number in (trace.sample.called, trace.sample.calling) if number is not None]
        call_id = trace.sample.sip_call_id or ""
        body = ". ".join(
            filter(None, [*numbers, call_id, trace.source, trace.reason, *trace.violations, *hops, *notes])
        )
        title = " ".join(filter(None, (row.reference, row.pk, trace.campaign or "")))
        yield _entry("traceback", row.pk, title, body, at=row.proposed_at, jurisdiction=row.jurisdiction)
    for provider in sorted({hop.provider for hop in docket.now.hops}):
        yield from _requests(docket, provider, requests)


def _requests(docket: Docket, provider: str, requests: dict[tuple[str, int], str]) -> Iterator[SearchEntry]:
    try:
        view = disclose(docket.now, to=disclosure.Provider(provider))
    except NotFound:
        return
    if not isinstance(view, disclosure.ProviderView):
        return
    for hop, own in zip(own_hops(docket.now, provider=provider), view.hops, strict=True):
        request = requests.get((docket.row.pk, hop.number))
        if request is None:
            continue
        numbers = [f"+{number}" for number in (own.asked.called, own.asked.calling) if number is not None]
        said = [_said(answer.answer) for answer in own.answers]
        body = ". ".join(filter(None, [*numbers, own.asked.sip_call_id or "", own.downstream or "", *said]))
        title = " ".join(filter(None, (request, view.campaign or "")))
        yield _entry("request", request, title, body, at=own.sent_at, audience=f"provider:{provider}")


def _said(answer: Answer) -> str:
    parts = (answer.upstream, answer.upstream_name, answer.customer, answer.statement, *answer.why)
    return ". ".join(part for part in parts if part)


def _providers(keys: Sequence[str]) -> Iterator[SearchEntry]:
    known: dict[str, list[str]] = {}
    for provider, mailbox in Contact.objects.filter(provider__in=keys).values_list("provider", "mailbox"):
        known.setdefault(provider, []).append(mailbox)
    for row in Provider.objects.filter(pk__in=keys):
        body = ". ".join(
            filter(None, [row.frn, row.ocn, row.rmd_number, row.country, row.search, *known.get(row.pk, [])])
        )
        yield _entry("provider", row.pk, f"{row.legal_name} {row.pk}", body, at=row.added_at)


def _campaigns(keys: Sequence[str]) -> Iterator[SearchEntry]:
    for row in Campaign.objects.filter(pk__in=keys):
        body = ". ".join(filter(None, (row.description, row.impersonated_brand, row.get_category_display())))
        yield _entry("campaign", row.pk, f"{row.name} {row.pk}", body, at=row.created_at, jurisdiction=row.jurisdiction)


def _samples(keys: Sequence[str]) -> Iterator[SearchEntry]:
    for row in CallSample.objects.filter(pk__in=keys).select_related("source"):
        numbers = [f"+{number}" for number in (row.called, row.calling, row.callback) if number is not None]
        body = ". ".join(filter(None, [*numbers, row.calling_name, row.sip_call_id, row.source.name, row.terminating]))
        yield _entry("sample", row.pk, f"{row.pk} {row.source_record_id}".strip(), body, at=row.received_at)


def _messages(keys: Sequence[str]) -> Iterator[SearchEntry]:
    for row in Message.objects.filter(pk__in=keys, is_confidential=False):
        who = row.mailbox if row.direction == Direction.OUT else row.sender
        body = ". ".join(filter(None, (who, row.about, row.text)))
        yield _entry("message", row.uid, row.subject or "(no subject)", body, at=row.at)


INDEXED: Final[dict[str, tuple[type[Model], Callable[[Sequence[str]], Iterator[SearchEntry]]]]] = {
    "traceback": (Traceback, _tracebacks),
    "provider": (Provider, _providers),
    "campaign": (Campaign, _campaigns),
    "sample": (CallSample, _samples),
    "message": (Message, _messages),
}
"""What can be found: its table, and how its words are taken down."""
