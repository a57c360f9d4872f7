"""Signed webhooks, as https://www.standardwebhooks.com describes them: an organisation's programs told of what happens.

An announcement carries ids and a URL, never content: whoever is told fetches the thing itself, through the gate.
It is posted to each endpoint of the organisation at least once, always under the same ``webhook-id``, in no
promised order.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import F
from standardwebhooks import Webhook

from hopback.kernel.errors import BadInput, BrokenProof, Conflict, Refused
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.messages import covering
from hopback.portal.messages.access import may_manage, may_run, secrets_in_force
from hopback.portal.messages.actions import send
from hopback.portal.messages.models import (
    Announced,
    Attempt,
    Endpoint,
    EndpointSecret,
    EndpointState,
    Posting,
    PostingState,
)
from hopback.portal.messages.posting import Reply, check_url, post
from hopback.portal.messages.sealed import new_webhook_secret, open_sealed, seal
from hopback.portal.messages.tokens import new_uid
from hopback.portal.messages.writing import Letter, good_mailbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopback.portal.audit.actors import Actor

__all__ = [
    "OVERLAP",
    "PAUSES",
    "POST",
    "TEST",
    "add_endpoint",
    "announce",
    "announce_test",
    "change_endpoint",
    "declare",
    "deliver",
    "event_types",
    "listeners_of",
    "note_attempt",
    "put_off",
    "remove_endpoint",
    "replay",
    "replay_missed",
    "rotate_secret",
    "set_endpoint_state",
]

POST: Final = "webhook.post"
"""The kind of job that posts one announcement to one endpoint."""

TEST: Final = "hopback.test"
OVERLAP: Final = timedelta(hours=24)
"""How long the old secret signs beside the new one."""

PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The schedule Standard Webhooks recommends: about three days in all."""

HUSH: Final = timedelta(minutes=1)
"""How long nothing is posted to an endpoint that could not be reached: it would only hold up the others."""

LONGEST_PAUSE: Final = timedelta(hours=24)
MOST_ENDPOINTS: Final = 10
MOST_AT_ONCE: Final = 1000
GONE: Final = 410
OK: Final = range(200, 300)

_types: dict[str, str] = {
    "request.opened": "A request was sent to you.",
    "request.reminded": "A request still waits for your answer.",
    "request.overdue": "A request was not answered in time.",
    "request.returned": "The consortium asks you about an answer you gave.",
    "request.withdrawn": "A request needs no answer any more.",
    "request.closed": "The traceback behind a request of yours has ended.",
    "finding.made": "A finding about your organisation was made or changed.",
    "sample.moved": "A sample of yours moved on.",
    "referral.addressed": "A package was addressed to your agency.",
    "referral.changed": "A request of your agency moved on.",
    "library.published": "An announcement or document was published for you.",
    TEST: "You asked for a test.",
}


def declare(name: str, sentence: str) -> None:
    """Make a type of announcement known, ``noun.past_participle``; an app calls this in its ``jobs`` module."""
    _types[name] = sentence


def event_types() -> dict[str, str]:
    """The known types, each with a sentence that says when it comes."""
    return dict(sorted(_types.items()))


def announce(organisation: str, type: str, payload: Mapping[str, Any], *, key: str, at: datetime) -> str | None:  # noqa: A002 -- the standard's word
    """Tell an organisation's programs that something happened; belongs to the transaction it is called in.

    ``payload`` holds ids and a ``url``: short text, numbers and instants, nothing nested. ``key`` keeps the same
    thing from being announced twice to one organisation. Returns the ``webhook-id``, None where nobody listens.
    """
    if type not in _types:
        raise BadInput(f"there is no announcement {type}", where="type", mend="declare it")
    wanted = Endpoint.objects.filter(organisation=organisation).exclude(state=EndpointState.REMOVED)
    told = [endpoint for endpoint in wanted.order_by("pk") if not endpoint.types or type in endpoint.types]
    if not told:
        return None
    return _announce(SYSTEM, organisation, type, payload, told, key=key, at=at).uid


def listeners_of(type: str) -> list[str]:  # noqa: A002 -- the standard's word
    """The organisations whose programs are told of a type of announcement."""
    rows = Endpoint.objects.exclude(state=EndpointState.REMOVED).values_list("organisation", "types")
    return sorted({organisation for organisation, types in rows if not types or type in types})


