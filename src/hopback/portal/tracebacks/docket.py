"""A traceback taken up to be changed: loaded under a lock, decided upon, saved whole.

The events are the truth; a process keeps the tracebacks it folded last, so that it need not fold them again.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel import events as ev
from hopback.kernel.errors import NotFound
from hopback.kernel.events import from_dict, to_dict
from hopback.kernel.hops import HopState
from hopback.kernel.paths import outcome_of
from hopback.kernel.plain import to_plain
from hopback.kernel.traces import decide, evolve
from hopback.portal.audit.actions import entry
from hopback.portal.directory.models import Provider
from hopback.portal.jobs.owing import Owed, cancel, owe, owe_index
from hopback.portal.tracebacks.digesting import owe_digests
from hopback.portal.tracebacks.models import Hop, Note, Response, Traceback, TraceEvent, TraceLink
from hopback.portal.tracebacks.policies import EXERCISE, policy_named
from hopback.portal.tracebacks.projections import PROJECTED, clock_seconds, is_hop_late, projected, turn_of
from hopback.portal.tracebacks.reviews import review_of
from hopback.portal.tracebacks.schedule import next_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import Model

    from hopback.kernel import hops
    from hopback.kernel.commands import Command
    from hopback.kernel.events import Event
    from hopback.kernel.hops import Trace
    from hopback.kernel.outcomes import Result
    from hopback.kernel.policy import Policy

__all__ = [
    "CLOCK",
    "MAIL_TO",
    "TOLD",
    "Docket",
    "begin",
    "clock_key",
    "event_form",
    "followed_by",
    "link_form",
    "load",
    "load_all",
    "note_form",
    "response_form",
    "save",
]

CLOCK: Final = "hop.clock"
"""The kind of job that keeps a hop's clock."""

TOLD: Final = "hop.told"
"""The kind of job that tells a provider by mail of a request that was sent to it; not in an exercise."""

MAIL_TO: Final = "mail to "
"""What a channel begins with where a person chose the mailbox."""

BY_ITSELF: Final = frozenset({"api", "mail"})
"""The channels on which the portal itself sends."""

KEPT: Final = 4096
REQUEST_ID_BYTES: Final = 12


@dataclass(slots=True)
class Docket:
    """A traceback with its row, its policy and what has been decided since it was loaded.

    ``trace`` is None only before the first event. ``wire`` holds the bodies of answers as they came, by
    hop and version, to be kept beside the events.
    """

    row: Traceback
    policy: Policy
    trace: Trace | None = None
    before: Trace | None = None
    events: list[Event] = field(default_factory=list)
    wire: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    directory: dict[str, str | None] = field(default_factory=dict)

    def do(self, command: Command, *, at: datetime) -> tuple[Event, ...]:
        """Decide a command and take its events in. Raises what ``decide`` raises; then nothing has changed."""
        events = tuple(decide(self.trace, command, at=at, policy=self.policy))
        for event in events:
            self.trace = evolve(self.trace, event)
        self.events.extend(events)
        return events

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Take in all of what is decided inside, or nothing where something in it raises."""
        trace, decided = self.trace, len(self.events)
        try:
            yield
        except BaseException:
            self.trace = trace
            del self.events[decided:]
            raise

    def countries(self) -> Mapping[str, str]:
        """The country of each provider asked or named in this traceback that the directory knows."""
        named = {hop.provider for hop in self.now.hops}
        named |= {response.answer.upstream or "" for hop in self.now.hops for response in hop.responses}
        if strange := named - self.directory.keys() - {""}:
            self.directory |= dict.fromkeys(strange)
            self.directory |= dict(Provider.objects.filter(pk__in=strange).values_list("pk", "country"))
        return {provider: country for provider, country in self.directory.items() if country is not None}

    def knows(self, provider: str | None) -> bool:
        """Whether the directory has a provider that is asked or named in this traceback."""
        return provider is not None and provider in self.countries()

    @property
    def result(self) -> Result:
        """What the answers that stand come to now."""
        return outcome_of(self.now, countries=self.countries(), home=self.policy.home)

    @property
    def now(self) -> Trace:
        """The traceback as it stands."""
        if self.trace is None:
            raise NotFound(f"traceback {self.row.pk} has no events")
        return self.trace


class _Shelf:
    """The tracebacks this process saved or read last.

    Each is kept with the leaf its row was last written under. A leaf is never written twice, so one that a
    rolled-back transaction left here matches no row.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._traces: OrderedDict[str, tuple[UUID, Trace]] = OrderedDict()

    def take(self, row: Traceback) -> Trace | None:
        with self._lock:
            leaf, trace = self._traces.get(row.pk, (None, None))
            if leaf != row.leaf:
                return None
            self._traces.move_to_end(row.pk)
            return trace

    def keep(self, row: Traceback, trace: Trace) -> None:
        with self._lock:
            self._traces[row.pk] = row.leaf, trace
            self._traces.move_to_end(row.pk)
            while len(self._traces) > KEPT:
                self._traces.popitem(last=False)


