"""A traceback as the consortium's people read it: what the gate shows them, with names, words and what comes next.

Reads only, and a fixed number of queries however long the path is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from django.db.models import BooleanField, Case, Q, When

from hopback.kernel.calls import Sought
from hopback.kernel.disclosure import FullView, disclose
from hopback.kernel.errors import NotFound
from hopback.kernel.events import from_dict
from hopback.kernel.folding import evolve
from hopback.kernel.numbers import format_e164
from hopback.portal.accounts.models import User
from hopback.portal.accounts.readings import note_read
from hopback.portal.audit.actors import STAFF
from hopback.portal.campaigns.access import campaigns_of
from hopback.portal.directory.models import Duty, Provider
from hopback.portal.directory.reading import contacts_for
from hopback.portal.messages.access import messages_of
from hopback.portal.tracebacks.access import by, owners_of, viewer_of
from hopback.portal.tracebacks.docket import load
from hopback.portal.tracebacks.models import Hop as HopRow
from hopback.portal.tracebacks.models import Note, Traceback, TraceEvent, TraceLink
from hopback.portal.tracebacks.models import Response as ResponseRow
from hopback.portal.tracebacks.policies import ladder_of
from hopback.portal.tracebacks.possible import Possible, possible
from hopback.portal.tracebacks.schedule import Step, dispute_due, finding_from, next_step
from hopback.portal.tracebacks.sentences import FIELDS, Names, Sentence, in_words, missing_words, said_words
from hopback.render.portal_path import PathRow, path_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from hopback.kernel.answers import Answer, Response
    from hopback.kernel.clocks import Segment
    from hopback.kernel.events import Event
    from hopback.kernel.findings import Finding
    from hopback.kernel.hops import Dispute, Hop, Trace
    from hopback.kernel.outcomes import Result
    from hopback.kernel.policy import Policy
    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign
    from hopback.portal.messages.models import Message

__all__ = ["Dossier", "Evidence", "HopTold", "Line", "NoteTold", "Related", "Told", "dossier_of"]


SHOWN_ALREADY: Final = frozenset({"upstream_name", "action", "statement", "certified_by"})
"""Details that are part of the answer itself."""


@dataclass(frozen=True, slots=True)
class Told:
    """One version of an answer: what it says and how it came."""

    version: int
    submitted_at: datetime
    who: str
    words: str
    on_behalf: bool
    authenticated: bool
    is_correction: bool
    late_s: float
    stands: bool
    answer: Answer
    details: Mapping[str, Any]

    @property
    def late_words(self) -> str:
        """By how much it was late, in words."""
        return f"late by {span_words(self.late_s)}"


@dataclass(frozen=True, slots=True)
class Line:
    """One field of an answer through its versions: for each its value and whether it differs from the one before."""

    label: str
    cells: tuple[tuple[Any, bool], ...]


@dataclass(frozen=True, slots=True)
class HopTold:
    """One hop as the page shows it."""

    hop: Hop
    row: HopRow
    path: PathRow
    asked: Sought
    answers: tuple[Told, ...]
    lines: tuple[Line, ...]
    letters: tuple[Message, ...]
    provider: Provider | None
    missing: tuple[str, ...]
    may: frozenset[str]
    next_step: Step | None
    finding_from: datetime | None
    dispute_due: datetime | None
    noticed_at: datetime | None
    working: tuple[Segment, ...]
    rungs: tuple[str, ...]
    names: Names = field(repr=False)
    day: date = field(repr=False)

    @property
    def contacts(self) -> tuple[tuple[str, str], ...]:
        """Where the provider is reached: the mailbox and what it is for. Asks the directory."""
        if self.provider is None:
            return ()
        listed = contacts_for(self.provider.pk, Duty.values, on=self.day)
        return tuple((one.mailbox, one.get_duty_display()) for one in listed if one.mailbox)

    @property
    def latest(self) -> Told | None:
        """What it said last."""
        return self.answers[-1] if self.answers else None

    @property
    def latest_lines(self) -> tuple[tuple[str, Any], ...]:
        """What it said last, field by field, save what kind of answer it is."""
        rest = [line for line in self.lines if line.label != FIELDS["kind"]]
        return tuple((line.label, line.cells[-1][0]) for line in rest if line.cells[-1][0] != "")

    @property
    def late_words(self) -> str:
        """By how much its answer was late."""
        return span_words(self.hop.late_s)

    @property
    def found_by(self) -> str:
        """Who made the finding."""
        return self.names.person(self.hop.finding.decided_by) if self.hop.finding is not None else ""

    @property
    def appealed_by(self) -> str:
        """Who decided the appeal."""
        finding = self.hop.finding
        return self.names.person(finding.appeal_decided_by or "") if finding is not None else ""

    @property
    def disputed_by(self) -> str:
        """Whose dispute is open."""
        return self.names.provider(self.hop.dispute.provider) if self.hop.dispute is not None else ""

    @property
    def evidence_numbers(self) -> tuple[str, ...]:
        """The numbers of the events a finding rests on."""
        finding = self.hop.finding
        keys = finding.evidence if finding is not None else ()
        return tuple(key.rpartition("/")[2] for key in keys)

    @property
    def number(self) -> int:
        """Its number."""
        return self.hop.number

    @property
    def finding(self) -> Finding | None:
        """What was found about it."""
        return self.hop.finding

    @property
    def dispute(self) -> Dispute | None:
        """The dispute that is open about it."""
        return self.hop.dispute

    @property
    def ladder(self) -> tuple[str, ...]:
        """The steps of the ladder that are yet to come."""
        return self.rungs[self.hop.escalation_level :]


@dataclass(frozen=True, slots=True)
class NoteTold:
    """A note, and who wrote it."""

    at: datetime
    author: str
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Related:
    """Another traceback that somebody thinks belongs here, or that came of the same call or campaign."""

    row: Traceback
    reason: str
    who: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """An event that a finding may rest on."""

    key: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything the page of a traceback shows."""

    row: Traceback
    trace: Trace
    policy: Policy
    result: Result
    names: Names
    countries: dict[str, str]
    hops: tuple[HopTold, ...]
    events: tuple[Sentence, ...]
    notes: tuple[NoteTold, ...]
    related: tuple[Related, ...]
    possible: Possible
    owner: str
    owners: tuple[User, ...]
    campaign: Campaign | None
    raw: tuple[tuple[int, Event], ...] = field(default=(), repr=False)

    def hop(self, number: int) -> HopTold:
        """A hop. Raises :class:`NotFound`."""
        if not 1 <= number <= len(self.hops):
            raise NotFound("there is no such hop")
        return self.hops[number - 1]

    @property
    def waiting(self) -> tuple[HopTold, ...]:
        """The hops at which somebody's turn is."""
        return tuple(one for one in self.hops if one.path.turn.value != "nobody")

    def evidence(self, number: int) -> tuple[Evidence, ...]:
        """The events of a hop that a finding about it may rest on."""
        kinds = {"hop.sent", "hop.delivered", "hop.reminded", "hop.lapsed", "hop.defaulted", "hop.escalated"}
        told = {sentence.number: sentence for sentence in self.events}
        return tuple(
            Evidence(f"event:{self.row.pk}/{place}", event.at, told[place].text)
            for place, event in self.raw
            if event.name in kinds and getattr(event, "hop", None) == number
        )