@action("webhook.announced", may=may_run)
def _announce(
    _actor: Actor,
    organisation: str,
    kind: str,
    payload: Mapping[str, Any],
    endpoints: Sequence[Endpoint],
    *,
    key: str,
    at: datetime,
) -> Announced:
    entry().about(f"organisation:{organisation}")
    known = Announced.objects.filter(organisation=organisation, key=key).first()
    if known is not None:
        entry().facts = {"announced": known.uid, "announced_before": True}
        return known
    told = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": _ids_only(payload)}
    row = Announced(
        uid=f"evt_{new_uid()}",
        leaf=entry().uid,
        organisation=organisation,
        type=kind,
        key=key,
        body=json.dumps(told, ensure_ascii=False, separators=(",", ":")),
        at=at,
    )
    row.save()
    entry().facts = {"announced": row.uid, "type": kind}
    entry().wrote(Announced._meta.label_lower, [covering.announced_form(row)])  # noqa: SLF001 -- documented
    for endpoint in endpoints:
        is_active = endpoint.state == EndpointState.ACTIVE
        posting = Posting.objects.create(
            uid=new_uid(),
            announced=row,
            endpoint=endpoint,
            state=PostingState.WAITING if is_active else PostingState.HELD,
            due_at=at if is_active else None,
            changed_at=at,
            at=at,
        )
        if is_active:
            owe([_posting_job(posting, at)])
    return row