_shelf = _Shelf()


def begin(row: Traceback) -> Docket:
    """A docket for a traceback that is about to be proposed."""
    return Docket(row, policy_named(row.policy))


def load(trace_id: str, *, lock: bool = False) -> Docket:
    """Take a traceback up. With ``lock`` nobody else changes it until the transaction ends.

    Raises :class:`NotFound`.
    """
    rows = Traceback.objects.select_for_update() if lock else Traceback.objects
    row = rows.filter(pk=trace_id).first()
    if row is None:
        raise NotFound(f"there is no traceback {trace_id}")
    (docket,) = _folded([row])
    return docket


def load_all(trace_ids: Iterable[str], *, lock: bool = False) -> dict[str, Docket]:
    """Take several up at once, with two queries for all of them; locked in the order of their ids."""
    rows = Traceback.objects.select_for_update() if lock else Traceback.objects.all()
    found = list(rows.filter(pk__in=set(trace_ids)).order_by("pk"))
    return {docket.row.pk: docket for docket in _folded(found)}


_followers: dict[str, Callable[[Sequence[Docket], datetime], None]] = {}


def followed_by(name: str, follow: Callable[[Sequence[Docket], datetime], None]) -> None:
    """Register what an app above brings up to date, in the same transaction, whenever tracebacks were saved.

    It is handed the dockets with what they were ``before``, None of one that was just proposed.
    """
    _followers[name] = follow


def save(dockets: Docket | Sequence[Docket], *, at: datetime) -> None:
    """Write what was decided: events, rows, responses, the clocks' jobs; all under the action's audit entry."""
    changed = [docket for docket in ([dockets] if isinstance(dockets, Docket) else dockets) if docket.events]
    if not changed:
        return
    _save_rows(changed)
    events = [row for docket in changed for row in _event_rows(docket)]
    TraceEvent.objects.bulk_create(events)
    entry().wrote(TraceEvent._meta.label_lower, [event_form(row) for row in events])  # noqa: SLF001 -- Django's public _meta
    numbers = _save_hops(changed, at=at)
    responses = [row for docket in changed for row in _response_rows(docket, numbers)]
    if responses:
        Response.objects.bulk_create(responses)
        entry().wrote(Response._meta.label_lower, [response_form(row) for row in responses])  # noqa: SLF001
    owe_index("traceback", [d.row.pk for d in changed if d.policy.version != EXERCISE.version], at=at)
    for follow in _followers.values():
        follow(changed, at)
    for docket in changed:
        docket.before = docket.trace
        docket.events.clear()
        docket.wire.clear()
        _shelf.keep(docket.row, docket.now)


def clock_key(request_id: str) -> str:
    """The key of the job that keeps a hop's clock."""
    return f"{CLOCK}:{request_id}"


def event_form(row: TraceEvent) -> dict[str, Any]:
    """What the log answers for of an event."""
    return {
        "traceback": row.traceback_id,
        "number": row.number,
        "name": row.name,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "purpose": row.purpose,
        "policy": row.policy,
        "data": row.data,
    }