def dossier_of(actor: Actor, traceback_id: str, *, at: datetime) -> Dossier:
    """What a reader of the consortium is shown of a traceback, at an instant; that they read it is recorded.

    Raises :class:`NotFound` where there is none, or it is not for them.
    """
    docket = load(traceback_id)
    view = disclose(docket.now, to=viewer_of(actor))
    if not isinstance(view, FullView):
        raise NotFound("there is no such traceback")
    trace = view.trace
    note_read(actor, docket.row.audit_name, at=at)
    events = _events(traceback_id)
    rows = list(HopRow.objects.filter(traceback=traceback_id).order_by("number"))
    said = ResponseRow.objects.filter(hop__in=rows).values_list("hop", "version", "body")
    bodies = {(hop, version): body for hop, version, body in said}
    notes = list(Note.objects.filter(traceback=traceback_id).order_by("pk"))
    links = _links(actor, traceback_id)
    providers = _providers(trace)
    docket.directory |= dict.fromkeys(_named(trace)) | {one.pk: one.country for one in providers.values()}
    result = docket.result
    said_by = {event.actor for _, event in events} | {note.author for note in notes} | {one.author for one, _ in links}
    owner = docket.row.owner_id
    people, owners = _people(actor, said_by, owner=owner, at=at)
    names = Names({pk: one.legal_name for pk, one in providers.items()}, people)
    can = Possible()
    if actor.role in STAFF:
        can = possible(trace, by=by(actor), at=at, policy=docket.policy, result=result, knows=docket.knows)
    sentences = _sentences(events, names)
    letters = _letters(actor, rows)
    countries = dict(docket.countries())
    drawn = path_rows(trace, names=names.providers, countries=countries, home=docket.policy.home)
    hops = tuple(
        _hop(
            hop,
            row,
            path,
            names=names,
            letters=letters.get(f"hop:{row.request_id}", ()),
            provider=providers.get(hop.provider),
            can=can,
            policy=docket.policy,
            events=events,
            bodies=bodies,
            day=at.date(),
        )
        for hop, row, path in zip(trace.hops, rows, drawn, strict=True)
    )
    return Dossier(
        row=docket.row,
        trace=trace,
        policy=docket.policy,
        result=trace.result if trace.result is not None else result,
        names=names,
        countries=countries,
        hops=hops,
        events=sentences,
        notes=tuple(NoteTold(note.at, note.author, names.person(note.author), note.text) for note in notes),
        related=tuple(Related(row, link.reason, names.person(link.author)) for link, row in links),
        possible=can,
        owner=people.get(f"user:{owner}", "") if owner is not None else "",
        owners=tuple(owners),
        campaign=campaigns_of(actor).filter(pk=trace.campaign).first() if trace.campaign else None,
        raw=events,
    )


