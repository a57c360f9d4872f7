"""A portal with something in it: the cast, five providers, tracebacks in the states people meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import make_password

from cast import SHEET, actor_of, gather
from hopback.kernel.calls import Sought
from hopback.kernel.hops import SourceKind
from hopback.portal.accounts.models import AccessSession
from hopback.portal.embedded import import_sheet
from hopback.portal.jobs.working import work
from hopback.portal.tracebacks.actions import (
    answer_hop,
    open_traceback,
    propose_sample,
    record_delivery,
    vet,
)
from hopback.portal.tracebacks.models import Hop, Traceback
from hopback.portal.tracebacks.policies import STANDARD
from hopback.wire.hops import HopAnswer, NextSearch

if TYPE_CHECKING:
    from pathlib import Path

    from hopback.portal.accounts.models import User

__all__ = ["BEGINNING", "NOON", "PASSWORD", "SECOND_FACTOR", "SECRET", "seed"]

PASSWORD = "a long way from Peoria"  # noqa: S105 -- of people who never existed
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 -- the same
SECOND_FACTOR = ("Ada", "Abe", "Ann", "Otto", "Fay", "Gil", "Bell")

NOON = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
"""Monday, noon in Chicago: when the story begins."""
BEGINNING = datetime(2026, 11, 4, 16, 0, tzinfo=UTC)
"""Wednesday, ten in Chicago: when the browser comes in."""


def seed(folder: Path) -> None:
    """Write it all down, by the verbs the pages use."""
    sheet = folder / "providers.csv"
    sheet.write_text(SHEET)
    import_sheet(sheet, at=NOON)
    people = gather(NOON)
    hashed = make_password(PASSWORD)
    for person in people.values():
        person.password = hashed
        person.save(update_fields=["password"])
    for name in SECOND_FACTOR:
        TOTP.activate(people[name], SECRET)
    for name in ("Ada", "Abe", "Ann", "Otto"):
        AccessSession.objects.create(
            user=people[name],
            reason="the week's tracebacks",
            begun_at=NOON - timedelta(days=1),
            ends_at=NOON + timedelta(days=30),
        )
    asked(people, "A1", called=12025550143, at=NOON)  # overdue by Wednesday noon
    asked(people, "A2", called=12025550144, at=NOON + timedelta(hours=20))  # due on Wednesday
    third = asked(people, "A3", called=12025550145, at=NOON + timedelta(hours=21))
    answered(people, third, "Bell", upstream="P2", at=NOON + timedelta(hours=26))  # to be checked
    propose(people, "A4", called=12025550146, at=NOON + timedelta(hours=22))  # to be vetted
    work(now=NOON, until=BEGINNING)


def propose(people: dict[str, User], reference: str, *, called: int, at: datetime) -> Traceback:
    trace = propose_sample(
        actor_of("Abe", people["Abe"]),
        STANDARD.version,
        Sought(called, 13125550188, at - timedelta(hours=3), 60.0),
        at=at,
        source="honeypots",
        source_kind=SourceKind.HONEYPOT,
        terminating="P1",
        reference=reference,
    )
    return Traceback.objects.get(pk=trace.id)


def asked(people: dict[str, User], reference: str, *, called: int, at: datetime) -> Hop:
    """A traceback whose terminating provider, Bell's, has been asked and has the request."""
    ann = actor_of("Ann", people["Ann"])
    row = propose(people, reference, called=called, at=at)
    vet(
        ann,
        row,
        at=at,
        reason="a recorded voice claims to be a tax office",
        basis=("recording",),
        violations=("47 CFR 64.1200(a)(3)",),
    )
    open_traceback(ann, row, at=at)
    hop = Hop.objects.get(traceback=row, number=1)
    record_delivery(ann, hop, at=at, received=at, proof="the provider's mail system took it")
    return hop


def answered(people: dict[str, User], hop: Hop, name: str, *, upstream: str, at: datetime) -> None:
    """What somebody says of a hop: that the call came from ``upstream``."""
    hop.refresh_from_db()
    answer_hop(
        actor_of(name, people[name]),
        hop,
        HopAnswer(
            request_id=hop.request_id,
            provider=hop.provider_id,
            answer="upstream_named",
            upstream=upstream,
            found_at=at,
            source="core",
            time_offset_s=0.0,
            confidence=0.9,
            why=("one record fits",),
            record_key="r1",
            next=NextSearch(called="+12025550145", calling="+13125550188", started_at=at, accuracy_s=5),
        ),
        at=at,
    )