def response_form(row: Response) -> dict[str, Any]:
    """What the log answers for of a response."""
    return {
        "hop": row.hop_id,
        "version": row.version,
        "submitted_at": row.submitted_at.isoformat(),
        "submitted_by": row.submitted_by,
        "body": row.body,
    }


def note_form(row: Note) -> dict[str, Any]:
    """What the log answers for of a note."""
    return {"traceback": row.traceback_id, "at": row.at.isoformat(), "author": row.author, "text": row.text}


def link_form(row: TraceLink) -> dict[str, Any]:
    """What the log answers for of a link."""
    return {
        "first": row.first_id,
        "second": row.second_id,
        "is_linked": row.is_linked,
        "at": row.at.isoformat(),
        "author": row.author,
        "reason": row.reason,
    }


def _folded(rows: list[Traceback]) -> list[Docket]:
    shelved = {row.pk: _shelf.take(row) for row in rows}
    missing = [pk for pk, trace in shelved.items() if trace is None]
    if missing:
        folded: dict[str, Trace] = {}
        for event in TraceEvent.objects.filter(traceback__in=missing).order_by("traceback_id", "number"):
            folded[event.traceback_id] = evolve(folded.get(event.traceback_id), from_dict(event.data))
        for row in rows:
            if row.pk in folded:
                _shelf.keep(row, folded[row.pk])
        shelved |= folded
    return [Docket(row, policy_named(row.policy), shelved[row.pk], shelved[row.pk]) for row in rows]


def _save_rows(dockets: Sequence[Docket]) -> None:
    for docket in dockets:
        row, trace = docket.row, docket.now
        row.leaf = entry().uid
        last = docket.events[-1].at
        row.updated_at = last if row.updated_at is None else max(row.updated_at, last)
        row.review = review_of(trace, result=docket.result, knows=docket.knows)
        row.turn = turn_of(trace, review=row.review)
        for name, value in projected(trace).items():
            setattr(row, name, value)
    _upsert(Traceback, [docket.row for docket in dockets], _MOVING)


def _upsert(model: type[Model], rows: Sequence[Model], fields: Sequence[str]) -> None:
    """Insert rows, or bring those fields of known ones up to date, in one statement."""
    manager = model._default_manager  # noqa: SLF001 -- Django documents it
    manager.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=fields)


_MOVING: Final = ["leaf", "updated_at", "review", "turn", *PROJECTED]


def _event_rows(docket: Docket) -> list[TraceEvent]:
    first = docket.now.version - len(docket.events) + 1
    leaf = entry().uid
    return [
        TraceEvent(
            leaf=leaf,
            traceback_id=docket.row.pk,
            number=number,
            name=event.name,
            at=event.at,
            actor=event.actor,
            purpose=event.purpose,
            policy=event.policy_version,
            data=to_dict(event),
        )
        for number, event in enumerate(docket.events, first)
    ]


def _save_hops(dockets: Sequence[Docket], *, at: datetime) -> dict[tuple[str, int], int]:
    """Bring the hop rows up to date and their clocks' jobs; returns the keys of the rows touched."""
    fresh: list[Hop] = []
    known: list[tuple[Docket, hops.Hop, hops.Hop]] = []
    for docket in dockets:
        before = docket.before.hops if docket.before is not None else ()
        for hop in docket.now.hops:
            old = before[hop.number - 1] if hop.number <= len(before) else None
            if old is None:
                row = Hop(traceback=docket.row, number=hop.number, request_id=f"R{secrets.token_hex(REQUEST_ID_BYTES)}")
                fresh.append(_fill(row, hop))
            elif old is not hop:
                known.append((docket, hop, old))
    if fresh:
        Hop.objects.bulk_create(fresh)
    rows = {(row.traceback_id, row.number): row for row in fresh}
    if known:
        touched = Hop.objects.filter(traceback__in={docket.row.pk for docket, _, _ in known})
        existing = {(row.traceback_id, row.number): row for row in touched}
        changed = [_fill(existing[docket.row.pk, hop.number], hop) for docket, hop, _ in known]
        _upsert(Hop, changed, _FILLED)
        rows |= {(row.traceback_id, row.number): row for row in changed}
    _keep_clocks(dockets, rows, at=at)
    owe_digests([docket for docket in dockets if docket.policy.version != EXERCISE.version], at=at)
    return {key: row.pk for key, row in rows.items()}