def _events(traceback_id: str) -> tuple[tuple[int, Event], ...]:
    rows = TraceEvent.objects.filter(traceback=traceback_id).order_by("number").values_list("number", "data")
    return tuple((number, from_dict(data)) for number, data in rows)


def _sentences(events: tuple[tuple[int, Event], ...], names: Names) -> tuple[Sentence, ...]:
    told: list[Sentence] = []
    before: Trace | None = None
    for number, event in events:
        told.append(in_words(event, number=number, names=names, before=before))
        before = evolve(before, event)
    return tuple(told)


def _named(trace: Trace) -> set[str]:
    named = {hop.provider for hop in trace.hops} | {trace.source_provider or ""}
    named |= {response.answer.upstream or "" for hop in trace.hops for response in hop.responses}
    return named - {""}


def _providers(trace: Trace) -> dict[str, Provider]:
    return {one.pk: one for one in Provider.objects.filter(pk__in=_named(trace))}


def _people(actor: Actor, actors: set[str], *, owner: int | None, at: datetime) -> tuple[dict[str, str], list[User]]:
    """The names of these people, and who can look after a traceback."""
    keys = {int(pk) for kind, _, pk in (name.partition(":") for name in actors) if kind == "user" and pk.isdigit()}
    keys |= set() if owner is None else {owner}
    owners = owners_of(actor, at=at)
    found = User.objects.filter(Q(pk__in=keys) | Q(pk__in=owners)).annotate(
        can_own=Case(When(pk__in=owners, then=True), default=False, output_field=BooleanField())
    )
    people = list(found.order_by("name", "pk"))
    return {one.audit_name: str(one) for one in people}, [one for one in people if one.can_own]


def _links(actor: Actor, traceback_id: str) -> list[tuple[TraceLink, Traceback]]:
    rows = TraceLink.objects.filter(Q(first=traceback_id) | Q(second=traceback_id)).select_related("first", "second")
    last: dict[str, tuple[TraceLink, Traceback]] = {}
    for row in rows.order_by("pk"):
        other = row.second if row.first_id == traceback_id else row.first
        last[other.pk] = (row, other)
    return [(row, other) for row, other in last.values() if row.is_linked and other.jurisdiction in actor.jurisdictions]


def _letters(actor: Actor, rows: list[HopRow]) -> dict[str, tuple[Message, ...]]:
    about = [f"hop:{row.request_id}" for row in rows]
    found: dict[str, list[Message]] = {}
    rows_of = messages_of(actor).filter(about__in=about).select_related("dispatch").defer("raw")
    for message in rows_of.order_by("at", "pk"):
        found.setdefault(message.about, []).append(message)
    return {key: tuple(some) for key, some in found.items()}


