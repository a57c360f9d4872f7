"""The policies this portal knows. A traceback keeps the version it was proposed under to its end."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import NotFound
from hopback.kernel.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXERCISE", "POLICIES", "STANDARD", "policy_named"]

STANDARD: Final = Policy(version="us-2026-1")

EXERCISE: Final = Policy(
    version="exercise",
    member_source_needs_second=False,
    competitor_needs_second=False,
    four_eyes_on_findings=False,
)
"""An exercise has one analyst, a program, that takes every decision; so nobody can second it."""

POLICIES: Final[Mapping[str, Policy]] = MappingProxyType({policy.version: policy for policy in (STANDARD, EXERCISE)})


def policy_named(version: str) -> Policy:
    """The policy of that version; raises :class:`NotFound`."""
    policy = POLICIES.get(version)
    if policy is None:
        raise NotFound(f"no policy {version!r}", mend=f"one of {', '.join(POLICIES)}")
    return policy
