from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hopback.kernel.calls import Sought
from hopback.kernel.hops import SourceKind
from hopback.portal.audit.actors import SYSTEM, Actor, Role
from hopback.portal.tracebacks import actions
from hopback.portal.tracebacks.models import Hop, Traceback
from hopback.portal.tracebacks.policies import STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.portal.accounts.models import User

ADA = Actor("ada", Role.LEAD)
ABE = Actor("abe", Role.ANALYST)


@pytest.fixture
def today() -> datetime:
    """An hour ago: pages go by the machine's clock."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture
def ask(cast: dict[str, User], today: datetime) -> Callable[..., Hop]:
    """A request of the consortium's own to a provider, sent."""
    made: list[str] = []

    def build(provider: str = "P1", *, at: datetime = today, called: int = 12025550143, **more: Any) -> Hop:
        made.append(provider)
        trace = actions.propose_sample(
            ABE,
            STANDARD.version,
            Sought(called, 13125550188, at - timedelta(hours=30), 60.0),
            at=at,
            source="honeypot-7",
            source_kind=SourceKind.HONEYPOT,
            terminating=provider,
            campaign="parcel fee",
            reference=f"S{len(made)}-{called}",
            **more,
        )
        row = Traceback.objects.get(pk=trace.id)
        actions.vet(ADA, row, at=at, reason="a known script", basis=("transcript",), violations=("no consent",))
        actions.open_traceback(ADA, row, at=at)
        return Hop.objects.select_related("traceback").get(traceback=row)

    return build


@pytest.fixture
def received(ask: Callable[..., Hop], today: datetime) -> Callable[..., Hop]:
    """A request that its provider has received."""

    def build(provider: str = "P1", **more: Any) -> Hop:
        hop = ask(provider, **more)
        actions.record_delivery(SYSTEM, hop, at=today, received=today, proof="test")
        hop.refresh_from_db()
        return hop

    return build


@pytest.fixture
def filled() -> Callable[..., dict[str, Any]]:
    """What is typed into the page, by what is said."""

    def build(said: str, **more: Any) -> dict[str, Any]:
        fields: dict[str, dict[str, Any]] = {
            "upstream": {"upstream": "other", "other_name": "Far Talk Inc.", "trunk": "TG-12"},
            "foreign": {"upstream": "other", "other_name": "Far Talk Ltd", "ip": "192.0.2.7", "country": "gb"},
            "customer": {"business": "Acme Leads LLC", "account": "C-77", "email": "owner@acme.example", "kyc": "docs"},
            "no_record": {"retained_since": "2026-01-01"},
            "expired": {"retained_since": "2026-10-30"},
            "not_ours": {"statement": "The trunk was never ours."},
            "unsure": {"statement": "Two records fit."},
        }
        return {"said": said, "certified": "on", "certified_by": "Bell Rivers"} | fields[said] | more

    return build
