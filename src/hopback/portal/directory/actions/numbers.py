"""Who serves a number: what waits for a person, what people decide, what look-ups said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.db.models import F

from hopback.kernel.errors import BadInput, Conflict
from hopback.kernel.numbers import format_e164
from hopback.portal.audit.actions import action, entry
from hopback.portal.directory.access import may_change
from hopback.portal.directory.models import DecisionKind, NumberDecision, OpenNumber, OpenState, PortRecord, Provider
from hopback.portal.directory.names import clean
from hopback.portal.directory.resolving import Resolution, resolve

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.lookups import PortAnswer

__all__ = [
    "DECISIONS",
    "NumberDraft",
    "decide_number",
    "decision_form",
    "end_decision",
    "record_lookup",
    "redirect_number",
    "resolve_or_queue",
]

DECISIONS: Final = "directory.numberdecision"


@dataclass(frozen=True, slots=True)
class NumberDraft:
    """What a person finds about a number. ``until`` None: until somebody finds otherwise."""

    number: int
    provider: Provider
    reason: str
    since: date
    until: date | None = None
    reseller: str = ""
    is_reseller_held: bool = False
    said_by: str = ""

    def check(self) -> None:
        """Raise :class:`BadInput` naming the field that will not do."""
        format_e164(self.number)
        if not self.reason.strip():
            raise BadInput("no reason", where="reason", mend="say what it rests on")
        if self.until and self.until < self.since:
            raise BadInput("ends before it begins", where="until")
        if len(self.reseller) > 200 or len(self.said_by) > 200:  # noqa: PLR2004 -- the columns' width
            raise BadInput("longer than 200 characters", where="reseller" if len(self.reseller) > 200 else "said_by")  # noqa: PLR2004


@action("number.resolved", may=may_change)
def resolve_or_queue(actor: Actor, number: int, *, on: date, at: datetime, asked_for: str = "") -> Resolution:  # noqa: ARG001 -- recorded by the decorator
    """Find who serves a called number on a day; what needs a person is put in the queue, once a number.

    ``asked_for`` says what needs it, such as a candidate's id.
    """
    found = resolve(number, on=on)
    entry().about(f"number:{number}")
    entry().facts = {"on": on.isoformat(), "why": found.why.value, "provider": found.provider and found.provider.pk}
    if found.needs_person:
        _queue(found, asked_for=asked_for, at=at)
    return found


@action("number.decided", may=may_change)
def decide_number(
    actor: Actor, draft: NumberDraft, *, at: datetime, waiting: OpenNumber | None = None
) -> NumberDecision:
    """Decide who serves a number; calls of it on those days lead there from now on.

    ``waiting`` is the row of the queue this settles; raises :class:`Conflict` if somebody settled it meanwhile.
    """
    if waiting is not None and not OpenNumber.objects.filter(pk=waiting.pk, state=OpenState.WAITING).exists():
        raise Conflict("somebody has decided about this number already", mend="look at what was decided")
    return _decide(actor, draft, instead_of=None, at=at)


@action("number.redirected", may=may_change)
def redirect_number(actor: Actor, draft: NumberDraft, *, instead_of: Provider, at: datetime) -> NumberDecision:
    """A provider was asked about a number it does not serve: note who does, and who said so.

    It is not held against the provider that was asked: nothing is counted, and what it answered is no answer
    about a call. Calls of the number lead to the right one from now on.
    """
    if instead_of.pk == draft.provider.pk:
        raise BadInput("that is the provider it came from", where="provider", mend="name the one that serves it")
    if not draft.said_by.strip():
        raise BadInput("who says so?", where="said_by", mend="name the person, the provider or the source")
    return _decide(actor, draft, instead_of=instead_of, at=at)


@action("number.decision_ended", may=may_change)
def end_decision(actor: Actor, decision: NumberDecision, *, at: datetime) -> None:
    """Let a decision lead nobody any longer; the tables do again."""
    entry().about(f"number:{decision.number}")
    entry().facts = {"decision": decision.pk}
    standing = NumberDecision.objects.filter(pk=decision.pk, ended_at__isnull=True)
    if not standing.update(ended_at=at, ended_by=actor.name):
        raise Conflict("it was ended already")


@action("number.looked_up", may=may_change)
def record_lookup(_actor: Actor, answer: PortAnswer, *, at: datetime) -> PortRecord:
    """Keep what a look-up said, with its name and the day it stands for."""
    entry().about(f"number:{answer.number}")
    entry().facts = {"source": answer.source, "on": answer.on.isoformat()}
    return PortRecord.objects.create(
        number=answer.number,
        lrn=answer.lrn,
        spid=answer.spid,
        ocn=answer.ocn,
        company=answer.company[:200],
        reseller=answer.reseller[:200],
        valid_from=answer.since or answer.on,
        valid_to=None if answer.since else answer.on,
        source=answer.source[:100],
        seen_at=at,
    )


def decision_form(row: NumberDecision) -> dict[str, Any]:
    """What the log answers for of a decision."""
    return {
        "number": row.number,
        "kind": row.kind,
        "provider": row.provider_id,
        "reseller": row.reseller,
        "instead_of": row.instead_of_id,
        "said_by": row.said_by,
        "reason": row.reason,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "decided_at": row.decided_at.isoformat(),
        "decided_by": row.decided_by,
    }


def _decide(actor: Actor, draft: NumberDraft, *, instead_of: Provider | None, at: datetime) -> NumberDecision:
    draft.check()
    row = NumberDecision.objects.create(
        number=draft.number,
        kind=DecisionKind.RESELLER if draft.is_reseller_held else DecisionKind.CARRIER,
        provider=draft.provider,
        reseller=draft.reseller.strip(),
        instead_of=instead_of,
        said_by=draft.said_by.strip(),
        reason=draft.reason.strip(),
        valid_from=draft.since,
        valid_to=draft.until,
        decided_at=at,
        decided_by=actor.name,
        leaf=entry().uid,
    )
    entry().about(f"number:{draft.number}")
    entry().facts = {"provider": draft.provider.pk, "kind": row.kind}
    entry().wrote(DECISIONS, [decision_form(row)])
    OpenNumber.objects.filter(number=draft.number, state=OpenState.WAITING).update(
        state=OpenState.SETTLED, settled_at=at, settled_by=actor.name, decision=row
    )
    return row


def _queue(found: Resolution, *, asked_for: str, at: datetime) -> None:
    told = {
        "why": found.why.value,
        "ocn": found.ocn[:10],
        "company": found.carrier,
        "steps": [step.plain() for step in found.how],
        "last_at": at,
    }
    waiting = OpenNumber.objects.filter(number=found.number, state=OpenState.WAITING)
    if waiting.update(times=F("times") + 1, **told):
        return
    OpenNumber.objects.bulk_create(
        [OpenNumber(number=found.number, call_on=found.on, asked_for=clean(asked_for)[:200], first_at=at, **told)],
        ignore_conflicts=True,
    )
