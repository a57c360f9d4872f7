"""Run a case: open a portal, ask, answer, wait, conclude.

The rounds are simple. Whoever is asked is handed its requests; whatever is new or has changed comes
back and is taken down; that asks others, or takes requests back. When nothing moves any more the
clocks run until the silent are past every date, and what the answers come to is written out.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from hopback.exercise.kits import KitReport, Kits, Mail
from hopback.kernel.answers import AnswerKind
from hopback.kernel.calls import Sought
from hopback.portal import embedded
from hopback.portal.clock import use_clock
from hopback.portal.serving import served
from hopback.wire.hops import HopAnswer, as_z

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from hopback.exercise.case import Case, ReportedCall
    from hopback.portal.tracebacks.reading import CallResult, HopResult

__all__ = ["Progress", "run_case"]

MOST_ROUNDS: Final = 200
"""Rounds after which answers that still change are left as they are; a path has far fewer hops."""

ROUND: Final = timedelta(seconds=1)
"""What one round takes on the simulated clock."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run is told of: ``step`` names what begins and how much of it there is, ``advance`` moves it on."""

    step: Callable[[str, int], None] = lambda _what, _total: None
    advance: Callable[[int], None] = lambda _count: None
    trouble: Callable[[str], None] = lambda _line: None


class _Lane(Protocol):
    """How requests reach the kits and answers come back."""

    def exchange(self, *, at: datetime) -> bool:
        """One round: hand out what is new, take down what is said. False when there was nothing to hand out."""


@dataclass
class _InProcess:
    """Wire messages through the kits' pipes."""

    kits: Kits
    agents: Sequence[str]
    broken: dict[str, str]
    _told: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def exchange(self, *, at: datetime) -> bool:
        mail = {provider: post for provider in self.agents if (post := self._mail(provider, at=at)) is not None}
        answers = self.kits.tell({provider: post for provider, post in mail.items() if provider not in self.broken})
        for provider, post in mail.items():
            if provider not in answers:
                self.broken.setdefault(provider, "the kit ended before it had answered")
                _stand_in(provider, [one.request_id for one in post.requests], self.broken[provider], at=at)
            elif answers[provider]:
                embedded.take_answers(provider, answers[provider], at=at)
        return bool(mail)

    def _mail(self, provider: str, *, at: datetime) -> Mail | None:
        """What ``provider`` has not been told yet; None where there is nothing."""
        told = self._told[provider]
        requests = [one for one in embedded.open_requests(provider, at=at) if one.request_id not in told]
        withdrawn = [one for one in embedded.withdrawn(provider) if one in told]
        told |= {one.request_id for one in requests}
        told -= set(withdrawn)
        return Mail(tuple(requests), tuple(withdrawn)) if requests or withdrawn else None


@dataclass
class _OverHttp:
    """Kits that fetch from and post to the portal's API; the pipe only says when to look."""

    kits: Kits
    address: str
    keys: Mapping[str, str]
    broken: dict[str, str]
    _withdrawn: dict[str, int] = field(default_factory=dict)

    def exchange(self, *, at: datetime) -> bool:
        use_clock(lambda: at)
        try:
            asked = set(embedded.providers_asked())
            for provider in self.keys:
                gone = len(embedded.withdrawn(provider))
                if self._withdrawn.get(provider, 0) != gone:
                    self._withdrawn[provider] = gone
                    asked.add(provider)
            looking = {provider: (self.address, self.keys[provider]) for provider in sorted(asked - set(self.broken))}
            for provider, failed in self.kits.look(looking).items():
                self.broken.setdefault(provider, failed)
            for provider in asked & set(self.broken):
                open_ids = [one.request_id for one in embedded.open_requests(provider, at=at)]
                _stand_in(provider, open_ids, self.broken[provider], at=at)
            embedded.take_decisions(at=at)
        finally:
            use_clock(None)
        return bool(asked)


def _stand_in(provider: str, request_ids: Iterable[str], why: str, *, at: datetime) -> None:
    """Say for a kit that does not run that a person must look: it is neither silent nor without a record."""
    said = [
        HopAnswer(request_id=one, provider=provider, answer=AnswerKind.NEEDS_REVIEW, why=(why,)) for one in request_ids
    ]
    if said:
        embedded.take_answers(provider, said, at=at)


