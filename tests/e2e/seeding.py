"""A portal with something in it: the cast, five providers, tracebacks in the states people meet."""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile

from cast import SHEET, actor_of, gather
from hopback.kernel.calls import Sought
from hopback.kernel.hops import DeclineReason, SourceKind
from hopback.portal.accounts.actions import invite, issue_key
from hopback.portal.accounts.models import AccessSession, Organisation
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.campaigns.actions import create_campaign
from hopback.portal.campaigns.particulars import Particulars
from hopback.portal.directory import actions as directory
from hopback.portal.directory.actions.imports import FileDraft, read_file
from hopback.portal.directory.claims import Claimed
from hopback.portal.directory.models import Provider
from hopback.portal.embedded import import_sheet
from hopback.portal.intake import sheets
from hopback.portal.intake.actions import add_recording, decline_sample, keep_source, preview_import, vet_sample
from hopback.portal.intake.actions import propose as propose_call
from hopback.portal.intake.facts import read_facts
from hopback.portal.intake.recordings import keep as keep_sound
from hopback.portal.intake.sheets import read as read_sheet
from hopback.portal.jobs.working import work
from hopback.portal.library.actions import Draft, draft, publish
from hopback.portal.library.models import ItemKind
from hopback.portal.messages.actions import send, take_in
from hopback.portal.messages.tokens import token_of
from hopback.portal.messages.webhooks import add_endpoint, announce
from hopback.portal.messages.writing import Letter
from hopback.portal.mitigations.actions import ActionDraft, record_action
from hopback.portal.mitigations.models import ActionKind, Target
from hopback.portal.referrals import actions as agencies
from hopback.portal.tracebacks.actions import (
    answer_hop,
    correct_answer,
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
    from hopback.portal.audit.actors import Actor
    from hopback.portal.intake.models import CallSample

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
    known_in_the_directory(people, at=NOON + timedelta(hours=20))
    publish_something(people)
    longer_way(people)
    record_what_was_done(people, third)
    taken_in(people, at=NOON + timedelta(hours=23))
    for_agencies(people, third.traceback, at=NOON + timedelta(hours=30))
    written_to_us(people, at=NOON + timedelta(hours=31))
    work(now=NOON, until=BEGINNING)


REGISTRY = """number,frn,business_name,other_dba_names,state,implementation,last_updated
RMD0000001,0012345678,Bellwether Telephone LLC,Bell Voice,IL,Yes,2026-02-24
RMD0000002,0000000033,"Silent Ridge Voice, Inc.",,NY,No,
"""


def known_in_the_directory(people: dict[str, User], *, at: datetime) -> None:
    """Something on every page of the directory: files, contacts, claims, a number and a name that wait, look-alikes."""
    ada, bell = actor_of("Ada", people["Ada"]), actor_of("Bell", people["Bell"])

    def bring(kind: str, text: str, day: int, *, at: datetime) -> None:
        about = FileDraft(kind, f"{kind}-{day}.csv", "the seed", date(2026, 10, day))
        directory.import_file(ada, read_file(about, text.encode()), at=at)

    bring("codes", "code,ocn,company\n312-777,999Z,Nobody We Know\n012,1,x\n", 1, at=at)
    bring("registry", REGISTRY, 1, at=at)
    bring("registry", REGISTRY.replace("Bell Voice", "Bell Vox").replace("RMD0000002", "RMD0000003"), 20, at=at)
    upload = FileDraft("ports", "ports.csv", "the seed", date(2026, 11, 1))
    directory.preview_file(ada, read_file(upload, b"number,spid\n3127770100,123A\n"), at=at)
    directory.resolve_or_queue(ada, 13127770100, on=date(2026, 11, 1), at=at, asked_for="a sample")
    four, five = (Provider.objects.get(pk=pk) for pk in ("P4", "P5"))
    directory.add_contact(ada, five, directory.ContactDraft("noc", "NOC", "noc@elm.example", "+1 312 555 0199"), at=at)
    for row in (four, five):
        directory.state_claims(ada, row, [Claimed(row.pk, "phone", "+1 312 555 0100", "rmd", "October")], at=at)
    directory.link_providers(ada, five, Provider.objects.get(pk="P2"), "affiliate_of", reason="one owner", at=at)
    found = directory.NumberDraft(13125550111, five, "its own page names it", date(2026, 11, 1))
    directory.decide_number(ada, found, at=at)
    directory.propose_provisional(bell, directory.ProviderClaim("Grey Area Telecom", country="US"), at=at)


def written_to_us(people: dict[str, User], *, at: datetime) -> None:
    """A letter with a reply to it and a file, mail that answers nothing, an endpoint that nobody answers at."""
    office = settings.CONFIGURATION.office
    letter = send(
        SYSTEM,
        Letter(
            kind="notice",
            mailbox="bell@example.org",
            subject="The form for answers has changed",
            text="Please use the new form from Monday on.\n",
            about="organisation:P1",
            organisation="P1",
        ),
        at=at,
    )
    reply = EmailMessage()
    reply["From"], reply["To"] = "Bell <bell@example.org>", office.reply_to(token_of(letter.uid))
    reply["Subject"], reply["Message-ID"] = "Re: The form for answers has changed", "<reply@example.org>"
    reply.set_content("Thank you. Is the sheet still taken?\n")
    reply.add_attachment(b"request,answer\n", maintype="text", subtype="csv", filename="sheet.csv")
    take_in(SYSTEM, reply.as_bytes(), via="imap", at=at + timedelta(hours=1))
    stray = EmailMessage()
    stray["From"], stray["Subject"], stray["Message-ID"] = "x@example.net", "Who do I write to?", "<x@example.net>"
    stray.set_content("Nobody told me.\n")
    take_in(SYSTEM, stray.as_bytes(), via="hook", at=at + timedelta(hours=2))
    bea = actor_of("Bea", people["Bea"])
    add_endpoint(bea, "P1", url="http://127.0.0.1:9/hook", mailbox="ops@example.org", label="Ticket system", at=at)
    announce("P1", "request.opened", {"request": "R1", "url": "https://example.org/requests/R1"}, key="R1", at=at)


def for_agencies(people: dict[str, User], traced: Traceback, *, at: datetime) -> None:
    """Requests of two agencies on one target, records to be kept, a package sent, one that waits for approval."""
    fay, gil, abe, ada = (actor_of(name, people[name]) for name in ("Fay", "Gil", "Abe", "Ada"))
    given: dict[str, Any] = {
        "purpose": "an investigation of the utility scam",
        "due_on": (at + timedelta(days=9)).date(),
    }
    rows = []
    for actor, authority, instrument in ((fay, "cid", "CID-2026-114"), (gil, "voluntary", "")):
        row = agencies.file_request(
            actor,
            Organisation.objects.get(pk=actor.organisation),
            kind="number",
            authority=authority,
            instrument=instrument,
            targets=["+1 312 555 0188"],
            opted_in=True,
            at=at,
            **given,
        )
        rows.append(agencies.grant_request(abe, row, at=at, reason="what there is follows within the week"))
    mine = rows[0]
    agencies.ask_preservation(
        fay, mine, what="every answer about this number", until=(at + timedelta(days=90)).date(), at=at
    )
    for title, on_process in (("What is known so far", False), ("The path, on the demand", True)):
        package = agencies.make_package(
            abe, mine.organisation, title=title, request=mine, on_process=on_process, at=at, note="more will follow"
        )
        package = agencies.address(abe, package, tracebacks=[traced], at=at)
        if not on_process:
            agencies.send_package(abe, package, at=at)
    agencies.file_request(
        fay,
        mine.organisation,
        kind="campaign",
        authority="voluntary",
        targets=["Utility cut-off"],
        at=at,
        **given,
    )
    invite(ada, mine.organisation, email="new@example.org", part="agency_investigator", name="Nia", at=at)
    issue_key(ada, mine.organisation, label="case system", scopes=("referrals:read",), lasts=timedelta(days=90), at=at)


def taken_in(people: dict[str, User], *, at: datetime) -> None:
    """Samples in the intake: one to be vetted with a recording, an urgent one, one declined, one traced; a campaign."""
    ada, sol, fay = (actor_of(name, people[name]) for name in ("Ada", "Sol", "Fay"))
    keep_source(ada, "honeypots", at=at, name="Honeypots", kind=SourceKind.HONEYPOT, is_verified=True)
    campaign = create_campaign(ada, STANDARD.version, CAMPAIGN, at=at)
    create_campaign(ada, STANDARD.version, replace(CAMPAIGN, name="Tax office, callback"), at=at)

    def call(actor: Actor, source: str, called: int, **more: str) -> CallSample:
        raw = {
            "call_start": (at - timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S"),
            "call_start_zone": "UTC",
            "accuracy_s": "30",
            "called": f"+{called}",
            "calling": "+13125550188",
            "terminating": "P1",
            "transcript": "This is the final notice. Your power will be cut off within the hour unless you press one.",
        } | more
        facts, wrong = read_facts(raw, at=at)
        assert facts is not None, wrong
        (row,) = propose_call(actor, source, [facts], at=at, via="api").fresh
        return row

    first = call(
        sol, "honeypots", 12025550151, source_record_id="hp-000151", why="Forty of our numbers within the hour"
    )
    sound = SimpleUploadedFile("call.wav", silence())
    sha256, media_type, size = keep_sound(sound)
    add_recording(sol, first, sha256=sha256, media_type=media_type, size=size, name="call.wav", at=at)
    call(fay, "FTC", 12025550151)  # the same call once more
    call(fay, "FTC", 12025550152, lane="threat", transcript="There is a bomb in your school.")
    gone = call(sol, "honeypots", 12025550153, source_record_id="hp-000153")
    decline_sample(ada, gone, code=DeclineReason.NOT_SUSPICIOUS, at=at, note="a survey")
    traced = call(sol, "honeypots", 12025550154, source_record_id="hp-000154")
    vet_sample(
        ada,
        traced,
        campaign=campaign,
        reason="a running fraud that poses as the utility",
        basis=("call_transcript",),
        violations=("business_impersonation",),
        provider="P1",
        at=at,
    )
    sheet = "source_record_id,call_start,call_start_zone,accuracy_s,called,calling\n" + "".join(
        f"hp-{number},2026-11-02 09:0{number}:00,America/Chicago,5,{called},+13125550188\n"
        for number, called in enumerate(("+12025550161", "911", "+12025550162"))
    )
    preview_import(sol, "honeypots", read_sheet(keep_sheet(sheet), at=at), name="week 45.csv", at=at)


CAMPAIGN = Particulars(
    name="Utility cut-off, northern states",
    category="utility",
    kind="robocall",
    description="A recording says that the power will be cut off within the hour, and asks for payment in gift cards.",
    first_seen=NOON - timedelta(days=12),
    last_seen=NOON - timedelta(hours=3),
    basis=("call_transcript", "complaints_called_parties"),
    violations=(("business_impersonation", "poses as the utility"), ("spoofed_caller_id", "")),
    priority="high",
    priority_reason="people have paid",
    impersonated_brand="Northern Light & Power",
    languages=("en", "es"),
    est_volume=40000,
    volume_method="calls to honeypots, scaled by their share of numbers",
)


def silence() -> bytes:
    """A second of it as a wav file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return file.getvalue()


def keep_sheet(text: str) -> bytes:
    return sheets.keep(SimpleUploadedFile("week 45.csv", text.encode()))


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


def publish_something(people: dict[str, User]) -> None:
    ada = actor_of("Ada", people["Ada"])
    wanted = Draft("How to answer in 24 hours", "# What counts\n\nA full answer names one party.", kinds=("provider",))
    item = draft(ada, ItemKind.ANNOUNCEMENT, wanted, at=NOON)
    publish(ada, item, notify=False, seen=item.version, at=NOON)


def record_what_was_done(people: dict[str, User], hop: Hop) -> None:
    hop.refresh_from_db()
    said = ActionDraft(
        ActionKind.WARNED, Target.CUSTOMER, "C-17", NOON + timedelta(hours=26), reason="told to stop, in writing"
    )
    record_action(actor_of("Bell", people["Bell"]), hop, said, at=NOON + timedelta(hours=26))


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
    answer_hop(actor_of(name, people[name]), hop, from_(hop, upstream, at=at), at=at)


def corrected(people: dict[str, User], hop: Hop, name: str, *, upstream: str, at: datetime) -> None:
    """What somebody says of a hop instead of what was said before."""
    hop.refresh_from_db()
    correct_answer(actor_of(name, people[name]), hop, from_(hop, upstream, at=at), at=at)


def from_(hop: Hop, upstream: str, *, at: datetime) -> HopAnswer:
    return HopAnswer(
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
        next=NextSearch(called=hop.traceback.called, calling="+13125550188", started_at=at, accuracy_s=5),
    )


def longer_way(people: dict[str, User]) -> None:
    """A way of three: Cole corrected himself, so that whom he had named before is kept and no longer asked."""
    hop = asked(people, "A5", called=12025550148, at=NOON + timedelta(hours=14))
    answered(people, hop, "Bell", upstream="P2", at=NOON + timedelta(hours=15))
    cole = Hop.objects.get(traceback=hop.traceback_id, number=2)
    record_delivery(actor_of("Ann", people["Ann"]), cole, at=cole.sent_at, received=cole.sent_at, proof="by telephone")
    answered(people, cole, "Cole", upstream="P3", at=NOON + timedelta(hours=16))
    corrected(people, cole, "Cole", upstream="P5", at=NOON + timedelta(hours=21))
    last = Hop.objects.get(traceback=hop.traceback_id, provider="P5")
    at = NOON + timedelta(hours=25)
    record_delivery(actor_of("Ann", people["Ann"]), last, at=at, received=at, proof="by telephone")
