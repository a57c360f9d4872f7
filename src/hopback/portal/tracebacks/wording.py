"""Between the wire and the kernel: requests out, answers in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from hopback.kernel.answers import Answer, AnswerKind
from hopback.kernel.calls import Sought
from hopback.kernel.disclosure import Provider, ProviderView, disclose, own_hops
from hopback.kernel.errors import BadInput, NotFound
from hopback.kernel.numbers import format_e164, read_e164
from hopback.proofs.canonical import canonical
from hopback.wire.hops import HopDetails, HopRequest

if TYPE_CHECKING:
    from hopback.kernel.hops import Trace
    from hopback.portal.tracebacks.models import Hop
    from hopback.wire.hops import HopAnswer

__all__ = ["answer_key", "answer_of", "request_of"]


def request_of(row: Hop, trace: Trace, *, identity: str = "") -> HopRequest:
    """What the provider of a hop is asked, as far as it is disclosed to that provider.

    Only the terminating provider is handed the SIP Identity header the call was reported with. Raises
    :class:`NotFound` for a hop that was not sent.
    """
    view = disclose(trace, to=Provider(row.provider_id))
    places = [hop.number for hop in own_hops(trace, provider=row.provider_id)]
    if not isinstance(view, ProviderView) or row.number not in places:
        raise NotFound(f"there is no request {row.request_id}")
    own = view.hops[places.index(row.number)]
    asked = own.asked
    return HopRequest(
        request_id=row.request_id,
        called=format_e164(asked.called),
        calling=None if asked.calling is None else format_e164(asked.calling),
        started_at=asked.started_at,
        accuracy_s=asked.accuracy_s,
        downstream=own.downstream,
        sip_call_id=asked.sip_call_id,
        duration_s=asked.duration_s,
        answered=asked.answered,
        identity=identity or None if own.downstream is None else None,
        campaign=view.campaign,
    )


def answer_of(message: HopAnswer) -> Answer:
    """The kernel's answer from the wire's.

    The portal itself sets who received the call from the next provider: whoever answered.
    Raises :class:`BadInput` naming the field.
    """
    following = message.next
    upstream = None
    if following is not None:
        upstream = Sought(
            called=read_e164(following.called, where="next.called"),
            calling=None if following.calling is None else read_e164(following.calling, where="next.calling"),
            started_at=following.started_at,
            accuracy_s=following.accuracy_s,
            downstream=message.provider,
            sip_call_id=following.sip_call_id,
            duration_s=following.duration_s,
            answered=following.answered,
        )
    kind = message.answer
    if kind is AnswerKind.NO_ANSWER:
        raise BadInput("silence cannot be submitted", where="answer", mend="say needs_review if you cannot tell")
    details = message.details or HopDetails()
    return Answer(
        kind=kind,
        upstream=message.upstream,
        customer=message.customer,
        found_at=message.found_at,
        source=message.source,
        time_offset_s=message.time_offset_s,
        confidence=message.confidence,
        why=message.why,
        record_key=message.record_key,
        next=upstream if kind is AnswerKind.UPSTREAM_NAMED else None,
        searched_from=message.searched_from,
        searched_until=message.searched_until,
        records_retained_since=message.records_retained_since,
        upstream_name=details.upstream_name,
        action=details.action,
        statement=details.statement,
        certified_by=details.certified_by,
    )


def answer_key(body: dict[str, Any]) -> str:
    """The key under which the same answer, sent again, counts once."""
    return hashlib.sha256(canonical(body)).hexdigest()[:32]
