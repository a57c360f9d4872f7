"""The portal inside another process, on a fresh SQLite file: what an exercise and the tests use.

Everything here goes through the same verbs as the API and the worker. Time is an argument throughout.
"""

# ruff: noqa: PLC0415 -- models can be imported only after Django is set up, which configure() does

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.config import Configuration, database_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from hopback.kernel.calls import Sought
    from hopback.portal.audit.actors import Actor
    from hopback.portal.audit.models import Checkpoint
    from hopback.portal.audit.verify import Verified
    from hopback.portal.tracebacks.reading import CallResult
    from hopback.wire.hops import HopAnswer, HopRequest

__all__ = [
    "Taken",
    "configure",
    "import_sheet",
    "issue_keys",
    "open_call",
    "open_requests",
    "providers_asked",
    "results",
    "run_clocks",
    "seal_log",
    "take_answer",
    "take_answers",
    "take_decisions",
    "use",
    "verify_log",
    "withdrawn",
]


@dataclass(frozen=True, slots=True)
class Taken:
    """How many answers of a batch counted, and why those refused were, by request."""

    counted: int
    refused: dict[str, HopbackError] = field(default_factory=dict)


def configure(
    database: Path, *, synchronous: Literal["FULL", "NORMAL"] = "NORMAL", exercise: bool = True
) -> Configuration:
    """Open a portal on ``database``, a SQLite file that is created and migrated if it is not there.

    What the portal keeps beside its database (the key that signs the audit log) is kept in the same
    folder. Returns the configuration in use.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    configuration = Configuration(
        data=database.parent,
        database=str(database),
        synchronous=synchronous,
        exercise=exercise,
        second_factor=(),  # nobody's real account is in an exercise
    )
    use(configuration)
    call_command("migrate", verbosity=0, interactive=False)
    return configuration


def use(configuration: Configuration) -> None:
    """Point this process at a portal's database, leaving whatever it was pointed at before."""
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hopback.portal.settings")
        django.setup()
    connections.close_all()
    settings.CONFIGURATION = configuration
    databases = connections.configure_settings({DEFAULT_DB_ALIAS: database_of(configuration)})
    connections.settings.update(databases)
    connections[DEFAULT_DB_ALIAS] = connections.create_connection(DEFAULT_DB_ALIAS)


def import_sheet(path: Path, *, at: datetime) -> int:
    """Take over ``providers.csv``; returns how many providers are in it. Raises :class:`BadInput`."""
    from hopback.portal.audit.actors import EXERCISE_ANALYST
    from hopback.portal.directory.actions import import_providers
    from hopback.portal.directory.sheets import read_providers

    return import_providers(EXERCISE_ANALYST, read_providers(path), at=at)


def open_call(
    call_id: str,
    sample: Sought,
    *,
    terminating: str,
    at: datetime,
    campaign: str | None = None,
    identity: str = "",
) -> str:
    """Propose, vet and open one call of an exercise; returns the traceback's id.

    A terminating provider that the directory does not know leaves the traceback vetted, for a person to look at.
    """
    from hopback.kernel.hops import SourceKind
    from hopback.portal.audit.actors import EXERCISE_ANALYST
    from hopback.portal.directory.models import Provider
    from hopback.portal.tracebacks.actions import open_traceback, propose_sample, vet
    from hopback.portal.tracebacks.models import Traceback
    from hopback.portal.tracebacks.policies import EXERCISE

    with _together():
        trace = propose_sample(
            EXERCISE_ANALYST,
            EXERCISE.version,
            sample,
            at=at,
            source="exercise",
            source_kind=SourceKind.ANALYTICS,
            terminating=terminating,
            campaign=campaign,
            reference=call_id,
            identity=identity,
        )
        row = Traceback.objects.get(pk=trace.id)
        vet(
            EXERCISE_ANALYST,
            row,
            at=at,
            reason="a call of the exercise",
            basis=("call transcripts",),
            violations=("to be found",),
        )
        if Provider.objects.filter(pk=terminating).exists():
            open_traceback(EXERCISE_ANALYST, row, at=at)
            _deliver_to_silent([trace.id], at=at)
    return trace.id


def providers_asked() -> list[str]:
    """The providers whose programs still owe an answer, by id."""
    from hopback.portal.directory.models import Answers
    from hopback.portal.tracebacks.models import Hop
    from hopback.portal.tracebacks.reading import UNANSWERED

    rows = Hop.objects.filter(provider__answers=Answers.AGENT, state__in=[state.value for state in UNANSWERED])
    return sorted(set(rows.values_list("provider", flat=True)))


def open_requests(provider: str, *, at: datetime) -> list[HopRequest]:
    """What a provider is asked, as its program would fetch it; that is the proof of delivery."""
    from hopback.portal.tracebacks.actions import collect_requests
    from hopback.portal.tracebacks.reading import open_hops, requests_of

    rows = list(open_hops(provider))
    if any(row.received_at is None for row in rows):
        collect_requests(_program(provider), rows, at=at)
    return requests_of(rows)


def withdrawn(provider: str) -> list[str]:
    """The requests once sent to a provider that nobody asks of it any more, by id."""
    from hopback.portal.tracebacks.reading import withdrawn_hops

    return list(withdrawn_hops(provider).values_list("request_id", flat=True))


def take_answer(provider: str, answer: HopAnswer, *, at: datetime) -> bool:
    """Take one answer down; see :func:`take_answers`. Returns whether it counted; raises why it was refused."""
    taken = take_answers(provider, [answer], at=at)
    for error in taken.refused.values():
        raise error
    return taken.counted == 1


