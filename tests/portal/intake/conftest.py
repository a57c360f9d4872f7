from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hopback.portal.campaigns.actions import create_campaign
from hopback.portal.campaigns.particulars import Particulars
from hopback.portal.intake.actions import propose
from hopback.portal.intake.facts import Facts, read_facts
from hopback.portal.tracebacks.policies import STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign
    from hopback.portal.intake.models import CallSample


@pytest.fixture
def facts(noon: datetime) -> Callable[..., Facts]:
    """What is said of a call two days before noon, with anything said otherwise, as text."""

    def build(**otherwise: str) -> Facts:
        start = (noon - timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S")
        raw = {
            "call_start": start,
            "call_start_zone": "UTC",
            "accuracy_s": "30",
            "called": "+1 202 555 0143",
            "calling": "+1 312 555 0188",
            "terminating": "P1",
            "transcript": "Your power will be cut off within the hour.",
        } | otherwise
        read, wrong = read_facts(raw, at=noon)
        assert read is not None, wrong
        return read

    return build


@pytest.fixture
def sample(actors: dict[str, Actor], facts: Callable[..., Facts], noon: datetime) -> CallSample:
    """A call that Sol's honeypots put forward."""
    (row,) = propose(actors["Sol"], "honeypots", [facts(source_record_id="hp-1")], at=noon, via="api").fresh
    return row


@pytest.fixture
def campaign(actors: dict[str, Actor], noon: datetime) -> Campaign:
    said: dict[str, Any] = {
        "name": "Utility cut-off, north",
        "category": "utility",
        "kind": "robocall",
        "description": "A recording threatens to cut the power off within the hour.",
        "first_seen": noon - timedelta(days=9),
        "last_seen": noon - timedelta(days=1),
        "basis": ("call_transcript",),
        "violations": (("business_impersonation", ""),),
    }
    return create_campaign(actors["Abe"], STANDARD.version, Particulars(**said), at=noon)
