"""What follows by itself from an answer: judge it if nothing is open, ask the next provider.

The portal accepts only a full answer that names somebody it knows. Everything else waits for a
person, with the reason in the traceback's ``review``; a name that the directory does not have is never
taken for one that it has.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hopback.kernel.answers import AnswerKind
from hopback.kernel.commands import AcceptAnswer, Advance, RejectAnswer, SendHop
from hopback.kernel.errors import Refused
from hopback.kernel.hops import WORKING, HopState
from hopback.kernel.paths import effective_path
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.tracebacks.access import by
from hopback.portal.tracebacks.policies import EXERCISE
from hopback.portal.tracebacks.reviews import FOR_A_PERSON, UNJUDGED

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.tracebacks.docket import Docket

__all__ = ["advance", "send_pending", "settle"]

CHANNEL: Final = "api"


def settle(docket: Docket, *, at: datetime) -> None:
    """Accept, return or leave each answer that waits to be judged; ask whoever is newly named."""
    portal = by(SYSTEM)
    for hop in docket.now.hops:
        if hop.state not in UNJUDGED or hop.latest is None:
            continue
        if not hop.latest.authenticated:
            continue  # nobody signed in said so: a person judges it
        answer = hop.latest.answer
        if hop.latest.on_behalf or not hop.latest.authenticated:
            continue  # a person looks at what an analyst wrote down, and at what nobody signed for
        missing = answer.missing()
        if missing == ("upstream",) and answer.upstream_name:
            continue  # a name is there: a person finds out who is meant
        if missing:
            if docket.policy.version != EXERCISE.version:  # there a program answers, which has no more to say
                docket.do(RejectAnswer(hop.number, missing, by=portal), at=at)
            continue
        is_known = answer.upstream is None or docket.knows(answer.upstream)
        if docket.policy.system_may_accept and is_known and answer.kind not in FOR_A_PERSON:
            docket.do(AcceptAnswer(hop.number, by=portal, upstream_known=answer.upstream is not None), at=at)
    advance(docket, at=at)


def advance(docket: Docket, *, at: datetime) -> None:
    """Ask the provider that the standing answer at the end of the path names, and send what is pending."""
    trace = docket.now
    if trace.state not in WORKING:
        return
    path = effective_path(trace)
    last = path[-1] if path else None
    if (
        last is not None
        and last.state is HopState.ACCEPTED
        and last.standing is not None
        and last.standing.kind is AnswerKind.UPSTREAM_NAMED
        and docket.knows(last.standing.upstream)
    ):
        with suppress(Refused):  # a loop, too many hops: it stays where it is, and a person must look
            docket.do(Advance(last.number, by=by(SYSTEM)), at=at)
    send_pending(docket, at=at)


def send_pending(docket: Docket, *, at: datetime) -> None:
    """Dispatch the requests that wait to be sent, by the portal's own API."""
    for hop in docket.now.hops:
        if hop.state is HopState.PENDING and not hop.bounces:
            docket.do(SendHop(hop.number, (CHANNEL,), by=by(SYSTEM)), at=at)
