"""The directory as the consortium's programs read it, version 1.

Fields may be added; none is renamed or removed without a deprecation.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from hopback.wire.hops import Utc  # noqa: TC001 -- pydantic reads the annotations

__all__ = [
    "ClaimEntry",
    "ContactEntry",
    "FileReport",
    "NumberAsked",
    "OpenNumberEntry",
    "ProviderEntry",
    "ProviderPage",
    "RegistryEntry",
    "RejectedLine",
    "ResolutionEntry",
    "ResolutionStep",
]

E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="E.164 with its plus")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ClaimEntry(_Entry):
    """One thing somebody says a provider is. It stands while ``superseded_at`` is not there."""

    kind: str
    value: str
    source: str
    source_ref: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    seen_at: Utc
    superseded_at: Utc | None = None


class ContactEntry(_Entry):
    """Where a provider is reached for a duty. ``zone`` is its office's, ``days`` digits from 1, Monday."""

    duty: str
    name: str = ""
    mailbox: str = ""
    phone: str = ""
    zone: str
    opens: str = ""
    closes: str = ""
    days: str = ""
    bounces: int = 0
    verified_at: Utc | None = None
    active_from: date | None = None
    active_to: date | None = None


class ProviderEntry(_Entry):
    """A provider's entry. ``merged_into`` is the provider that a person found it to be."""

    id: str
    legal_name: str
    country: str
    state: str = ""
    frn: str = ""
    ocn: str = ""
    time_zone: str
    rmd_number: str = ""
    rmd_status: str
    rmd_checked_at: Utc | None = None
    merged_into: str | None = None
    version: int
    changed_at: Utc
    claims: list[ClaimEntry] | None = None
    contacts: list[ContactEntry] | None = None


class ProviderPage(_Entry):
    """Some providers, in the order they were changed; ``next`` is the cursor to go on from, if there are more."""

    providers: list[ProviderEntry]
    next: str | None = None


class NumberAsked(_Entry):
    """A called number and the day of the call. ``asked_for`` says what needs it."""

    number: E164
    on: date
    asked_for: Annotated[str, Field(max_length=200)] = ""


class ResolutionStep(_Entry):
    """One thing that was looked at: which rung, what it said, where that comes from and since when it stands."""

    rung: str
    said: str
    value: str = ""
    source: str = ""
    since: str = ""


class ResolutionEntry(_Entry):
    """Who serves a number on a day, and how that is known. With ``needs_person`` nobody is asked yet."""

    number: str
    on: date
    provider: str | None = None
    provider_name: str | None = None
    carrier: str = ""
    ocn: str = ""
    how: list[ResolutionStep]
    why: str
    is_reseller_held: bool = False
    reseller: str = ""
    candidates: list[str]
    needs_person: bool
    failed_lookups: list[str] = []


class OpenNumberEntry(_Entry):
    """A number that waits for a person."""

    id: int
    number: str
    call_on: date
    why: str
    ocn: str = ""
    company: str = ""
    asked_for: str = ""
    times: int
    first_at: Utc


class RejectedLine(_Entry):
    """A line that was not taken, and why."""

    line: int
    why: str
    text: str


class FileReport(_Entry):
    """What became of a file. ``added`` is how many of its rows were new; the same bytes again change nothing."""

    id: int
    kind: str
    sha256: str
    source: str
    as_of: date
    rows: int
    added: int
    rejected: int
    rejects: list[RejectedLine]
    imported_at: Utc | None = None


class RegistryEntry(_Entry):
    """An entry of the public Robocall Mitigation Database, as it was last exported. It says nothing of membership."""

    number: str
    frn: str = ""
    name: str
    other_names: list[str]
    former_names: list[str]
    state: str = ""
    implementation: str = ""
    as_of: date
