"""Call samples as sources put them forward, version 1."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hopback.wire.hops import Utc  # noqa: TC001 -- pydantic reads the annotations

__all__ = ["Lane", "Recording", "Sample", "SampleDraft", "SampleFacts", "SampleInFull", "SampleList"]

Lane = Literal["", "threat", "swatting", "live_scam", "tdos"]
Code = Annotated[str, Field(max_length=64)]


class SampleFacts(BaseModel):
    """A call as it was observed.

    ``call_start`` is ISO 8601, with an offset, or in the clock of ``call_start_zone`` (an IANA name);
    ``accuracy_s`` is how many seconds it may be off. Numbers are best written ``+`` first; ``calling`` is the word
    ``anonymous`` where it was withheld. ``lane`` names why it cannot wait.
    """

    model_config = ConfigDict(extra="forbid")

    call_start: str = Field(max_length=40)
    accuracy_s: float = Field(ge=0, le=86_400)
    called: str = Field(max_length=100)
    calling: str = Field(max_length=100)
    call_start_zone: str = Field(default="", max_length=64)
    source_record_id: str = Field(default="", max_length=200)
    calling_name: str = Field(default="", max_length=100)
    answered: bool | None = None
    duration_s: float | None = Field(default=None, ge=0, le=86_400)
    terminating: str = Field(default="", max_length=200)
    sip_call_id: str = Field(default="", max_length=300)
    identity: str = Field(default="", max_length=16_000)
    headers_anomalies: str = Field(default="", max_length=4_000)
    transcript: str = Field(default="", max_length=100_000)
    why: str = Field(default="", max_length=4_000)
    basis: list[Code] = Field(default=[], max_length=20)
    violations: list[Code] = Field(default=[], max_length=40)
    lane: Lane = ""
    is_honeypot: bool = False
    complainant_ref: str = Field(default="", max_length=100)
    callback: str = Field(default="", max_length=100)
    targets_competitor: bool = False
    consent_basis: str = Field(default="", max_length=300)


class SampleDraft(SampleFacts):
    """A call put forward. ``source`` is said by the consortium's programs alone; anybody else supplies for itself."""

    source: str | None = Field(default=None, max_length=64)


class Sample(BaseModel):
    """A sample and how far it is.

    ``stage`` is proposed, taken_on, declined, tracing, finished or set_aside; absent to a provider, which learns of
    a traceback only what it is asked itself. ``decline_reason`` where it was not traced.
    """

    id: str
    source: str
    source_record_id: str
    received_at: Utc
    changed_at: Utc
    stage: str | None = None
    decline_reason: str | None = None


class Recording(BaseModel):
    """A recording that is kept with a sample, by the SHA-256 of its bytes."""

    id: int
    sha256: str
    media_type: str
    size: int


class SampleInFull(Sample):
    """A sample as the consortium sees it. ``queue`` is where it stands in the intake."""

    queue: str
    facts: SampleFacts
    sha256: str
    campaign: str | None = None
    traceback: str
    recordings: list[Recording] = []
    may_be: list[str] = []


class SampleList(BaseModel):
    """Samples in the order they last changed. ``next`` is the cursor of what follows, absent at the end."""

    samples: list[Sample]
    next: str | None = None
