"""The policies this portal knows. A traceback keeps the version it was proposed under to its end.

Two are part of the program. A consortium writes further versions: its ladder, its waits and the thresholds
beyond which a provider is looked at more closely. A version names a digest of what it says, so that
it never means two things.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import BadInput, NotFound
from hopback.kernel.policy import Policy
from hopback.portal.audit.actors import READERS
from hopback.portal.tracebacks.models import PolicyVersion
from hopback.proofs.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from hopback.portal.audit.actors import Actor

__all__ = [
    "EXERCISE",
    "NOTICE",
    "POLICIES",
    "STANDARD",
    "TOLD",
    "Rung",
    "Terms",
    "Thresholds",
    "current_policy",
    "ladder_of",
    "policy_form",
    "policy_named",
    "terms_of",
    "version_of",
    "versions_of",
]

NOTICE: Final = "notice"
"""The rung at which the provider itself is told that a finding is due."""

TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "traceback_primary": "first contact",
        "traceback_backup": "backup contact",
        "robocall_mitigation": "contact for robocall mitigation",
        "noc": "network operations",
        "legal": "legal contact",
        "executive": "officer of the provider",
        NOTICE: "provider: notice that a finding is due",
    }
)
"""Who is told at a step of the ladder, by the duty of the contact."""

LONGEST_LADDER: Final = 6
LONGEST_WAIT: Final = 60


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder: ``after_days`` business days after the one before, whoever has this duty is told."""

    duty: str
    after_days: int = 1

    def __post_init__(self) -> None:
        if self.duty not in TOLD:
            raise BadInput(f"nobody has the duty {self.duty!r}", where="duty", mend=f"one of {', '.join(TOLD)}")
        if not 1 <= self.after_days <= LONGEST_WAIT:
            raise BadInput("a step is 1 to 60 business days after the one before", where="after_days")

    @property
    def told(self) -> str:
        """Who is told, in words."""
        return TOLD[self.duty]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on a person is asked to look at a provider more closely. Nothing follows from them by itself.

    Within ``days``: at least ``silent`` requests not answered that are also ``silent_share`` of those asked;
    ``origins`` tracebacks that began there in at least ``campaigns`` campaigns.
    """

    days: int = 60
    silent: int = 3
    silent_share: float = 0.1
    origins: int = 3
    campaigns: int = 2

    def __post_init__(self) -> None:
        counts = (self.silent, self.origins, self.campaigns)
        if not 1 <= self.days <= 366 or min(counts) < 1 or not 0 <= self.silent_share <= 1:  # noqa: PLR2004 -- a year
            raise BadInput("thresholds are counts from 1, a share from 0 to 1, and days within a year", where="days")


STANDARD_LADDER: Final = (Rung("traceback_backup"), Rung("executive"), Rung(NOTICE))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a consortium may choose of its policy. Raises :class:`BadInput` for a ladder longer than the wait."""

    ladder: tuple[Rung, ...] = STANDARD_LADDER
    finding_wait_days: int = 5
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        if not 1 <= len(self.ladder) <= LONGEST_LADDER:
            raise BadInput(f"a ladder has 1 to {LONGEST_LADDER} steps", where="ladder")
        if self.ladder[-1].duty != NOTICE:
            raise BadInput(
                "the last step tells the provider that a finding is due",
                where="ladder",
                mend="a finding needs its notice: end with it",
            )
        if not 1 <= self.finding_wait_days <= LONGEST_WAIT:
            raise BadInput("the wait before a finding is 1 to 60 business days", where="finding_wait_days")
        if sum(rung.after_days for rung in self.ladder) >= self.finding_wait_days:
            raise BadInput(
                "the ladder is climbed before a finding may be made",
                where="finding_wait_days",
                mend="lengthen the wait or shorten the ladder",
            )

    def plain(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "ladder": [asdict(rung) for rung in self.ladder],
            "finding_wait_days": self.finding_wait_days,
            "thresholds": asdict(self.thresholds),
        }


STANDARD: Final = Policy(version="us-2026-1")

EXERCISE: Final = Policy(
    version="exercise",
    member_source_needs_second=False,
    competitor_needs_second=False,
    four_eyes_on_findings=False,
)
"""An exercise has one analyst, a program, that takes every decision; so nobody can second it."""

POLICIES: Final[Mapping[str, Policy]] = MappingProxyType({policy.version: policy for policy in (STANDARD, EXERCISE)})

_written: dict[str, tuple[Policy, Terms]] = {}
"""Versions read before. What a version says is part of its name, so this holds in any database."""


def policy_named(version: str) -> Policy:
    """The policy of that version; raises :class:`NotFound`."""
    known = POLICIES.get(version)
    return known if known is not None else _read(version)[0]


def terms_of(version: str) -> Terms:
    """The ladder, waits and thresholds of a version; raises :class:`NotFound`."""
    return Terms() if version in POLICIES else _read(version)[1]


def ladder_of(version: str) -> tuple[Rung, ...]:
    """Who is told, step by step, under a version of the policy."""
    return terms_of(version).ladder


def current_policy(jurisdiction: str = "us", *, at: datetime) -> Policy:
    """The policy that governs what is proposed at an instant: the last version written, or the program's own."""
    rows = PolicyVersion.objects.filter(jurisdiction=jurisdiction, since__lte=at).order_by("-since", "-version")
    version = rows.values_list("version", flat=True).first()
    return STANDARD if version is None else policy_named(version)


def versions_of(actor: Actor) -> QuerySet[PolicyVersion]:
    """The versions people wrote, the newest first, for whoever sees what the consortium sees."""
    rows = PolicyVersion.objects.filter(jurisdiction__in=actor.jurisdictions).order_by("-since", "-version")
    return rows if actor.role in READERS else rows.none()


def version_of(terms: Terms, *, jurisdiction: str, since: datetime) -> str:
    """The name of a version: where and from when it governs, and what it says."""
    said = digest(terms.plain() | {"since": since.isoformat(), "jurisdiction": jurisdiction})
    return f"{jurisdiction}-{since:%Y-%m-%d}-{said[:12]}"


def policy_form(row: PolicyVersion) -> dict[str, Any]:
    """What the log answers for of a version."""
    return {
        "version": row.version,
        "jurisdiction": row.jurisdiction,
        "since": row.since.isoformat(),
        "author": row.author,
        "reason": row.reason,
        "body": row.body,
    }


def _read(version: str) -> tuple[Policy, Terms]:
    found = _written.get(version)
    if found is None:
        body = PolicyVersion.objects.filter(pk=version).values_list("body", flat=True).first()
        if body is None:
            raise NotFound(f"no policy {version!r}", mend=f"one of {', '.join(POLICIES)}, or one the consortium wrote")
        terms = Terms(
            ladder=tuple(Rung(**rung) for rung in body["ladder"]),
            finding_wait_days=body["finding_wait_days"],
            thresholds=Thresholds(**body["thresholds"]),
        )
        policy = Policy(version=version, escalation_steps=len(terms.ladder), finding_wait_days=terms.finding_wait_days)
        found = _written[version] = policy, terms
    return found
