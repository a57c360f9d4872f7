"""What a provider's program sends and fetches beside its answers, version 1: questions, files, what was done.

Fields may be added; none is renamed or removed without a deprecation.
"""

# ruff: noqa: TC001 -- pydantic reads the annotations

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hopback.kernel.answers import MitigationKind
from hopback.wire.hops import Utc

__all__ = ["DeskActions", "DoneAction", "DoneDraft", "HandedIn", "Question", "Said"]


def _says_something(text: str) -> str:
    if not text.strip() or "\x00" in text:
        raise ValueError("say something")
    return text


Words = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_says_something)]
Short = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_says_something)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Question(_Message):
    """Something said to the consortium about a request. The clock runs on."""

    text: Words


class Said(_Message):
    """One thing said about a request, by the provider or by the consortium."""

    side: Literal["provider", "consortium"]
    at: Utc
    text: str


class HandedIn(_Message):
    """A file handed in for a request. ``sha256`` is what an answer's ``details.attachments`` names it by."""

    id: int
    sha256: str
    name: str
    kind: str
    size: int
    added_at: Utc


class DoneDraft(_Message):
    """What a provider did about the source of a call. ``until`` is left out if for good.

    ``replaces`` is the id of an action that was recorded wrongly for the same request.
    """

    kind: MitigationKind
    target: Literal["customer", "trunk", "number", "upstream", "route"]
    what: Short
    effective_at: Utc
    reason: Words
    scope: Annotated[str, Field(max_length=300)] = ""
    until: Utc | None = None
    evidence: Annotated[str, Field(max_length=2000)] = ""
    replaces: Annotated[int, Field(ge=1, le=2**62)] | None = None


class DoneAction(_Message):
    """An action as it was recorded. ``recurrence`` counts earlier requests about the same, ``returns`` later ones."""

    id: int
    request_id: str
    kind: MitigationKind
    target: str
    what: str
    scope: str
    effective_at: Utc
    until: Utc | None = None
    reason: str
    evidence: str
    recorded_at: Utc
    recurrence: int
    returns: int


class DeskActions(_Message):
    """A part of the list of actions; ``next`` goes on from there, left out at its end."""

    items: list[DoneAction]
    next: str | None = None
