"""Every write of the consortium's own work: filters kept, lists taken out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.template.loader import render_to_string

from hopback.kernel.errors import BadInput, Conflict, NotFound, Refused
from hopback.kernel.findings import Standing, step
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import SYSTEM, Role
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter
from hopback.portal.tracebacks.digests import mailboxes_of
from hopback.portal.web.access import may_keep_filters, may_read, may_work, person_of
from hopback.portal.web.models import ProviderReply, SavedFilter, StandingStep
from hopback.portal.web.standing import counts_of, standing_of, steps_of

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider

__all__ = [
    "appeal_standing",
    "keep_filter",
    "move_standing",
    "note_export",
    "remove_filter",
    "reply_form",
    "reply_to_standing",
    "share_filter",
    "step_form",
]

FOUND: Final = frozenset({Standing.NON_RESPONSIVE_PERIOD, Standing.REPEAT_ORIGIN, Standing.NON_COOPERATIVE})
TIME_TO_REPLY: Final = timedelta(days=7)
"""Five business days and a weekend: nothing is found sooner after the notice of a review."""


@action("filter.kept", may=may_keep_filters)
def keep_filter(actor: Actor, name: str, *, at: datetime, query: str, is_shared: bool = False) -> SavedFilter:
    """Keep a filter under a name; one of the same name is replaced. Raises :class:`BadInput` without a name."""
    person = person_of(actor)
    if not name.strip() or person is None:
        raise BadInput("a filter has a name", where="name", mend="say what it shows, for example: late abroad")
    row, _ = SavedFilter.objects.update_or_create(
        owner=person, name=name.strip()[:80], defaults={"query": query, "is_shared": is_shared, "kept_at": at}
    )
    entry().about(row.audit_name)
    entry().facts = {"query": query, "shared": is_shared}
    return row


@action("filter.shared", may=may_keep_filters)
def share_filter(_actor: Actor, row: SavedFilter, *, at: datetime, is_shared: bool) -> None:
    """Let everybody of the consortium use a filter, or only oneself again."""
    SavedFilter.objects.filter(pk=row.pk).update(is_shared=is_shared, kept_at=at)
    entry().facts = {"shared": is_shared}


@action("filter.removed", may=may_keep_filters)
def remove_filter(_actor: Actor, row: SavedFilter, *, at: datetime) -> None:  # noqa: ARG001 -- the entry's time
    """Keep a filter no longer."""
    SavedFilter.objects.filter(pk=row.pk).delete()
    entry().facts = {"query": row.query}


@action("tracebacks.exported", may=may_read)
def note_export(_actor: Actor, query: str, *, at: datetime) -> None:  # noqa: ARG001 -- the entry's time
    """Note that a list of tracebacks is taken out of the portal, and which."""
    entry().about("tracebacks")
    entry().facts = {"filter": query}


def step_form(row: StandingStep) -> dict[str, Any]:
    """What the log answers for of a step."""
    return {
        "provider": row.provider_id,
        "number": row.number,
        "was": row.was,
        "now": row.now,
        "at": row.at.isoformat(),
        "author": row.author,
        "reason": row.reason,
        "evidence": row.evidence,
        "counts": row.counts,
        "policy": row.policy,
        "noticed_at": row.noticed_at.isoformat() if row.noticed_at is not None else None,
    }


def reply_form(row: ProviderReply) -> dict[str, Any]:
    """What the log answers for of a reply."""
    return {"step": row.step_id, "at": row.at.isoformat(), "author": row.author, "text": row.text}


@action("standing.moved", may=may_work)
def move_standing(
    actor: Actor,
    provider: Provider,
    to: Standing,
    *,
    at: datetime,
    reason: str,
    evidence: tuple[str, ...] = (),
    seen: int = 0,
) -> StandingStep:
    """Take one step of a provider's standing: a person, for a reason, on what is counted now.

    A review is told to the provider in a letter; a finding rests on evidence, a review, and time to reply to it, and
    is told as well; nobody decides the appeal against their own finding. ``seen`` is the number of the last step
    that was looked at. Raises :class:`BadInput`, :class:`Refused`, or :class:`Conflict` if it has moved on.
    """
    steps = list(StandingStep.objects.select_for_update().filter(provider=provider).order_by("number"))
    number = steps[-1].number if steps else 0
    was = Standing(steps[-1].now) if steps else Standing.CLEAR
    entry().about(f"provider:{provider.pk}/standing:{number + 1}")
    if seen != number:
        raise Conflict("somebody took a step meanwhile", mend="look at how it stands now")
    if not reason.strip():
        raise BadInput("a step is taken for a reason", where="reason")
    step(was, to=to, by_person=True)
    if to is Standing.APPEALED:
        raise Refused("only the provider appeals", where="to")
    if to in FOUND:
        _check_finding(steps, evidence, at=at)
    if to in (Standing.UPHELD, Standing.WITHDRAWN):
        found = next(one for one in reversed(steps) if Standing(one.now) in FOUND)
        if found.author == actor.name:
            raise Refused("nobody decides the appeal against their own finding", where="to", mend="ask a second person")
    is_told = to is Standing.UNDER_REVIEW or to in FOUND or to in (Standing.UPHELD, Standing.WITHDRAWN)
    counts = counts_of(actor, provider.pk, at=at)
    row = StandingStep(
        leaf=entry().uid,
        provider=provider,
        number=number + 1,
        was=was.value,
        now=to.value,
        at=at,
        author=actor.name,
        reason=reason.strip(),
        evidence=list(evidence),
        counts=counts.plain(),
        policy=counts.policy,
        noticed_at=at if is_told and _tell(provider, to, reason.strip(), counts.plain(), number + 1, at=at) else None,
    )
    row.save(force_insert=True)
    entry().policy = counts.policy
    entry().wrote(StandingStep._meta.label_lower, [step_form(row)])  # noqa: SLF001 -- Django's public _meta
    return row


def may_speak(actor: Actor, subject: Any, /) -> None:
    """A provider speaks for itself."""
    provider = subject.provider_id if isinstance(subject, StandingStep) else getattr(subject, "pk", None)
    if actor.role is not Role.PROVIDER or actor.provider is None or actor.provider != provider:
        raise Refused(f"{actor.name} may not speak for this provider")


@action("standing.replied", may=may_speak)
def reply_to_standing(actor: Actor, row: StandingStep, *, at: datetime, text: str) -> ProviderReply:
    """A provider says what it has to say to a step that it was told of."""
    if not steps_of(actor, row.provider_id).filter(pk=row.pk).exists():
        raise NotFound("there is no such step")
    if not text.strip():
        raise BadInput("the reply says nothing", where="text")
    reply = ProviderReply(leaf=entry().uid, step=row, at=at, author=actor.name, text=text.strip()[:5000])
    reply.save(force_insert=True)
    entry().about(row.audit_name)
    entry().wrote(ProviderReply._meta.label_lower, [reply_form(reply)])  # noqa: SLF001 -- Django's public _meta
    return reply


@action("standing.appealed", may=may_speak)
def appeal_standing(actor: Actor, provider: Provider, *, at: datetime, statement: str) -> StandingStep:
    """A provider contests what was found of it; somebody else than who found it decides."""
    if not statement.strip():
        raise BadInput("say what is wrong with it", where="statement")
    last = StandingStep.objects.select_for_update().filter(provider=provider).order_by("number").last()
    was = standing_of(SYSTEM, provider.pk)
    to = step(was, to=Standing.APPEALED, by_person=True)
    row = StandingStep(
        leaf=entry().uid,
        provider=provider,
        number=(last.number if last is not None else 0) + 1,
        was=was.value,
        now=to.value,
        at=at,
        author=actor.name,
        reason=statement.strip()[:5000],
        counts=last.counts if last is not None else {},
        policy=last.policy if last is not None else "",
        noticed_at=at,
    )
    row.save(force_insert=True)
    entry().about(row.audit_name, policy=row.policy)
    entry().wrote(StandingStep._meta.label_lower, [step_form(row)])  # noqa: SLF001 -- Django's public _meta
    return row


def _check_finding(steps: list[StandingStep], evidence: tuple[str, ...], *, at: datetime) -> None:
    if not evidence:
        raise BadInput("a finding rests on evidence", where="evidence", mend="name tracebacks or requests")
    review = next((one for one in reversed(steps) if one.now == Standing.UNDER_REVIEW.value), None)
    if review is None or review.noticed_at is None:
        raise Refused(
            "the provider has not been told that it is under review",
            where="to",
            mend="give it a contact with a mailbox, and begin the review again",
        )
    if at < review.noticed_at + TIME_TO_REPLY:
        until = review.noticed_at + TIME_TO_REPLY
        raise Refused(f"the provider has until {until:%Y-%m-%d %H:%M} UTC to reply", where="to", mend="wait for it")


def _tell(provider: Provider, to: Standing, reason: str, counts: dict[str, Any], number: int, *, at: datetime) -> bool:
    """Write to the provider; says whether there was a mailbox to write to."""
    boxes, _ = mailboxes_of(provider.pk, "legal", at=at)
    context = {"provider": provider, "to": to.value, "reason": reason, "counts": counts, "until": at + TIME_TO_REPLY}
    text = render_to_string("web/standing_letter.txt", context)
    subject, _, body = text.strip().partition("\n")
    for index, mailbox in enumerate(boxes):
        letter = Letter(
            kind="provider.standing",
            mailbox=mailbox,
            subject=subject.strip(),
            text=body.strip(),
            about=provider.audit_name,
            organisation=provider.pk,
            key=f"standing:{provider.pk}:{number}:{index}",
        )
        send(SYSTEM, letter, at=at)
    return bool(boxes)
