"""The numbers and switches of the process, as one frozen bundle with a version.

A policy is built from a jurisdiction's rule book and a consortium's own choices; every event names
the version that governed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a consortium has decided about its own process.

    ``home`` is the country whose providers are domestic (ISO 3166-1 alpha-2). ``weekly_cap`` is how
    many requests one provider may be sent within a week, None for no cap. ``escalation_steps`` is the
    length of the ladder that has to be climbed before a path may stall. ``finding_wait_days`` is how
    many business days have to pass after ``delinquent_after`` before anybody may be found
    non-responsive. ``correction_window`` is how long after acceptance a provider may correct by itself.
    """

    version: str
    home: str = "US"
    max_hops: int = 20
    weekly_cap: int | None = None
    member_source_needs_second: bool = True
    competitor_needs_second: bool = True
    four_eyes_on_findings: bool = True
    close_needs_notices: bool = True
    finding_needs_notice: bool = True
    outcome_needs_finding: bool = True
    system_may_open: bool = False
    system_may_accept: bool = True
    system_may_conclude: bool = False
    escalation_steps: int = 3
    finding_wait_days: int = 5
    dispute_answer_days: int = 5
    correction_window: timedelta = timedelta(days=30)
    sample_age_warning: timedelta = timedelta(days=10)
