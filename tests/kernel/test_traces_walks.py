"""What holds whatever is asked of a traceback, in whatever order."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hopback.kernel import events as ev
from hopback.kernel.answers import AnswerKind
from hopback.kernel.errors import BadInput
from hopback.kernel.events import EVENTS, from_dict, to_dict
from hopback.kernel.findings import AppealState
from hopback.kernel.hops import HELD, HopState, TraceState
from hopback.kernel.outcomes import Outcome
from hopback.kernel.paths import effective_path, outcome_of
from hopback.kernel.traces import replay

COUNTRIES = {"alma": "US", "bell": "US", "cole": "US", "dana": "US", "zara": "PK"}
MODEST = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@MODEST
@given(data=st.data())
def test_every_walk_keeps_the_invariants(walks: Any, data: st.DataObject) -> None:
    walk = data.draw(walks)
    _check_events(walk)
    _check_fold(walk)
    for before, after, event in zip(walk.states, walk.states[1:], walk.events[1:], strict=False):
        _check_step(before, after, event)
    for state in walk.states:
        _check_path(state)
        _check_outcome(state)


def _check_events(walk: Any) -> None:
    for event in walk.events:
        assert event.actor
        assert event.purpose
        assert event.policy_version == walk.policy.version
        assert event.at.tzinfo is UTC
        noun, verb = event.name.split(".")
        assert noun in ("trace", "hop")
        assert verb
    assert [event.at for event in walk.events] == sorted(event.at for event in walk.events)


def _check_fold(walk: Any) -> None:
    assert replay(walk.events) == walk.trace
    stored = json.loads(json.dumps([to_dict(event) for event in walk.events]))
    assert tuple(from_dict(row) for row in stored) == walk.events
    assert walk.trace.version == len(walk.events)


def _check_step(before: Any, after: Any, event: Any) -> None:
    assert after.version == before.version + 1
    assert len(after.hops) >= len(before.hops)
    if before.state in (TraceState.CLOSED, TraceState.VOID, TraceState.DECLINED):
        assert isinstance(event, ev.TraceReopened)
        assert before.state is TraceState.CLOSED
    if before.state is TraceState.CONCLUDED and isinstance(event, ev.HopEvent):
        allowed = ev.HopCorrected | ev.HopDisputed | ev.HopDisputeResolved | ev.HopSuperseded | ev.HopRecheckAsked
        assert isinstance(event, allowed | ev.HopCancelled)
    for old, new in zip(before.hops, after.hops, strict=False):
        _check_kept(old, new)
        _check_lateness(old, new, event)


def _check_kept(old: Any, new: Any) -> None:
    # What was said is never changed and never lost.
    assert new.responses[: len(old.responses)] == old.responses
    assert len({response.key for response in new.responses}) == len(new.responses)
    assert [response.version for response in new.responses] == list(range(1, len(new.responses) + 1))
    assert (new.provider, new.asked, new.parent, new.number) == (old.provider, old.asked, old.parent, old.number)
    if old.received_at is not None:
        clock = (old.received_at, old.respond_by, old.delinquent_after, old.working)
        assert (new.received_at, new.respond_by, new.delinquent_after, new.working) == clock
    if old.state in HELD:
        assert new.state is old.state
    if old.finding is not None:
        assert new.finding is not None
        if old.finding.appeal is not AppealState.WITHDRAWN:
            assert (new.finding.decided_by, new.finding.decided_at) == (old.finding.decided_by, old.finding.decided_at)


def _check_lateness(old: Any, new: Any, event: Any) -> None:
    assert new.late_s >= old.late_s
    if new.state is HopState.OVERDUE and old.state is not new.state:
        assert event.at > new.respond_by
    if new.state in (HopState.DELINQUENT, HopState.LATE_ANSWERED) and old.state is not new.state:
        assert event.at > new.delinquent_after
    if new.state is HopState.LATE_ANSWERED:
        assert new.is_late
    if new.state is HopState.ACCEPTED and old.state is not HopState.ACCEPTED:
        assert new.standing is not None
    if new.finding is not None:
        assert new.finding.rests_on == new.delinquent_after
        assert new.finding.decided_at >= new.delinquent_after + timedelta(days=4, hours=23)


def _check_path(trace: Any) -> None:
    path = effective_path(trace)
    assert not any(hop.is_held for hop in path)
    for below, above in pairwise(path):
        assert above.parent == below.number
        assert below.state is HopState.ACCEPTED
        assert below.standing.kind is AnswerKind.UPSTREAM_NAMED
        assert below.standing.upstream == above.provider
    followed = [(hop.provider, hop.standing.record_key) for hop in path[:-1]]
    assert len(followed) == len(set(followed))
    # Nobody beyond the first is asked unless somebody's answer that once stood, or an analyst's fork, named them.
    for hop in trace.hops[1:]:
        if hop.parent is None:  # begun anew, since the first hop no longer counts
            assert trace.hops[0].is_held
            continue
        parent = trace.hop(hop.parent)
        assert parent.number < hop.number
        assert hop.is_fork or any(r.answer.upstream == hop.provider for r in parent.responses)


def _check_outcome(trace: Any) -> None:
    result = outcome_of(trace, countries=COUNTRIES, home="US")
    standing = [h.standing for h in trace.hops if h.state is HopState.ACCEPTED]
    named = {hop.provider for hop in trace.hops if hop.parent is None and not hop.is_held}
    named |= {answer.upstream for answer in standing}
    assert set(result.path) <= named
    if result.customer is not None:
        assert result.outcome is Outcome.ORIGIN_IDENTIFIED
        assert result.customer in {answer.customer for answer in standing}
        assert result.customer.startswith(f"CUSTOMER-OF-{result.origin_provider}-")
    if result.origin_provider is not None:
        assert result.path[-1] == result.origin_provider
    if result.outcome is Outcome.NON_RESPONSIVE:
        silent = effective_path(trace)[-1]
        assert silent.state in (HopState.DELINQUENT, HopState.NON_RESPONSIVE)
        assert COUNTRIES[result.path[-1]] == "US"
    if result.point_of_entry is not None:
        assert COUNTRIES[result.point_of_entry] == "US"
        assert COUNTRIES[result.path[-1]] != "US"
    if trace.result is not None:
        assert trace.state in (TraceState.CONCLUDED, TraceState.CLOSED, TraceState.VOID)


def test_walks_reach_every_event(walks: Any) -> None:
    """The walks would prove little if they did not get far."""
    seen: set[str] = set()
    refusals = 0

    @settings(
        max_examples=250,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(data=st.data())
    def go(data: st.DataObject) -> None:
        nonlocal refusals
        walk = data.draw(walks)
        refusals += walk.refusals
        seen.update(event.name for event in walk.events)

    go()
    elsewhere = {"trace.seconded", "trace.declined"}  # walks begin with an open traceback
    rare = {"trace.stalled", "trace.resumed", "trace.voided"}
    assert set(EVENTS) - seen - elsewhere - rare == set()
    assert refusals > 100


def test_an_event_from_another_version_or_with_odd_fields_is_not_guessed_at(story: Any) -> None:
    story.begin().ask(1)
    good = to_dict(story.events[-1])
    assert from_dict(good) == story.events[-1]
    for bad in (
        {**good, "version": 2},
        {**good, "event": "hop.devoured"},
        {**good, "surplus": 1},
        {key: value for key, value in good.items() if key != "actor"},
        {**good, "actor": 7},
        {**good, "actor": ""},
        {**good, "at": "2026-11-16T15:00:00"},
        {**good, "at": "yesterday"},
        {**good, "role": "emperor"},
        {**good, "working": "none"},
        {**good, "working": [7]},
        {**good, "hop": True},
    ):
        with pytest.raises(BadInput):
            from_dict(bad)