def _ids_only(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse anything in which content could travel."""
    plain: dict[str, Any] = {}
    for name, value in payload.items():
        if isinstance(value, datetime):
            plain[name] = value.astimezone(UTC).isoformat()
        elif value is None or isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= 300):  # noqa: PLR2004
            plain[name] = value
        else:
            raise BadInput("an announcement holds ids and a URL only", where=name)
    return plain


def deliver(posting: Posting, *, at: datetime) -> Reply | None:
    """Post an announcement to its endpoint, once, outside any transaction; None if it is not to be posted now."""
    if posting.state != PostingState.WAITING or posting.endpoint.state != EndpointState.ACTIVE:
        return None
    body = posting.announced.body
    try:
        # the standard lets a message carry a signature under each secret in force
        signatures = [
            Webhook(open_sealed(secret.sealed)).sign(posting.announced.uid, at.astimezone(UTC), body)
            for secret in secrets_in_force(posting.endpoint, at=at)
        ]
    except BrokenProof as error:
        return Reply(None, 0, error=error.message)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "hopback-webhooks",
        "webhook-id": posting.announced.uid,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    loopback = settings.CONFIGURATION.posts_to_loopback
    return post(posting.endpoint.url, body.encode(), headers, loopback=loopback)


@action("webhook.put_off", may=may_run)
def put_off(_actor: Actor, posting: Posting, *, until: datetime, at: datetime) -> None:
    """Leave an endpoint that cannot be reached alone for a moment. It is no attempt."""
    entry().about(posting.audit_name)
    waiting = Posting.objects.filter(pk=posting.pk, state=PostingState.WAITING)
    if waiting.update(due_at=until, changed_at=at):
        owe([_posting_job(posting, until)])


@action("webhook.posted", may=may_run)
def note_attempt(_actor: Actor, posting: Posting, reply: Reply | None, *, at: datetime) -> None:
    """Write down what came of one attempt, and owe what follows from it."""
    row = Posting.objects.select_for_update().get(pk=posting.pk)
    endpoint = Endpoint.objects.select_for_update().get(pk=posting.endpoint_id)
    if reply is None:
        entry().facts = {"held": endpoint.state}
        Posting.objects.filter(pk=row.pk, state=PostingState.WAITING).update(
            state=PostingState.HELD, due_at=None, changed_at=at
        )
        return
    number = row.log.count() + 1
    Attempt(
        posting=row,
        number=number,
        status=reply.status,
        duration_ms=reply.duration_ms,
        reply=reply.text,
        error=reply.error,
        at=at,
    ).save()
    entry().facts = {"status": reply.status, "attempt": number}
    row.attempts += 1
    row.changed_at = at
    row.due_at = None
    if reply.status in OK:
        row.state = PostingState.DELIVERED
        endpoint.failing_since = endpoint.quiet_until = None
    else:
        endpoint.failing_since = endpoint.failing_since or at
        endpoint.quiet_until = at + HUSH if reply.status is None else None
        pause = _pause(row.attempts, reply)
        if pause is None:
            row.state = PostingState.DEAD
        else:
            row.due_at = at + pause
            owe([_posting_job(row, row.due_at)])
        _give_up_if_it_must(endpoint, reply, at=at)
    row.save()
    endpoint.save(update_fields=["failing_since", "quiet_until", "state", "changed_at", "version"])


def _pause(attempts: int, reply: Reply) -> timedelta | None:
    if attempts > len(PAUSES):
        return None
    asked = timedelta(seconds=reply.retry_after_s or 0)
    return min(max(PAUSES[attempts - 1], asked), LONGEST_PAUSE)


def _give_up_if_it_must(endpoint: Endpoint, reply: Reply, *, at: datetime) -> None:
    """Disable an endpoint that says it is gone (410, as the standard has it) or has failed for days."""
    days = settings.CONFIGURATION.webhook_fails_for_days
    since = endpoint.failing_since or at
    if endpoint.state != EndpointState.ACTIVE or (reply.status != GONE and at - since < timedelta(days=days)):
        return
    endpoint.state = EndpointState.DISABLED
    endpoint.changed_at = at
    endpoint.version += 1
    why = "it answered that it is gone (410)" if reply.status == GONE else f"it has failed for {days} days"
    send(
        SYSTEM,
        Letter(
            kind="webhook.disabled",
            mailbox=endpoint.mailbox,
            subject="Your webhook endpoint is disabled",
            text=(
                f"The endpoint {endpoint.url} is told nothing any more: {why}.\n\n"
                "What it would have been told is kept. When it works again, enable it in the portal under"
                " Messages, Webhooks, and replay what it missed.\n"
            ),
            about=f"endpoint:{endpoint.uid}",
            organisation=endpoint.organisation,
            key=f"webhook.disabled:{endpoint.uid}:{endpoint.version}",
        ),
        at=at,
    )


@action("endpoint.added", may=may_manage)
def add_endpoint(
    actor: Actor,
    organisation: str,
    *,
    url: str,
    mailbox: str,
    at: datetime,
    label: str = "",
    types: Sequence[str] = (),
) -> tuple[Endpoint, str]:
    """Add an endpoint to the actor's own organisation. Returns it and its secret, which is shown this once."""
    if (
        Endpoint.objects.filter(organisation=organisation).exclude(state=EndpointState.REMOVED).count()
        >= MOST_ENDPOINTS
    ):
        raise Refused(f"an organisation has at most {MOST_ENDPOINTS} endpoints", mend="remove one first")
    endpoint = Endpoint.objects.create(
        uid=new_uid(),
        organisation=organisation,
        url=check_url(url, loopback=settings.CONFIGURATION.posts_to_loopback),
        label=_label(label),
        types=_known(types),
        mailbox=good_mailbox(mailbox),
        created_at=at,
        created_by=actor.name,
        changed_at=at,
    )
    secret = new_webhook_secret()
    EndpointSecret.objects.create(endpoint=endpoint, sealed=seal(secret), created_at=at)
    entry().about(endpoint.audit_name)
    entry().facts = {"url": endpoint.url, "types": endpoint.types}
    return endpoint, secret


@action("endpoint.changed", may=may_manage)
def change_endpoint(
    _actor: Actor,
    endpoint: Endpoint,
    *,
    url: str,
    mailbox: str,
    label: str,
    types: Sequence[str],
    seen: int,
    at: datetime,
) -> None:
    """Change where and what an endpoint is told."""
    entry().about(endpoint.audit_name)
    fields = {
        "url": check_url(url, loopback=settings.CONFIGURATION.posts_to_loopback),
        "mailbox": good_mailbox(mailbox),
        "label": _label(label),
        "types": _known(types),
    }
    entry().facts = {"url": fields["url"], "types": fields["types"]}
    _change(endpoint, seen=seen, at=at, **fields)


@action("endpoint.switched", may=may_manage)
def set_endpoint_state(_actor: Actor, endpoint: Endpoint, state: EndpointState, *, seen: int, at: datetime) -> None:
    """Pause an endpoint or make it active again; what was held back meanwhile is replayed by a person."""
    if state not in {EndpointState.ACTIVE, EndpointState.PAUSED}:
        raise BadInput("an endpoint is made active or paused", where="state")
    entry().about(endpoint.audit_name)
    entry().facts = {"state": state.value}
    _change(endpoint, seen=seen, at=at, state=state, failing_since=None, quiet_until=None)


@action("endpoint.removed", may=may_manage)
def remove_endpoint(_actor: Actor, endpoint: Endpoint, *, seen: int, at: datetime) -> None:
    """Tell an endpoint nothing any more and forget its secrets. Its log is kept."""
    entry().about(endpoint.audit_name)
    _change(endpoint, seen=seen, at=at, state=EndpointState.REMOVED)
    endpoint.secrets.all().delete()
    waiting = Posting.objects.filter(endpoint=endpoint, state__in=(PostingState.WAITING, PostingState.HELD))
    waiting.update(state=PostingState.DEAD, due_at=None, changed_at=at)


@action("endpoint.secret_rotated", may=may_manage)
def rotate_secret(_actor: Actor, endpoint: Endpoint, *, at: datetime) -> str:
    """A new secret, shown this once; the one before it signs beside it for another day, older ones no longer."""
    entry().about(endpoint.audit_name)
    Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    endpoint.secrets.filter(expires_at__isnull=False).delete()
    endpoint.secrets.update(expires_at=at + OVERLAP)
    secret = new_webhook_secret()
    EndpointSecret.objects.create(endpoint=endpoint, sealed=seal(secret), created_at=at)
    entry().facts = {"overlap_until": (at + OVERLAP).isoformat()}
    return secret


@action("webhook.replayed", may=may_manage)
def replay(_actor: Actor, posting: Posting, *, at: datetime) -> None:
    """Post an announcement again, under the same ``webhook-id``, on a fresh schedule."""
    entry().about(posting.audit_name)
    row = Posting.objects.select_for_update().get(pk=posting.pk)
    if posting.endpoint.state != EndpointState.ACTIVE:
        raise Refused("the endpoint is told nothing at present", mend="make it active first")
    if row.state == PostingState.WAITING:
        raise Conflict("it is waiting to be posted already")
    row.state, row.attempts, row.due_at, row.changed_at = PostingState.WAITING, 0, at, at
    row.save()
    owe([_posting_job(row, at)])


@action("webhook.replayed", may=may_manage)
def replay_missed(_actor: Actor, endpoint: Endpoint, *, at: datetime) -> int:
    """Post everything again that was given up or held back, the oldest first. Returns how many, a thousand at most."""
    entry().about(endpoint.audit_name)
    if endpoint.state != EndpointState.ACTIVE:
        raise Refused("the endpoint is told nothing at present", mend="make it active first")
    missed = Posting.objects.select_for_update().filter(
        endpoint=endpoint, state__in=(PostingState.DEAD, PostingState.HELD)
    )
    rows = list(missed.order_by("pk")[:MOST_AT_ONCE])
    Posting.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=PostingState.WAITING, attempts=0, due_at=at, changed_at=at
    )
    owe([_posting_job(row, at) for row in rows])
    entry().facts = {"postings": len(rows)}
    return len(rows)


