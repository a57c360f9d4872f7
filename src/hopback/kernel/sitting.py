"""One command at hand: the traceback it is about, who asks, when, and under which policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from hopback.kernel.commands import Role
from hopback.kernel.errors import NotFound
from hopback.kernel.hops import WORKING
from hopback.kernel.refusals import Refusal, Why

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from hopback.kernel.commands import By
    from hopback.kernel.hops import Hop, HopState, Trace, TraceState
    from hopback.kernel.policy import Policy

__all__ = ["PEOPLE", "STAFF", "Sitting", "Stamp"]

PEOPLE = frozenset({Role.ANALYST, Role.LEAD})
"""Who decides for the consortium."""
STAFF = PEOPLE | {Role.SYSTEM}
"""Who acts for the consortium, machines included."""


class Stamp(TypedDict):
    """What every event carries."""

    at: datetime
    actor: str
    role: Role
    purpose: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class Sitting:
    """A command at hand. The guards refuse; they change nothing."""

    trace: Trace
    by: By
    at: datetime
    policy: Policy

    @property
    def stamp(self) -> Stamp:
        """What every event of this command carries."""
        return Stamp(
            at=self.at,
            actor=self.by.actor,
            role=self.by.role,
            purpose=self.by.purpose,
            policy_version=self.policy.version,
        )

    def hop(self, number: int) -> Hop:
        """The hop spoken of. Raises :class:`NotFound`."""
        hop = self.trace.hop(number)
        if hop is None:
            raise NotFound(f"traceback {self.trace.id} has no hop {number}", where="hop")
        return hop

    def only(self, roles: Collection[Role], *, doing: str) -> None:
        """Refuse unless asked in one of these parts."""
        if self.by.role not in roles:
            allowed = ", ".join(sorted(role.value for role in roles))
            raise Refusal(Why.WRONG_ROLE, f"{self.by.role.value} may not {doing}", where="by", mend=f"for {allowed}")

    def in_state(self, *states: TraceState, doing: str) -> None:
        """Refuse unless the traceback stands in one of these states."""
        if self.trace.state not in states:
            raise Refusal(
                Why.TRACE_STATE,
                f"a {self.trace.state.value} traceback does not {doing}",
                where=f"trace {self.trace.id}",
            )

    def working(self, *, doing: str) -> None:
        """Refuse unless providers are being asked."""
        self.in_state(*WORKING, doing=doing)

    def hop_in(self, hop: Hop, states: Collection[HopState], *, doing: str, mend: str = "") -> None:
        """Refuse unless the hop stands in one of these states."""
        if hop.state not in states:
            raise Refusal(
                Why.HOP_STATE,
                f"a hop that is {hop.state.value} cannot be {doing}",
                where=f"hop {hop.number}",
                mend=mend,
            )

    def for_provider(self, hop: Hop, *, doing: str) -> None:
        """Refuse a provider that speaks for a hop not its own, and anybody who is neither provider nor person."""
        self.only(PEOPLE | {Role.PROVIDER}, doing=doing)
        if self.by.role is Role.PROVIDER and self.by.provider != hop.provider:
            raise Refusal(Why.WRONG_ROLE, f"only the provider asked may {doing}", where=f"hop {hop.number}")
