"""Every write at the desk: answering with what comes along, asking back, links, files, sheets."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.urls import reverse

from hopback.kernel.errors import BadInput, Conflict, HopbackError, NotFound, Refused
from hopback.kernel.hops import HopState
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import SYSTEM, Role
from hopback.portal.desk import files
from hopback.portal.desk.access import digest_of, mailboxes_of, may_look_after, may_say, own_hops
from hopback.portal.desk.covering import attachment_form, line_form
from hopback.portal.desk.models import (
    Attachment,
    Conversation,
    Line,
    RecordPolicy,
    RequestLink,
    Sheet,
    Side,
    Travels,
)
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter
from hopback.portal.mitigations.actions import record_action
from hopback.portal.tracebacks.access import may_answer, may_run
from hopback.portal.tracebacks.actions import acknowledge, answer_hop, collect_requests
from hopback.portal.tracebacks.docket import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.kernel.hops import Trace
    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider
    from hopback.portal.mitigations.actions import ActionDraft
    from hopback.portal.tracebacks.models import Hop
    from hopback.wire.hops import HopAnswer

__all__ = [
    "Filled",
    "ask_back",
    "attach",
    "confirm_receipt",
    "issue_link",
    "keep_sheet",
    "note_letter",
    "reply",
    "revoke_links",
    "say_what_travels",
    "send_sheet",
    "settle_conversation",
    "submit",
]

LINK_LASTS: Final = timedelta(days=14)
LONGEST_LINE: Final = 4000
MOST_LINES: Final = 200


@dataclass(frozen=True, slots=True)
class Filled:
    """An answer as somebody filled it in. ``seen`` is how many versions there were when the page was opened.

    ``key`` makes the same page sent twice count once; ``done`` is what was done about the source of the call.
    """

    message: HopAnswer
    key: str | None = None
    seen: int | None = None
    done: ActionDraft | None = None


@action("answer.submitted", may=may_answer)
def submit(actor: Actor, hop: Hop, filled: Filled, *, at: datetime, authenticated: bool = True) -> Trace:
    """Take an answer in with what comes along: receipt, the files it names, what was done about the source.

    Raises :class:`Conflict` where a colleague has answered since the page was opened.
    """
    docket = load(hop.traceback_id, lock=True)
    responses = docket.now.hops[hop.number - 1].responses
    is_known = filled.key is not None and any(one.key == filled.key for one in responses)
    if filled.seen is not None and len(responses) != filled.seen and not is_known:
        raise Conflict("a colleague has answered this meanwhile", mend="look at that answer, and correct it if need be")
    details = filled.message.details
    named = set(details.attachments) if details is not None else set()
    if named - set(Attachment.objects.filter(hop=hop, sha256__in=named).values_list("sha256", flat=True)):
        raise BadInput("a file named in the answer was not handed in", where="attachments")
    entry().about(f"provider:{hop.provider_id}/{hop.request_id}")
    if hop.received_at is None and actor.role is Role.PROVIDER:
        collect_requests(actor, [hop], at=at, proof="answered on the portal's page")
        hop.refresh_from_db()
    trace = answer_hop(actor, hop, filled.message, at=at, key=filled.key, authenticated=authenticated)
    if filled.done is not None:
        record_action(actor, hop, filled.done, at=at, authenticated=authenticated)
    return trace


@action("receipt.confirmed", may=may_answer)
def confirm_receipt(actor: Actor, hop: Hop, *, at: datetime, proof: str) -> None:
    """Somebody says that the request has been received, and that they look after it."""
    entry().about(f"provider:{hop.provider_id}/{hop.request_id}")
    if hop.received_at is None:
        collect_requests(actor, [hop], at=at, proof=proof)
        hop.refresh_from_db()
    if hop.state in (HopState.DELIVERED, HopState.OVERDUE, HopState.DELINQUENT):
        acknowledge(actor, hop, at=at)


@action("question.asked", may=may_say)
def ask_back(actor: Actor, hop: Hop, *, text: str, at: datetime) -> Line:
    """A provider asks the consortium about a request. The clock runs on."""
    return _say(actor, hop, Side.PROVIDER, text, at=at)


@action("question.answered", may=may_run)
def reply(actor: Actor, hop: Hop, *, text: str, at: datetime) -> Line:
    """Somebody of the consortium writes to the provider about a request; its first contact is told by mail."""
    line = _say(actor, hop, Side.CONSORTIUM, text, at=at)
    mailbox = next(iter(mailboxes_of(hop.provider_id, on=at.date())), None)
    if mailbox is not None:
        page = settings.CONFIGURATION.address.rstrip("/") + reverse("desk:request", args=[hop.request_id])
        letter = Letter(
            kind="request.reply",
            mailbox=mailbox,
            subject=f"Traceback request {hop.request_id}: the consortium has written",
            text=f"About request {hop.request_id}:\n\n{line.text}\n\nThe conversation, after sign-in:\n\n  {page}\n",
            about=f"hop:{hop.request_id}",
            organisation=hop.provider_id,
            key=f"line:{line.pk}",
        )
        send(SYSTEM, letter, at=at)
    return line


@action("conversation.settled", may=may_run)
def settle_conversation(_actor: Actor, hop: Hop, *, at: datetime) -> None:  # noqa: ARG001 -- recorded by the decorator
    """Nothing more is to be said by the consortium for now."""
    if not Conversation.objects.filter(hop=hop, is_settled=False).update(is_settled=True):
        raise Conflict("nothing is open here any more", mend="look at the conversation as it stands")


def _say(actor: Actor, hop: Hop, side: Side, text: str, *, at: datetime) -> Line:
    text = text.replace("\x00", "").strip()
    if not text:
        raise BadInput("say something", where="text")
    if len(text) > LONGEST_LINE:
        raise BadInput(f"at most {LONGEST_LINE:,} characters", where="text")
    said = Line.objects.filter(hop=hop)
    last = said.order_by("-pk").first()
    if last is not None and (last.side, last.author, last.text) == (side, actor.name, text):
        return last  # sent twice
    if said.count() >= MOST_LINES:
        raise Refused("this conversation is as long as it may be", mend="telephone")
    line = Line(leaf=entry().uid, hop=hop, side=side, author=actor.name, at=at, text=text)
    line.save()
    Conversation.objects.update_or_create(hop=hop, defaults={"last": side, "last_at": at, "is_settled": False})
    entry().about(f"provider:{hop.provider_id}/{hop.request_id}")
    entry().wrote(Line._meta.label_lower, [line_form(line)])  # noqa: SLF001 -- Django documents it
    return line


@action("file.handed_in", may=may_answer)
def attach(actor: Actor, hop: Hop, name: str, content: bytes, *, at: datetime, most: int = files.MOST) -> Attachment:
    """Keep a file handed in for a request; the same bytes again are the same file.

    Raises :class:`BadInput` for a file that is empty, too large, of another kind than its name says, or one too many.
    """
    name = files.harmless(name)
    kind = files.kind_of(name, content)
    there = Attachment.objects.filter(hop=hop)
    known = there.filter(sha256=hashlib.sha256(content).hexdigest()).first()
    if known is not None:
        return known
    if there.count() >= most:
        raise BadInput(f"at most {most} files for one request", where="files")
    row = Attachment(
        leaf=entry().uid,
        hop=hop,
        sha256=files.keep(content),
        name=name,
        kind=kind,
        size=len(content),
        added_by=actor.name,
        added_at=at,
    )
    row.save()
    entry().about(f"provider:{hop.provider_id}/{hop.request_id}")
    entry().facts = {"sha256": row.sha256, "size": row.size}
    entry().wrote(Attachment._meta.label_lower, [attachment_form(row)])  # noqa: SLF001
    return row


@action("link.issued", may=may_run)
def issue_link(_actor: Actor, hop: Hop, *, mailbox: str, at: datetime) -> tuple[RequestLink, str]:
    """Make a link that opens this one request, for one mailbox; returns it with its token, which is not kept."""
    token = secrets.token_urlsafe(32)
    row = RequestLink.objects.create(
        hop=hop,
        prefix=digest_of(token)[:8],
        digest=digest_of(token),
        mailbox=mailbox[:320],
        issued_at=at,
        expires_at=at + LINK_LASTS,
    )
    entry().about(f"provider:{hop.provider_id}/{hop.request_id}")
    entry().facts = {"link": row.prefix, "mailbox": row.mailbox}
    return row, token


@action("link.mailed", may=may_run)
def note_letter(_actor: Actor, link: RequestLink, *, letter: str, at: datetime) -> None:  # noqa: ARG001 -- recorded by the decorator
    """Note in which message a link went out."""
    RequestLink.objects.filter(pk=link.pk).update(letter=letter)
    entry().facts = {"message": letter}


@action("links.revoked", may=may_look_after)
def revoke_links(actor: Actor, link: RequestLink, *, at: datetime) -> int:
    """Close every link to the request of this one. Returns how many were open."""
    rows = RequestLink.objects.filter(hop=link.hop_id, revoked_at__isnull=True, expires_at__gt=at)
    count = rows.update(revoked_at=at, revoked_by=actor.name)
    entry().about(f"provider:{link.hop.provider_id}/{link.hop.request_id}")
    entry().facts = {"revoked": count}
    return count


@action("record_policy.set", may=may_look_after)
def say_what_travels(actor: Actor, provider: Provider, travels: Travels, *, at: datetime) -> None:
    """A provider's administrator says whether the one matched record goes with an answer."""
    RecordPolicy.objects.update_or_create(
        provider=provider, defaults={"travels": travels, "set_by": actor.name, "set_at": at}
    )
    entry().facts = {"travels": travels.value}


