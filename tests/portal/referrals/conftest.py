from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hopback.portal.accounts.models import Organisation
from hopback.portal.embedded import open_call, open_requests, take_answer
from hopback.portal.referrals import actions
from hopback.portal.tracebacks.models import Traceback

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.kernel.calls import Sought
    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor
    from hopback.portal.referrals.models import AgencyRequest, Package
    from hopback.wire.hops import HopAnswer


@pytest.fixture
def at() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def concluded(cast: dict[str, User], sample: Sought, answer: Callable[..., HopAnswer], noon: datetime) -> Traceback:
    """A traceback from P1 by P2 to P5, whose customer it was."""
    open_call("K1", sample, terminating="P1", at=noon)
    for provider, said in (("P1", {"upstream": "P2"}), ("P2", {"upstream": "P5"}), ("P5", {"customer": "CUSTOMER-X"})):
        (request,) = open_requests(provider, at=noon)
        take_answer(provider, answer(request, provider, **said), at=noon)
    row = Traceback.objects.get(reference="K1")
    assert row.state == "concluded"
    return row


@pytest.fixture
def ask(actors: dict[str, Actor], at: datetime) -> Callable[..., AgencyRequest]:
    """A request of an agency about a number."""

    def file(name: str = "Fay", **otherwise: Any) -> AgencyRequest:
        given: dict[str, Any] = {
            "kind": "number",
            "authority": "subpoena",
            "instrument": "S-1",
            "purpose": "an investigation",
            "due_on": at.date() + timedelta(days=10),
            "targets": ["+1 312 555 0188"],
        } | otherwise
        organisation = Organisation.objects.get(pk=actors[name].organisation)
        return actions.file_request(actors[name], organisation, **given, at=at)

    return file


@pytest.fixture
def sent(
    actors: dict[str, Actor], concluded: Traceback, ask: Callable[..., AgencyRequest], at: datetime
) -> Callable[..., Package]:
    """A package with the concluded traceback, sent to Fay's agency."""

    def send(*, on_process: bool = False) -> Package:
        request = actions.grant_request(actors["Abe"], ask(), at=at)
        row = actions.make_package(
            actors["Abe"], request.organisation, title="What we found", request=request, on_process=on_process, at=at
        )
        row = actions.address(actors["Abe"], row, tracebacks=[concluded], at=at)
        if on_process:
            row = actions.approve_package(actors["Ann"], row, at=at)
        return actions.send_package(actors["Abe"], row, at=at)

    return send