_FILLED: Final = [
    "provider",
    "state",
    "sent_at",
    "received_at",
    "respond_by",
    "delinquent_after",
    "working",
    "answered_at",
    "upstream",
    "customer",
    "is_late",
    "clock_s",
    "level",
]


def _fill(row: Hop, hop: hops.Hop) -> Hop:
    row.provider_id = hop.provider
    row.state = hop.state.value
    row.sent_at = hop.sent_at
    row.received_at = hop.received_at
    row.respond_by = hop.respond_by
    row.delinquent_after = hop.delinquent_after
    row.working = to_plain(hop.working)
    row.answered_at = hop.latest.submitted_at if hop.latest is not None else None
    row.upstream = (hop.latest.answer.upstream or "")[:200] if hop.latest is not None else ""
    row.customer = (hop.latest.answer.customer or "")[:300] if hop.latest is not None else ""
    row.is_late = is_hop_late(hop)
    row.clock_s = clock_seconds(hop)
    row.level = hop.escalation_level
    return row


def _letters_owed(request_id: str, hop: hops.Hop, *, at: datetime) -> list[Owed]:
    """The mail by which a provider is told: to the contact a person chose, else to whoever is next.

    A request that a person took there by another way is not mailed as well.
    """
    key = f"{TOLD}:{request_id}:{hop.bounces}"
    chosen = [channel.removeprefix(MAIL_TO) for channel in hop.channels if channel.startswith(MAIL_TO)]
    if chosen:
        return [
            Owed(TOLD, f"{key}:{mailbox}"[:200], at, {"request": request_id, "mailbox": mailbox}) for mailbox in chosen
        ]
    if not BY_ITSELF.intersection(hop.channels):
        return []
    return [Owed(TOLD, key, at, {"request": request_id, "contact": hop.bounces})]


def _keep_clocks(dockets: Sequence[Docket], rows: dict[tuple[str, int], Hop], *, at: datetime) -> None:
    owed: list[Owed] = []
    over: list[str] = []
    for docket in dockets:
        before = docket.before.hops if docket.before is not None else ()
        for hop in docket.now.hops:
            row = rows.get((docket.row.pk, hop.number))
            if row is None:
                continue
            old = before[hop.number - 1] if hop.number <= len(before) else None
            is_sent_now = hop.state is HopState.SENT and (old is None or old.state is not HopState.SENT)
            if is_sent_now and docket.policy.version != EXERCISE.version:
                owed += _letters_owed(row.request_id, hop, at=at)
            step = next_step(hop, policy=docket.policy)
            if step is not None:
                payload = {"request": row.request_id, "step": step.kind.value}
                owed.append(Owed(CLOCK, clock_key(row.request_id), step.due, payload))
            elif old is not None and next_step(old, policy=docket.policy) is not None:
                over.append(clock_key(row.request_id))
    owe(owed)
    if over:
        cancel(over, at=at)


def _response_rows(docket: Docket, numbers: dict[tuple[str, int], int]) -> Iterable[Response]:
    for event in docket.events:
        if isinstance(event, ev.HopAnswered | ev.HopCorrected):
            response = event.response
            body = docket.wire.get((event.hop, response.version))
            yield Response(
                leaf=entry().uid,
                hop_id=numbers[docket.row.pk, event.hop],
                version=response.version,
                submitted_at=response.submitted_at,
                submitted_by=response.submitted_by,
                body=body if body is not None else to_plain(response.answer),
            )
