"""The invented consortium at its work: people, campaigns, samples that wait, tracebacks under way.

What was traced from the invented records is its history; this adds what is going on, by the verbs that its pages
use, at times counted back from the moment the demonstration begins.
"""

# ruff: noqa: PLC0415 -- the portal's modules can be imported only after Django is set up

from __future__ import annotations

import io
import math
import secrets
import struct
import wave
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign
    from hopback.portal.intake.models import CallSample
    from hopback.portal.tracebacks.models import Hop, Traceback

__all__ = ["SignIn", "environment_of", "furnish"]

DATABASE: Final = "portal.sqlite3"
"""The database that the exercise wrote its tracebacks to."""

ASKED, NEXT, SILENT, ELSEWHERE = "D01", "D05", "D18", "D04"
"""The invented providers that the story needs: who is asked first, who is named, who never answers, one besides."""

PEOPLE: Final = (
    # name, part, organisation, what they do
    ("Ada", "lead", "consortium", "lead analyst of the consortium"),
    ("Abe", "analyst", "consortium", "analyst, for what needs a second person"),
    ("Bell", "provider_administrator", ASKED, "answers for a provider, Tamarack Mobile Inc."),
    ("Fay", "agency_investigator", "ag-example", "investigator of an agency"),
    ("Otto", "auditor", "consortium", "the consortium's auditor"),
    ("Cole", "provider_responder", NEXT, "answers for another provider"),
    ("Sol", "source", "honeypots", "runs a source of samples"),
)
SHOWN: Final = 4
"""How many of them are printed as sign-ins; the others have the same password."""

ORGANISATIONS: Final = (
    ("consortium", "The example traceback consortium", "consortium"),
    ("ag-example", "Office of the Attorney General, Example State", "agency"),
    ("honeypots", "Listening Post honeypots", "source"),
)

