"""A traceback under the consortium's own policy, told in a few words: for several tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from hopback.kernel.hops import SourceKind
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.embedded import open_requests
from hopback.portal.tracebacks import actions
from hopback.portal.tracebacks.docket import load
from hopback.portal.tracebacks.models import Hop, Traceback
from hopback.portal.tracebacks.policies import STANDARD
from hopback.portal.tracebacks.reading import requests_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.kernel.calls import Sought
    from hopback.wire.hops import HopAnswer


class Story:
    """A traceback under the consortium's own policy, told in a few words."""

    def __init__(self, actors: dict[str, Actor], answer: Callable[..., HopAnswer], at: datetime) -> None:
        self.actors, self.answer, self.at = actors, answer, at
        self.id = ""

    def begin(self, sample: Sought, *, terminating: str = "P1", reference: str = "S1") -> Story:
        trace = actions.propose_sample(
            self.actors["Abe"],
            STANDARD.version,
            replace(sample, started_at=self.at - timedelta(days=1)),
            at=self.at,
            source="honeypots",
            source_kind=SourceKind.HONEYPOT,
            terminating=terminating,
            campaign="parcel fee",
            reference=reference,
        )
        self.id = trace.id
        actions.vet(
            self.actors["Ada"],
            self.row,
            at=self.at,
            reason="a known script",
            basis=("transcript",),
            violations=("no consent",),
        )
        actions.open_traceback(self.actors["Ada"], self.row, at=self.at)
        return self

    @property
    def row(self) -> Traceback:
        return Traceback.objects.get(pk=self.id)

    @property
    def version(self) -> int:
        return load(self.id).now.version

    def hop(self, number: int) -> Hop:
        return Hop.objects.select_related("traceback").get(traceback=self.id, number=number)

    def received(self, provider: str) -> Any:
        (request,) = open_requests(provider, at=self.at)
        return request

    def said(self, provider: str, **said: Any) -> Story:
        request = self.received(provider)
        number = Hop.objects.get(request_id=request.request_id).number
        name = {"P1": "Bell", "P2": "Cole"}.get(provider)
        actor = _program(provider) if name is None else self.actors[name]
        actions.answer_hop(actor, self.hop(number), self.answer(request, provider, **said), at=self.at)
        return self

    def request(self, number: int) -> Any:
        """A request as its provider was sent it, answered or not."""
        (request,) = requests_of([self.hop(number)])
        return request

    def said_again(self, provider: str, number: int = 1, **said: Any) -> Story:
        """A provider that has answered answers once more."""
        name = {"P1": "Bell", "P2": "Cole"}[provider]
        message = self.answer(self.request(number), provider, **said)
        actions.answer_hop(self.actors[name], self.hop(number), message, at=self.at)
        return self

    def corrected(self, provider: str, number: int = 1, **said: Any) -> Story:
        """A provider corrects the answer that stands; it stands at once where it is full."""
        return self.said_again(provider, number, **said)

    def page(self) -> str:
        return reverse("tracebacks:page", args=[self.id])

    def act(self, verb: str, hop: int | None = None) -> str:
        if hop is None:
            return reverse("tracebacks:act", args=[self.id, verb])
        return reverse("tracebacks:act_on_hop", args=[self.id, hop, verb])


def _program(provider: str) -> Actor:
    return Actor(f"agent:{provider}", Role.PROVIDER, provider=provider)
