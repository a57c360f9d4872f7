"""Where an organisation's programs are told of what happens, and how they took it, version 1."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hopback.wire.hops import Utc  # noqa: TC001 -- pydantic reads the annotations

__all__ = [
    "Attempt",
    "Delivery",
    "DeliveryInFull",
    "DeliveryList",
    "Endpoint",
    "EndpointChange",
    "EndpointDraft",
    "EndpointSecret",
    "EventType",
]

Types = Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=100)]


class EventType(BaseModel):
    """A type of announcement, with a sentence that says when it comes."""

    type: str
    meaning: str


class EndpointDraft(BaseModel):
    """An endpoint to be added. ``types`` names what it wants to be told; empty: everything."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=500)
    mailbox: str = Field(max_length=254)
    label: str = Field(default="", max_length=100)
    types: Types = []


class EndpointChange(EndpointDraft):
    """An endpoint as it shall be. ``version`` is the one that was looked at."""

    version: int = Field(ge=1, lt=2**31)
    state: Literal["active", "paused"] | None = None


class Endpoint(BaseModel):
    """An endpoint as it stands."""

    id: str
    url: str
    mailbox: str
    label: str
    types: list[str]
    state: Literal["active", "paused", "disabled"]
    version: int
    created_at: Utc
    failing_since: Utc | None = None


class EndpointSecret(BaseModel):
    """A signing secret, shown this once, of an endpoint."""

    endpoint: Endpoint
    secret: str


class Delivery(BaseModel):
    """How the posting of one announcement to one endpoint stands. ``webhook_id`` is the same at every attempt."""

    id: str
    webhook_id: str
    type: str
    state: Literal["waiting", "delivered", "dead", "held"]
    attempts: int
    announced_at: Utc
    next_attempt_at: Utc | None = None


class DeliveryList(BaseModel):
    """Deliveries, the newest first. ``next`` is the cursor of what follows, absent at the end."""

    deliveries: list[Delivery]
    next: str | None = None


class Attempt(BaseModel):
    """One attempt: the status that came back or the error, how long it took, the first kilobyte of the reply."""

    number: int
    at: Utc
    status: int | None = None
    duration_ms: int
    reply: str = ""
    error: str = ""


class DeliveryInFull(Delivery):
    """A delivery with the exact body and each attempt."""

    body: str
    log: list[Attempt]