REGISTRY: Final = (
    ("RMD0090001", "0099000000", "Tamarack Mobile Inc.", ""),
    ("RMD0090002", "0099000003", "Granite Loop Carrier LLC", ""),
    ("RMD0090003", "0099000004", "Osprey Tandem LLC", "Osprey Wholesale"),
    ("RMD0090004", "0099000017", "Nightjar Minutes LLC", "Nightjar Voice"),
    ("RMD0090005", "0098000001", "Kestrel Long Lines Inc.", "Kestrel"),
    ("RMD0090006", "0098000002", "Merlin Route Services LLC", ""),
    ("RMD0090007", "0098000003", "Nightjar Voice Holdings LLC", "Nightjar"),
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody of the demonstration comes in."""

    name: str
    what: str
    email: str
    password: str


def environment_of(out: Path, *, address: str, secret: str) -> dict[str, str]:
    """The settings a demonstration's portal is run with: on this machine only, mail kept in its outbox."""
    return {
        "HOPBACK_DATA": str(out.resolve()),
        "HOPBACK_DATABASE": str((out / DATABASE).resolve()),
        "HOPBACK_SYNCHRONOUS": "NORMAL",
        "HOPBACK_SECRET_KEY": secret,
        "HOPBACK_SECOND_FACTOR": "[]",
        "HOPBACK_EXERCISE": "true",
        "HOPBACK_ADDRESS": address,
    }


def furnish(*, at: datetime) -> list[SignIn]:
    """Add what is going on at ``at`` to the portal that this process is pointed at. Returns who may sign in."""
    story = _Story(at)
    story.history()
    story.directory()
    signs = story.people()
    story.campaigns()
    story.samples()
    story.tracebacks()
    story.beside()
    story.clocks()
    return signs[:SHOWN]


class _Story:
    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC).replace(microsecond=0)
        self.users: dict[str, User] = {}
        self.password = "-".join(secrets.choice(WORDS) for _ in range(4))
        self.number = 0
        self.toll: Campaign
        self.meter: Campaign

    def who(self, name: str) -> Actor:
        """One of the people as the verbs know them."""
        from hopback.portal.accounts.access import ROLES
        from hopback.portal.accounts.models import Part
        from hopback.portal.audit.actors import Actor, Role

        _, part, organisation, _ = next(person for person in PEOPLE if person[0] == name)
        role = ROLES[Part(part)]
        return Actor(
            self.users[name].audit_name,
            role,
            provider=organisation if role is Role.PROVIDER else None,
            organisation=organisation,
            administers=part in {"lead", "provider_administrator"},
        )

    def ago(self, **span: float) -> datetime:
        """That long before the demonstration begins."""
        return self.at - timedelta(**span)

    def history(self) -> None:
        """What was traced from the records and needs nobody any more is closed."""
        from contextlib import suppress

        from hopback.kernel.errors import Refused
        from hopback.portal.audit.actors import EXERCISE_ANALYST
        from hopback.portal.tracebacks.actions import close
        from hopback.portal.tracebacks.models import Hop, Traceback

        done = Traceback.objects.filter(state="concluded").exclude(outcome="ambiguous")
        for row in done.order_by("pk"):
            told = Hop.objects.filter(traceback=row).values_list("provider", flat=True).order_by("number")
            with suppress(Refused):  # one that a person has to look at again stays open
                close(EXERCISE_ANALYST, row, at=self.ago(days=1), notices=tuple(dict.fromkeys(told)))

    def directory(self) -> None:
        """Contacts of some providers, and the public registry as it was last week."""
        from hopback.portal.audit.actors import SYSTEM
        from hopback.portal.directory.actions.contacts import ContactDraft, add_contact
        from hopback.portal.directory.actions.imports import FileDraft, import_file, read_file
        from hopback.portal.directory.models import ImportKind, Provider

        for provider, mailbox in ((ASKED, "traces@tamarack.example"), (NEXT, "abuse@osprey.example"),
                                  (SILENT, "office@nightjar.example")):  # fmt: skip
            row = Provider.objects.get(pk=provider)
            add_contact(SYSTEM, row, ContactDraft("traceback_primary", mailbox=mailbox), at=self.ago(days=40))
        lines = ["RMD Number,FRN,Business Name,Other DBA Names,Business Address,Country,Contact Email"]
        lines += [
            f'{number},{frn},"{name}",{dba},"{n} Example Road, Springfield",US,noc{n}@example.com'
            for n, (number, frn, name, dba) in enumerate(REGISTRY, 1)
        ]
        file = FileDraft(ImportKind.REGISTRY, "registry.csv", "an invented registry", self.ago(days=7).date())
        import_file(SYSTEM, read_file(file, "\n".join(lines).encode()), at=self.ago(days=7))

    def people(self) -> list[SignIn]:
        """Everybody, each with the same password, since none of them exists."""
        from django.contrib.auth.hashers import make_password

        from hopback.portal.accounts.actions import begin_access, found_organisation
        from hopback.portal.accounts.models import Membership, Organisation, User
        from hopback.portal.audit.actors import SYSTEM

        for key, name, kind in ORGANISATIONS:
            found_organisation(SYSTEM, key, name=name, kind=kind, at=self.ago(days=90))
        hashed = make_password(self.password)
        signs = []
        for name, part, organisation, what in PEOPLE:
            user = User.objects.create_user(f"{name.lower()}@hopback.example", name=name, time_zone="America/Chicago")
            user.password, user.joined_at = hashed, self.ago(days=90)
            user.save()
            Membership.objects.create(
                user=user, organisation=Organisation.objects.get(pk=organisation), part=part, since=self.ago(days=90)
            )
            self.users[name] = user
            signs.append(SignIn(name, what, user.email, self.password))
        for name in ("Ada", "Abe", "Otto"):
            begin_access(
                self.who(name), self.users[name], at=self.ago(minutes=1), reason="the demonstration",
                lasts=timedelta(hours=8),
            )  # fmt: skip
        return signs

    def campaigns(self) -> None:
        """Two campaigns that the history knows already."""
        from hopback.portal.campaigns.actions import create_campaign
        from hopback.portal.campaigns.particulars import Particulars
        from hopback.portal.tracebacks.policies import STANDARD

        toll = Particulars(
            name="toll-notice",
            category="government_impersonation",
            kind="robocall",
            description="A recording says that a toll is unpaid, and takes the payment on the telephone.",
            first_seen=self.ago(days=35),
            last_seen=self.ago(hours=4),
            basis=("call_transcript", "complaints_called_parties"),
            violations=(("business_impersonation", "poses as a toll road's office"), ("spoofed_caller_id", "")),
            priority="high",
            priority_reason="people have paid",
            languages=("en",),
            est_volume=1_200_000,
            volume_method="calls to honeypots, scaled by their share of numbers",
        )
        meter = replace(
            toll,
            name="meter-refund",
            category="utility",
            description="A recording promises a refund of an electricity bill, and asks for the account's card.",
            priority="normal",
            priority_reason="",
            est_volume=90_000,
        )
        ada = self.who("Ada")
        self.toll = create_campaign(ada, STANDARD.version, toll, at=self.ago(days=30))
        self.meter = create_campaign(ada, STANDARD.version, meter, at=self.ago(days=20))

    def sample(self, name: str, source: str, *, age: timedelta, **said: str) -> CallSample:
        """A call put forward a moment ago."""
        from hopback.portal.intake.actions import propose
        from hopback.portal.intake.facts import read_facts

        self.number += 1
        raw = {
            "source_record_id": f"lp-{self.number:05}",
            "call_start": (self.at - age).strftime("%Y-%m-%d %H:%M:%S"),
            "call_start_zone": "UTC",
            "accuracy_s": "5",
            "called": f"+1312555{100 + self.number:04}",
            "calling": "+14155550150",
            "terminating": ASKED,
            "transcript": TOLL,
            "why": "the same recording on many of our numbers within the hour",
        } | said
        when = min(self.at - timedelta(minutes=2), self.at - age + timedelta(hours=1))
        facts, wrong = read_facts(raw, at=when)
        if facts is None:
            raise AssertionError(wrong)
        (row,) = propose(self.who(name), source, [facts], at=when, via="api").fresh
        return row

    def samples(self) -> None:
        """What waits in the intake: two to be vetted, one with its recording, the same again, one urgent, one old."""
        from django.core.files.uploadedfile import SimpleUploadedFile

        from hopback.kernel.hops import SourceKind
        from hopback.portal.intake.actions import add_recording, keep_source
        from hopback.portal.intake.recordings import keep

        keep_source(
            self.who("Ada"), "honeypots", at=self.ago(days=60), name="Listening Post honeypots",
            kind=SourceKind.HONEYPOT, is_verified=True,
        )  # fmt: skip
        heard = self.sample("Sol", "honeypots", age=timedelta(hours=5))
        sha256, kind, size = keep(SimpleUploadedFile("call.wav", _tones()))
        add_recording(
            self.who("Sol"), heard, sha256=sha256, media_type=kind, size=size, name="call.wav", at=self.ago(hours=4)
        )
        self.sample("Sol", "honeypots", age=timedelta(hours=6), transcript=METER, calling="+13055550128")
        self.sample("Sol", "honeypots", age=timedelta(days=12), transcript=METER, calling="+13055550128")
        self.sample("Fay", "ag-example", age=timedelta(hours=2), lane="threat", why="reported by a school", transcript=(
            "You have until noon. Do what you were told, or the building will be evacuated."
        ))  # fmt: skip

    def traced(self, *, age: timedelta, provider: str = ASKED, calling: str = "+14155550150") -> Traceback:
        """A sample taken on and opened that long ago, its first request delivered at once."""
        from hopback.portal.intake.actions import vet_sample

        row = self.sample("Sol", "honeypots", age=age + timedelta(hours=3), terminating=provider, calling=calling)
        vet_sample(
            self.who("Ada"),
            row,
            campaign=self.toll,
            reason="a running fraud that poses as a toll road's office",
            basis=("call_transcript",),
            violations=("business_impersonation",),
            provider=provider,
            at=self.at - age,
        )
        row.refresh_from_db()
        self.delivered(row.traceback, 1, at=self.at - age)
        return row.traceback

    def delivered(self, trace: Traceback, number: int, *, at: datetime) -> Hop:
        """The request reaches its provider."""
        from hopback.portal.tracebacks.actions import record_delivery
        from hopback.portal.tracebacks.models import Hop

        hop = Hop.objects.select_related("traceback").get(traceback=trace, number=number)
        if hop.received_at is None:
            record_delivery(self.who("Ada"), hop, at=at, received=at, proof="the provider's mail system took it")
            hop.refresh_from_db()
        return hop

    def says(self, name: str, hop: Hop, *, at: datetime, **said: Any) -> None:
        """What somebody answers."""
        from hopback.portal.tracebacks.actions import answer_hop
        from hopback.wire.hops import HopAnswer, NextSearch

        hop.refresh_from_db()
        fields: dict[str, Any] = {
            "request_id": hop.request_id,
            "provider": hop.provider_id,
            "found_at": at - timedelta(hours=8),
            "source": "core",
            "time_offset_s": 1.2,
            "confidence": 0.97,
            "why": ("one record fits",),
            "record_key": f"{hop.provider_id}-{hop.pk}",
        } | said
        if "upstream" in said:
            fields |= {
                "answer": "upstream_named",
                "next": NextSearch(
                    called="+13125550100", calling="+14155550150", started_at=at - timedelta(hours=8), accuracy_s=2
                ),
            }
        answer_hop(self.who(name), hop, HopAnswer(**fields), at=at)

    def tracebacks(self) -> None:
        """One just asked, one due today, one a hop further, one for a person, one come to its end, one not answered."""
        from hopback.portal.mitigations.actions import ActionDraft, record_action
        from hopback.portal.mitigations.models import ActionKind, Target

        self.traced(age=timedelta(hours=2))
        self.traced(age=timedelta(hours=22))
        self.traced(age=timedelta(days=4))
        further = self.traced(age=timedelta(hours=30))
        self.says("Bell", self.delivered(further, 1, at=self.ago(hours=30)), at=self.ago(hours=26), upstream=NEXT)
        self.delivered(further, 2, at=self.ago(hours=25))
        unclear = self.traced(age=timedelta(hours=28))
        self.says(
            "Bell", self.delivered(unclear, 1, at=self.ago(hours=28)), at=self.ago(hours=20), answer="ambiguous",
            why=("two records fit as well, from different upstreams",), confidence=0.5,
        )  # fmt: skip
        ended = self.traced(age=timedelta(days=3))
        self.says("Bell", self.delivered(ended, 1, at=self.ago(days=3)), at=self.ago(days=2, hours=12), upstream=NEXT)
        last = self.delivered(ended, 2, at=self.ago(days=2, hours=11))
        self.says("Cole", last, at=self.ago(days=2), answer="customer_named", customer="C-2207")
        last.refresh_from_db()
        record_action(
            self.who("Cole"),
            last,
            ActionDraft(
                ActionKind.SUSPENDED, Target.CUSTOMER, "C-2207", self.ago(days=1), reason="no answer to our letter"
            ),
            at=self.ago(days=1),
        )
        self.traced(age=timedelta(days=16), provider=SILENT)

    def beside(self) -> None:
        """A request of an agency, and an announcement to all providers."""
        from hopback.portal.accounts.models import Organisation
        from hopback.portal.library.actions import Draft, draft, publish
        from hopback.portal.library.models import ItemKind
        from hopback.portal.referrals.actions import file_request

        file_request(
            self.who("Fay"),
            Organisation.objects.get(pk="ag-example"),
            kind="campaign",
            authority="cid",
            instrument="CID-2207",
            purpose="an inquiry into calls that pose as a toll road's office",
            due_on=(self.at + timedelta(days=9)).date(),
            targets=("toll-notice",),
            at=self.ago(hours=7),
        )
        ada = self.who("Ada")
        text = "# What a full answer holds\n\nName the one party you received the call from, or your own customer."
        item = draft(ada, ItemKind.ANNOUNCEMENT, Draft("How to answer in 24 hours", text, kinds=("provider",)),
                     at=self.ago(days=10))  # fmt: skip
        publish(ada, item, notify=False, seen=item.version, at=self.ago(days=10))

    def clocks(self) -> None:
        """Let the clocks bring what they have brought by now: letters, reminders, steps of the ladder."""
        from hopback.portal.audit.sealing import seal
        from hopback.portal.jobs.working import work

        work(now=self.ago(days=16), until=self.at)
        seal(at=self.at)


TOLL: Final = (
    "You have an unpaid toll. A late charge will be added tonight. To settle it now by telephone, press one. "
    "To hear the plate number again, press three."
)
METER: Final = (
    "This is the meter refund office. Our review found that you were billed twice last spring. To have the "
    "difference sent back to you, press one and have your account card ready."
)

WORDS: Final = (
    "amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "juniper", "kelp", "larch",
    "maple", "north", "otter", "pine", "quartz", "reed", "slate", "thistle", "umber", "vale", "willow", "yarrow",
)  # fmt: skip


def _tones() -> bytes:
    """Three seconds of tones as a wav file: what stands in for a recording that nobody made."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        frames = (
            int(9000 * math.sin(2 * math.pi * (440 + 110 * (n // 8000)) * n / 8000) * (1 - (n % 8000) / 8000))
            for n in range(24000)
        )
        sound.writeframes(b"".join(struct.pack("<h", frame) for frame in frames))
    return file.getvalue()
