"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["EXERCISE_ANALYST", "NOBODY", "PURPOSE", "READERS", "STAFF", "SYSTEM", "Actor", "Role"]

PURPOSE: Final = "47 U.S.C. 222(d)(2)"
"""Why call information may be used at all: to protect users and carriers from unlawful use."""


class Role(StrEnum):
    """What somebody is to the consortium."""

    LEAD = "lead"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    PROVIDER = "provider"
    AGENCY = "agency"
    SOURCE = "source"
    SYSTEM = "system"
    EXERCISE_ANALYST = "exercise_analyst"
    OUTSIDER = "outsider"


STAFF: Final = frozenset({Role.LEAD, Role.ANALYST, Role.EXERCISE_ANALYST})
"""Who decides for the consortium."""

READERS: Final = STAFF | {Role.AUDITOR}
"""Who sees what the consortium sees."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a program that acts: its name in the log, its role, for whom, and why it acts.

    ``name`` is ``user:<id>`` of a person and ``key:<prefix>`` of a program. ``organisation`` is whom it acts
    for; ``provider`` the directory id of the provider it answers for, and only of a ``PROVIDER``.
    ``administers``: it may also look after its organisation's people, keys and contacts. ``scopes`` limit a
    key, None for a person. ``jurisdictions`` are those assigned to it.
    """

    name: str
    role: Role
    provider: str | None = None
    purpose: str = PURPOSE
    organisation: str | None = None
    administers: bool = False
    scopes: frozenset[str] | None = None
    jurisdictions: frozenset[str] = frozenset({"us"})


SYSTEM: Final = Actor("portal", Role.SYSTEM)
"""The portal itself: what follows from a rule and needs no decision."""

EXERCISE_ANALYST: Final = Actor("exercise-analyst", Role.EXERCISE_ANALYST)
"""Takes the decisions that people make, in an exercise only."""

NOBODY: Final = Actor("nobody", Role.OUTSIDER)
"""Somebody who has not signed in, or is a member of nothing."""