@action("webhook.tested", may=may_manage)
def announce_test(actor: Actor, endpoint: Endpoint, *, at: datetime) -> None:
    """Post a test to one endpoint, whatever types it wants."""
    entry().about(endpoint.audit_name)
    if endpoint.state != EndpointState.ACTIVE:
        raise Refused("the endpoint is told nothing at present", mend="make it active first")
    payload = {"endpoint": endpoint.uid, "asked_by": actor.name}
    _announce(SYSTEM, endpoint.organisation, TEST, payload, [endpoint], key=f"test:{new_uid()}", at=at)


def _posting_job(posting: Posting, due: datetime) -> Owed:
    return Owed(POST, f"webhook:{posting.uid}", due, {"posting": posting.pk})


def _label(text: str) -> str:
    if not text.isprintable():
        raise BadInput("a name is one line of text", where="label")
    return text.strip()[:100]


def _known(types: Sequence[str]) -> list[str]:
    unknown = sorted(set(types) - _types.keys())
    if unknown:
        raise BadInput(f"there is no announcement {unknown[0]}", where="types")
    return sorted(set(types))


def _change(endpoint: Endpoint, *, seen: int, at: datetime, **fields: object) -> None:
    standing = Endpoint.objects.filter(pk=endpoint.pk, version=seen).exclude(state=EndpointState.REMOVED)
    if not standing.update(version=F("version") + 1, changed_at=at, **fields):
        raise Conflict("somebody else changed this endpoint meanwhile", mend="look at it again")
