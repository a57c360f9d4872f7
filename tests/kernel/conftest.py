"""Traces for the kernel's tests: a story that drives one by hand, and walks that Hypothesis draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import strategies as st

from hopback.kernel import commands as cmd
from hopback.kernel.answers import Answer, AnswerKind
from hopback.kernel.calls import Sought
from hopback.kernel.clocks import Deadline, OfficeHours, deadline
from hopback.kernel.commands import By, Role
from hopback.kernel.errors import HopbackError
from hopback.kernel.hops import DeclineReason, HopState, SourceKind, Trace, TraceState
from hopback.kernel.outcomes import Outcome, Result
from hopback.kernel.paths import outcome_of
from hopback.kernel.policy import Policy
from hopback.kernel.traces import decide, evolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.kernel.commands import Command
    from hopback.kernel.events import Event

PURPOSE = "47 USC 222(d)(2)"
MONDAY = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
CALL = Sought(12025550143, 13125550188, MONDAY - timedelta(days=2), 60.0)
ADA = By("ada", Role.ANALYST, PURPOSE)
LEAD = By("grace", Role.LEAD, PURPOSE)
SECOND = By("edith", Role.ANALYST, PURPOSE)
SYSTEM = By("system", Role.SYSTEM, PURPOSE)
OFFICE = OfficeHours(
    datetime.min.time().replace(hour=8),
    datetime.min.time().replace(hour=17, minute=30),
    frozenset(range(5)),
    "America/New_York",
)
COUNTRIES = {"alma": "US", "bell": "US", "cole": "US", "dana": "US", "zara": "PK"}


def clock_from(received: datetime) -> Deadline:
    return deadline(received, hours=OFFICE, holidays=frozenset(), allowed=timedelta(hours=24))


def of(provider: str, *, actor: str | None = None) -> By:
    return By(actor or f"{provider}-desk", Role.PROVIDER, PURPOSE, provider=provider)


@dataclass
class Story:
    """A trace driven by hand: each ``do`` decides and folds in."""

    ada: ClassVar[By] = ADA
    edith: ClassVar[By] = SECOND
    grace: ClassVar[By] = LEAD
    system: ClassVar[By] = SYSTEM
    call: ClassVar[Sought] = CALL
    monday: ClassVar[datetime] = MONDAY
    countries: ClassVar[dict[str, str]] = COUNTRIES

    policy: Policy = field(default_factory=lambda: Policy(version="2026-11"))
    at: datetime = MONDAY
    trace: Trace | None = None
    events: list[Event] = field(default_factory=list)

    def do(self, command: Command) -> tuple[Event, ...]:
        self.at += timedelta(minutes=1)
        new = decide(self.trace, command, at=self.at, policy=self.policy)
        for event in new:
            self.trace = evolve(self.trace, event)
        self.events.extend(new)
        return new

    @staticmethod
    def of(provider: str) -> By:
        return of(provider)

    @property
    def now(self) -> Trace:
        assert self.trace is not None
        return self.trace

    def hop(self, number: int) -> Any:
        hop = self.now.hop(number)
        assert hop is not None
        return hop

    def begin(self, first: str = "alma") -> Story:
        self.do(cmd.Propose("T1", CALL, "honeypot-1", SourceKind.HONEYPOT, campaign="warranty", by=ADA))
        self.do(cmd.Vet("matches the pattern", ("volume_anomaly",), ("spoofed_caller_id",), by=ADA))
        self.do(cmd.Open(first, by=ADA))
        return self

    def ask(self, number: int) -> Story:
        self.do(cmd.SendHop(number, ("email",), by=SYSTEM))
        self.do(cmd.DeliverHop(number, clock_from(self.at), "250 accepted", by=SYSTEM))
        return self

    def say(self, number: int, answer: Answer, *, key: str | None = None) -> Story:
        self.do(cmd.AnswerHop(number, answer, key or f"k{len(self.events)}", by=of(self.hop(number).provider)))
        return self

    def stand(self, number: int) -> Story:
        self.do(cmd.AcceptAnswer(number, upstream_known=True, by=ADA))
        return self

    def settle(self, number: int, answer: Answer) -> Story:
        return self.ask(number).say(number, answer).stand(number)

    def follow(self, number: int, upstream: str, *, record: str | None = None) -> int:
        """Ask, hear an upstream named, accept and go on; the number of the new hop."""
        key = record or f"rec-{self.hop(number).provider}-{number}"
        self.settle(number, Answer(AnswerKind.UPSTREAM_NAMED, upstream=upstream, confidence=0.9, record_key=key))
        self.do(cmd.Advance(number, by=SYSTEM))
        return len(self.now.hops)

    def wait(self, **span: float) -> Story:
        self.at += timedelta(**span)
        return self

    def silence(self, number: int) -> Story:
        """Run past the deadlines and up the ladder."""
        self.at = self.hop(number).delinquent_after
        self.do(cmd.TickHop(number, by=SYSTEM))
        for step in range(1, self.policy.escalation_steps + 1):
            self.do(cmd.EscalateHop(number, step, "noc", by=SYSTEM))
        return self

    def find(self, number: int, *, by: By = ADA) -> Story:
        earliest = self.hop(number).delinquent_after + timedelta(days=7)
        self.at = earliest
        self.do(cmd.FindNonResponsive(number, "no answer", ("event-9",), earliest, self.at, by=by))
        return self

    def outcome(self) -> Result:
        return outcome_of(self.now, countries=COUNTRIES, home="US")


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture(scope="session")
def make_story() -> Callable[[], Story]:
    return Story


@dataclass(frozen=True)
class Walk:
    """A drawn trace: every command tried, what was made of it, and the state after each event."""

    policy: Policy
    events: tuple[Event, ...]
    states: tuple[Trace, ...]
    refusals: int

    @property
    def trace(self) -> Trace:
        return self.states[-1]


def _answer(draw: st.DrawFn, provider: str, tag: int) -> Answer:
    kind = draw(
        st.sampled_from(
            [AnswerKind.UPSTREAM_NAMED] * 6
            + [AnswerKind.CUSTOMER_NAMED] * 2
            + [k for k in AnswerKind if k is not AnswerKind.NO_ANSWER]
        )
    )
    return Answer(
        kind,
        upstream=draw(st.sampled_from([p for p in COUNTRIES if p != provider]))
        if kind is AnswerKind.UPSTREAM_NAMED
        else None,
        customer=f"CUSTOMER-OF-{provider}-{tag}" if kind is AnswerKind.CUSTOMER_NAMED else None,
        confidence=draw(st.sampled_from([0.5, 0.9, 1.0])),
        why=(f"WORDS-OF-{provider}-{tag}",),
        statement=f"STATEMENT-OF-{provider}-{tag}",
        record_key=draw(st.sampled_from([None, f"RECORD-OF-{provider}-1", f"RECORD-OF-{provider}-2"])),
        source=f"SWITCH-OF-{provider}",
    )


def _by(draw: st.DrawFn, provider: str) -> By:
    return draw(
        st.sampled_from(
            [ADA, SECOND, LEAD, SYSTEM, of(provider), of(provider), of("dana"), By("press", Role.SOURCE, PURPOSE)]
        )
    )


def _hop_command(draw: st.DrawFn, trace: Trace, at: datetime, tag: int) -> Command:  # noqa: C901, PLR0912
    hop = draw(st.sampled_from(trace.hops))
    n, provider = hop.number, hop.provider
    likely = {
        HopState.PENDING: ["send"],
        HopState.SENT: ["deliver", "deliver", "bounce"],
        HopState.DELIVERED: ["answer", "answer", "answer", "tick", "deny", "acknowledge"],
        HopState.ACKNOWLEDGED: ["answer", "tick", "remind"],
        HopState.OVERDUE: ["tick", "answer", "escalate"],
        HopState.DELINQUENT: ["escalate", "escalate", "find", "find", "find", "answer"],
        HopState.NEEDS_INFO: ["answer", "tick"],
        HopState.ANSWERED: ["accept", "accept", "accept", "reject"],
        HopState.LATE_ANSWERED: ["accept", "accept", "reject"],
        HopState.ACCEPTED: ["advance", "advance", "advance", "correct", "fork", "dispute"],
        HopState.NON_RESPONSIVE: ["answer", "dispute"],
        HopState.DISPUTED: ["resolve"],
        HopState.REDIRECTED: ["dispute"],
    }.get(hop.state, ["tick"])
    anything = [
        "send",
        "deliver",
        "answer",
        "deny",
        "accept",
        "reject",
        "advance",
        "correct",
        "fork",
        "dispute",
        "resolve",
        "tick",
        "find",
        "cancel",
        "escalate",
        "remind",
        "bounce",
        "acknowledge",
    ]
    verb = draw(st.sampled_from(likely * 6 + anything))
    key = draw(st.sampled_from([f"key-{tag}", f"key-{tag}", "key-again"]))
    known = next((r.answer for r in hop.responses if r.key == key), None)
    said = known or _answer(draw, provider, tag)
    by = _by(draw, provider)
    sensible = draw(st.integers(0, 4)) > 0
    staff = ADA if sensible else by
    own = of(provider) if sensible else by
    match verb:
        case "send":
            return cmd.SendHop(n, ("email",), by=staff)
        case "bounce":
            return cmd.BounceHop(n, "email", "550", by=staff)
        case "deliver":
            return cmd.DeliverHop(n, clock_from(at), "250", by=staff)
        case "acknowledge":
            return cmd.AcknowledgeHop(n, by=own)
        case "remind":
            return cmd.RemindHop(n, "half", by=staff)
        case "tick":
            return cmd.TickHop(n, by=staff)
        case "escalate":
            return cmd.EscalateHop(
                n, hop.escalation_level + draw(st.sampled_from([1, 1, 1, 0, 2])), "LADDER-TEXT", by=staff
            )
        case "answer":
            return cmd.AnswerHop(n, said, key, draw(st.sampled_from([True, True, True, False])), by=own)
        case "deny":
            denied = known or Answer(AnswerKind.DENIED, statement=f"STATEMENT-OF-{provider}-{tag}")
            return cmd.DenyClaim(n, denied, key, by=own)
        case "accept":
            return cmd.AcceptAnswer(n, upstream_known=True, by=draw(st.sampled_from([ADA, ADA, SYSTEM, by])))
        case "reject":
            return cmd.RejectAnswer(n, (f"LACKS-{provider}",), by=staff)
        case "advance":
            return cmd.Advance(n, by=staff)
        case "correct":
            return cmd.CorrectAnswer(n, said, key, by=own)
        case "fork":
            return cmd.Fork(n, draw(st.sampled_from(list(COUNTRIES))), CALL, "two claimed", by=staff)
        case "dispute":
            return cmd.DisputeHop(n, f"DISPUTE-TEXT-{tag}", by=draw(st.sampled_from([own, of("bell"), of("cole")])))
        case "resolve":
            return cmd.ResolveDispute(
                n,
                draw(st.sampled_from(cmd.DisputeResult)),
                f"RULING-{tag}",
                by=draw(st.sampled_from([SECOND, ADA, by])),
            )
        case "find":
            base = hop.delinquent_after or at
            earliest = base + timedelta(days=draw(st.sampled_from([7, 7, 7, 7, 1, 0])))
            return cmd.FindNonResponsive(n, f"FOUND-{provider}", ("ev-1",), earliest, at, by=staff)
        case _:
            return cmd.CancelHop(n, "not needed", by=staff)


def _trace_command(draw: st.DrawFn, trace: Trace) -> Command:
    by = draw(st.sampled_from([ADA, ADA, LEAD, SECOND, SYSTEM, of("bell")]))
    result = outcome_of(trace, countries=COUNTRIES, home="US")
    if draw(st.integers(0, 3)) == 0:
        result = Result(
            draw(st.sampled_from(Outcome)),
            0.5,
            result.path,
            draw(st.sampled_from([None, "bell", "dana"])),
            draw(st.sampled_from([None, "C-DREAMT"])),
        )
    choices: list[Command] = [
        cmd.Conclude(result, by=by),
        cmd.Conclude(result, by=ADA),
        cmd.Close(("alma", "bell", "cole", "dana", "zara"), by=by),
        cmd.Stall(by=by),
        cmd.Resume("a new contact", by=by),
        cmd.Open("alma", by=by),
        cmd.Vet("again", ("x",), ("y",), by=by),
        cmd.Decline(DeclineReason.TOO_OLD, by=by),
    ]
    if trace.state in (TraceState.CONCLUDED, TraceState.CLOSED) or draw(st.integers(0, 9)) == 0:
        choices += [cmd.Reopen("corrected", "an erratum", by=by)] * 4
    if draw(st.integers(0, 14)) == 0:
        choices += [cmd.Void("wrong sample", by=by)] * 6
    if trace.state is TraceState.CONCLUDED:
        choices += [cmd.Close(tuple(COUNTRIES), by=draw(st.sampled_from([ADA, SECOND, LEAD])))] * 8
    return draw(st.sampled_from(choices))


@st.composite
def _walks(draw: st.DrawFn, steps: int = 70) -> Walk:
    story = Story().begin()
    states = [evolve(None, story.events[0])]
    for event in story.events[1:]:
        states.append(evolve(states[-1], event))
    refusals = 0

    def attempt(command: Command) -> int:
        before, count = story.now, len(story.events)
        try:
            new = decide(before, command, at=story.at, policy=story.policy)
        except HopbackError:
            assert story.now is before
            assert len(story.events) == count
            return 1
        for event in new:
            story.trace = evolve(story.trace, event)
            story.events.append(event)
            states.append(story.now)
        return 0

    for tag in range(draw(st.integers(20, steps))):
        jump = draw(st.sampled_from([timedelta(minutes=1)] * 6 + [timedelta(hours=25), timedelta(days=8)]))
        story.at += jump
        if jump > timedelta(days=1) and draw(st.booleans()):
            for hop in story.now.hops:
                refusals += attempt(cmd.TickHop(hop.number, by=SYSTEM))
        rest = story.now.state in (TraceState.CONCLUDED, TraceState.CLOSED) or story.outcome().outcome is not None
        if draw(st.integers(0, 2 if rest else 11)) == 0:
            refusals += attempt(_trace_command(draw, story.now))
        else:
            refusals += attempt(_hop_command(draw, story.now, story.at, tag))
    return Walk(story.policy, tuple(story.events), tuple(states), refusals)


@pytest.fixture(scope="session")
def walks() -> st.SearchStrategy[Walk]:
    return _walks()
