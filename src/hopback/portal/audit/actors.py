"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["EXERCISE_ANALYST", "PURPOSE", "SYSTEM", "Actor", "Role"]

PURPOSE: Final = "47 U.S.C. 222(d)(2)"
"""Why call information may be used at all: to protect users and carriers from unlawful use."""


class Role(StrEnum):
    """What somebody is to the consortium."""

    LEAD = "lead"
    ANALYST = "analyst"
    PROVIDER = "provider"
    SYSTEM = "system"
    EXERCISE_ANALYST = "exercise_analyst"
    OUTSIDER = "outsider"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a program that acts: its name in the log, its role, whose provider it is, and why it acts.

    ``provider`` is the directory id of the provider it answers for, and only of a ``PROVIDER``.
    """

    name: str
    role: Role
    provider: str | None = None
    purpose: str = PURPOSE


SYSTEM: Final = Actor("portal", Role.SYSTEM)
"""The portal itself: what follows from a rule and needs no decision."""

EXERCISE_ANALYST: Final = Actor("exercise-analyst", Role.EXERCISE_ANALYST)
"""Takes the decisions that people make, in an exercise only."""