def run_case(case: Case, out: Path, *, over_http: bool = False, progress: Progress | None = None) -> dict[str, Any]:
    """Trace every call of ``case`` and return what ``results.json`` holds.

    Everything the run leaves is under ``out``: the portal's database and key, and each kit's store.
    What an earlier run left there is removed first.
    """
    progress = progress or Progress()
    began = time.monotonic()
    _clear(out)
    agents = [provider.id for provider in case.providers.values() if provider.answers == "agent"]
    with Kits(out / "kits") as kits:
        progress.step("Loading call records", len(agents))
        reports = kits.open(
            {provider: case.provider_folder(provider) for provider in agents},
            on_ready=lambda provider, report: _tell_ready(provider, report, progress),
        )
        at = _issued_at(case, reports)
        embedded.configure(out / "portal.sqlite3")
        embedded.import_sheet(case.folder / "providers.csv", at=at)
        progress.step("Opening tracebacks", len(case.calls))
        for call in case.calls:
            _open(call, at=at)
            progress.advance(1)
        broken = {provider: report.failed for provider, report in reports.items() if report.failed}
        progress.step("Tracing", len(case.calls))
        if over_http:
            with served() as address:
                at = _trace(_OverHttp(kits, address, embedded.issue_keys(at=at), broken), at=at, progress=progress)
        else:
            at = _trace(_InProcess(kits, agents, broken), at=at, progress=progress)
    progress.step("Waiting for silent providers", 1)
    at = embedded.run_clocks(now=at)
    embedded.seal_log(at=at)
    progress.advance(1)
    results = {result.call_id: result for result in embedded.results()}
    calls = [_call(results[call.id]) for call in case.calls]
    rejected = [str(error) for error in case.rejected]
    by_outcome = Counter(call["outcome"] for call in calls)
    concluded = sum(results[call.id].state in ("concluded", "closed") for call in case.calls)
    return {
        "calls": calls,
        "summary": {
            "calls": len(calls),
            "concluded": concluded,
            "by_outcome": dict(sorted(by_outcome.items())),
            "rejected": rejected,
            "issued_at": as_z(_issued_at(case, reports)),
            "ended_at": as_z(at),
            "rows": {
                what: sum(report.rows.get(what, 0) for report in reports.values())
                for what in ("read", "kept", "rejected")
            },
            "elapsed_s": round(time.monotonic() - began, 1),
        },
    }


def _clear(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in ("kits", "paths", "calls"):
        shutil.rmtree(out / name, ignore_errors=True)
    for path in (*out.glob("portal.sqlite3*"), *out.glob("results.json"), *out.glob("index.html")):
        path.unlink()


def _tell_ready(provider: str, report: KitReport, progress: Progress) -> None:
    for line in (report.failed, *report.troubles):
        if line:
            progress.trouble(f"{provider}: {line}")
    progress.advance(1)


def _issued_at(case: Case, reports: Mapping[str, KitReport]) -> datetime:
    """The end of the latest records in the case; without records, a while after the last call."""
    ends = [report.end for report in reports.values() if report.end is not None]
    calls = [call.started_at + timedelta(hours=1) for call in case.calls]
    return max(ends or calls or [datetime(2026, 1, 1, tzinfo=UTC)]).astimezone(UTC)


def _open(call: ReportedCall, *, at: datetime) -> None:
    sample = Sought(
        called=call.called,
        calling=call.calling,
        started_at=call.started_at.astimezone(UTC),
        accuracy_s=call.accuracy_s,
        answered=call.answered,
    )
    embedded.open_call(
        call.id,
        sample,
        terminating=call.terminating_provider,
        at=at,
        campaign=call.campaign or None,
        identity=call.identity,
    )


def _trace(lane: _Lane, *, at: datetime, progress: Progress) -> datetime:
    ended = 0
    for _ in range(MOST_ROUNDS):
        at += ROUND
        if not lane.exchange(at=at):
            break
        now_ended = _count_ended()
        progress.advance(max(now_ended - ended, 0))
        ended = max(ended, now_ended)
    return at


def _count_ended() -> int:
    from hopback.portal.tracebacks.models import Traceback  # noqa: PLC0415 - models exist once Django is set up

    return Traceback.objects.filter(state__in=("concluded", "closed")).count()


def _call(result: CallResult) -> dict[str, Any]:
    is_ended = result.state in ("concluded", "closed")
    return {
        "call_id": result.call_id,
        # A traceback that waits for a person has found nobody that could be named without a guess.
        "outcome": result.outcome if is_ended else "ambiguous",
        "origin_provider": result.origin_provider,
        "customer": result.customer,
        "path": list(result.path),
        "point_of_entry": result.point_of_entry,
        "review": result.review or None,
        "hops": [_hop(hop) for hop in result.hops],
    }


def _hop(hop: HopResult) -> dict[str, Any]:
    return {
        "provider": hop.provider,
        "answer": hop.answer.value,
        "upstream": hop.upstream,
        "customer": hop.customer,
        "found_at": as_z(hop.found_at) if hop.found_at is not None else None,
        "source": hop.source,
        "time_offset_s": hop.time_offset_s,
        "confidence": hop.confidence,
        "why": list(hop.why),
    }
