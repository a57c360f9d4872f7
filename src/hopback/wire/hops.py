"""One hop asked and answered, version 1.

A :class:`HopRequest` goes from the consortium to one provider; a :class:`HopAnswer` comes back.
The provider learns its own hop and who received the call from it, nothing else of the path.
Fields may be added; none is renamed or removed without a deprecation.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from hopback.kernel.answers import AnswerKind, MitigationKind

__all__ = [
    "AnswerKind",
    "CustomerDetails",
    "HopAnswer",
    "HopDetails",
    "HopRequest",
    "MatchedRecord",
    "NextSearch",
    "Utc",
    "as_z",
]


_YEARS: Final = range(1990, 2200)


def _in_our_time(value: datetime) -> datetime:
    """Refuse a year that can only be a slip, before anything is reckoned from it."""
    if value.year not in _YEARS:
        raise ValueError(f"no call of the year {value.year} is traced")
    return value


def _as_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("this is out of all time") from None


def as_z(value: datetime) -> str:
    """An aware instant as ISO 8601 in UTC with milliseconds and ``Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_WRITTEN_AS_Z: Final = PlainSerializer(as_z, return_type=str, when_used="json")

Utc = Annotated[AwareDatetime, AfterValidator(_as_utc), _WRITTEN_AS_Z]
"""An aware instant: any offset is read, ``Z`` with milliseconds is written."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, use_enum_values=False)


class HopRequest(_Message):
    """What one provider is asked: which call, and who received it from you.

    ``started_at`` ± ``accuracy_s`` seconds is the set-up time as the asker knows it.
    ``downstream`` is the provider that received the call from you; None asks the terminating provider.
    """

    request_id: str
    called: str
    calling: str | None = None
    started_at: Annotated[AwareDatetime, AfterValidator(_in_our_time), AfterValidator(_as_utc), _WRITTEN_AS_Z]
    accuracy_s: float = Field(ge=0, le=86_400)
    downstream: str | None = None
    sip_call_id: str | None = None
    duration_s: float | None = Field(default=None, ge=0)
    answered: bool | None = None
    identity: str | None = None
    campaign: str | None = None


class NextSearch(_Message):
    """What the next provider upstream should search for: the call as this provider received it."""

    called: str
    calling: str | None = None
    started_at: Utc
    accuracy_s: float = Field(ge=0)
    sip_call_id: str | None = None
    duration_s: float | None = None
    answered: bool | None = None


Line = Annotated[str, Field(max_length=300)]
Text = Annotated[str, Field(max_length=4000)]


class CustomerDetails(_Message):
    """Who the provider's own customer is. Only the consortium and that provider are shown it."""

    name: Line | None = None
    business: Line | None = None
    address: Line | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    email: Line | None = None
    phone: Line | None = None
    account: Line | None = None
    onboarded: date | None = None
    kyc: Line | None = None
    expected_use: Text | None = None
    number_right_to_use: Literal["owned", "verified", "not_verified"] | None = None


class MatchedRecord(_Message):
    """The one record an answer rests on, where the provider's policy lets it travel.

    ``line`` is the record as it stands in ``source``, ``sha256`` the digest of its UTF-8 bytes.
    """

    line: Annotated[str, Field(max_length=8000)]
    source: Line | None = None
    custodian: Line | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class HopDetails(_Message):
    """What a provider may add to its answer: how it knows, what it did, who says so.

    ``upstream_name`` is the name as claimed where the directory may not know the provider; ``trunk``,
    ``ip`` and ``point_code`` say by which of its doors the call came in. ``country`` is that of a foreign
    upstream. ``attachments`` are SHA-256 digests of files handed in beside the answer.
    """

    upstream_name: Line | None = None
    upstream_contact: Line | None = None
    trunk: Line | None = None
    ip: Annotated[str, Field(max_length=45)] | None = None
    point_code: Annotated[str, Field(max_length=20)] | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    customer: CustomerDetails | None = None
    action: MitigationKind | None = None
    action_at: Utc | None = None
    statement: Text | None = None
    record: MatchedRecord | None = None
    attachments: tuple[Annotated[str, Field(pattern="^[0-9a-f]{64}$")], ...] = Field(default=(), max_length=10)
    certified_by: Line | None = None
    is_certified: bool = False


class HopAnswer(_Message):
    """What a provider says of its hop. An id that does not apply is None.

    ``found_at`` is the corrected set-up time; ``time_offset_s`` the recorded instant, read in the
    zone the book declares, minus the corrected one. ``why`` gives the reasons in sentences.
    ``record_key`` is an opaque digest of the matched record: it says nothing of the record, but
    shows whether two answers rest on the same one. An answer that finds nothing says what span was
    searched and since when records are kept. ``details`` is what a provider adds of its own accord.
    """

    request_id: str
    provider: str
    answer: AnswerKind
    upstream: str | None = None
    customer: str | None = None
    found_at: Utc | None = None
    source: str | None = None
    time_offset_s: float | None = None
    confidence: float = Field(default=0.0, ge=0, le=1)
    why: tuple[str, ...] = ()
    next: NextSearch | None = None
    record_key: str | None = None
    searched_from: Utc | None = None
    searched_until: Utc | None = None
    records_retained_since: Utc | None = None
    details: HopDetails | None = Field(default=None, exclude_if=lambda details: details is None)