def _own(actor: Actor, _subject: Any, /) -> None:
    if actor.role is not Role.PROVIDER or actor.scopes is not None:
        raise Refused(f"{actor.name} does not answer for a provider here")


@action("sheet.handed_in", may=_own)
def keep_sheet(actor: Actor, provider: Provider, *, name: str, text: str, lines: int, at: datetime) -> Sheet:
    """Keep a sheet of answers while it is looked over. Nothing is answered by it yet."""
    if provider.pk != actor.provider:
        raise Refused(f"{actor.name} does not answer for that provider")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    known = Sheet.objects.filter(provider=provider, sha256=sha256, sent_at__isnull=True).first()
    if known is not None:
        return known
    row = Sheet.objects.create(
        id=secrets.token_hex(12),
        provider=provider,
        name=files.harmless(name),
        text=text,
        sha256=sha256,
        lines=lines,
        handed_in_by=actor.name,
        handed_in_at=at,
    )
    entry().about(row.audit_name)
    entry().facts = {"sha256": sha256, "lines": lines}
    return row


@action("sheet.sent", may=_own)
def send_sheet(actor: Actor, sheet: Sheet, answers: Sequence[tuple[str, Filled]], *, at: datetime) -> dict[str, str]:
    """Send the answers of a sheet that can be sent; returns why others were refused, by request id.

    A second time does nothing.
    """
    locked = Sheet.objects.select_for_update().get(pk=sheet.pk)
    if locked.provider_id != actor.provider:
        raise NotFound(f"there is no sheet {sheet.pk}")
    if locked.sent_at is not None:
        return dict(locked.result.get("refused", {}))
    hops = {hop.request_id: hop for hop in own_hops(actor).filter(request_id__in=[one for one, _ in answers])}
    refused: dict[str, str] = {}
    sent: list[str] = []
    for request_id, filled in answers:
        try:
            submit(actor, hops[request_id], filled, at=at)
            sent.append(request_id)
        except HopbackError as error:
            refused[request_id] = error.message
    locked.sent_at, locked.result = at, {"sent": sent, "refused": refused}
    locked.save(update_fields=["sent_at", "result"])
    entry().about(locked.audit_name)
    entry().facts = {"sent": len(sent), "refused": sorted(refused)}
    return refused
