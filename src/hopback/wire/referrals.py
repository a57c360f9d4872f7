"""What an agency asks of the consortium and what it is shown, version 1.

An agency sees its own requests; of a traceback how far it is, once it was sent to it what it came to, and
on legal process its path. Fields may be added; none is renamed or removed without a deprecation.
"""

# ruff: noqa: TC001 -- pydantic reads the annotations at run time

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hopback.kernel.disclosure import Stage
from hopback.kernel.hops import HopState
from hopback.kernel.outcomes import Outcome
from hopback.wire.hops import AnswerKind, Utc

__all__ = [
    "Asked",
    "AskedCall",
    "HopShown",
    "Keeping",
    "Kept",
    "PackageTold",
    "RequestList",
    "RequestTold",
    "TracebackList",
    "TracebackShown",
    "Withdrawn",
]

Words = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S")]
Kind = Literal["calls", "number", "provider", "campaign"]
Authority = Literal["voluntary", "subpoena", "cid", "court_order"]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AskedCall(_Message):
    """A call to be traced. ``calling`` null says that the number was withheld; times have an offset."""

    called: Annotated[str, Field(min_length=3, max_length=30)]
    calling: Annotated[str, Field(min_length=3, max_length=30)] | None
    started_at: Utc
    accuracy_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0


class Asked(_Message):
    """A request to be filed: about calls, or about numbers, providers or campaigns.

    A legal process has an ``instrument``. ``opted_in`` lets the agency's investigators hear that a colleague at
    another agency has the same target, and lets that colleague hear the same.
    """

    kind: Kind
    authority: Authority
    instrument: Annotated[str, Field(max_length=100)] = ""
    purpose: Words
    due_on: date
    reference: Annotated[str, Field(max_length=100)] = ""
    targets: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=20)] = []
    calls: Annotated[list[AskedCall], Field(max_length=50)] = []
    opted_in: bool = False


class Keeping(_Message):
    """Which records to keep, and until when."""

    what: Words
    until: date


class Withdrawn(_Message):
    """That a request is made no longer, on this sight of it."""

    seen: Annotated[int | None, Field(default=None, ge=1)]


class Kept(_Message):
    """Records asked to be kept; ``kept_until`` once the consortium has said so."""

    what: str
    asked_until: date
    kept_until: date | None = None
    note: str | None = None


class RequestTold(_Message):
    """A request as it stands. ``version`` counts what was done with it: hand it back as ``seen``."""

    id: str
    version: int
    kind: Kind
    authority: Authority
    instrument: str | None = None
    purpose: str
    reference: str | None = None
    due_on: date
    filed_at: Utc
    changed_at: Utc
    state: Literal["filed", "granted", "declined", "sent", "withdrawn"]
    reason: str | None = None
    opted_in: bool
    targets: list[str]
    tracebacks: list[str]
    packages: list[str]
    preservations: list[Kept]


class RequestList(_Message):
    """Some requests, in the order they last changed; ``next`` is the cursor of those after them."""

    requests: list[RequestTold]
    next: str | None = None


class HopShown(_Message):
    """A provider on the path and what it said, on legal process."""

    number: int
    provider: str
    provider_name: str
    state: HopState
    answer: AnswerKind | None = None
    upstream: str | None = None
    respond_by: Utc | None = None
    late_s: float


class TracebackShown(_Message):
    """A traceback as an agency is shown it."""

    id: str
    stage: Stage
    outcome: Outcome | None = None
    origin_provider: str | None = None
    origin_provider_name: str | None = None
    customer: str | None = None
    point_of_entry: str | None = None
    point_of_entry_name: str | None = None
    path: list[HopShown]


class TracebackList(_Message):
    """Some tracebacks, the newest first; ``next`` is the cursor of those after them."""

    tracebacks: list[TracebackShown]
    next: str | None = None


class PackageTold(_Message):
    """A package addressed to the agency, with what the agency is shown of what is in it, at most 500."""

    id: str
    title: str
    note: str | None = None
    on_process: bool
    request: str | None = None
    sent_at: Utc
    tracebacks: list[TracebackShown]