def _hop(
    hop: Hop,
    row: HopRow,
    path: PathRow,
    *,
    names: Names,
    letters: tuple[Message, ...],
    provider: Provider | None,
    can: Possible,
    policy: Policy,
    events: tuple[tuple[int, Event], ...],
    bodies: Mapping[tuple[int, int], Mapping[str, Any]],
    day: date,
) -> HopTold:
    return HopTold(
        hop=hop,
        row=row,
        path=path,
        asked=hop.asked,
        answers=tuple(
            _told(hop, response, names=names, body=bodies.get((row.pk, response.version), {}))
            for response in hop.responses
        ),
        lines=_lines(
            hop.responses,
            names=names,
            details=[_details(bodies.get((row.pk, response.version), {})) for response in hop.responses],
        ),
        letters=letters,
        provider=provider,
        missing=tuple(missing_words(one) for one in hop.rejected_for),
        may=can.at(hop.number),
        next_step=next_step(hop, policy=policy),
        finding_from=finding_from(hop, policy=policy) if hop.delinquent_after is not None else None,
        dispute_due=dispute_due(hop, policy=policy),
        noticed_at=_noticed(hop, events, steps=policy.escalation_steps),
        working=hop.working,
        rungs=tuple(rung.told for rung in ladder_of(policy.version)),
        names=names,
        day=day,
    )


def span_words(seconds: float) -> str:
    """A span of time in words: ``3 h 20 min``, ``2 days 4 h``."""
    minutes = max(1, round(seconds / 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} day{'' if days == 1 else 's'}"] if days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes and not days else []
    return " ".join(parts) or "1 min"


def _noticed(hop: Hop, events: tuple[tuple[int, Event], ...], *, steps: int) -> datetime | None:
    """When the provider was told that a finding is due: at the last step of the ladder."""
    told = [
        event.at
        for _, event in events
        if event.name == "hop.escalated"
        and getattr(event, "hop", None) == hop.number
        and getattr(event, "step", 0) >= steps
    ]
    return told[-1] if told else None


def _told(hop: Hop, response: Response, *, names: Names, body: Mapping[str, Any]) -> Told:
    return Told(
        version=response.version,
        submitted_at=response.submitted_at,
        who=names.person(response.submitted_by),
        words=said_words(response.answer, names=names),
        on_behalf=response.on_behalf,
        authenticated=response.authenticated,
        is_correction=response.is_correction,
        late_s=response.late_s,
        stands=response.version == hop.effective and not hop.is_held,
        answer=response.answer,
        details=body.get("details") or {},
    )


def _details(body: Mapping[str, Any]) -> dict[str, str]:
    """What a provider added to its answer, as it came over the wire: a line for each thing, named in words."""
    found: dict[str, str] = {}

    def add(label: str, value: Any) -> None:
        if isinstance(value, dict):
            for name, part in value.items():
                add(f"{label}, {name.replace('_', ' ')}" if label else name.replace("_", " "), part)
        elif isinstance(value, list):
            add(label, ", ".join(str(part) for part in value))
        elif value not in (None, "", False):
            found[label] = "yes" if value is True else str(value)

    details = body.get("details") or {}
    add("", {name: value for name, value in details.items() if name not in SHOWN_ALREADY})
    return found


def _lines(responses: tuple[Response, ...], *, names: Names, details: list[dict[str, str]]) -> tuple[Line, ...]:
    """The fields any version fills, each with its values; what differs from the version before is marked."""
    lines = []
    for name in (one.name for one in fields(responses[0].answer)) if responses else ():
        values = [getattr(response.answer, name) for response in responses]
        if all(value in (None, (), "") for value in values):
            continue
        lines.append(_line(FIELDS.get(name, name), values, [_shown(name, value, names=names) for value in values]))
    for label in dict.fromkeys(label for one in details for label in one):
        said = [one.get(label, "") for one in details]
        lines.append(_line(label, said, said))
    return tuple(lines)


def _line(label: str, values: Sequence[Any], shown: Sequence[Any]) -> Line:
    cells = tuple((value, place > 0 and values[place] != values[place - 1]) for place, value in enumerate(shown))
    return Line(label, cells)


def _shown(name: str, value: Any, *, names: Names) -> Any:
    if value is None or value == ():
        return ""
    if name == "kind":
        return value.value.replace("_", " ")
    if name == "upstream":
        known = names.providers.get(value)
        return f"{known} ({value})" if known else f"{value} (not in the directory)"
    if name == "why":
        return "; ".join(value)
    if name == "action":
        return value.value.replace("_", " ")
    if name in ("confidence", "time_offset_s"):
        return f"{value:.2f}"
    if isinstance(value, Sought):
        calling = "withheld" if value.calling is None else format_e164(value.calling)
        parts = [f"{calling} to {format_e164(value.called)}", f"{value.started_at:%Y-%m-%d %H:%M:%S} UTC"]
        parts.append(f"± {value.accuracy_s:g} s")
        if value.sip_call_id:
            parts.append(f"Call-ID {value.sip_call_id}")
        return ", ".join(parts)
    return value
