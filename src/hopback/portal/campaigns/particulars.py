"""What somebody says of a campaign, checked; and how that is kept as a version."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import BadInput
from hopback.portal.campaigns.models import Basis, CallKind, Category, Priority, Status
from hopback.rules.violations import load_violations

if TYPE_CHECKING:
    from hopback.portal.campaigns.models import Campaign

__all__ = ["Particulars", "check", "particulars_of", "plain"]

MOST_CALLS: Final = 10**15
TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
"""A language tag (RFC 5646), as far as anybody writes one here."""
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
LONGEST: Final = {
    "name": 200,
    "description": 20_000,
    "volume_method": 200,
    "impersonated_brand": 200,
    "priority_reason": 300,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """All that people say of a campaign. ``violations`` are pairs of a code and a text, which may be empty."""

    name: str
    category: str
    kind: str
    description: str
    first_seen: datetime
    last_seen: datetime
    basis: tuple[str, ...]
    violations: tuple[tuple[str, str], ...]
    priority: str = Priority.NORMAL
    priority_reason: str = ""
    languages: tuple[str, ...] = ()
    est_volume: int | None = None
    volume_method: str = ""
    impersonated_brand: str = ""
    status: str = Status.OPEN
    jurisdiction: str = "us"


def check(said: Particulars, *, at: datetime) -> None:
    """Raise :class:`BadInput`, naming the field, for what cannot be kept."""
    _check_words(said)
    for name in ("first_seen", "last_seen"):
        if getattr(said, name).tzinfo is None:
            raise BadInput("a time has a zone", where=name)
    if said.first_seen > at:
        raise BadInput("a campaign was seen before now", where="first_seen")
    if said.last_seen < said.first_seen:
        raise BadInput("it was last seen before it was first seen", where="last_seen")
    _check_lists(said)
    if said.priority != Priority.NORMAL and not said.priority_reason.strip():
        raise BadInput("say why it is not of normal priority", where="priority_reason")
    if (said.est_volume is None) != (not said.volume_method.strip()):
        raise BadInput("an estimate and how it was made belong together", where="volume_method")
    if said.est_volume is not None and not 0 <= said.est_volume < MOST_CALLS:
        raise BadInput("this is no count of calls", where="est_volume")


def _check_words(said: Particulars) -> None:
    texts = {name: getattr(said, name) for name in LONGEST} | {"violations": "".join(map("".join, said.violations))}
    if wrong := [name for name, text in texts.items() if CONTROL.search(text)]:
        raise BadInput("has a control character in it", where=wrong[0])
    for name in ("name", "description"):
        if not getattr(said, name).strip():
            raise BadInput("is needed", where=name)
    for name, longest in LONGEST.items():
        if len(getattr(said, name)) > longest:
            raise BadInput(f"is longer than {longest} characters", where=name)
    kinds: tuple[tuple[str, list[str]], ...] = (
        ("category", Category.values),
        ("kind", CallKind.values),
        ("priority", Priority.values),
        ("status", Status.values),
    )
    for name, known in kinds:
        if getattr(said, name) not in known:
            raise BadInput(f"{getattr(said, name)!r} is not one of {', '.join(known)}", where=name)


def _check_lists(said: Particulars) -> None:
    if not said.basis:
        raise BadInput("say what makes these calls suspicious", where="basis")
    if strange := set(said.basis) - set(Basis.values):
        raise BadInput(f"{min(strange)!r} is not one of {', '.join(Basis.values)}", where="basis")
    known = load_violations(said.jurisdiction)
    if not said.violations:
        raise BadInput("say what these calls appear to violate", where="violations")
    for code, text in said.violations:
        if code == "other" and not text.strip():
            raise BadInput("say in words what else is violated", where="violations")
        if code != "other" and code not in known:
            raise BadInput(f"{code!r} is not one of {', '.join(known)}, other", where="violations")
    if not all(TAG.fullmatch(tag) for tag in said.languages):
        raise BadInput("a language is a tag like en or es-MX", where="languages")


def plain(said: Particulars) -> dict[str, Any]:
    """The particulars as JSON values, as a version keeps them."""
    body = asdict(said)
    body["first_seen"] = said.first_seen.astimezone(UTC).isoformat()
    body["last_seen"] = said.last_seen.astimezone(UTC).isoformat()
    body["basis"], body["languages"] = list(said.basis), list(said.languages)
    body["violations"] = [[code, text] for code, text in said.violations]
    return {name: str(value) if isinstance(value, str) else value for name, value in body.items()}


def particulars_of(row: Campaign) -> Particulars:
    """What is said of a campaign now."""
    return Particulars(
        name=row.name,
        category=row.category,
        kind=row.kind,
        description=row.description,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        basis=tuple(row.basis),
        violations=tuple((code, text) for code, text in row.violations),
        priority=row.priority,
        priority_reason=row.priority_reason,
        languages=tuple(row.languages),
        est_volume=row.est_volume,
        volume_method=row.volume_method,
        impersonated_brand=row.impersonated_brand,
        status=row.status,
        jurisdiction=row.jurisdiction,
    )