def take_answers(provider: str, answers: Sequence[HopAnswer], *, at: datetime) -> Taken:
    """Take answers down in one transaction, ask whoever they name, decide what is to be decided.

    An answer that differs from the one that stands corrects it, and supersedes the hops above where it
    names somebody else. One to a request that was withdrawn meanwhile, or that says nothing new, does
    not count. One that is refused does not stop the others.
    """
    from hopback.portal.tracebacks.access import hops_of
    from hopback.portal.tracebacks.actions import answer_hops
    from hopback.portal.tracebacks.deciding import decide_answers
    from hopback.portal.tracebacks.reading import is_withdrawn

    actor = _program(provider)
    by_request = {answer.request_id: answer for answer in answers}
    with _together():
        rows = hops_of(actor).select_related("traceback").filter(request_id__in=by_request)
        found = {row.request_id: row for row in rows}
        refused: dict[str, HopbackError] = {
            request: NotFound(f"there is no request {request}") for request in by_request if request not in found
        }
        heard = [(row, by_request[request]) for request, row in found.items() if not is_withdrawn(row)]
        if not heard:
            return Taken(0, refused)
        moved, more = answer_hops(actor, heard, at=at)
        touched = sorted({trace.id for trace in moved.values()})
        decide_answers(touched, at=at)
        _deliver_to_silent(touched, at=at)
    return Taken(len(moved), refused | more)


def take_decisions(*, at: datetime) -> int:
    """Decide what people decide wherever an answer came in by the API; returns how many tracebacks it looked at.

    :func:`take_answers` does this by itself.
    """
    from hopback.portal.tracebacks.deciding import decide_answers, undecided
    from hopback.portal.tracebacks.models import Hop
    from hopback.portal.tracebacks.policies import EXERCISE

    with _together():
        waiting = undecided()
        decide_answers(waiting, at=at)
        unsent = Hop.objects.filter(state="sent", provider__answers="silent", traceback__policy=EXERCISE.version)
        _deliver_to_silent(sorted(set(unsent.values_list("traceback", flat=True))), at=at)
    return len(waiting)


def issue_keys(*, at: datetime, lasts: timedelta = timedelta(days=30)) -> dict[str, str]:
    """A fresh API key for every provider whose program answers, by provider id."""
    from hopback.portal.accounts.actions import issue_key
    from hopback.portal.accounts.models import Organisation
    from hopback.portal.audit.actors import EXERCISE_ANALYST
    from hopback.portal.directory.models import Answers, Provider

    with _together():
        answering = Provider.objects.filter(answers=Answers.AGENT).values("pk")
        return {
            organisation.pk: issue_key(EXERCISE_ANALYST, organisation, at=at, lasts=lasts)
            for organisation in Organisation.objects.filter(pk__in=answering).order_by("pk")
        }


def run_clocks(*, now: datetime, until: datetime | None = None) -> datetime:
    """Let the simulated clock run until ``until``, by default until no hop's clock has anything to bring.

    Reminders, the two dates, the ladder and the finding come when they are due. Returns the clock's end.
    """
    from hopback.portal.jobs.working import next_due, work
    from hopback.portal.tracebacks.docket import CLOCK

    if until is not None:
        return work(now=now, until=until).at
    while (due := next_due(kinds=(CLOCK,))) is not None:
        now = work(now=now, until=max(now, due)).at
    return now


def results(call_ids: Iterable[str] | None = None) -> list[CallResult]:
    """What the calls came to: those named, in that order; by default all, in the order they were opened."""
    from hopback.portal.tracebacks.models import Traceback
    from hopback.portal.tracebacks.reading import results_of

    if call_ids is None:
        return results_of(Traceback.objects.filter(events__number=1).order_by("events__id"))
    wanted = list(call_ids)
    rows = {row.reference: row for row in Traceback.objects.filter(reference__in=wanted)}
    return results_of(rows[call_id] for call_id in wanted if call_id in rows)


def seal_log(*, at: datetime) -> Checkpoint | None:
    """Seal what was written; None when there was nothing new."""
    from hopback.portal.audit.sealing import seal

    return seal(at=at)


def verify_log() -> Verified:
    """Replay the audit log against the tables; raises :class:`BrokenProof` with the first thing that fails."""
    from hopback.portal.audit.verify import verify

    return verify()


def _program(provider: str) -> Actor:
    from hopback.portal.audit.actors import Actor, Role

    return Actor(f"agent:{provider}", Role.PROVIDER, provider=provider)


@contextmanager
def _together() -> Iterator[None]:
    """Several verbs in one transaction; refusals among them are recorded after it."""
    from hopback.portal.audit.actions import recording_refusals

    with recording_refusals(), transaction.atomic():
        yield


def _deliver_to_silent(trace_ids: Sequence[str], *, at: datetime) -> None:
    """A provider that never answers is written to; its mail system's acceptance starts the clock."""
    from hopback.portal.audit.actors import SYSTEM
    from hopback.portal.directory.models import Answers
    from hopback.portal.tracebacks.actions import record_deliveries
    from hopback.portal.tracebacks.models import Hop

    sent = Hop.objects.filter(traceback__in=trace_ids, state="sent", provider__answers=Answers.SILENT)
    rows = list(sent.select_related("traceback"))
    if rows:
        record_deliveries(SYSTEM, rows, at=at, proof="accepted by the provider's mail system")
