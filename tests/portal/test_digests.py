"""One digest for a contact: what it gathers, who gets it, and that nothing withdrawn is in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from hopback.kernel.errors import BadInput, Conflict, Refused
from hopback.kernel.hops import SourceKind
from hopback.portal.audit.actors import SYSTEM, Actor, Role
from hopback.portal.audit.verify import verify
from hopback.portal.directory.models import Contact
from hopback.portal.embedded import seal_log
from hopback.portal.jobs.working import work
from hopback.portal.messages.models import Message
from hopback.portal.tracebacks import actions
from hopback.portal.tracebacks.governing import write_policy
from hopback.portal.tracebacks.models import Hop, Traceback
from hopback.portal.tracebacks.policies import NOTICE, STANDARD, Rung, Terms, current_policy, ladder_of, terms_of

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.kernel.calls import Sought

ADA = Actor("ada", Role.LEAD)
ABE = Actor("abe", Role.ANALYST)

pytestmark = pytest.mark.usefixtures("directory")


@pytest.fixture(autouse=True)
def contacts(directory: None) -> None:
    for duty, mailbox in (
        ("traceback_primary", "desk@p3.example"),
        ("traceback_backup", "backup@p3.example"),
        ("executive", "officer@p3.example"),
    ):
        Contact.objects.create(provider_id="P3", duty=duty, mailbox=mailbox)


def asked(
    sample: Sought, at: datetime, *, provider: str = "P3", policy: str = STANDARD.version, times: int = 1
) -> None:
    for _ in range(times):
        trace = actions.propose_sample(
            ABE,
            policy,
            sample,
            at=at,
            source="s",
            source_kind=SourceKind.HONEYPOT,
            terminating=provider,
            campaign="Tax",
        )
        row = Traceback.objects.get(pk=trace.id)
        actions.vet(ADA, row, at=at, reason="known", basis=("transcript",), violations=("no consent",))
        actions.open_traceback(ADA, row, at=at)
    hops = list(Hop.objects.filter(received_at__isnull=True).select_related("traceback"))
    actions.record_deliveries(SYSTEM, hops, at=at, proof="accepted")


def letters() -> list[tuple[str, str]]:
    rows = Message.objects.filter(kind="hop.digest").order_by("pk")
    return [(row.mailbox, row.subject.split(" [")[0]) for row in rows]


def test_forty_requests_that_fall_due_together_are_one_letter_at_each_reminder(sample: Sought, noon: datetime) -> None:
    asked(sample, noon, times=12)
    work(now=noon, until=noon + timedelta(hours=23, minutes=30))
    assert letters() == [("desk@p3.example", "12 traceback requests due")] * 3
    text = Message.objects.filter(kind="hop.digest")[0].text
    assert text.count("  R") == 12
    assert "Tue Nov 3, 2026, 13:00 EST" in text
    assert "desk@p3" not in text


def test_the_ladder_is_climbed_day_by_day_and_the_notice_says_what_is_coming(sample: Sought, noon: datetime) -> None:
    asked(sample, noon, times=2)
    work(now=noon, until=noon + timedelta(days=5))
    steps = [line for line in letters() if "due" not in line[1] or "finding" in line[1]]
    assert steps == [
        ("backup@p3.example", "2 traceback requests late"),
        ("officer@p3.example", "2 traceback requests late"),
        ("desk@p3.example", "Notice: a finding is due on 2 unanswered requests"),
    ]
    notice = Message.objects.filter(kind="hop.digest").order_by("-pk")[0]
    assert "a finding may be made from" in notice.text
    assert "contest" in notice.text


def test_nothing_is_written_once_the_request_is_withdrawn(sample: Sought, noon: datetime) -> None:
    asked(sample, noon)
    actions.void(ADA, Traceback.objects.get(), at=noon + timedelta(hours=1), reason="opened twice")
    work(now=noon, until=noon + timedelta(days=8))
    assert letters() == []


def test_what_falls_due_after_the_day_s_digest_waits_for_the_next_morning(sample: Sought, noon: datetime) -> None:
    asked(sample, noon)
    asked(sample, noon + timedelta(hours=2))
    work(now=noon, until=noon + timedelta(days=2, hours=5))  # both are a business day beyond their deadlines
    assert [line for line in letters() if line[0].startswith("backup")] == [
        ("backup@p3.example", "2 traceback requests late")
    ]
    work(now=noon + timedelta(days=2, hours=5), until=noon + timedelta(days=2, hours=20))
    assert [line for line in letters() if line[0].startswith("backup")] == [
        ("backup@p3.example", "2 traceback requests late")
    ] * 2


def test_where_nobody_has_the_duty_another_contact_is_told_and_told_why(sample: Sought, noon: datetime) -> None:
    Contact.objects.filter(duty="traceback_backup").delete()
    asked(sample, noon)
    work(now=noon, until=noon + timedelta(days=2, hours=2))
    late = [row for row in Message.objects.filter(kind="hop.digest") if "late" in row.subject]
    assert [row.mailbox for row in late] == ["desk@p3.example"]
    assert "we know of no tracebacks, backup contact" in late[0].text


def test_a_provider_without_a_mailbox_stops_nothing(sample: Sought, noon: datetime) -> None:
    asked(sample, noon, provider="P4")
    work(now=noon, until=noon + timedelta(days=9))
    assert letters() == []
    assert Hop.objects.get().level == 3


def test_a_ladder_is_a_version_of_the_policy_and_what_is_under_way_keeps_its_own(
    sample: Sought, noon: datetime
) -> None:
    asked(sample, noon)
    terms = Terms(ladder=(Rung("legal", 2), Rung(NOTICE, 1)), finding_wait_days=7)
    row = write_policy(ADA, terms, at=noon, reason="legal first", since=noon + timedelta(days=1))
    assert current_policy(at=noon) is STANDARD
    policy = current_policy(at=noon + timedelta(days=2))
    assert (policy.version, policy.escalation_steps, policy.finding_wait_days) == (row.pk, 2, 7)
    assert [rung.told for rung in ladder_of(policy.version)] == [
        "legal contact",
        "provider: notice that a finding is due",
    ]
    assert terms_of(policy.version) == terms
    later = noon + timedelta(days=2)
    asked(sample, later, policy=policy.version)
    work(now=noon, until=later + timedelta(days=14))
    levels = dict(Hop.objects.values_list("traceback__policy", "level"))
    assert levels == {STANDARD.version: 3, row.pk: 2}
    seal_log(at=later)
    verify()


@pytest.mark.parametrize(
    "terms",
    [
        {"ladder": ()},
        {"ladder": (Rung("legal"),)},
        {"ladder": (Rung("legal", 4), Rung(NOTICE, 1)), "finding_wait_days": 5},
        {"finding_wait_days": 0},
    ],
)
def test_a_ladder_that_cannot_be_is_refused(terms: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        Terms(**terms)  # type: ignore[arg-type]


def test_only_a_lead_writes_the_policy_and_never_backwards(portal: None, noon: datetime) -> None:
    with pytest.raises(Refused):
        write_policy(ABE, Terms(), at=noon, reason="x")
    with pytest.raises(BadInput):
        write_policy(ADA, Terms(), at=noon, reason=" ")
    with pytest.raises(BadInput):
        write_policy(ADA, Terms(), at=noon, reason="x", since=noon - timedelta(days=1))
    write_policy(ADA, Terms(), at=noon, reason="x")
    with pytest.raises(Conflict):
        write_policy(ADA, Terms(), at=noon, reason="x")
