"""What people decide about providers, and on what.

A :class:`Finding` is a human decision: it has a reason, the evidence it rests on, somebody who
decided, and a way to appeal. The ladder of a provider over time is :class:`Standing`; a machine may
propose the next step and never takes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STANDING_STEPS", "AppealState", "Finding", "FindingKind", "Standing", "appeal", "decide_appeal", "step"]


class FindingKind(StrEnum):
    """What was found."""

    NON_RESPONSIVE = "non_responsive"
    """One request was not answered; about a hop."""
    NON_RESPONSIVE_PERIOD = "non_responsive_period"
    REPEAT_ORIGIN = "repeat_origin"
    NON_COOPERATIVE = "non_cooperative"


class AppealState(StrEnum):
    """Where a finding stands with the provider it is about."""

    NONE = "none"
    APPEALED = "appealed"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Finding:
    """A human decision about a provider.

    ``rests_on`` is the instant nothing earlier than which was held against the provider: for a
    request not answered the ``delinquent_after`` of its clock, never its ``respond_by``.
    ``evidence`` are ids of events, notices or files. ``noticed_at`` is when the provider was told.
    Raises :class:`BadInput` without a reason, a decider or evidence, or if it was decided too early.
    """

    kind: FindingKind
    provider: str
    reason: str
    evidence: tuple[str, ...]
    decided_by: str
    decided_at: datetime
    rests_on: datetime
    noticed_at: datetime | None = None
    appeal: AppealState = AppealState.NONE
    appeal_decided_by: str | None = None
    appeal_reason: str | None = None

    def __post_init__(self) -> None:
        for name in ("provider", "reason", "decided_by"):
            if not getattr(self, name).strip():
                raise BadInput(f"a finding needs a {name.replace('_', ' ')}", where=name)
        if not self.evidence:
            raise BadInput("a finding rests on evidence", where="evidence", mend="name at least one event or file")
        for name in ("decided_at", "rests_on"):
            if getattr(self, name).utcoffset() != UTC.utcoffset(None):
                raise BadInput("a finding's instants are aware UTC", where=name)
        if self.decided_at <= self.rests_on:
            raise BadInput("a finding cannot be decided before what it rests on", where="decided_at")

    @property
    def stands(self) -> bool:
        """Whether it counts against the provider: not withdrawn, and no appeal is open."""
        return self.appeal in (AppealState.NONE, AppealState.UPHELD)


def appeal(finding: Finding) -> Finding:
    """The same finding, contested by the provider. Raises :class:`Refused` if it was decided before."""
    if finding.appeal is not AppealState.NONE:
        raise Refused(f"this finding is {finding.appeal.value} already", where="appeal")
    return replace(finding, appeal=AppealState.APPEALED)


def decide_appeal(finding: Finding, *, by: str, reason: str, is_upheld: bool) -> Finding:
    """The same finding after its appeal, decided by somebody who did not make it.

    Raises:
        BadInput: nobody decides, or without a reason.
        Refused: no appeal is open, or the decider judges their own finding.
    """
    if not by.strip() or not reason.strip():
        raise BadInput("an appeal is decided by somebody, for a reason", where="reason")
    if finding.appeal is not AppealState.APPEALED:
        raise Refused("no appeal is open against this finding", where="appeal")
    if by == finding.decided_by:
        raise Refused("nobody decides the appeal against their own finding", where="by", mend="ask a second person")
    state = AppealState.UPHELD if is_upheld else AppealState.WITHDRAWN
    return replace(finding, appeal=state, appeal_decided_by=by, appeal_reason=reason)


class Standing(StrEnum):
    """Where a provider stands with the consortium over a period."""

    CLEAR = "clear"
    WATCH = "watch"
    UNDER_REVIEW = "under_review"
    NON_RESPONSIVE_PERIOD = "non_responsive_period"
    REPEAT_ORIGIN = "repeat_origin"
    NON_COOPERATIVE = "non_cooperative"
    APPEALED = "appealed"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"


_FOUND: Final = frozenset({Standing.NON_RESPONSIVE_PERIOD, Standing.REPEAT_ORIGIN, Standing.NON_COOPERATIVE})

STANDING_STEPS: Final[Mapping[Standing, frozenset[Standing]]] = MappingProxyType(
    {
        Standing.CLEAR: frozenset({Standing.WATCH}),
        Standing.WATCH: frozenset({Standing.CLEAR, Standing.UNDER_REVIEW}),
        Standing.UNDER_REVIEW: _FOUND | {Standing.CLEAR, Standing.WATCH},
        **{found: frozenset({Standing.APPEALED}) for found in _FOUND},
        Standing.APPEALED: frozenset({Standing.UPHELD, Standing.WITHDRAWN}),
        # A period ends: the next one begins with a clean sheet, or with a closer look.
        Standing.UPHELD: frozenset({Standing.CLEAR, Standing.WATCH}),
        Standing.WITHDRAWN: frozenset({Standing.CLEAR, Standing.WATCH}),
    }
)
"""The steps of the ladder. Nobody reaches a finding without a review."""


def step(now: Standing, *, to: Standing, by_person: bool) -> Standing:
    """One step on the ladder.

    Raises:
        Refused: there is no such step, or a machine tries to take one beyond ``watch``.
    """
    if to not in STANDING_STEPS[now]:
        raise Refused(f"a provider does not go from {now.value} to {to.value}", where="standing")
    if not by_person and to not in (Standing.CLEAR, Standing.WATCH):
        raise Refused(f"only a person puts a provider under {to.value}", where="standing")
    return to
